"""The list of sessions, driven by keys through the real app."""

import pytest

from costtop.control.protocol import Kill, MarkSession, Pause
from costtop.queries.live.view import Pulse
from costtop.tui.app import CosttopApp
from costtop.tui.widgets import session_pane
from tests.tui.stage import STILL, Played, Stage, played
from tests.tui.values import AT, FLEET, SOURCES, dollars, row, snapshot

DEAR, SECOND, THIRD = "9f767c4e", "8a59d06b", "54f46a6c"


async def test_the_list_shows_sessions_ranked_by_their_rate():
    async with played() as play:
        assert play.order(THIRD, DEAR, SECOND) == [DEAR, SECOND, THIRD]
        assert "31.40" in play.line_of(DEAR)
        assert "retry loop" in play.line_of(DEAR)


async def test_the_head_shows_today_the_month_and_the_burn():
    async with played() as play:
        assert "$84.20 of 100    84 %" in play.lines[1]
        assert "$812.00 of 2,000  41 %" in play.lines[2]
        assert play.lines[3].startswith("─ burn $48.10/h  ▲3.1x usual ─")
        assert "6 live / 9 today" in play.lines[0]
        assert "! 1 runaway 31.40/h" in play.lines[0]
        assert "3 unpriced" in play.lines[0]


async def test_without_budgets_the_head_shows_sums_and_says_where_one_is_set():
    async with played(snapshot(budgets=())) as play:
        assert "≥$84.20" in play.lines[1]
        assert "no budget" in play.lines[1]


async def test_an_unknown_price_is_a_question_mark_never_zero():
    async with played() as play:
        line = play.line_of("36ca1a4e")
        assert "?" in line
        assert "0.00" not in line
        assert "model has no price" in line


@pytest.mark.parametrize(
    ("key", "first"),
    [("M", DEAR), ("T", SECOND), ("N", "06aaa9ff"), ("P", "7ade3b40")],
)
async def test_each_sort_key_puts_its_own_first(key: str, first: str):
    async with played() as play:
        await play.press(key)
        rows = [line for line in play.lines if any(r.session[:8] in line for r in FLEET)]
        assert first in rows[0] or key == "P"
        assert (
            play.app.screen.view.sort == {"M": "cost", "T": "age", "N": "session", "P": "rate"}[key]
        )


async def test_i_turns_the_order_round_and_the_arrow_in_the_head_shows_it():
    async with played() as play:
        assert "$/h▽" in play.text
        await play.press("I")
        assert "$/h△" in play.text
        assert play.order(DEAR, THIRD) == [THIRD, DEAR]


async def test_arrows_left_and_right_sort_by_the_neighbouring_column():
    async with played() as play:
        await play.press("left")
        assert play.app.screen.view.sort == "cost"
        await play.press("right", "right")
        assert play.app.screen.view.sort == "trend"


async def test_f6_asks_for_the_column_and_sorts_by_it():
    async with played() as play:
        await play.press("f6")
        assert "Sort by" in play.text
        await play.press("up", "enter")
        assert play.app.screen.view.sort == "cost"


async def test_a_click_on_a_head_sorts_by_that_column():
    async with played() as play:
        x = play.line_of("$TOTAL").index("$TOTAL")
        await play.pilot.click("#sessions", offset=(x + 2, 0))
        await play.pilot.pause()
        assert play.app.screen.view.sort == "cost"


async def test_the_cursor_stays_on_its_session_while_rows_reorder():
    async with played() as play:
        await play.press("down")
        assert play.app.screen.table.cursor_key.endswith(SECOND + "-1111-4222-8333-944455566677")
        moved = tuple(
            r._replace(rate=0, state="idle") if r.session.startswith(SECOND) else r for r in FLEET
        )
        await play.show(snapshot(moved, at=AT + 1000))
        assert play.app.screen.table.selected.row.session.startswith(SECOND)


async def test_the_cursor_stays_on_top_until_it_is_moved_and_then_on_its_session():
    first, second, *others = FLEET
    overtaken = snapshot((second._replace(rate=first.rate * 2), first, *others))
    async with played() as play:
        table = play.app.screen.table
        assert table.cursor_key == first.key
        await play.show(overtaken)
        assert table.cursor_key == second.key
        await play.press("M")  # another order is no move
        assert table.cursor_key == first.key
        await play.press("P", "down", "up")
        await play.show(snapshot())
        assert table.cursor_key == second.key
        assert table.rows[0].key == first.key


async def test_when_the_selected_session_vanishes_the_cursor_stays_where_it_was():
    async with played() as play:
        await play.press("down")
        gone = tuple(r for r in FLEET if not r.session.startswith(SECOND))
        await play.show(snapshot(gone))
        assert play.app.screen.table.selected.row.session.startswith(THIRD)


