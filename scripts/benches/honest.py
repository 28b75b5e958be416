"""`scripts/bench honest`: people who do nothing wrong, and how often they would be interrupted.

Each shape is a habit that a rule may mistake for a runaway: sessions of two sizes, a night's long
one, a swarm on purpose, a new feature, an upgrade of everything. Everything comes from one seed.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import argparse
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator

from costtop.alerts.replay import replay
from costtop.analysis.ledger import full_price
from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings
from costtop.model import Call, Rates, Spend, Tokens, ToolUse

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONDAY = 1_767_571_200_000  # 2026-01-05 00:00 UTC
SMALL = Rates(1_000_000, 100_000, 1_250_000, 2_000_000, 5_000_000, 0, "small")
PLAIN = Rates(3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000, 0, "plain")
LARGE = Rates(5_000_000, 500_000, 6_250_000, 10_000_000, 25_000_000, 0, "large")


class Person:
    """Writes honest sessions of one person, call by call."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.spends: list[Spend] = []
        self._calls = 0

    def session(
        self, at: int, turns: int, feature: str = "work", rates: Rates = PLAIN, **how: object
    ) -> int:
        """One session of so many turns that begins at `at`; when it ends, ms UTC."""
        name = str(how.get("name") or f"{feature}-{self._calls}")
        agent, context = str(how.get("agent", "")), 0
        wordy = math.exp(self.chance.gauss(0, 0.35))
        for _ in range(turns):
            growth = int(min(30_000, self.chance.lognormvariate(math.log(900 * wordy), 1.0)))
            output = int(min(8_000, self.chance.lognormvariate(math.log(250 * wordy), 0.8)))
            if context > 150_000:
                context = 20_000  # compacted
                growth = 0
            fresh = growth if context else 14_000
            paused = self.chance.random() < 0.03  # longer than a cache lives
            at += round(self.chance.uniform(6, 25) * MINUTE) if paused else 0
            cached = 0 if paused else context
            context += fresh
            tokens = Tokens(context, cached, context - cached, 0, output)
            self._put(name, at, tokens, feature, rates, agent)
            context += output
            at += int(self.chance.lognormvariate(math.log(25_000), 0.7))
        return at

    def _put(
        self, name: str, at: int, tokens: Tokens, feature: str, rates: Rates, agent: str
    ) -> None:
        self._calls += 1
        key = self._calls.to_bytes(16, "big")
        tool = ToolUse("Bash" if self._calls % 3 else "Edit", f"k{self._calls}", False, f"r{at}")
        call = Call(key, "agent", name, rates.card, tokens, at, agent=agent, tools=(tool,))
        cost = full_price(tokens, rates)
        self.spends.append(Spend(call, f"agent/{name}", cost, rates, at, feature))

    def turns(self, middle: float = 25, spread: float = 0.9) -> int:
        """The length of a task."""
        return max(4, min(220, round(self.chance.lognormvariate(math.log(middle), spread))))

    def days(self, count: int = 30, a_day: int = 9) -> Iterator[tuple[int, int]]:
        """(start of the day, when a session begins in it), weekdays only."""
        for day in range(count):
            if day % 7 < 5:
                start = MONDAY + day * DAY
                for _ in range(max(1, round(self.chance.gauss(a_day, 2)))):
                    yield start, start + round(self.chance.uniform(9, 18) * HOUR)


def two_sizes(one: Person) -> None:
    """A third of the sessions have one to three calls."""
    for _, at in one.days():
        small = one.chance.random() < 0.33
        one.session(at, one.chance.randint(1, 3) if small else one.turns())


def weekends(one: Person) -> None:
    """Long tasks on weekdays, short ones beside the family."""
    for day in range(30):
        free = day % 7 > 4
        for _ in range(one.chance.randint(3, 6) if free else one.chance.randint(7, 11)):
            at = MONDAY + day * DAY + round(one.chance.uniform(9, 18) * HOUR)
            one.session(at, one.turns(7 if free else 30))


def overnight(one: Person) -> None:
    """Once a week four hundred honest turns in a night."""
    for _, at in one.days():
        one.session(at, one.turns())
    for week in range(4):
        one.session(MONDAY + (7 * week + 3) * DAY + 20 * HOUR, 400)


