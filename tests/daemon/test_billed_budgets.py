"""Budgets that watch what is billed: by the rule of plans, live as after a start, and labelled."""

import random
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from costtop import config as configuration
from costtop.config import Config, Endpoint
from costtop.daemon.alerting.evaluate import Evaluator
from costtop.daemon.notices.post import Audience, audience
from costtop.durations import DAY, HOUR, MINUTE
from costtop.model import Budget, Call, Context, Tokens
from costtop.money import NANO
from costtop.nouns.paid_plan import PaidPlan
from costtop.plans import billing
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.queries.spending import budget_periods
from costtop.settings.budget_settings import BudgetEntry
from costtop.settings.plan_entries import PlanEntry
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.plans import paid_plans
from costtop.store.sessions.accounts import Accounts
from tests.daemon.stream import NOBODY, QUIET

NOON = 1_795_176_000_000  # 2026-11-20T12:00:00Z
UTC = ZoneInfo("UTC")
WORK = "/h/.claude-work"
PLANS = (
    PaidPlan("Max", "claude", ("claude-code",), 200 * NANO, account="/h/.claude"),
    PaidPlan("Old", "codex", ("codex",), 20 * NANO, until=NOON - 2 * HOUR),
)
BUDGETS = (
    Budget("bill", "day", 20 * NANO, watch="billed"),
    Budget("bill-month", "month", 400 * NANO, watch="billed", scope=(("feature", "f1"),)),
    Budget("rolling", "hours:5", 9 * NANO, watch="billed"),
    Budget("worth", "day", 60 * NANO, watch="value"),
)


class Life:
    """One daemon's judging on a store in which two plans are known."""

    def __init__(self, path: Path, now: int, to: Audience = NOBODY) -> None:
        self.db = open_writer(path)
        self.into = WriteContext(lambda context, _source, _model: context.feature)
        self.into.accounts = Accounts(["/h/.claude"])
        self.watch = Evaluator(QUIET, BUDGETS, UTC, to, lambda: None)
        self.db.execute("BEGIN")
        told = meta.encoded(zone="UTC", finished_after=HOUR, min_peers=5, budgets=BUDGETS)
        meta.put(self.db, told | paid_plans.encoded(PLANS))
        self.watch.begin(self.db, now)
        self.watch.wake_up(self.db, now)
        self.db.execute("COMMIT")

    def commit(self, priced: Priced, home: str, now: int) -> None:
        call = priced.call
        log = f"{home}/sessions/{call.session}.jsonl".encode()
        read = Reading(call.source, log, "{}", "{}", 1, False, [priced], [], [], [], [])
        self.db.execute("BEGIN")
        self.watch.after(self.db, record(self.db, self.into, [read], now), now)
        self.db.execute("COMMIT")

    def spent(self, now: int) -> dict[str, int]:
        meters = Live(self.db).take(now, Pulse(running=False)).budgets
        return {one.name: one.spent for one in meters}

    def judged(self, now: int) -> dict[str, int]:
        return {one.name: self.watch._budgets.spent(one.name, now) for one in BUDGETS}


def made(nth: int, rng: random.Random) -> tuple[Priced, str]:
    source = rng.choice(["claude-code", "codex", "opencode", "goose"])
    name = f"{source}-{rng.randrange(9)}"
    home = rng.choice(["/h/.claude", WORK]) if source == "claude-code" else "/h/other"
    home = {"claude-code-1": "/h/.claude"}.get(name, WORK if home == WORK else home)
    at = NOON - rng.randrange(4 * HOUR)
    cost = rng.randrange(NANO)
    told = cost // 4 if source == "opencode" and rng.random() < 0.7 else None
    call = Call(
        nth.to_bytes(16, "big"), source, f"{name}-{home[-4:]}", "m", Tokens(9, output=nth), at,
        Context(feature=rng.choice(["f1", "f2"])), reported=told,
    )  # fmt: skip
    return Priced(call, cost, cost, None), home


