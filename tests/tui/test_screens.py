"""Every screen by its keys, through the real app over a real store."""

import pytest

from costtop.control.protocol import (
    Acknowledge,
    BeginSilence,
    EndSilence,
    Kill,
    RemoveBudget,
    SetBudget,
)
from costtop.paths import Paths
from costtop.queries.connection import Door
from costtop.queries.sessions.tasks import TaskSum
from costtop.queries.spending import report
from costtop.sum_floors import Floor, Sum
from costtop.tui import backend
from costtop.tui.app import CosttopApp
from costtop.tui.draw.ink import plain
from costtop.tui.preferences import load
from costtop.tui.screens.tasks import summed
from scripts.benches import fleet
from tests.tui.stage import STILL, Played, Stage, opened

RUNAWAY = "claude-code/9f767c4e-30d1-4b07-8f0a-2f8a7c5e1b11"


async def test_the_live_list_shows_the_fleet_of_the_store_with_its_outlook(fleet_paths: Paths):
    async with opened(fleet_paths) as play:
        assert "9f767c4" in next(line for line in play.lines if line.startswith("!▶"))
        assert "retries 95 %" in play.text
        assert "by midnight (" in play.lines[1]
        await play.until(lambda: "cache broken" in play.text)  # the pane below
        assert "●2" in play.text  # open alerts


async def test_a_session_shows_curve_ledger_peers_calls_alerts_and_deeds(fleet_paths: Paths):
    async with opened(fleet_paths, "enter", size=(120, 50)) as play:
        await play.until(lambda: "TOOLS" in play.text and "all of it" in play.text)
        for words in ("┤", "└", "13:58", "cache broken", "avoidable:", "the median", "a call",
                      "Bash ✗1", "phone", "mark watch by ana", "! retry loop"):  # fmt: skip
            assert words in play.text, words


async def test_the_bars_of_a_sessions_ledger_add_up_to_its_cost(fleet_paths: Paths):
    detail = backend.real(fleet_paths).session(RUNAWAY, fleet.AT)
    assert detail is not None
    assert sum(amount for _, amount in detail.books) == detail.total == detail.calls[-1].total
    assert detail.curve[-1][1] == detail.total


async def test_e_shows_the_calls_alone_and_k_ends_the_session_of_the_page(fleet_paths: Paths):
    async with opened(fleet_paths, "enter", "e") as play:
        assert "avoidable: " not in play.text
        assert "TOOLS" in play.text
        await play.press("k", "2", "enter")
        await play.until(lambda: play.stage.commands)
        assert play.stage.commands[0] == Kill(RUNAWAY, "INT", play.stage.commands[0].by)
        await play.press("escape")
        assert "FEATURE" in play.text


async def test_features_show_spend_share_trend_tasks_and_a_verdict(fleet_paths: Paths):
    async with opened(fleet_paths, "2") as play:
        await play.until(lambda: " work  " in play.text)
        for words in ("FEATURE", "±BEFORE", "TREND 14 d", "p90/50", "$/TASK", "dedup", "checkout",
                      "against the span before", "more tasks", "sessions        "):  # fmt: skip
            assert words in play.text, words
        assert "?" in play.line_of("acme-pilot")


async def test_p_and_g_change_period_and_grouping_and_enter_shows_the_sessions(fleet_paths: Paths):
    async with opened(fleet_paths, "2") as play:
        await play.until(lambda: "dedup" in play.text)
        await play.press("p")
        await play.until(lambda: "30 days ─" in play.text)
        await play.press("g")
        await play.until(lambda: "PROJECT" in play.text and "by project" in play.text)
        await play.until(lambda: play.line_of("etl"))
        await play.press("enter")
        await play.until(lambda: "· project=" in play.text)


async def test_models_show_mix_what_if_and_those_without_a_price(fleet_paths: Paths):
    async with opened(fleet_paths, "3") as play:
        await play.until(lambda: "mix of models" in play.text)
        assert "the same tokens would cost" in play.text
        assert "an estimate" in play.text or "less)" in play.text
        assert "no price for acme-llm-2" in play.text


async def test_columns_of_features_sort_by_key_and_by_click(fleet_paths: Paths):
    async with opened(fleet_paths, "2") as play:
        await play.until(lambda: "dedup" in play.text)
        await play.press("left")
        assert play.app.screen.sort == "key"
        await play.press("I")
        head = play.line_of("FEATURE")
        assert "FEATURE▽" in head
        x = head.index("SESS")
        await play.pilot.click("#rows", offset=(x + 1, 0))
        assert play.app.screen.sort == "sessions"