def batch(one: Person) -> None:
    """Every Friday forty long sessions of one feature."""
    for _, at in one.days(a_day=6):
        one.session(at, one.turns(15))
    for week in range(4):
        for nth in range(40):
            at = MONDAY + (7 * week + 4) * DAY + 19 * HOUR + nth * MINUTE
            one.session(at, one.turns(60, 0.4), "reports")


def swarm(one: Person) -> None:
    """From the first day on, one session in six starts a dozen subagents."""
    for _, at in one.days(a_day=7):
        name = f"s{len(one.spends)}"
        one.session(at, one.turns(), name=name)
        if one.chance.random() < 0.17:
            for nth in range(12):
                one.session(at + MINUTE + nth * 1000, 12, name=name, agent=f"a{nth}")


def upgrade(one: Person) -> None:
    """After two weeks everything runs on a model of more than the double price."""
    for start, at in one.days():
        late = start >= MONDAY + 14 * DAY
        one.session(at, one.turns(), rates=LARGE if late else PLAIN)


def resumed(one: Person) -> None:
    """One session is taken up every morning, beside ordinary ones."""
    for start, at in one.days():
        one.session(at, one.turns())
        if not any(x.root == "agent/long" and x.call.at >= start for x in one.spends[-400:]):
            one.session(start + 8 * HOUR, 15, name="long")


def first_week(one: Person) -> None:
    """Somebody's first seven days."""
    for _, at in one.days(7, 8):
        one.session(at, one.turns(25, 1.0))


def new_features(one: Person) -> None:
    """Every third day something new is begun, dearer than what was before."""
    for start, at in one.days():
        day = (start - MONDAY) // DAY
        one.session(at, one.turns(10 + 2 * day, 0.7), f"f{day // 3}")


def days_off(one: Person) -> None:
    """Weeks at half time, a week away, then more than before."""
    for start, at in one.days(42, 6):
        day = (start - MONDAY) // DAY
        if not 14 <= day < 21 and one.chance.random() < 0.7:
            one.session(at, one.turns(20 if day < 21 else 30))


def company(one: Person) -> None:
    """Six features, eighty sessions a day."""
    features = [(f"team{nth}", 8 + 7 * nth, (SMALL, PLAIN, LARGE)[nth % 3]) for nth in range(6)]
    for _, at in one.days(30, 80):
        feature, middle, rates = one.chance.choice(features)
        one.session(at, one.turns(middle, 0.7), feature, rates)


SHAPES: tuple[Callable[[Person], None], ...] = (
    two_sizes, weekends, overnight, batch, swarm, upgrade, resumed, first_week, new_features,
    days_off, company,
)  # fmt: skip


def history(shape: Callable[[Person], None], seed: int) -> list[Spend]:
    """The calls of such a person, in order of time."""
    one = Person(seed)
    shape(one)
    return sorted(one.spends, key=lambda spend: (spend.call.at, spend.call.key))


def pushed(spends: list[Spend], settings: Settings) -> dict[str, str]:
    """Which sessions would have interrupted somebody, each with the rule that did first."""
    monitor, told = Monitor(settings), dict[str, str]()
    found = [one for spend in spends for one in monitor.observe(spend)]
    for made in replay(found):
        one = made.one.finding
        if made.pushed is not None and one.session:
            told.setdefault(one.session, one.rule)
    return told


def _long(spends: list[Spend]) -> set[str]:
    turns = Counter(spend.root for spend in spends)
    return {root for root, count in turns.items() if count > 3}


def main(arguments: list[str]) -> None:
    """Prints what each shape would have been told, per 1000 sessions, and by which rule."""
    parser = argparse.ArgumentParser(prog="scripts/bench honest", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args(arguments)
    for shape in SHAPES:
        rules: dict[str, int] = {}
        sessions = large = told = 0
        for seed in range(given.seeds):
            spends = history(shape, seed)
            long = _long(spends)
            sessions += len({spend.root for spend in spends})
            large += len(long)
            for root, rule in pushed(spends, Settings()).items():
                told += root in long
                rules[rule] = rules.get(rule, 0) + 1
        rate = 1000 * sum(rules.values()) / sessions
        named = ", ".join(f"{rule} {count}" for rule, count in sorted(rules.items()))
        of_long = f"of those with four turns or more {1000 * told / large:.1f}"
        print(
            f"{shape.__name__:14} {sessions:6} sessions {rate:6.1f} per 1000 ({of_long})  {named}"
        )
