"""Budgets that watch windows of plans: what is told, held and let go as readings come."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtop.config import Config, Endpoint
from costtop.daemon.alerting.evaluate import Evaluator
from costtop.daemon.notices.post import audience
from costtop.detect.settings import Settings
from costtop.durations import DAY, HOUR, MINUTE, iso, moment_of
from costtop.model import Breaker, Budget, Silence
from costtop.nouns.budget_nouns import WHOLE
from costtop.plan_reading import PlanReading
from costtop.store import meta
from costtop.store.alerts import breakers, silences
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.names import Names
from costtop.store.plans import plan_readings

UTC = ZoneInfo("UTC")
T = 1_795_000_000_000 // HOUR * HOUR
FIVE = Budget("five", "plan:5h", WHOLE, tiers=(50, 80, 95), action="gate", act_at=90)
WEEK = Budget("week", "plan:week", WHOLE, tiers=(50, 80))
HOME = "/home/ana/.claude"


class Watch:
    """A daemon's evaluation on a store, in time that it is told."""

    def __init__(self, path: Path, *budgets: Budget) -> None:
        self.path, self.budgets = path, budgets or (FIVE,)
        self.db = open_writer(path)
        ends = {"label": "log", "url": "log:/dev/null", "min_severity": "notice", "resolved": True}
        told = Config(notify=(Endpoint(**ends),))
        self._to = audience(told, UTC)
        self.now = T
        self.start()

    def start(self, *budgets: Budget) -> None:
        """A daemon begins on what is stored."""
        self.budgets = budgets or self.budgets
        self.evaluator = Evaluator(Settings(), self.budgets, UTC, self._to, lambda: None)
        self._within(self._begin)

    def _begin(self) -> None:
        meta.put(self.db, {"budgets": meta.encode_budgets(self.budgets)})
        self.evaluator.begin(self.db, self.now)
        self.evaluator.learn(self.db, self.now)
        self.evaluator.wake_up(self.db, self.now)

    def tell(
        self,
        used: float,
        at: int,
        resets: int | None = T + 5 * HOUR,
        *,
        home: str = HOME,
        minutes: int = 300,
        source: str = "claude-code",
        limit: str = "",
        lost: bool = False,
    ) -> None:
        """A reading comes; `lost`: with the power, before it is on disk."""
        self.now = max(self.now, at)
        one = PlanReading(source, home, "", limit, minutes, used, resets, at)
        try:
            self._within(lambda: self._take(one, lost=lost))
        except KeyError:
            self.start()

    def _take(self, one: PlanReading, *, lost: bool) -> None:
        plan_readings.put(self.db, Names(), [one])
        recorded = record(self.db, WriteContext(lambda *_: ""), [], self.now)
        self.evaluator.after(self.db, recorded._replace(windows=one.at), self.now)
        if lost:
            raise KeyError

    def wait(self, at: int) -> None:
        """Time passes."""
        self.now = at
        self._within(lambda: self.evaluator.tick(self.db, at))

    def _within(self, do: object) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        try:
            do()  # type: ignore[operator]
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    @property
    def titles(self) -> list[str]:
        rows = self.db.execute("SELECT title FROM outbox ORDER BY id").fetchall()
        return [title.removeprefix("[costtop] ") for (title,) in rows]

    @property
    def tiers(self) -> list[int]:
        """The tiers that were told of, in order."""
        heads = [title for title in self.titles if title.startswith("budget ")]
        return [int(title.partition(": ")[2].split()[0]) for title in heads]

    def open(self) -> list[tuple[str, str, int]]:
        rows = self.db.execute(
            "SELECT budget, home, until FROM breakers WHERE ended IS NULL AND until > ?",
            (self.now,),
        )
        return rows.fetchall()

    def states(self) -> list[tuple[int, str]]:
        return self.db.execute("SELECT tier, state FROM alerts ORDER BY id").fetchall()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    one = Watch(tmp_path / "costtop.db")
    yield one
    one.db.close()