async def test_tasks_show_the_cost_of_a_completed_one_and_of_those_given_up(fleet_paths: Paths):
    async with opened(fleet_paths, "4") as play:
        await play.until(lambda: "a task" in play.text)
        assert "given up" in play.text
        assert "✓ completed" in play.text
        await play.press("p", "P")
        await play.press("enter")
        await play.until(lambda: "· task=" in play.text)


async def test_days_show_a_calendar_and_bars_and_lead_into_the_past(fleet_paths: Paths):
    async with opened(fleet_paths, "5") as play:
        await play.until(lambda: "tokens" in play.text)
        assert " Mo " in play.text
        assert "Tue 24 Nov 2026" in play.text
        await play.press("left", "left", "left", "enter")
        await play.until(lambda: "PAST" in play.lines[0] and "Nov 21" in play.lines[0])
        await play.press("right_square_bracket")
        await play.until(lambda: "Nov 22" in play.lines[0])
        for _ in range(2):
            await play.press("right_square_bracket")
            await play.settle()
        await play.until(lambda: "live" in play.lines[0] and "PAST" not in play.lines[0])


async def test_one_key_says_why_any_day_or_span_cost_what_it_did(fleet_paths: Paths):
    async with opened(fleet_paths, "5") as play:
        await play.until(lambda: "Tue 24 Nov 2026" in play.text)
        await play.press("down", "w")
        await play.until(lambda: "Mon 23 Nov: " in play.text)
        await play.until(lambda: "What to do" in play.text)
        assert "Dearest step: " in play.text
        await play.press("escape", "2")
        await play.until(lambda: "dedup" in play.text)
        await play.press("w")
        await play.until(lambda: "7 days, Wed 18 Nov to Tue 24 Nov of " in play.text)
        await play.press("w")
        await play.until(lambda: "FEATURE" in play.text)


async def test_a_bracket_steps_to_the_end_of_yesterday(fleet_paths: Paths):
    async with opened(fleet_paths, "[") as play:
        await play.until(lambda: "PAST" in play.lines[0])
        assert "Nov 23 23:59:59" in play.lines[0]


async def test_a_stored_day_is_played_and_freezing_holds_it(fleet_paths: Paths):
    start = fleet.AT - fleet.AT % fleet.DAY
    stage = Stage()
    real = backend.real(fleet_paths, lambda: fleet.AT)._replace(act=stage.act)
    app = CosttopApp(real, STILL._replace(delay=0.2))
    app.begin(start + 13 * fleet.HOUR, start + fleet.DAY)
    async with app.run_test(size=(120, 40)) as pilot:
        play = Played(stage, app, pilot)
        await play.until(lambda: "REPLAY" in play.lines[0] and "13:0" in play.lines[0])
        await play.until(lambda: app.at and app.at >= start + 13 * fleet.HOUR + 4 * 120_000)
        await play.press("z")
        held = app.at
        await pilot.pause(0.5)
        assert app.at == held


async def test_alerts_show_evidence_deliveries_and_silences(fleet_paths: Paths):
    async with opened(fleet_paths, "6") as play:
        await play.until(lambda: "retries 95 %" in play.text)
        assert play.text.count("9f767c4") == 1  # one line, with all that was found of it
        assert "told 2x: phone waits" in play.line_of("9f767c4")
        for words in ("turns 21-78", "median $2.03", "phone pending", "silent: feature guides",
                      "retries 95 % · 9.3x usual · $20.6 avoidable", "median 5x"):  # fmt: skip
            assert words in play.text, words


async def test_alerts_are_acknowledged_silenced_hidden_and_lead_to_their_session(
    fleet_paths: Paths,
):
    async with opened(fleet_paths, "exclamation_mark") as play:
        await play.until(lambda: "retries 95 %" in play.text)
        await play.press("a")
        await play.until(lambda: play.stage.commands)
        assert isinstance(play.stage.commands[0], Acknowledge)
        await play.press("s", "t", "enter")
        await play.until(lambda: len(play.stage.commands) == 2)
        silence = play.stage.commands[1]
        assert isinstance(silence, BeginSilence)
        assert silence.session == RUNAWAY
        assert silence.span == (24 * 60 - (14 * 60 + 32)) * 60_000 - 7_000
        await play.press("u", "1", "enter")
        await play.until(lambda: len(play.stage.commands) == 3)
        assert play.stage.commands[2] == EndSilence(1, play.stage.commands[2].by)
        await play.press("x")
        assert "resolved" not in "\n".join(play.lines[3:20])
        await play.press("enter")
        await play.until(lambda: "FILTER session=" in play.text)


