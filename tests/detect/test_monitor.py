"""The monitor's order of things: restarts, history, late and doubled events, ends, severities."""

import gc
import json
import random
import sys
from itertools import pairwise
from types import FunctionType, ModuleType

import pytest
from benches import redteam
from benches.generator import EPOCH, Corpus, corpus

from costtop.alerts.replay import replay
from costtop.daemon.alerting.packed_sessions import FileShelf
from costtop.detect.findings import short
from costtop.detect.monitor import Monitor
from costtop.detect.sessions import finished_peer
from costtop.detect.settings import Settings
from costtop.detect.watched_sessions import MemoryShelf
from costtop.model import Tokens, ToolUse
from costtop.money import NANO

MINUTE = 60_000
HOUR = 60 * MINUTE
QUIET = Settings(plain_rule="notice")


@pytest.fixture(scope="module")
def made():
    return corpus(41, days=5, bad=0.08)


@pytest.fixture(scope="module")
def undisturbed(made):
    """The monitor that has seen all of it, and its findings."""
    monitor = Monitor(QUIET)
    return monitor, watched(monitor, made.events)


def watched(monitor, events):
    return [found for event in events for found in monitor.observe(event.spend)]


def told(findings):
    return [(x.session, x.rule, x.severity, x.at, x.turn, x.cost, x.resolved) for x in findings]


def test_replaying_a_log_gives_the_same_findings(made, undisturbed):
    assert told(watched(Monitor(QUIET), made.events)) == told(undisturbed[1])


@pytest.mark.parametrize("place", [lambda _: MemoryShelf(), FileShelf])
def test_sessions_that_were_packed_at_rest_give_the_same_findings(made, place, tmp_path):
    undisturbed, resting, found = Monitor(QUIET), Monitor(QUIET, place(tmp_path)), []
    events = made.events[:6000]  # each packs all that ever were
    for event in events:
        found += resting.observe(event.spend)
        for sessions in (resting._open, resting._past):
            sessions.rest(resting.clock, len(sessions))
    assert told(found) == told(watched(undisturbed, events))
    assert found
    running = [one.__getstate__()[1] for one in resting.running()]
    for ours, theirs in zip(running, undisturbed.running(), strict=True):
        for name in ours.keys() - {"books", "samples", "sums"}:
            assert ours[name] == getattr(theirs, name), name


def test_quiet_sessions_take_a_fraction_of_their_memory(log):
    def held():
        gc.collect()
        return sum(sys.getsizeof(one) for one in reached(monitor._open))

    monitor = Monitor(QUIET)
    for nth in range(300):
        for turn in range(3):
            monitor.observe(log.spend(f"s{nth}", EPOCH + 100 * nth + turn, 0.05))
    awake = held()
    while monitor.rest(EPOCH + 5 * MINUTE):
        pass
    assert held() * 4 < awake
    assert monitor.session("test/s7").turns == 3


def reached(start):
    """Every object that hangs on one, once."""
    todo, seen = [start], {}
    while todo:
        one = todo.pop()
        if id(one) not in seen and not isinstance(one, type | FunctionType | ModuleType):
            seen[id(one)] = one
            todo += gc.get_referents(one)
    return seen.values()


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_restart_changes_no_finding_when_all_calls_are_read_again(made, share):
    cut = int(len(made.events) * share)
    undisturbed = Monitor(QUIET)
    watched(undisturbed, made.events[:cut])
    again = Monitor(QUIET)
    again.learn(event.spend for event in made.events[:cut])
    rest = made.events[cut:]
    assert told(watched(again, rest)) == told(watched(undisturbed, rest))


@pytest.mark.parametrize("share", [0.4, 0.8])
def test_a_restart_from_kept_peers_and_running_sessions_changes_no_finding(made, share):
    cut = int(len(made.events) * share)
    undisturbed = Monitor(QUIET)
    peers = []
    for event in made.events[:cut]:
        undisturbed.observe(event.spend)
        peers += undisturbed.finished()
    kept = {}
    for each in peers:  # a session that went on has one row, its last
        kept[each.root] = json.loads(json.dumps(list(each)))
    running = {session.root for session in undisturbed.running()}
    rows = [finished_peer.restore(row) for root, row in kept.items() if root not in running]
    rows.sort(key=lambda one: one.at)
    again = Monitor(QUIET)
    again.learn((e.spend for e in made.events[:cut] if e.spend.root in running), rows)
    began = {e.spend.root for e in made.events[:cut]}
    rest = [e for e in made.events[cut:] if e.spend.root in running or e.spend.root not in began]
    ours, theirs = told(watched(again, rest)), told(watched(undisturbed, rest))
    assert ours == theirs
    assert ours