def test_each_tier_is_told_once_though_the_anchor_moves(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "costtop.db", WEEK)
    for n in range(96):
        at = T + n * HOUR // 2
        watch.tell(40 + n / 2, at, at + 7 * DAY, minutes=10080)
    assert watch.tiers == [50, 80]
    assert watch.titles[0] == "budget week: 50 % of the week window of claude-code"


def test_a_stale_anchor_counts_on_and_its_tiers_are_told_once(watch: Watch) -> None:
    for n in range(12):
        watch.tell(45 + 4 * n, T + n * 10 * MINUTE, T - HOUR)
    assert watch.tiers == [50, 80]
    assert [one[0] for one in watch.open()] == []


def test_a_reset_inside_a_session_opens_the_gate_at_once_and_tells_anew(watch: Watch) -> None:
    watch.tell(85, T)
    watch.tell(92, T + 10 * MINUTE)
    assert watch.open() == [("five", HOME, T + 5 * HOUR)]
    watch.tell(3, T + 20 * MINUTE, T + 5 * HOUR + 20 * MINUTE)
    assert watch.open() == []
    watch.tell(55, T + 2 * HOUR, T + 5 * HOUR + 20 * MINUTE)
    assert watch.tiers == [80, 50]
    assert watch.states() == [(80, "resolved"), (50, "resolved"), (50, "open")]


def test_a_window_that_passed_its_reset_holds_nobody(watch: Watch) -> None:
    watch.tell(97, T, T + HOUR)
    assert watch.open() and watch.tiers == [95]
    watch.wait(T + HOUR)
    assert not watch.open()
    assert {state for _, state in watch.states()} == {"resolved"}
    watch.wait(T + 3 * HOUR)
    assert watch.tiers == [95]


def test_two_accounts_have_their_own_tiers_and_gates(watch: Watch) -> None:
    work = "/home/ana/.claude-work"
    watch.tell(60, T)
    watch.tell(60, T + MINUTE, home=work)
    watch.tell(91, T + 2 * MINUTE, home=work)
    assert watch.titles[0] == "budget five: 50 % of the 5h window of claude-code"
    assert watch.titles[1] == "budget five: 50 % of the 5h window of claude-code .claude-work"
    assert watch.tiers == [50, 50, 80]
    assert watch.open() == [("five", work, T + 5 * HOUR)]
    watch.tell(91, T + 3 * MINUTE)
    assert {home for _, home, _ in watch.open()} == {HOME, work}


def test_a_scope_names_the_account_that_is_watched(tmp_path: Path) -> None:
    work = FIVE._replace(scope=(("home", ".claude-work"), ("source", "claude-*")))
    watch = Watch(tmp_path / "costtop.db", work)
    watch.tell(99, T)
    watch.tell(99, T, source="codex", home="/home/ana/.codex-work")
    assert watch.tiers == []
    watch.tell(99, T, home="/home/ana/.claude-work")
    assert watch.tiers == [95]


def test_a_window_of_one_model_is_another_budgets(tmp_path: Path) -> None:
    opus = Budget("opus", "plan:week opus", WHOLE, tiers=(50,), action="gate", act_at=60)
    watch = Watch(tmp_path / "costtop.db", WEEK, opus)
    watch.tell(70, T, T + DAY, minutes=10080, limit="opus")
    assert watch.titles[0] == "budget opus: 50 % of the week opus window of claude-code"
    [scope] = watch.db.execute("SELECT source, model, home FROM breakers").fetchall()
    assert scope == ("claude-code", "*opus*", HOME)


def test_what_a_crash_took_back_is_told_once_when_it_comes_again(watch: Watch) -> None:
    watch.tell(60, T)
    watch.tell(83, T + MINUTE, lost=True)
    assert watch.tiers == [50] and not watch.open()
    watch.tell(83, T + MINUTE)
    watch.start()
    watch.tell(84, T + 2 * MINUTE)
    watch.start()
    assert watch.tiers == [50, 80]


def test_a_clock_that_jumps_ahead_and_back_tells_nothing_twice(watch: Watch) -> None:
    watch.tell(60, T)
    watch.wait(T + 3 * DAY)
    watch.tell(61, T + 3 * DAY, T + 5 * HOUR)
    watch.now = T + 10 * MINUTE
    watch.wait(watch.now)
    watch.tell(62, T + 11 * MINUTE)
    assert watch.tiers == [50]
    watch.tell(96, T + 12 * MINUTE)
    assert watch.tiers == [50, 95] and watch.open()


