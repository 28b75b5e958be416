"""The rules that others use, to measure against. They are as good as their makers describe them."""

import math
import statistics
from bisect import insort
from collections.abc import Callable, Iterator

from .generator import DAY, Corpus
from .scoring import Alarm

_IDLE = 30 * 60_000
Test = Callable[[int, list[int]], bool]
"""(cost of the session so far, sorted costs of finished peers) -> whether to speak."""


def _live(corpus: Corpus, test: Test, *, by_feature: bool) -> Iterator[Alarm]:
    """A rule on the running total against finished sessions, asked at every event."""
    running: dict[str, tuple[int, int, str]] = {}
    finished: dict[str, list[int]] = {}
    order: dict[str, list[int]] = {}
    told: set[str] = set()
    for place, event in enumerate(corpus.events):
        spend = event.spend
        at = spend.call.at
        for root in [r for r, (last, _, _) in running.items() if last < at - _IDLE][:8]:
            _, cost, group = running.pop(root)
            insort(finished.setdefault(group, []), cost)
            order.setdefault(group, []).append(cost)
            if len(order[group]) > 400:
                finished[group].remove(order[group].pop(0))
        group = spend.feature if by_feature else ""
        cost = running.get(spend.root, (0, 0, ""))[1] + (spend.cost or 0)
        running.pop(spend.root, None)
        running[spend.root] = (at, cost, group)
        peers = finished.get(group, [])
        if spend.root not in told and len(peers) >= 5 and test(cost, peers):
            told.add(spend.root)
            yield Alarm(place, spend.root, None, "baseline")


def _five_times(cost: int, peers: list[int]) -> bool:
    return cost > 5 * peers[len(peers) // 2] and cost > 250_000_000


def _twice_mean(cost: int, peers: list[int]) -> bool:
    return cost >= 1_000_000_000 and cost > 2 * sum(peers) / len(peers)


def _z(cost: int, peers: list[int]) -> bool:
    mean = sum(peers) / len(peers)
    if cost <= mean:
        return False
    spread = math.sqrt(sum((x - mean) ** 2 for x in peers) / len(peers))
    return spread > 0 and (cost - mean) / spread > 2.5 and cost > 250_000_000


def five_times_all(corpus: Corpus) -> list[Alarm]:
    """5x the median of all finished sessions."""
    return list(_live(corpus, _five_times, by_feature=False))


def five_times_feature(corpus: Corpus) -> list[Alarm]:
    """5x the median of the feature's finished sessions: the naive rule."""
    return list(_live(corpus, _five_times, by_feature=True))


def twice_mean(corpus: Corpus) -> list[Alarm]:
    """2x the mean of the feature, at least $1."""
    return list(_live(corpus, _twice_mean, by_feature=True))


def deviations(corpus: Corpus) -> list[Alarm]:
    """2.5 standard deviations of dollars above the feature's mean."""
    return list(_live(corpus, _z, by_feature=True))


def hourly_user(corpus: Corpus) -> list[Alarm]:
    """A user's day at 3x their usual day, looked at every hour: all their sessions of the hour."""
    days: dict[str, list[int]] = {}
    today: dict[str, int] = {}
    hour_roots: dict[str, set[str]] = {}
    told: set[tuple[str, int]] = set()
    alarms: list[Alarm] = []
    last_hour = last_day = -1
    for place, event in enumerate(corpus.events):
        spend = event.spend
        user, at = spend.call.context.user, spend.call.at
        if at // 3_600_000 != last_hour:
            last_hour = at // 3_600_000
            for name, spent in today.items():
                past = days.get(name, [])
                if (
                    len(past) >= 5
                    and spent > 3 * statistics.fmean(past[-14:])
                    and (name, last_day) not in told
                ):
                    told.add((name, last_day))
                    alarms += [
                        Alarm(place, root, None, "hourly")
                        for root in sorted(hour_roots.get(name, ()))
                    ]
            hour_roots = {}
        if at // DAY != last_day:
            for name, spent in today.items():
                days.setdefault(name, []).append(spent)
            today, last_day = {}, at // DAY
        today[user] = today.get(user, 0) + (spend.cost or 0)
        hour_roots.setdefault(user, set()).add(spend.root)
    return alarms


def next_morning(corpus: Corpus) -> list[Alarm]:
    """A feature's day 3 deviations above its days, told next morning: its dearest session."""
    spent: dict[tuple[str, int], dict[str, int]] = {}
    for event in corpus.events:
        day = spent.setdefault((event.spend.feature, event.spend.call.at // DAY), {})
        day[event.spend.root] = day.get(event.spend.root, 0) + (event.spend.cost or 0)
    alarms: list[Alarm] = []
    past: dict[str, list[int]] = {}
    for (feature, _), roots in sorted(spent.items(), key=lambda item: item[0][1]):
        total, before = sum(roots.values()), past.setdefault(feature, [])
        if len(before) >= 10:
            spread = statistics.pstdev(before[-28:])
            if total > statistics.fmean(before[-28:]) + 3 * spread:
                alarms.append(Alarm(-1, max(roots, key=roots.__getitem__), None, "daily"))
        before.append(total)
    return alarms