async def test_budgets_show_how_they_stand_and_stood(fleet_paths: Paths):
    async with opened(fleet_paths, "f8") as play:
        await play.until(lambda: "project=etl" in play.text)
        assert "gate" in play.line_of("monthly")
        assert "1 day ago" in play.text


async def test_a_budget_is_set_from_the_form_and_checked_before(fleet_paths: Paths):
    async with opened(fleet_paths, "7") as play:
        await play.until(lambda: "monthly" in play.text)
        await play.press("n", *"team", "tab", *"lots", "enter")
        assert "is not an amount of dollars" in play.text
        assert play.stage.commands == []
        await play.press(*["backspace"] * 4, *"$25.50", "tab", *"week", "tab", *"80 100", "tab",
                         *"user=ana", "tab", *"gate", "enter")  # fmt: skip
        await play.until(lambda: play.stage.commands)
        command = play.stage.commands[0]
        assert isinstance(command, SetBudget)
        assert (command.name, command.amount, command.period) == ("team", "25.500000000", "week")
        assert (command.tiers, command.scope) == ((80, 100), {"user": "ana"})
        assert command.action == "gate"


async def test_a_budget_is_edited_from_what_it_is_and_removed_after_a_question(fleet_paths: Paths):
    async with opened(fleet_paths, "7") as play:
        await play.until(lambda: "monthly" in play.text)
        await play.press("e", "enter")
        await play.until(lambda: play.stage.commands)
        assert play.stage.commands[0].amount == "60.000000000"
        await play.press("d", "enter")
        assert len(play.stage.commands) == 1  # the cursor was on Cancel
        await play.press("d", "y", "enter")
        await play.until(lambda: len(play.stage.commands) == 2)
        assert play.stage.commands[1] == RemoveBudget("daily", play.stage.commands[1].by)


async def test_tab_and_digits_walk_through_all_screens_and_esc_comes_home(fleet_paths: Paths):
    async with opened(fleet_paths) as play:
        for number in (2, 3, 4, 5, 6, 7):
            await play.press("tab")
            assert play.app.tab == number
        await play.press("tab")
        assert play.app.tab == 1
        await play.press("shift+tab")
        assert play.app.tab == 7
        await play.press("escape")
        assert play.app.tab == 1


async def test_a_click_on_a_tab_or_a_key_of_the_bar_works(fleet_paths: Paths):
    async with opened(fleet_paths) as play:
        row = next(n for n, line in enumerate(play.lines) if " sessions  2 " in line)
        await play.pilot.click(offset=(play.lines[row].index("models") + 2, row))
        await play.settle()
        assert play.app.tab == 3
        await play.press("1")
        await play.pilot.click(offset=(play.lines[-1].index("Help") + 1, 39))
        await play.settle()
        assert "type to narrow" in play.text


async def test_setup_changes_theme_columns_and_order_and_writes_them_with_a_backup(
    fleet_paths: Paths, tmp_path,
):  # fmt: skip
    file = tmp_path / "screen.toml"
    async with opened(fleet_paths, "f2", remembers=file) as play:
        await play.press("right")
        assert play.app.theme == "costtop-light"
        await play.press(*["down"] * 8, "minus", "space")  # SESSION: moved, then hidden
        await play.press("escape")
        assert "SESSION" not in play.text
    first = load(file)
    assert first.theme == "costtop-light"
    assert "session" not in first.columns
    async with opened(fleet_paths, "f2", "right", "escape", remembers=file, settings=first):
        pass
    assert load(file).theme == "ansi-dark"
    assert load(file.with_suffix(".toml.bak")).theme == "costtop-light"


async def test_keys_are_remapped_by_id_and_vim_keys_move(fleet_paths: Paths):
    settings = STILL._replace(vim=True, keys=(("mark", "ctrl+t"),))
    async with opened(fleet_paths, settings=settings) as play:
        before = play.app.screen.table.cursor_key
        await play.press("j")
        assert play.app.screen.table.cursor_key != before
        await play.press("k")
        assert play.app.screen.table.cursor_key == before
        await play.press("ctrl+t")
        assert "Mark" in play.text
        await play.press("escape", "K")
        assert "End this session?" in play.text


@pytest.mark.parametrize("key", [":", "ctrl+p"])
async def test_the_palette_finds_every_deed_of_the_screen_by_name(fleet_paths: Paths, key: str):
    async with opened(fleet_paths, key) as play:
        await play.until(lambda: "CommandPalette" in type(play.app.screen).__name__)
        await play.press(*"group by")
        await play.until(lambda: "Group by project" in play.text)
        await play.settle()
        await play.press("enter")
        await play.until(lambda: "by project" in play.text)