def test_a_reading_that_comes_late_makes_no_other_window(watch: Watch) -> None:
    watch.tell(60, T + HOUR)
    watch.tell(20, T + 10 * MINUTE)
    watch.tell(61, T + HOUR + MINUTE)
    assert watch.tiers == [50]


def test_an_older_reading_of_another_session_changes_nothing(watch: Watch) -> None:
    watch.tell(96, T + HOUR)
    watch.tell(20, T)
    assert watch.tiers == [95] and watch.open()


def test_a_tier_that_is_new_after_a_reload_is_told_and_no_other(watch: Watch) -> None:
    watch.tell(85, T)
    watch.start(FIVE._replace(tiers=(50, 70, 80, 84, 95)))
    watch.tell(86, T + MINUTE)
    assert watch.tiers == [80, 84]  # and 70 is nothing new to whoever heard of 80


def test_what_stands_at_a_first_start_is_history(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "costtop.db")
    one = PlanReading("claude-code", HOME, "", "", 300, 85.0, T + HOUR, T - MINUTE)
    plan_readings.put(db, Names(), [one])
    db.close()
    watch = Watch(tmp_path / "costtop.db")
    watch.tell(86, T)
    assert watch.tiers == []
    watch.tell(95, T + MINUTE)
    assert watch.tiers == [95] and watch.open()


def test_the_evidence_says_whose_window_it_is_and_when_it_ends(watch: Watch) -> None:
    for n in range(5):
        watch.tell(42 + 2 * n, T + n * 6 * MINUTE)
    [evidence] = [json.loads(row[0]) for row in watch.db.execute("SELECT evidence FROM alerts")]
    assert evidence["account"] == "claude-code" and evidence["resets_at"] == iso(T + 5 * HOUR)
    steady = T + 24 * MINUTE + 50 * HOUR // 20
    assert abs(moment_of(evidence["full_at"]) - steady) <= HOUR // 2


def test_a_silence_of_the_budget_keeps_it_quiet_and_it_speaks_after(watch: Watch) -> None:
    quiet = Silence(0, "ana", T, budget="five", until=T + HOUR)
    silences.begin(watch.db, quiet)
    watch.tell(85, T + MINUTE)
    assert watch.tiers == []
    watch.wait(T + HOUR + MINUTE)
    assert watch.tiers == [80]


def test_what_was_acknowledged_is_not_told_again_but_the_next_tier_is(watch: Watch) -> None:
    watch.tell(60, T)
    watch.db.execute("UPDATE alerts SET state = 'acknowledged'")
    watch.tell(70, T + MINUTE)
    watch.tell(81, T + 2 * MINUTE)
    assert watch.tiers == [50, 80]


def test_a_budget_that_is_taken_out_lets_go_what_it_held(watch: Watch) -> None:
    watch.tell(92, T)
    assert watch.open()
    watch.start(WEEK)
    assert not watch.open()


def test_a_budget_of_dollars_beside_it_is_not_let_go_by_its_reset(tmp_path: Path) -> None:
    daily = Budget("daily", "day", 10, action="gate")
    watch = Watch(tmp_path / "costtop.db", FIVE, daily)
    held = Breaker("daily", "2026-11-23", "gate", (), "spent", T, until=T + DAY, confirmed=T)
    breakers.put(watch.db, held)
    watch.tell(92, T)
    assert [name for name, _, _ in watch.open()] == ["five"]  # daily is not spent
    watch.tell(1, T + MINUTE, T + 6 * HOUR)
    assert not watch.open()


def test_an_action_that_is_set_later_holds_from_then_on(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "costtop.db", FIVE._replace(action="notify"))
    watch.tell(92, T)
    assert not watch.open()
    watch.start(FIVE)
    assert watch.open() and watch.tiers == [80]
    watch.start(FIVE._replace(act_at=99))
    assert not watch.open()