async def test_the_filter_narrows_while_it_is_typed_and_esc_clears_it():
    async with played() as play:
        await play.press("slash", *"feature=ci")
        assert DEAR not in play.text
        assert THIRD in play.text
        await play.press("enter")
        assert "FILTER feature=ci" in play.text
        await play.press("escape")
        assert DEAR in play.text
        assert "FILTER" not in play.text


@pytest.mark.parametrize("key", ["slash", "backslash", "f4"])
async def test_every_habit_opens_the_filter(key: str):
    async with played() as play:
        await play.press(key, "q")
        assert play.app.screen.query_one("#filter").value == "q"
        assert play.app.is_running


async def test_a_row_changes_when_the_world_does():
    async with played() as play:
        grown = (FLEET[0]._replace(cost=dollars(99.5)), *FLEET[1:])
        await play.show(snapshot(grown, at=AT + 1000))
        assert "99.50" in play.row_of(DEAR)


async def test_z_freezes_the_screen_but_not_the_data():
    async with played() as play:
        await play.press("z")
        grown = (FLEET[0]._replace(cost=dollars(99.5)), *FLEET[1:])
        await play.show(snapshot(grown, at=AT + 12_000))
        assert "22.74" in play.row_of(DEAR)
        assert "PAUSED 12s" in play.lines[0]
        await play.press("Z")
        assert "99.50" in play.row_of(DEAR)


async def test_enter_opens_the_session_and_esc_comes_back():
    async with played() as play:
        await play.press("enter")
        assert "9f767c4e-1111-4222-8333-944455566677" in play.text
        assert "48121" in play.text
        await play.press("escape")
        assert "$TOTAL" in play.text


async def test_the_tree_shows_subagents_under_their_session():
    async with played() as play:
        assert "write-tests" not in play.text
        await play.press("t")
        assert play.order(THIRD, "├─explore", "└─write") == [THIRD, "├─explore", "└─write"]


async def test_groups_sum_their_sessions():
    async with played() as play:
        await play.press("g")
        assert "▼ etl  2 sessions" in play.text  # over SESSION and PROJECT
        assert "25.17" in play.line_of("etl  2 sessions")  # 22.74 + 2.43


async def test_idle_and_ended_sessions_can_be_hidden():
    async with played() as play:
        await play.press("i", "H")
        assert "7ade3b40" not in play.text
        assert "f7afdeb1" not in play.text
        assert DEAR in play.text
        await play.press("i", "H")
        assert "7ade3b40" in play.text


async def test_kill_asks_first_and_enter_alone_cancels():
    async with played() as play:
        await play.press("k")
        assert "End this session?" in play.text
        assert "pid 48121" in play.text
        await play.press("enter")
        assert play.stage.commands == []
        assert "End this session?" not in play.text


async def test_kill_with_a_rung_goes_to_the_session_of_the_key_press():
    async with played() as play:
        await play.press("f9", "3", "enter")
        await play.until(lambda: play.stage.commands)
        assert play.stage.commands[0].session == FLEET[0].key
        assert play.stage.commands[0].rung == "TERM"


async def test_rows_that_reorder_under_the_dialog_cannot_change_who_is_killed():
    async with played() as play:
        await play.press("k")
        turned = tuple(r._replace(rate=dollars(n)) for n, r in enumerate(FLEET, start=1))
        await play.show(snapshot(turned, at=AT + 1000))
        await play.show(snapshot(turned[1:], at=AT + 2000))  # it even left the list
        await play.press("4", "enter")
        await play.until(lambda: play.stage.commands)
        assert [c.session for c in play.stage.commands] == [FLEET[0].key]


async def test_all_tagged_sessions_are_listed_and_killed():
    async with played() as play:
        await play.press("space", "space", "up", "up")
        assert "2 tagged" in play.text
        await play.press("k")
        assert "End these 2 sessions?" in play.text
        await play.press("p", "enter")
        await play.until(lambda: len(play.stage.commands) == 2)
        assert all(isinstance(c, Pause) for c in play.stage.commands)
        assert {c.session for c in play.stage.commands} == {FLEET[0].key, FLEET[1].key}


async def test_a_subagent_is_killed_with_its_session():
    async with played() as play:
        await play.press("t", "down", "down", "down", "k", "2", "enter")
        await play.until(lambda: play.stage.commands)
        assert play.stage.commands == [
            Kill("codex/54f46a6c-1111-4222-8333-944455566677", "INT", play.stage.commands[0].by)
        ]


async def test_a_refusal_is_shown_as_the_daemon_words_it():
    async with played() as play:
        play.stage.refusal = "two processes could be this session [/x]; not killed"
        await play.press("k", "2", "enter")
        await play.until(lambda: "not killed" in play.text)


async def test_mark_sends_the_kind_and_the_note():
    async with played() as play:
        await play.press("m", "r", "tab", *"loops", "enter", "enter")
        await play.until(lambda: play.stage.commands)
        command = play.stage.commands[0]
        assert isinstance(command, MarkSession)
        assert (command.session, command.kind, command.note) == (FLEET[0].key, "runaway", "loops")


