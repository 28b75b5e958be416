"""What judging is spared would have changed nothing, line by line.

A rule is asked only where an event can concern it; calls that came together are taken together.
"""

import random
from itertools import groupby

import pytest
from benches import honest, redteam
from benches.generator import corpus

from costtop.detect import monitor as monitors
from costtop.detect.monitor import Monitor
from costtop.detect.rules.concern import EVERY
from costtop.detect.rules.registry import DETECTORS
from costtop.detect.settings import Settings

_SETTINGS = (
    Settings(),
    Settings(floor=1, min_peers=1, multiplier=1.5, window=40),
    Settings(plain_rule="notice", session_cap=10**8, daily_budget=10**10),
    Settings(floor=10**12, session_cap=10**8),  # a cap below the floor
)


def _as_they_come(spends, seed):
    """Replies that come in two pieces, outcomes that come late, prices that nobody knows."""
    rng, later = random.Random(seed), []
    for spend in spends:
        call, fate = spend.call, rng.random()
        if fate < 0.1:
            less = call.tokens._replace(output=call.tokens.output // 3)
            yield spend._replace(call=call._replace(tokens=less), cost=(spend.cost or 0) // 2)
            later.append(spend._replace(new=False, previous=(spend.cost or 0) // 2))
        elif fate < 0.2 and call.tools:
            waiting = tuple(use._replace(error=None, result=None) for use in call.tools)
            yield spend._replace(call=call._replace(tools=waiting))
            later.append(spend._replace(new=False, previous=spend.cost))
        elif fate < 0.22:
            yield spend._replace(cost=None, rates=None)
        else:
            yield spend
        while later and rng.random() < 0.6:
            yield later.pop(0)
    yield from later


def _histories():
    made = corpus(300, days=2, bad=0.2)
    yield [event.spend for event in made.events]
    yield [event.spend for event in redteam.disordered(made, 1).events]
    yield [event.spend for event in redteam.untooled(made).events]
    yield honest.history(honest.swarm, 1)[:1000]
    yield honest.history(honest.upgrade, 1)[:1000]


def _told(spends, settings):
    """Every finding, what is remembered of finished sessions, and where flagged ones stand."""
    monitor = Monitor(settings)
    found = [one for spend in spends for one in monitor.observe(spend)]
    return found, monitor.finished(), monitor.stood(), sorted(monitor.reopened())


@pytest.mark.parametrize("settings", _SETTINGS)
def test_rules_that_are_spared_an_event_would_have_said_nothing_of_it(settings, monkeypatch):
    histories = [list(_as_they_come(spends, nth)) for nth, spends in enumerate(_histories())]
    spared = [_told(spends, settings) for spends in histories]
    always = tuple((nth, rule.judge) for nth, rule in enumerate(DETECTORS))
    monkeypatch.setattr(monitors, "_ASKED", (always,) * (EVERY + 1))
    for ours, spends in zip(spared, histories, strict=True):
        assert ours == _told(spends, settings)
    assert any(found for found, *_ in spared)


def _came_together(spends):
    """As they are told of a program that sends many at once, which the daemon commits together."""
    rng, spends = random.Random(2), list(spends)
    while spends:
        some = rng.choice((1, 3, 40, 400))
        seen = max(spend.seen for spend in spends[:some])
        yield from (spend._replace(seen=seen) for spend in spends[:some])
        spends = spends[some:]


def _told_of_stretches(spends, settings):
    monitor, found = Monitor(settings), []
    for (_, new, _), stretch in groupby(spends, lambda one: (one.root, one.new, one.seen)):
        for spend in stretch:
            if new:
                found += [one for each in monitor.follow(spend, stretch) for one in each]
            else:
                found += monitor.observe(spend)
    return found, monitor.finished(), monitor.stood(), sorted(monitor.reopened())


@pytest.mark.parametrize("settings", _SETTINGS[:2])
def test_calls_of_a_session_that_came_together_are_judged_as_one_after_the_other(settings):
    found = 0
    for nth, history in enumerate(_histories()):
        for order in (list, lambda spends: sorted(spends, key=lambda one: one.root)):
            spends = list(_came_together(order(_as_they_come(history, nth))))
            told = _told(spends, settings)
            assert _told_of_stretches(spends, settings) == told
            found += len(told[0])
    assert found


def test_a_plain_event_asks_fewer_than_half_of_the_rules():
    assert 2 * len(monitors._ASKED[0]) < len(DETECTORS)
    assert len(monitors._ASKED[EVERY]) == len(DETECTORS)
