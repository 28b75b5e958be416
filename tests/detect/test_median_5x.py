"""The plain rule is exact: flagged on the very event that crosses 5x the median of peers."""

from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings
from costtop.money import NANO

MINUTE = 60_000


def finished(monitor, log, at, costs, **what):
    for nth, cost in enumerate(costs):
        monitor.observe(log.spend(f"peer{nth}", at, cost, **what))
        monitor.finish(f"test/peer{nth}", at + 1)


def plain(findings):
    return [x for x in findings if x.rule == "median_5x" and not x.resolved]


def test_the_event_that_crosses_is_the_one_that_flags(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0, 0.9, 1.1, 1.0, 1.0])
    flags = [bool(plain(monitor.observe(log.spend("x", start + n, 1.0)))) for n in range(8)]
    assert flags == [False] * 5 + [True] + [False] * 2


def test_exactly_five_times_is_not_past_it(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0] * 5)
    assert not plain(monitor.observe(log.spend("x", start, 5.0)))
    (found,) = plain(monitor.observe(log.spend("x", start, 0.000000001)))
    assert found.cost == 5 * NANO + 1
    assert found.severity == "warning"
    assert found.excess == 4 * NANO + 1


def test_an_even_number_of_peers_has_the_mean_of_the_middle_two(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0, 1.0, 1.0, 3.0, 3.0, 3.0])
    assert not plain(monitor.observe(log.spend("x", start, 10.0)))
    assert plain(monitor.observe(log.spend("x", start, 0.1)))


def test_with_four_peers_the_rule_is_silent(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0] * 4)
    assert not plain(monitor.observe(log.spend("x", start, 9.0)))


def test_a_session_below_the_floor_is_never_flagged(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [0.01] * 6)
    assert not plain(monitor.observe(log.spend("x", start, 0.25)))
    assert plain(monitor.observe(log.spend("x", start, 0.01)))


def test_running_sessions_are_no_peers(log, start):
    monitor = Monitor(Settings())
    for nth in range(9):
        monitor.observe(log.spend(f"running{nth}", start, 0.1))
    finished(monitor, log, start, [1.0] * 5)
    assert not plain(monitor.observe(log.spend("x", start, 4.0)))


def test_an_idle_session_finishes_and_becomes_a_peer(log, start):
    monitor = Monitor(Settings())
    for nth in range(5):
        monitor.observe(log.spend(f"s{nth}", start, 1.0))
    late = start + 30 * MINUTE
    assert not plain(monitor.observe(log.spend("x", late, 6.0)))
    assert plain(monitor.observe(log.spend("y", late + 1, 6.0)))


def test_a_session_that_goes_on_is_taken_out_of_its_peers_again(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0] * 4 + [50.0])
    found = monitor.observe(log.spend("peer4", start + 5, 0.1))
    assert not plain(found)  # four peers are left
    monitor.finish("test/peer4", start + 6)
    assert plain(monitor.observe(log.spend("x", start + 7, 5.5)))


def test_the_feature_comes_before_the_source_and_the_source_before_all(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [10.0] * 9, feature="big")
    assert plain(monitor.observe(log.spend("a", start, 51.0, feature="big")))
    for nth in range(5):
        monitor.observe(log.spend(f"small{nth}", start, 0.5, feature="small"))
        monitor.finish(f"test/small{nth}", start)
    assert plain(monitor.observe(log.spend("b", start, 2.6, feature="small")))
    assert not plain(monitor.observe(log.spend("c", start, 45.0, feature="new")))


def test_subagents_count_towards_their_root(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0] * 5)
    monitor.observe(log.spend("x", start, 4.0))
    assert plain(monitor.observe(log.spend("x", start, 1.5, agent="explore-1")))
    monitor.observe(log.spend("y", start, 4.0))
    child = log.spend("y-child", start, 1.5, root="test/y")
    assert [x.session for x in plain(monitor.observe(child))] == ["test/y"]


def test_a_growing_reply_crosses_on_its_growth(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0] * 5)
    call = log.spend("x", start, 4.0)
    assert not plain(monitor.observe(call))
    grown = call._replace(new=False, previous=call.cost, cost=6 * NANO)
    assert plain(monitor.observe(grown))
    assert monitor.session("test/x").cost == 6 * NANO


def test_the_multiplier_and_the_loudness_are_settings(log, start):
    monitor = Monitor(Settings(multiplier=2.0, plain_rule="notice"))
    finished(monitor, log, start, [1.0] * 5)
    (found,) = plain(monitor.observe(log.spend("x", start, 2.5)))
    assert found.severity == "notice"


def test_estimated_sessions_are_measured_against_estimated_ones_only(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0] * 9)
    assert not plain(monitor.observe(log.spend("x", start, 9.0, estimated=True)))


def test_a_stopped_session_does_not_teach_what_is_usual(log, start):
    monitor = Monitor(Settings())
    finished(monitor, log, start, [1.0] * 5)
    for nth in range(9):
        monitor.observe(log.spend(f"big{nth}", start, 40.0))
        monitor.finish(f"test/big{nth}", start, stopped=True)
    assert plain(monitor.observe(log.spend("x", start, 5.5)))