async def test_search_moves_the_cursor_and_n_goes_on(fleet_paths: Paths):
    async with opened(fleet_paths) as play:
        await play.press("f3", *"triage", "enter")
        first = play.app.screen.table.selected.row.session
        assert first.startswith("triage")
        await play.press("n")
        second = play.app.screen.table.selected.row.session
        assert second.startswith("triage")
        assert second != first
        await play.press("shift+f3")
        assert play.app.screen.table.selected.row.session == first


async def test_u_shows_one_users_sessions_and_again_everybodys(fleet_paths: Paths):
    async with opened(fleet_paths, "u") as play:
        assert 'FILTER user="ana"' in play.text
        assert "infra·ci" not in play.text
        await play.press("u")
        assert "FILTER" not in play.text


async def test_refresh_changes_by_tenths_within_bounds(fleet_paths: Paths):
    async with opened(fleet_paths) as play:
        await play.press("plus")
        assert play.app.settings.delay == 10.0
        await play.press("minus", "minus")
        assert play.app.settings.delay == 9.8


async def test_a_bell_rings_for_messages_that_come_while_the_screen_is_open(fleet_paths: Paths):
    async with opened(fleet_paths) as play:
        rung: list[tuple[int, str]] = [(5, "[costtop] budget daily: 80 %")]
        play.app.backend = play.app.backend._replace(
            bells=lambda after: [r for r in rung if r[0] > after]
        )
        play.app.read()
        await play.until(lambda: "budget daily: 80 %" in play.text)


async def test_every_screen_fits_every_size(fleet_paths: Paths):
    for size in ((80, 24), (200, 60), (30, 9)):
        async with opened(fleet_paths, size=size) as play:
            for key in "234567":
                await play.press(key)
                await play.settle()
                assert all(len(line) <= size[0] for line in play.lines), (size, key)


@pytest.mark.parametrize("span", ["today", "7 days", "30 days", "month"])
def test_features_models_and_projects_sum_to_the_same(fleet_paths: Paths, span: str):
    real = backend.real(fleet_paths)
    sums = {by: real.spending(by, span, fleet.AT) for by in ("feature", "model", "project", "user")}
    totals = {(s.total.cost, s.total.calls, s.total.unpriced) for s in sums.values()}
    assert len(totals) == 1
    for spending in sums.values():
        assert sum(line.sums.cost for line in spending.lines) == spending.total.cost


def test_days_and_budgets_agree_with_the_report(fleet_paths: Paths):
    door, real = Door(fleet_paths), backend.real(fleet_paths)
    days = real.days(50, fleet.AT)
    lines = door.read(report.read, "day", door.zone()).lines
    reported = {line.key: (line.cost, line.calls) for line in lines}
    assert {d.key: (d.cost, d.calls) for d in days if d.calls} == reported
    daily = next(b for b in real.budgets(fleet.AT) if b.name == "daily")
    assert daily.spent == days[-1].cost
    assert daily.past[-1] == days[-2].cost


def test_the_past_at_this_moment_is_the_present(fleet_paths: Paths):
    real = backend.real(fleet_paths, lambda: fleet.AT)
    now, past = real.frame(None), real.frame(fleet.AT)
    assert {r.key: (r.cost, r.calls) for r in past.sessions} == {
        r.key: (r.cost, r.calls) for r in now.sessions
    }
    assert (past.today, past.month) == (now.today, now.month)
    earlier = real.frame(fleet.AT - fleet.HOUR)
    assert 0 < earlier.today < now.today
    assert all(r.last <= fleet.AT - fleet.HOUR for r in earlier.sessions)


async def test_a_day_with_tasks_of_unknown_price_says_at_least(fleet_paths: Paths):
    async with opened(fleet_paths, "5", size=(120, 40)) as play:
        await play.until(lambda: "Tue 24 Nov 2026" in play.text)
        *_, cost, _, _, _, _, each, _ = play.line_of("Tue 24 Nov 2026").split()
        assert cost.startswith("≥") and each.startswith("≥"), (cost, each)


def test_tasks_without_a_price_do_not_cost_nothing():
    none = Sum(0, 48, Floor(unpriced=48))
    told = plain(summed(TaskSum("acme", 3, 3, 0, none, Sum(), None), 120))
    assert "? a task" in told and "0.00" not in told
