"""`scripts/bench redteam`: what the detectors make of logs and runaways meant to fool them.

Slow drifts, loops whose answers hold the time of day, two mechanisms at once; then the ordinary
corpus as a bad channel delivers it: late, twice, and from a machine whose clock is ahead.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import argparse
import random

from costtop.detect.settings import Settings

from . import detect, scoring
from .generator import Corpus, Event, corpus

_MINUTE = 60_000


def disordered(made: Corpus, seed: int) -> Corpus:
    """Arrivals up to a minute late, one in eight seen again later, as a re-read does."""
    rng = random.Random(seed)
    arrivals: list[tuple[int, int, Event]] = []
    for nth, event in enumerate(made.events):
        at = event.spend.call.at
        late = rng.expovariate(1 / 5_000) if rng.random() < 0.1 else 0
        arrivals.append((at + int(late), nth, event))
        if rng.random() < 0.125:
            again = event.spend._replace(new=False, previous=event.spend.cost)
            later = at + int(late) + rng.randint(1, _MINUTE)
            arrivals.append((later, nth, Event(again, 0)))
    arrivals.sort(key=lambda arrival: arrival[:2])
    events = [event._replace(spend=event.spend._replace(seen=at)) for at, _, event in arrivals]
    return Corpus(events, made.truths)


def skewed(made: Corpus, source: str = "codex", ahead: int = 12 * _MINUTE) -> Corpus:
    """One source's clock is ahead of all others; arrivals are what they are."""
    events: list[Event] = []
    for event in made.events:
        spend = event.spend
        if spend.call.source == source:
            spend = spend._replace(call=spend.call._replace(at=spend.call.at + ahead))
        events.append(event._replace(spend=spend))
    return Corpus(events, made.truths)


def untooled(made: Corpus) -> Corpus:
    """The same without a word of tools, as most logs of applications are."""
    events: list[Event] = []
    for event in made.events:
        call = event.spend.call._replace(tools=())
        events.append(event._replace(spend=event.spend._replace(call=call)))
    return Corpus(events, made.truths)


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench redteam", description=__doc__)
    parser.add_argument("--seeds", default="110-111", help="one, or a range: 110-111")
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    print(detect.HEAD)
    red = [_score(corpus(seed, days=options.days, red=True)) for seed in seeds]
    print(detect.line("red-team runaways", scoring.together(red)))
    print("\n".join(detect.parts(scoring.together(red))))
    for name, change in (
        ("ordinary", lambda made, seed: made),
        ("ordinary, late and doubled", disordered),
        ("ordinary, one clock ahead", lambda made, seed: skewed(made)),
        ("ordinary, usage only", lambda made, seed: untooled(made)),
        ("ordinary, 12 % go wrong", None),
        ("ordinary, sessions more uneven", None),
    ):
        if change is not None:
            scores = [_score(change(corpus(seed, days=options.days), seed)) for seed in seeds]
        elif "12 %" in name:
            scores = [_score(corpus(seed, days=options.days, bad=0.12)) for seed in seeds]
        else:
            scores = [_score(corpus(seed, days=options.days, spread=2.0)) for seed in seeds]
        print(detect.line(name, scoring.together(scores)))


def _score(made: Corpus) -> scoring.Score:
    return scoring.score(made, detect.run(made, Settings(plain_rule="notice")))
