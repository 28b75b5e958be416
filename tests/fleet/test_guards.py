"""What a spent budget of the fleet holds on a machine, and that a cut network never lifts it."""

from contextlib import closing

import msgspec
import pytest

from costtop.daemon.alerting import breaker_actions
from costtop.daemon.fleet import fleet_guards
from costtop.daemon.fleet.fleet_guards import FleetGuard, GuardRules
from costtop.daemon.notices.post import Audience
from costtop.store import gating
from costtop.store.alerts import alert_reads, breakers
from costtop.store.db import open_writer
from tests.e2e.instance import Instance
from tests.queries.weeks import MINUTE, NOON, call, scanned

CENT = 10_000_000
GUARD = FleetGuard(
    budget="team", period="2026-11", share=5 * CENT, action="gate", scope={}, excepted={},
    escalate="pause", offline="hold", why="budget team is spent: $101 of $100", open=False,
    confirmed=False, until_in_ms=86_400_000, age_ms=0,
)  # fmt: skip
SPENT = msgspec.structs.replace(GUARD, open=True, confirmed=True)
BRIEF = GuardRules(patience=30_000)


@pytest.fixture
def path(home):
    """A store with a session that spends $0.60 an hour: a cent a minute."""
    made = [
        call("s1", nth, NOON + nth * MINUTE, input_tokens=0, output_tokens=667, feature="web")
        for nth in range(60)
    ]
    return scanned(home, made).database


@pytest.fixture
def db(path):
    with closing(open_writer(path)) as made:
        yield made


def _told(db, guards, now=NOON, rules=BRIEF):
    return fleet_guards.keep(db, guards, Audience(), rules, now)


def _held(db, now):
    return gating.verdict(db, "costtop", "s1", now)


def _alerts(db):
    said = alert_reads.of_budget(db, "fleet:team", "2026-11")
    return [(one.rule, one.state) for one in said]


def test_a_budget_that_is_spent_in_the_fleet_holds_here_until_the_fleet_lifts_it(db):
    _told(db, [GUARD])
    assert _held(db, NOON) is None
    _told(db, [SPENT])
    kind, why, _, lifts, _ = _held(db, NOON)
    assert (kind, lifts) == ("deny", "fleet:team")
    assert why == "the fleet's budget team is spent: $101 of $100"
    breaker_actions.look(db, (), lambda _: 0, None, Audience(), NOON)  # no budget of this machine
    assert _held(db, NOON + 3 * MINUTE)
    _told(db, [GUARD], NOON + MINUTE)
    assert _held(db, NOON + MINUTE) is None


def test_it_holds_what_falls_under_its_scope_alone_and_no_longer_than_its_period(db):
    _told(db, [msgspec.structs.replace(SPENT, scope={"feature": "batch"})])
    assert _held(db, NOON) is None
    _told(db, [msgspec.structs.replace(SPENT, scope={"feature": "web"}, until_in_ms=MINUTE)])
    assert _held(db, NOON)
    assert _held(db, NOON + MINUTE) is None


@pytest.mark.parametrize(
    ("accept", "action"), [((), "gate"), (("pause",), "pause"), (("kill",), "gate")]
)
def test_processes_are_touched_only_where_this_machine_accepts_it(db, accept, action):
    paused = msgspec.structs.replace(SPENT, action="pause", escalate="kill")
    _told(db, [paused], rules=GuardRules(frozenset(accept)))
    (one,) = breakers.open_ones(db, NOON)
    assert (one.action, one.escalate) == (action, "kill" if "kill" in accept else "none")


def test_out_of_reach_a_machine_holds_itself_beyond_its_share_and_is_let_go_when_counted(db):
    _told(db, [GUARD])
    for minutes, holds in ((2, False), (4, False), (10, True)):  # a cent each, of a share of five
        now = NOON + minutes * MINUTE
        fleet_guards.look(db, Audience(), BRIEF, now)
        assert bool(_held(db, now)) == holds
    assert "not counted for 10 min" in _held(db, now)[1]
    assert _alerts(db) == [("budget_share", "open")]
    _told(db, [msgspec.structs.replace(GUARD, age_ms=11 * MINUTE)], now + MINUTE)
    assert _held(db, now + MINUTE)  # the server is there, and nobody counts
    _told(db, [GUARD], now + 2 * MINUTE)
    assert _held(db, now + 2 * MINUTE) is None
    assert _alerts(db) == [("budget_share", "resolved")]


def test_what_passes_offline_is_told_and_held_by_nobody(db):
    _told(db, [msgspec.structs.replace(GUARD, offline="pass")])
    fleet_guards.look(db, Audience(), BRIEF, NOON + 10 * MINUTE)
    assert _held(db, NOON + 10 * MINUTE) is None
    assert _alerts(db) == [("budget_share", "open")]


def test_a_restart_out_of_reach_lifts_nothing(path):
    with closing(open_writer(path)) as db:
        _told(db, [SPENT, msgspec.structs.replace(GUARD, budget="other")])
    with closing(open_writer(path)) as db:
        assert fleet_guards.is_out_of_reach(db, BRIEF, NOON + 10 * MINUTE)
        fleet_guards.look(db, Audience(), BRIEF, NOON + 10 * MINUTE)
        held = {one.budget for one in breakers.open_ones(db, NOON + 10 * MINUTE)}
        assert held == {"fleet:team", "fleet:other"}


def test_a_machine_that_leaves_the_fleet_is_held_by_none(path, home):
    instance = Instance(home)
    with closing(open_writer(path)) as db:
        now = fleet_guards.now_ms()
        _told(db, [SPENT], now)
        assert _held(db, now)
    try:
        instance.start()
    finally:
        instance.kill9()
    with closing(open_writer(path)) as db:
        assert _held(db, now) is None