async def test_the_empty_screen_names_the_places_looked_at_and_the_progress():
    pulse = Pulse(True, importing=True, import_done=62, import_total=100)
    async with played(snapshot((), pulse=pulse, today_sessions=0)) as play:
        assert "✓ Claude Code" in play.text
        assert "✗ Gemini CLI" in play.text
        assert SOURCES[0].folder in play.text
        assert "62%" in play.text
        assert "costtop doctor" in play.text


async def test_a_daemon_that_is_gone_is_said_and_the_list_stays():
    async with played() as play:
        await play.show(snapshot(pulse=Pulse(False)))
        assert "daemon not running" in play.lines[0]
        assert DEAR in play.text


async def test_a_read_that_fails_is_said_and_the_next_one_recovers():
    async with played() as play:
        play.stage.trouble = "the database is of a newer costtop"
        play.app.read()
        await play.until(lambda: "newer costtop" in play.lines[1])
        assert "cannot read" in play.lines[0]
        assert DEAR in play.text
        play.stage.trouble = ""
        play.app.read()
        await play.until(lambda: "newer costtop" not in play.text)


async def test_help_lists_the_keys_of_this_screen_first_and_narrows_by_typing():
    async with played() as play:
        await play.press("f1")
        assert play.order("This screen", "k F9")[0] == "This screen"
        await play.press(*"freeze")
        assert "Freeze the screen" in play.text
        assert "Group by" not in play.text
        await play.press("escape")
        assert "$TOTAL" in play.text


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (200, 60), (60, 12), (40, 8), (20, 5), (8, 2)]
)
async def test_no_window_is_too_small_and_no_line_too_long(size: tuple[int, int]):
    async with played(size=size) as play:
        assert len(play.lines) == size[1]
        assert all(len(line) <= size[0] for line in play.lines)
        if size[0] >= 40:
            assert DEAR in play.text


async def test_a_resize_shows_more_columns():
    async with played(size=(80, 24)) as play:
        assert "CACHE" not in play.text
        await play.pilot.resize_terminal(240, 40)
        await play.pilot.pause()
        assert "CACHE" in play.text
        assert "CTX" in play.text


@pytest.mark.parametrize("key", ["q", "f10", "ctrl+c"])
async def test_every_habit_quits(key: str):
    async with played() as play:
        await play.press(key)
        assert play.app.return_code == 0
        assert not play.app.is_running or play.app._exit


async def test_hundreds_of_sessions_scroll_with_the_cursor():
    many = tuple(row(f"s{n:04}", rate=dollars(1000 - n)) for n in range(300))
    async with played(snapshot(many), size=(80, 24)) as play:
        await play.press("end")
        assert "s0299" in play.text
        await play.press("home")
        assert "s0000" in play.text
        await play.press("pagedown", "pagedown")
        await play.until(lambda: "s0000" not in play.text)


async def test_the_second_page_of_the_help_explains_every_sign_and_column_and_narrows():
    async with played(size=(80, 24)) as play:
        await play.press("f1", "f1")
        assert "Before a session" in play.text
        assert "type to narrow; F1 keys; Esc closes" in play.text
        await play.press(*"usual")
        assert "the median of finished sessions like it" in play.text
        assert "marked: watched" not in play.text
        await play.press(*["backspace"] * 5, "f1")
        assert "This screen" in play.text
        await play.press("escape")
        assert "$TOTAL" in play.text


async def test_under_a_filter_the_head_says_what_of_the_burn_is_in_the_list():
    async with played(snapshot(burn=sum(row.rate for row in FLEET))) as play:
        play.app.screen.keep("project=etl")
        await play.until(lambda: "burn $53.64 of $" in play.text)
        play.app.screen.keep("")
        await play.until(lambda: " of $" not in play.line_of("─ burn"))


@pytest.mark.parametrize("seconds", [1_000.0, 0.1])
async def test_of_a_run_of_cursor_keys_the_session_where_it_rests_is_read(
    monkeypatch: pytest.MonkeyPatch, seconds: float
):
    monkeypatch.setattr(session_pane, "_REST", seconds)
    read: list[str] = []
    stage = Stage()
    world = stage.backend._replace(session=lambda key, at: read.append(key))
    app = CosttopApp(world, STILL)
    async with app.run_test(size=(200, 60)) as pilot:
        play = Played(stage, app, pilot)
        await play.until(lambda: read and app.is_idle)
        first = len(read)
        await play.press("down", "down", "down", "down")
        await play.settle()
        if seconds > 1:  # the first of them; then it did not rest any more
            await play.until(lambda: len(read) > first)
            await play.settle()
            assert len(read) - first < 4
        else:
            await play.until(lambda: read[-1] == app.screen.table.cursor_key)