def test_a_year_of_history_raises_nothing(made):
    monitor = Monitor(QUIET)
    monitor.learn(event.spend for event in made.events)
    now = EPOCH + 400 * 24 * HOUR
    assert all(x.resolved for x in monitor.tick(now))


def test_late_and_doubled_events_change_few_findings(made, undisturbed):
    plain = {x[:2] for x in told(undisturbed[1]) if x[2] != "notice"}
    events = redteam.disordered(made, 1).events
    other = {x[:2] for x in told(watched(Monitor(QUIET), events)) if x[2] != "notice"}
    assert len(plain ^ other) <= max(2, len(plain) // 6)


def test_costs_and_books_are_exact_however_events_arrive(made):
    monitor = Monitor(QUIET)
    events = redteam.disordered(Corpus(made.events[:4000], made.truths), 2).events
    costs = {}
    for event in events:
        spend = event.spend
        amount = (spend.cost or 0) - (spend.previous or 0)
        costs[spend.root] = costs.get(spend.root, 0) + amount
        monitor.observe(spend)
    assert costs
    for root, cost in costs.items():
        session = monitor.session(root)
        assert session.cost == cost
        assert sum(session.books.total) == cost


def test_a_clock_far_ahead_finishes_nobody(log, start):
    monitor = Monitor(QUIET)
    monitor.observe(log.spend("a", start, 1.0))
    monitor.observe(log.spend("b", start + 9 * HOUR, 1.0, seen=start + 1000))
    assert {session.root for session in monitor.running()} == {"test/a", "test/b"}


def test_an_explicit_end_finishes_a_session_at_once(log, start):
    monitor = Monitor(QUIET)
    monitor.observe(log.spend("a", start, 1.0))
    monitor.finish("test/a", start + 1000)
    (kept,) = monitor.finished()
    assert (kept.root, kept.cost, kept.turns, kept.at) == ("test/a", NANO, 1, start + 1000)
    assert monitor.finished() == []
    assert monitor.finish("test/unknown", start) == []


def test_stored_ends_come_true_in_their_time_and_are_void_before_a_last_call(log, start):
    monitor = Monitor(QUIET)
    monitor.foretell([(start + 5 * MINUTE, "test/a"), (start + MINUTE, "test/b")])
    monitor.observe(log.spend("a", start, 1.0))
    monitor.observe(log.spend("b", start + 2 * MINUTE, 1.0))
    assert not monitor.finished()
    monitor.observe(log.spend("c", start + 6 * MINUTE, 1.0))
    assert [each.root for each in monitor.finished()] == ["test/a"]


def test_a_session_that_rested_for_weeks_goes_on_where_it_was(log, start):
    old = [log.spend("x", start, 4.0), log.spend("x", start + 1, 0.5)]
    monitor = Monitor(Settings())
    later = start + 20 * 24 * HOUR
    for nth in range(5):
        monitor.observe(log.spend(f"p{nth}", later, 1.0))
        monitor.finish(f"test/p{nth}", later)
    assert not monitor.knows("test/x")
    monitor.resume(old)
    assert monitor.knows("test/x")
    found = monitor.observe(log.spend("x", later + 1, 0.6))
    assert [x.rule for x in found if x.rule == "median_5x"] == ["median_5x"]


def peers(monitor, log, at, cost=1.0, count=40):
    rng = random.Random(3)
    for nth in range(count):
        monitor.observe(log.spend(f"p{nth}", at, cost * rng.uniform(0.9, 1.1)))
        monitor.finish(f"test/p{nth}", at)


def test_mechanisms_join_the_alert_of_their_session_and_severity(log, start):
    monitor = Monitor(Settings(daily_budget=20 * NANO))
    peers(monitor, log, start)
    found = monitor.observe(log.spend("x", start + 1, 30.0))
    assert {x.rule for x in found} >= {"median_5x", "cost_outlier"}
    loud = [x for x in found if x.severity == "critical"]
    assert len({(x.session, x.severity) for x in loud}) == 1
    assert [dict(x.evidence).get("joins") for x in loud][1:] == ["critical"] * (len(loud) - 1)


def test_a_session_is_found_again_once_each_time_its_excess_has_doubled(log, start):
    monitor = Monitor(Settings())
    peers(monitor, log, start)
    calls = [
        log.spend("x", start + n, 1.0, tokens=Tokens(99 * n * n, 0, 0, 0, 9)) for n in range(60)
    ]
    found = [x for call in calls for x in monitor.observe(call)]
    loud = [x for x in found if x.severity == "warning"]
    again = [x for x in loud if dict(x.evidence).get("again")]
    assert len(again) >= 2
    sizes = [loud[0].excess, *(x.excess for x in again)]
    for before, after in pairwise(sizes):
        assert 2 * before <= after < 2 * before + 2 * NANO
    assert all(x.excess == x.cost - dict(x.evidence)["median"] for x in found)


def test_a_runaway_from_cents_to_twenty_dollars_is_told_five_times_at_most(log, start):
    monitor = Monitor(Settings())
    peers(monitor, log, start)
    stuck = (ToolUse("Bash", "k", True, "e"),)
    calls = [log.spend("x", start + n, 0.05 + n / 100, tools=stuck) for n in range(60)]
    found = [x for call in calls for x in monitor.observe(call)]
    told = sum(made.told for made in replay(found))
    assert calls and sum(call.cost for call in calls) > 20 * NANO
    assert 2 <= told <= 5
    again = [x.excess for x in found if dict(x.evidence).get("again")]
    assert all(after - before >= NANO for before, after in pairwise(again))


def test_a_rule_that_is_to_be_quiet_stays_so_whatever_the_ratio(log, start):
    monitor = Monitor(Settings(plain_rule="notice"))
    peers(monitor, log, start, count=6)
    found = [x for n in range(30) for x in monitor.observe(log.spend("x", start + n, 1.0))]
    assert {x.severity for x in found if x.rule == "median_5x"} == {"notice"}


def test_a_daily_budget_scales_the_plain_rule(log, start):
    monitor = Monitor(Settings(daily_budget=20 * NANO))
    peers(monitor, log, start, count=6)
    found = monitor.observe(log.spend("x", start + 1, 6.0))
    assert [x.severity for x in found if x.rule == "median_5x"] == ["critical"]


def test_what_stood_of_a_session_is_over_when_it_ends(log, start):
    monitor = Monitor(Settings())
    peers(monitor, log, start, count=6)
    monitor.observe(log.spend("x", start + 1, 6.0))
    over = monitor.tick(start + 31 * MINUTE)
    assert [(x.session, x.resolved, dict(x.evidence)["reason"]) for x in over] == [
        ("test/x", True, "ended")
    ]


def test_evidence_shows_where_the_dollars_went(log, start):
    monitor = Monitor(Settings())
    peers(monitor, log, start, count=6)
    (found,) = [x for x in monitor.observe(log.spend("x", start + 1, 6.0)) if x.rule == "median_5x"]
    evidence = dict(found.evidence)
    booked = sum(amount for name, amount in evidence.items() if name.startswith("in_"))
    assert booked == found.cost == 6 * NANO
    assert found.title.startswith("session x: $6.00")


def test_a_hash_is_shortened_to_seven_characters():
    assert short("claude-code/9f767c4a-0000-4000-8000-000000000000") == "9f767c4"
    assert short("costtop/checkout-42") == "checkout-42"


def test_sessions_without_a_price_are_no_peers_but_are_flagged(log, start):
    monitor = Monitor(Settings())
    peers(monitor, log, start, count=5)
    for nth in range(9):
        monitor.observe(log.spend(f"u{nth}", start, unpriced=True, tokens=Tokens(9, 0, 0, 0, 9)))
        monitor.finish(f"test/u{nth}", start)
    monitor.observe(log.spend("x", start + 1, unpriced=True))
    found = monitor.observe(log.spend("x", start + 2, 5.6))
    assert "median_5x" in {x.rule for x in found}
