"""`scripts/bench detect`: how much the detectors catch, how soon, and how often they lie.

It tunes nothing: the constants were chosen on seeds 0-9, the table is of seeds 100-104 unless
others are asked for. Everything is deterministic but the times.
"""

import argparse
import gc
import time
from collections import Counter

from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings

from . import baselines, scoring
from .generator import Corpus, corpus
from .scoring import Alarm, Score

_LOUD = ("warning", "critical")
HEAD = (f"{'rule':34} {'recall':>7} {'FA/1000':>8} {'precision':>10} {'burnt':>7} {'burnt $':>8}"
         f" {'turns':>6} {'cause':>6}")  # fmt: skip
RULES = {
    "5x median of all": baselines.five_times_all,
    "5x median per feature (naive)": baselines.five_times_feature,
    "2x mean, >= $1": baselines.twice_mean,
    "z > 2.5 on dollars": baselines.deviations,
    "user-day 3x, hourly": baselines.hourly_user,
    "feature-day 3 sd, next morning": baselines.next_morning,
}


def run(made: Corpus, settings: Settings) -> list[Alarm]:
    """The loud findings of the detectors over a corpus."""
    monitor = Monitor(settings)
    alarms: list[Alarm] = []
    for place, event in enumerate(made.events):
        alarms += [
            Alarm(place, found.session, found.cause, found.rule)
            for found in monitor.observe(event.spend)
            if found.severity in _LOUD and not found.resolved
        ]
    return alarms


def times(made: Corpus, settings: Settings) -> tuple[list[int], list[int]]:
    """Nanoseconds of processor time, ascending: of each event, and of each tick that finished some.

    As in the daemon, a tick lets idle sessions finish before the event is judged. What the corpus
    holds in memory is none of the garbage collector's business here.
    """
    monitor = Monitor(settings)
    clock = time.thread_time_ns
    events: list[int] = []
    ends: list[int] = []
    gc.collect()
    gc.freeze()
    for event in made.events:
        start = clock()
        monitor.tick(event.spend.call.at)
        ticked = clock()
        monitor.observe(event.spend)
        events.append(clock() - ticked)
        if monitor.finished():
            ends.append(ticked - start)
    return sorted(events), sorted(ends)


def line(name: str, score: Score) -> str:
    """One row of the table."""
    return (
        f"{name:34} {score.recall:7.3f} {score.false_per_1000:8.1f} {score.precision:10.3f}"
        f" {score.burnt:7.3f} {score.burnt_dollars:8.3f} {score.turns:6.0f} {score.cause:6.3f}"
    )


def parts(score: Score) -> list[str]:
    """Recall, burnt share and causes by kind; the rules that lied."""
    lines: list[str] = []
    for kind in sorted({x.kind for x in score.catches}):
        of = Score([x for x in score.catches if x.kind == kind], 0, {}, 0)
        rules = Counter(x.rule for x in of.catches if x.caught).most_common(3)
        wrong = Counter(
            x.cause for x in of.catches if x.caught and not scoring.right(x)
        ).most_common(3)
        lines.append(
            f"  {kind:16} n={len(of.catches):3} recall {of.recall:.3f} burnt {of.burnt:.2f}"
            f" turns {of.turns:.0f} cause {of.cause:.2f}  first: {rules} wrong: {wrong}"
        )
    lines.append(f"  false alarms by rule: {score.lies} of {score.normal} normal sessions")
    return lines


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench detect", description=__doc__)
    parser.add_argument("--seeds", default="100-104", help="one, or a range: 0-9")
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="without the rules of others")
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition("-")
    corpora = [
        corpus(seed, days=options.days) for seed in range(int(first), int(last or first) + 1)
    ]
    report(corpora, options)


def report(corpora: list[Corpus], options: argparse.Namespace) -> None:
    quiet = Settings(plain_rule="notice")
    alarms = [run(made, quiet) for made in corpora]
    each = [scoring.score(made, told) for made, told in zip(corpora, alarms, strict=True)]
    score = scoring.together(each)
    print(
        f"seeds {options.seeds}, {options.days} days: {len(score.catches)} material anomalies,"
        f" {score.normal} normal sessions, {sum(len(x.events) for x in corpora)} events"
    )
    print(HEAD)
    if not options.quick:
        for name, rule in RULES.items():
            print(line(name, scoring.together([scoring.score(x, rule(x)) for x in corpora])))
    print(line("costtop, plain_rule = notice", score))
    warm = scoring.together(
        [scoring.score(made, told, since=7) for made, told in zip(corpora, alarms, strict=True)]
    )
    print(line("  after the first week", warm))
    loud = [scoring.score(made, run(made, Settings())) for made in corpora]
    print(line("costtop, plain_rule = warning", scoring.together(loud)))
    print(
        "by seed: recall",
        [round(x.recall, 3) for x in each],
        "FA/1000",
        [round(x.false_per_1000, 1) for x in each],
    )
    print("\n".join(parts(score)))
    for name, taken in zip(("an event", "sessions finish"), times(corpora[0], quiet), strict=True):
        count = len(taken)
        middle, far = taken[count // 2] / 1000, taken[count * 99 // 100] / 1000
        print(f"{name}: mean {sum(taken) / count / 1000:.1f} us, p50 {middle:.1f}, p99 {far:.1f}")
