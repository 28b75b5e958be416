"""The bench's corpus on few days of one seed: bounds that a careless change would break.

The published figures come from `scripts/bench detect`; here are only its floors.
"""

import pytest
from benches import baselines, detect, scoring
from benches.generator import corpus

from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings


@pytest.fixture(scope="module")
def made():
    return corpus(2, days=30, a_day=90)


@pytest.fixture(scope="module")
def alarms(made):
    return detect.run(made, Settings(plain_rule="notice"))


def test_runaways_are_caught_early_and_normal_sessions_left_alone(made, alarms):
    score = scoring.score(made, alarms)
    assert len(score.catches) > 40
    assert score.recall >= 0.90
    assert score.false_per_1000 <= 13
    assert score.burnt <= 0.40
    assert score.turns <= 5
    assert score.cause >= 0.95


def test_they_beat_the_naive_rule_by_far(made, alarms):
    ours = scoring.score(made, alarms)
    naive = scoring.score(made, baselines.five_times_feature(made))
    assert ours.recall > naive.recall + 0.2
    assert ours.false_per_1000 < naive.false_per_1000 / 2
    assert ours.burnt < naive.burnt - 0.2


def test_every_crossing_of_five_times_the_median_is_flagged_on_its_event(made):
    """Against a second, plain account of finished sessions and their median."""
    monitor = Monitor(Settings())
    crossings = 0
    flagged = set()
    for event in made.events[:30_000]:
        found = {x.session for x in monitor.observe(event.spend) if x.rule == "median_5x"}
        root = event.spend.root
        cost = monitor.session(root).cost
        peers = _finished(monitor, event.spend.feature)
        past = len(peers) >= 5 and 2 * cost > 5 * _twice_median(peers) and cost > 250_000_000
        if past and root not in flagged:
            crossings += 1
            flagged.add(root)
            assert root in found
    assert crossings > 20


def _finished(monitor, feature):
    """The last 400 finished costs of the feature, straight from what the monitor reports."""
    kept = monitor.__dict__.setdefault("_seen_by_test", {})
    for each in monitor.finished():
        kept.setdefault(each.feature, {}).pop(each.root, None)
        kept[each.feature][each.root] = each
    now = {session.root for session in monitor.running()}
    costs = [x.cost for x in kept.get(feature, {}).values() if x.root not in now]
    return sorted(costs[-400:])


def _twice_median(costs):
    half = len(costs) // 2
    return 2 * costs[half] if len(costs) % 2 else costs[half - 1] + costs[half]


def test_the_same_seed_makes_the_same_corpus():
    assert corpus(7, days=2) == corpus(7, days=2)
    assert corpus(7, days=2) != corpus(8, days=2)


def test_a_corpus_knows_its_overspend_to_the_nano_dollar(made):
    spent = sum(event.spend.cost for event in made.events)
    honest = sum(event.honest for event in made.events)
    assert spent - honest == sum(truth.overspend for truth in made.truths.values())
    for truth in made.truths.values():
        if not truth.kind:
            assert truth.overspend == 0
