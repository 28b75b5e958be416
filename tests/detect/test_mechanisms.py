"""Each detector finds its own mechanism, and keeps quiet where the same numbers are honest."""

import random

import pytest

from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings
from costtop.model import Rates, Tokens, ToolUse

SECOND = 1000
HOUR = 3_600_000


def turns(rng, count, growth=400, output=150, context=20_000, gap=10 * SECOND, start=0):
    """Tokens of ordinary turns whose prompt is cached: (offset in ms, Tokens)."""
    made, cached, at = [], 0, start
    for _ in range(count):
        out = max(5, int(rng.lognormvariate(0, 0.6) * output))
        made.append((at, Tokens(context, cached, context - cached - 3, 0, out)))
        cached = context
        context += max(20, int(rng.lognormvariate(0, 0.8) * growth)) + out
        at += gap
    return made


def play(monitor, log, session, at, made, **what):
    found = []
    for offset, tokens in made:
        found += monitor.observe(log.spend(session, at + offset, tokens=tokens, **what))
    return found


@pytest.fixture
def school(log, start):
    """A monitor that has seen 60 ordinary sessions, and the moment after them."""
    rng = random.Random(1)
    monitor = Monitor(Settings(plain_rule="notice"))
    for nth in range(60):
        at = start + nth * HOUR
        play(monitor, log, f"p{nth}", at, turns(rng, rng.randint(10, 40)))
        monitor.finish(f"test/p{nth}", at + HOUR // 2)
    monitor.finished()
    return monitor, start + 61 * HOUR


def rules(findings):
    return {x.rule for x in findings if not x.resolved}


def only(findings, rule):
    return next(x for x in findings if x.rule == rule and not x.resolved)


def test_ordinary_sessions_are_left_alone(school, log):
    monitor, at = school
    rng = random.Random(2)
    found = []
    for nth in range(20):
        found += play(monitor, log, f"n{nth}", at + nth * HOUR, turns(rng, rng.randint(10, 40)))
    assert not rules(found)


def test_a_session_dearer_than_nearly_all_is_an_outlier_with_its_numbers(school, log):
    monitor, at = school
    rng = random.Random(3)
    found = play(monitor, log, "x", at, turns(rng, 300, growth=600))
    outlier = only(found, "cost_outlier")
    evidence = dict(outlier.evidence)
    assert evidence["peers"] == 60
    assert outlier.cost > evidence["threshold"] > evidence["median"] > 0
    assert outlier.excess > 0
    assert "60 finished peers" in outlier.why


def test_a_session_is_measured_against_peers_of_its_age(school, log):
    monitor, at = school
    tokens = [(n * 10_000, Tokens(150_000, 0, 149_000, 0, 400)) for n in range(6)]
    found = play(monitor, log, "x", at, tokens)
    early = only(found, "age_outlier")
    assert early.turn <= 3
    assert f"at turn {early.turn}" in early.why


def test_a_context_that_grows_ten_times_as_fast_is_a_runaway(school, log):
    monitor, at = school
    rng = random.Random(4)
    found = play(monitor, log, "x", at, turns(rng, 25, growth=6000))
    runaway = only(found, "context_growth")
    assert runaway.cause == "context_growth"
    assert runaway.severity in ("warning", "critical")
    assert runaway.turn <= 20


def test_one_large_file_is_no_runaway(school, log):
    monitor, at = school
    rng = random.Random(5)
    made = turns(rng, 5)
    made += turns(rng, 15, context=45_000, start=60_000)
    assert "context_growth" not in rules(play(monitor, log, "x", at, made))


def test_a_turn_larger_than_any_of_peers_tells_alone_where_it_is_dear(school, log):
    monitor, at = school
    rng = random.Random(5)
    made = turns(rng, 5)
    made += turns(rng, 15, context=120_000, start=60_000)
    found = only(play(monitor, log, "x", at, made), "context_growth")
    assert (found.turn, found.severity) == (6, "warning")
    assert found.why.startswith("Turn 6 has added 97,208 tokens more to the context than usual")


def test_a_reply_longer_than_any_of_peers_tells_alone_where_it_is_dear(school, log):
    monitor, at = school
    rng = random.Random(7)
    made = turns(rng, 5) + turns(rng, 1, output=30_000, start=60_000)
    found = only(play(monitor, log, "x", at, made), "verbose_output")
    assert (found.turn, found.severity) == (6, "warning")
    assert found.why.startswith("The reply of turn 6 was 10,117 tokens longer than usual")


def test_compaction_is_no_growth(school, log):
    monitor, at = school
    rng = random.Random(6)
    made = turns(rng, 20, context=150_000)
    made += turns(rng, 20, context=30_000, start=20 * 10_000)
    assert "context_growth" not in rules(play(monitor, log, "x", at, made))


def test_replies_twelve_times_as_long_are_verbose(school, log):
    monitor, at = school
    rng = random.Random(7)
    found = play(monitor, log, "x", at, turns(rng, 20, output=1800))
    verbose = only(found, "verbose_output")
    assert verbose.cause == "verbose_output"
    assert verbose.turn <= 15


def test_a_prompt_that_keeps_changing_is_cache_thrash(school, log):
    monitor, at = school
    made = [(n * 10_000, Tokens(60_000 + n * 500, 0, 59_000, 0, 150)) for n in range(9)]
    found = play(monitor, log, "x", at, made)
    thrash = only(found, "cache_miss")
    assert thrash.cause == "cache_miss"
    assert dict(thrash.evidence)["breaks"] == 2  # one after the other, of all that was cached


@pytest.mark.parametrize(("lone", "breaks"), [(0, 1), (1, 2)])
def test_where_no_peer_got_its_cache_back_a_single_loss_tells(log, start, lone, breaks):
    rng = random.Random(3)
    monitor = Monitor(Settings(plain_rule="notice"))
    for nth in range(110):
        at, made = start + nth * HOUR, turns(rng, 15)
        if nth < lone or nth > 107:  # once, or from then on for good
            for each in range(7, 8 if nth < lone else 15):
                offset, used = made[each]
                made[each] = offset, used._replace(cache_read=0, cache_write=used.input - 3)
        play(monitor, log, f"p{nth}", at, made)
        monitor.finish(f"test/p{nth}", at + HOUR // 2)
    made = [(n * 10_000, Tokens(60_000 + n * 500, 0, 59_000, 0, 150)) for n in range(9)]
    lost = only(play(monitor, log, "x", start + 111 * HOUR, made), "cache_miss")
    assert dict(lost.evidence)["breaks"] == breaks
    assert lost.severity == "warning"
    assert ("lost at turn 2, as hardly a peer's ever is" in lost.why) is (breaks == 1)


def test_a_prompt_of_which_half_is_hit_is_thrash_at_the_third_break(school, log):
    monitor, at = school
    made = [(n * 10_000, Tokens(60_000 + n * 500, 29_000, 30_000, 0, 150)) for n in range(9)]
    thrash = only(play(monitor, log, "x", at, made), "cache_miss")
    assert dict(thrash.evidence)["breaks"] == 3


def test_pauses_longer_than_the_cache_lives_are_no_thrash(school, log):
    monitor, at = school
    made = [(n * 400_000, Tokens(60_000 + n * 500, 0, 59_000, 0, 150)) for n in range(9)]
    assert "cache_miss" not in rules(play(monitor, log, "x", at, made))


def test_a_source_that_never_caches_misses_nothing(log, start):
    monitor = Monitor(Settings())
    made = [(n * 10_000, Tokens(90_000 + n * 500, 0, 0, 0, 150)) for n in range(30)]
    assert "cache_miss" not in rules(play(monitor, log, "x", start, made))


GRAND = Rates(15_000_000, 1_500_000, 18_750_000, 30_000_000, 75_000_000, 0, "test")


def test_a_move_to_a_dearer_model_that_peers_hardly_use_is_a_shift(school, log):
    monitor, at = school
    rng = random.Random(8)
    made = turns(rng, 16)
    found = play(monitor, log, "x", at, made[:6])
    assert not rules(found)
    found = play(monitor, log, "x", at, made[6:], model="claude-opus-4", rates=GRAND)
    shift = only(found, "model_shift")
    assert shift.cause == "model_shift"
    assert "claude-sonnet-4-5" in shift.why
    assert "claude-opus-4" in shift.why


def test_a_model_that_peers_use_is_no_shift(log, start):
    rng = random.Random(9)
    monitor = Monitor(Settings())
    for nth in range(20):
        made = turns(rng, 12)
        play(monitor, log, f"p{nth}", start, made[:6])
        play(monitor, log, f"p{nth}", start, made[6:], model="claude-opus-4", rates=GRAND)
        monitor.finish(f"test/p{nth}", start)
    made = turns(rng, 16)
    play(monitor, log, "x", start, made[:6])
    found = play(monitor, log, "x", start, made[6:], model="claude-opus-4", rates=GRAND)
    assert "model_shift" not in rules(found)


def test_a_move_to_a_cheaper_model_is_no_shift(school, log):
    monitor, at = school
    cheap = Rates(1_000_000, 100_000, 1_250_000, 2_000_000, 5_000_000, 0, "test")
    rng = random.Random(10)
    made = turns(rng, 30)
    play(monitor, log, "x", at, made[:6])
    found = play(monitor, log, "x", at, made[6:], model="claude-haiku", rates=cheap)
    assert "model_shift" not in rules(found)


def fan(monitor, log, at, count, dollars, session="x", **what):
    found = monitor.observe(log.spend(session, at, 0.1, **what))
    for nth in range(count):
        call = log.spend(session, at + nth, dollars, agent=f"worker-{nth}", **what)
        found += monitor.observe(call)
    return found


def test_thirty_subagents_are_a_fan_out(school, log):
    monitor, at = school
    found = only(fan(monitor, log, at, 30, 0.1), "fan_out")
    assert found.cause == "fan_out"
    assert dict(found.evidence)["subagents"] == 4  # in one turn, where peers begin none


def test_subagents_that_begin_turn_by_turn_are_told_from_the_eighth_on(school, log):
    monitor, at = school
    found = []
    for nth in range(12):
        found += monitor.observe(log.spend("x", at + 2 * nth, 0.01))
        found += monitor.observe(log.spend("x", at + 2 * nth + 1, 0.2, agent=f"worker-{nth}"))
    assert dict(only(found, "fan_out").evidence)["subagents"] == 8


def test_as_many_at_once_as_some_peers_begin_are_usual(log, start):
    monitor = Monitor(Settings())
    for nth in range(40):
        fan(monitor, log, start, 6 if nth % 20 == 0 else 0, 0.1, session=f"p{nth}")
        monitor.finish(f"test/p{nth}", start)
    assert "fan_out" not in rules(fan(monitor, log, start, 7, 0.1))


def test_while_peers_are_few_each_that_starts_none_makes_a_swarm_a_little_smaller(log, start):
    def swarm(peers):
        monitor = Monitor(Settings())
        for nth in range(peers):
            monitor.observe(log.spend(f"p{peers}-{nth}", start, 0.5))
            monitor.finish(f"test/p{peers}-{nth}", start + 1)
        found = fan(monitor, log, start + HOUR, 30, 0.1)
        return dict(only(found, "fan_out").evidence)["subagents"]

    assert [swarm(peers) for peers in (0, 3, 20, 29)] == [20, 20, 15, 13]


def test_a_feature_of_few_sessions_has_its_swarms_judged_by_its_source(log, start):
    monitor = Monitor(Settings())
    for nth in range(40):
        feature = "new" if nth < 6 else "old"
        monitor.observe(log.spend(f"p{nth}", start, 0.5, feature=feature))
        monitor.finish(f"test/p{nth}", start + 1)
    found = fan(monitor, log, start + HOUR, 30, 0.1, feature="new")
    assert dict(only(found, "fan_out").evidence)["subagents"] == 4
    assert "95 % of 40 peers start at most 0" in only(found, "fan_out").why


def test_cheap_subagents_are_none(school, log):
    monitor, at = school
    assert "fan_out" not in rules(fan(monitor, log, at, 30, 0.001))


def test_where_peers_start_many_subagents_many_are_usual(log, start):
    monitor = Monitor(Settings())
    for nth in range(10):
        fan(monitor, log, start, 20, 0.05, session=f"p{nth}")
        monitor.finish(f"test/p{nth}", start)
    assert "fan_out" not in rules(fan(monitor, log, start, 30, 0.05))


def test_without_peers_only_a_cap_a_loop_and_a_fan_out_speak(log, start):
    monitor = Monitor(Settings())
    found = []
    for nth in range(12):
        tokens = Tokens(1000 + nth * 331, 0, 0, 0, 50 + nth * 97 % 300)
        found += monitor.observe(log.spend("x", start + nth, 1.0, tokens=tokens))
    assert rules(found) == {"session_cap"}
    assert (
        only(found, "session_cap").severity == "warning"
    )  # the cap is what speaks before there are peers
    assert only(found, "session_cap").turn == 11


def test_learnt_detectors_are_only_listed_while_peers_are_few(log, start):
    rng = random.Random(11)
    monitor = Monitor(Settings(plain_rule="notice"))
    for nth in range(12):
        play(monitor, log, f"p{nth}", start, turns(rng, rng.randint(10, 40)))
        monitor.finish(f"test/p{nth}", start)
    found = play(monitor, log, "x", start, turns(rng, 300, growth=600))
    outlier = only(found, "cost_outlier")
    assert outlier.severity == "notice"
    assert "few peers, n=12" in outlier.why


def test_use_of_tools_without_outcomes_does_not_disturb(school, log):
    monitor, at = school
    rng = random.Random(12)
    for nth, (offset, tokens) in enumerate(turns(rng, 12)):
        use = ToolUse("Bash", f"k{nth}")
        assert not rules(monitor.observe(log.spend("x", at + offset, tokens=tokens, tools=(use,))))