def test_a_window_without_an_end_is_held_no_longer_than_it_lasts(watch: Watch) -> None:
    watch.tell(92, T, None)
    [(_, _, until)] = watch.open()
    assert until == T + 5 * HOUR
    watch.tell(93, T + 6 * HOUR, None)
    [(_, _, until)] = watch.open()
    assert until == T + 6 * HOUR + HOUR // 2
    assert watch.tiers == [80]


def test_the_message_of_a_reset_says_so(watch: Watch) -> None:
    watch.tell(92, T)
    watch.tell(1, T + MINUTE, T + 6 * HOUR)
    bodies = dict(watch.db.execute("SELECT title, body FROM outbox").fetchall())
    assert "was reset" in bodies["[costtop] breaker five: its agents may go on"]
    assert "spent" not in bodies["[costtop] resolved budget five: 80 % is over"]


def test_while_old_logs_are_read_a_window_is_judged_by_what_is_of_today(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "costtop.db")
    watch.evaluator = Evaluator(Settings(), watch.budgets, UTC, watch._to, lambda: None)
    watch._within(lambda: watch.evaluator.begin_today(watch.db, T))
    watch.tell(99, T - 3 * DAY, T - 2 * DAY)
    assert watch.tiers == [] and not watch.open()
    watch.tell(91, T)
    assert watch.tiers == [80] and watch.open()


Told = tuple[int, float, int]  # when, per cent, the anchor


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[list[Told]], list[int], set[int]]:
    """Windows of readings, in which order they come, and after which of them the daemon dies."""
    at, windows = T, []
    for _ in range(draw(st.integers(1, 3))):
        used, end = float(draw(st.integers(0, 10))), at + 5 * HOUR
        window: list[Told] = []
        for _ in range(draw(st.integers(1, 6))):
            moved = draw(st.integers(-5, 5)) * MINUTE
            window.append((at, used, end + moved))
            at += draw(st.integers(1, 20)) * MINUTE
            used = min(100.0, used + draw(st.integers(0, 40)))
        windows.append(window)
        at = end + 10 * MINUTE
    count = sum(map(len, windows))
    late = [nth + draw(st.integers(0, 2)) for nth in range(count)]
    order = sorted(range(count), key=lambda nth: (late[nth], nth))
    return windows, order, draw(st.sets(st.integers(0, count - 1), max_size=2))


@settings(max_examples=15, deadline=None)
@given(lives())
def test_no_tier_is_told_twice_of_a_window_in_whatever_order_it_is_told(
    life: tuple[list[list[Told]], list[int], set[int]],
) -> None:
    windows, order, deaths = life
    told = [reading for window in windows for reading in window]
    with TemporaryDirectory() as folder:
        watch = Watch(Path(folder) / "costtop.db")
        for nth in order:
            at, used, end = told[nth]
            watch.tell(used, at, end, lost=nth in deaths)
            if nth in deaths:
                watch.tell(used, at, end)
        rows = watch.db.execute("SELECT period, tier FROM alerts").fetchall()
        spoken = [title for title in watch.titles if title.startswith("budget ")]
        watch.db.close()
    assert len({period for period, _ in rows}) <= len(windows)
    assert len(spoken) <= len(rows) == len(set(rows))
    if order == sorted(order):
        reached = [max(used for _, used, _ in window) for window in windows]
        assert len(rows) == sum(used >= tier for used in reached for tier in FIVE.tiers)


def test_where_the_end_moves_along_a_reading_holds_for_a_tenth_of_the_window(
    tmp_path: Path,
) -> None:
    watch = Watch(tmp_path / "costtop.db", WEEK._replace(action="gate", act_at=60))
    for n in range(14):
        at = T + n * HOUR
        watch.tell(50 + n, at, at + 7 * DAY, minutes=10080)
    [(_, _, until)] = watch.open()
    assert until == at + 7 * DAY // 10
    watch.wait(until - 1)
    assert watch.open()
    watch.wait(until)
    assert not watch.open() and dict(watch.states()) == {50: "open"}
    watch.tell(64, until + HOUR, until + 7 * DAY, minutes=10080)
    assert watch.open() and watch.tiers == [50]