def expected(calls: dict[bytes, tuple[Priced, str]], budget: Budget) -> int:
    since = {"day": NOON // DAY * DAY, "month": NOON - 19 * DAY - 12 * HOUR}.get(budget.period)
    total = 0
    for priced, home in calls.values():
        call = priced.call
        feature = dict(budget.scope).get("feature", call.context.feature)
        if since is None or call.at < since or feature != call.context.feature:
            continue
        total += (
            billing.billed(
                PLANS, call.source, home, call.at, cost=priced.cost, reported=call.reported
            )
            if budget.watch == "billed"
            else priced.cost or 0
        )
    return total


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_judged_is_what_is_shown_and_what_the_rule_says(tmp_path: Path, seed: int):
    rng, path = random.Random(seed), tmp_path / "costtop.db"
    life, known = Life(path, NOON - 5 * HOUR), {}
    for nth in range(120):
        if known and rng.random() < 0.2:  # one of before has grown
            (priced, home) = known[rng.choice(list(known))]
            grown = (priced.cost or 0) + rng.randrange(NANO // 2)
            call = priced.call
            told = None if call.reported is None else call.reported + rng.randrange(NANO // 9)
            more = call.tokens._replace(output=call.tokens.output + 1_000)
            priced = Priced(call._replace(reported=told, tokens=more), grown, grown, None)
        else:
            priced, home = made(nth, rng)
        known[priced.call.key] = priced, home
        life.commit(priced, home, NOON + nth)
        if rng.random() < 0.1:  # another daemon goes on
            life.db.close()
            life = Life(path, NOON + nth)
        wanted = {one.name: expected(known, one) for one in BUDGETS if one.period != "hours:5"}
        for told in (life.spent(NOON + nth), life.judged(NOON + nth)):
            assert {name: told[name] for name in wanted} == wanted
    rolling = life.judged(NOON + 119)["rolling"]
    whole = sum(
        billing.billed(PLANS, p.call.source, home, p.call.at, cost=p.cost, reported=p.call.reported)
        for p, home in known.values()
    )
    assert rolling == whole
    lines = {one.name: one for one in budget_periods.read(life.db, NOON + 119, UTC)}
    assert {name: lines[name].spent for name in wanted} == wanted
    assert lines["bill"].watch == "billed"
    life.db.close()


def commit(life: Life, nth: int, dollars: float, source: str, home: str = "/h/.claude") -> None:
    cost = round(dollars * NANO)
    call = Call(nth.to_bytes(16), source, "s", "m", Tokens(9), NOON + nth * MINUTE)
    life.commit(Priced(call, cost, cost, None), home, NOON + nth * MINUTE)


def test_a_covered_session_reaches_tiers_of_value_and_none_of_what_is_billed(tmp_path: Path):
    life = Life(tmp_path / "costtop.db", NOON)
    commit(life, 1, 50, "claude-code")
    query = "SELECT budget, tier, why FROM alerts WHERE rule = 'budget_tier' ORDER BY at, tier"
    told = life.db.execute(query).fetchall()
    assert {(name, tier) for name, tier, _ in told} == {("worth", 50), ("worth", 80)}
    assert all("has spent $50.00 value of $60.00" in why for *_, why in told)
    commit(life, 2, 11, "goose")
    told = life.db.execute(query).fetchall()
    (bill,) = [(tier, why) for name, tier, why in told if name == "bill"]
    assert bill[0] == 50
    assert "has spent $11.00 billed of $20.00" in bill[1]
    life.db.close()


def test_a_session_s_alert_says_that_a_plan_covers_it(tmp_path: Path):
    me = Endpoint(label="me", url=f"log:{tmp_path}/told", min_severity="notice")
    life = Life(tmp_path / "costtop.db", NOON, audience(Config(notify=(me,)), UTC))
    commit(life, 1, 15, "claude-code")  # past the cap of a session
    commit(life, 2, 15, "goose")
    found = dict(life.db.execute("SELECT session, title FROM alerts WHERE session <> ''"))
    assert "value $15.00 (plan)" in found["claude-code/s"]
    assert "value" not in found["goose/s"]
    letters = life.db.execute("SELECT title, body FROM outbox WHERE title LIKE '%] session %'")
    (covered, its_own) = [body for _, body in sorted(letters, key=lambda one: "plan" not in one[0])]
    assert covered.partition("\n")[0].endswith("It is value: Max $200/mo covers it.")
    assert "value" not in its_own
    life.db.close()


def test_a_budget_is_labelled_only_where_a_plan_is_paid():
    plain = Config(budget=(BudgetEntry(name="daily", amount="$20"),))
    billed = Config(budget=(BudgetEntry(name="daily", amount="$20", watch="billed"),))
    plan = PlanEntry(name="Max", agent="claude", price="$200")
    paid = Config(budget=plain.budget, plan=(plan,))
    watched = [configuration.budgets(one)[0].watch for one in (plain, billed, paid)]
    assert watched == ["", "billed", "value"]