def long(monitor, log, at, costs, turns=5, **what):
    """Finished sessions of so many turns each, at these costs."""
    for nth, cost in enumerate(costs):
        name = f"{what.get('feature', 'long')}{turns}-{nth}"
        for turn in range(turns):
            monitor.observe(log.spend(name, at + turn, cost / turns, **what))
        monitor.finish(f"{what.get('source', 'test')}/{name}", at + turns)


def levels(found):
    return [(x.severity, x.turn) for x in found if not x.resolved]


def test_it_is_recorded_at_the_crossing_and_pushed_beyond_the_95_per_cent_point(log, start):
    """Thirty peers of five turns: 27 at $1, three at $8, so that 95 % cost at most $8."""
    monitor = Monitor(Settings())
    long(monitor, log, start, [1.0] * 27 + [8.0] * 3)
    found = [plain(monitor.observe(log.spend("x", start + 9 + n, 2.1))) for n in range(5)]
    assert levels([x for each in found for x in each]) == [("notice", 3), ("warning", 4)]
    assert "p95 $8.00" in found[3][0].why


def test_beside_few_peers_it_is_pushed_where_it_is_dearer_than_every_one(log, start):
    monitor = Monitor(Settings())
    long(monitor, log, start, [1.0] * 5 + [7.0])
    found = [plain(monitor.observe(log.spend("x", start + 9 + n, 2.0))) for n in range(5)]
    assert levels([x for each in found for x in each]) == [("notice", 3), ("warning", 4)]
    assert "the dearest $7.00" in found[3][0].why


def test_a_swarm_on_purpose_is_measured_against_swarms(log, start):
    """A hundred sessions at $1; five that began four subagents cost $2 to $14."""
    monitor = Monitor(Settings())
    long(monitor, log, start, [1.0] * 100)

    def swarm(name, dollars):
        found = []
        for turn in range(4):
            found += monitor.observe(log.spend(name, start + 9, 0.1))
            each = dollars / 4 - 0.1
            found += monitor.observe(log.spend(name, start + 9, each, agent=f"a{turn}"))
        return [x for x in found if x.rule == "median_5x" and not x.resolved]

    for nth in range(5):
        swarm(f"s{nth}", 2 + 3 * nth)
        monitor.finish(f"test/s{nth}", start + 9)
    assert levels(swarm("some", 12)) == [("warning", 2)]  # two subagents are no swarm
    found = swarm("many", 4) + swarm("many", 6)
    assert levels(found) == [("notice", 5)]
    assert levels(swarm("many", 5)) == [("warning", 12)]


def test_what_is_little_beside_the_users_day_is_not_pushed(log, start):
    """Five earlier days of $200 each: a session must be $10 beyond the usual."""
    monitor = Monitor(Settings())
    day = 24 * 60 * MINUTE
    for nth in range(5):
        at = start - (5 - nth) * day
        for part in range(40):
            monitor.observe(log.spend(f"d{nth}-{part}", at, 5.0, feature="big"))
            monitor.finish(f"test/d{nth}-{part}", at)
    long(monitor, log, start, [1.0] * 8, feature="small")
    found = [
        plain(monitor.observe(log.spend("x", start + 9 + n, 1.0, feature="small")))
        for n in range(14)
    ]
    assert levels([x for each in found for x in each]) == [("notice", 6), ("warning", 11)]


def test_trivial_sessions_are_no_peers_of_long_ones(log, start):
    """Nine of ten are one call of ten cents: the median is ten cents, and $2 is no wonder."""
    monitor = Monitor(Settings())
    finished(monitor, log, start, [0.1] * 60)
    long(monitor, log, start, [1.0, 1.5, 2.0, 2.5, 3.0, 4.0])
    found = [plain(monitor.observe(log.spend("x", start + 9 + n, 0.4))) for n in range(5)]
    assert {x.severity for each in found for x in each} == {"notice"}


def test_a_night_of_four_hundred_honest_turns_is_recorded_only(log, start):
    """At $0.01 a turn like everybody's, up to four times the last age (116) that five reached."""
    monitor = Monitor(Settings())
    long(monitor, log, start, [0.3] * 20, turns=30, feature="f")
    long(monitor, log, start + 99, [1.2] * 20, turns=120, feature="f")
    found = [
        plain(monitor.observe(log.spend("x", start + 999 + n, 0.01, feature="f")))
        for n in range(500)
    ]
    assert levels([x for each in found for x in each]) == [("notice", 376), ("warning", 465)]


def test_the_first_sessions_of_a_new_feature_are_compared_with_their_source_in_words_only(
    log, start
):
    monitor = Monitor(Settings())
    long(monitor, log, start, [1.0] * 40, feature="old")
    found = [
        x
        for n in range(9)
        for x in monitor.observe(log.spend("x", start + 9 + n, 1.0, feature="new"))
    ]
    assert {x.severity for x in found} == {"notice"}
    assert dict(found[0].evidence)["of"] == "test"
    assert "peers (test, n=40)" in found[0].why


def test_all_features_together_judge_nobody(log, start):
    """Forty sessions of another source: neither feature nor source has five of its own."""
    monitor = Monitor(Settings())
    long(monitor, log, start, [1.0] * 40, source="other")
    found = [monitor.observe(log.spend("x", start + 9 + n, 5.0)) for n in range(3)]
    assert found[:2] == [[], []]
    found = found[2]
    assert [(x.rule, x.severity) for x in found] == [("session_cap", "warning")]
    assert "peers (all features, n=40) cost $1.00" in found[0].why
