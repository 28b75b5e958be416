"""Makes sixty days of a company's agent sessions, some of which go wrong, from one seed.

It detects nothing. Every event knows its cost had nothing gone wrong (0 for a call that would not
have been made), so that the overspend of a session is exact.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import hashlib
import random
from typing import NamedTuple

from costtop.model import Call, Context, Rates, Spend, Tokens, ToolUse
from costtop.money import NANO

from . import workload
from .workload import CARDS, FEATURES, Feature

DAY = 86_400_000
EPOCH = 1_767_571_200_000  # Monday 2026-01-05 00:00 UTC
KINDS = ("retry_loop", "context_growth", "cache_miss", "model_shift", "fan_out", "verbose_output")
RED = ("slow_drift", "clock_loop", "two_at_once")  # what a rule's author would rather not meet
_TTL = 300_000


class Event(NamedTuple):
    """A call as stored, and what it would have cost had nothing gone wrong (nano-dollars)."""

    spend: Spend
    honest: int


class Truth(NamedTuple):
    """What really happened in a session."""

    root: str
    feature: str
    kind: str  # "" is a normal session
    onset: int  # turn of the root agent at which it goes wrong, from 1
    overspend: int
    honest: int

    @property
    def material(self) -> bool:
        """Worth an alert: a quarter of a dollar and half of what it should have cost."""
        return self.overspend >= NANO // 4 and self.overspend >= self.honest / 2


class Act(NamedTuple):
    """One turn before tokens: what is done, and what it adds."""

    tool: str
    key: str
    error: bool
    result: str
    growth: int
    output: int
    gap: int  # ms
    inserted: bool = False


class Corpus(NamedTuple):
    """All events in order of time, and the truth by session."""

    events: list[Event]
    truths: dict[str, Truth]


def corpus(
    seed: int,
    *,
    days: int = 60,
    a_day: float = 80,
    bad: float = 0.04,
    spread: float = 1.0,
    red: bool = False,
) -> Corpus:
    """Sessions of `days` days; `bad` of them go wrong; `spread` scales how much they differ.

    `red` has them go wrong in the ways of RED.
    """
    rng = random.Random(seed * 7919 + 13)
    events: list[Event] = []
    truths: dict[str, Truth] = {}
    number = 0
    for day in range(days):
        for _ in range(round(a_day * workload.WEEKDAYS[day % 7] * rng.uniform(0.8, 1.2))):
            hour = rng.choices(range(24), workload.HOURS)[0]
            start = EPOCH + day * DAY + int((hour + rng.random()) * 3_600_000)
            feature = rng.choices(FEATURES, [f.share for f in FEATURES])[0]
            kind = rng.choice(RED if red else kinds(feature)) if rng.random() < bad else ""
            number += 1
            run = Run(rng, feature, start, f"{feature.source}/s{seed}-{number:05d}", kind, spread)
            events += run.play()
            truths[run.root] = run.truth()
    events.sort(key=lambda event: event.spend.call.at)
    return Corpus(events, truths)


def kinds(feature: Feature) -> list[str]:
    """What can go wrong in a feature: without a cache, the cache cannot be missed."""
    return [kind for kind in KINDS if feature.cache or kind != "cache_miss"]


class Run:
    """One session being played: the actual context beside the honest one."""

    def __init__(
        self,
        rng: random.Random,
        feature: Feature,
        start: int,
        root: str,
        kind: str,
        spread: float = 1.0,
    ) -> None:
        self.rng, self.feature, self.root, self.kind = rng, feature, root, kind
        self.at = start
        self.user = rng.choice(workload.USERS)
        steady = feature.steadiness / spread
        self.bloat = rng.gammavariate(steady, 1 / steady)
        self.wordy = rng.gammavariate(steady, 1 / steady)
        self.model = rng.choices(*zip(*feature.models, strict=True))[0]
        shape, mean = feature.prompt
        self.context = self.honest_context = int(rng.gammavariate(shape, mean / shape))
        self.cached = self.honest_cached = 0
        self.now_model = self.model
        self.turn = self.number = self.onset = 0
        self.wrong = self.shifted = False
        self.factor = 1.0
        self.events: list[Event] = []

    def play(self) -> list[Event]:
        """All events of the session."""
        acts = self._acts(self.feature.turns(self.rng))
        self.onset = self._onset(len(acts))
        for nth, act in enumerate(acts, 1):
            begins = self.kind != "" and nth == self.onset
            if begins and self.kind != "fan_out":
                self._go_wrong()
            self._turn(act)
            if begins and self.kind == "fan_out":
                self._go_wrong()  # its root turn is an ordinary one; what it starts is not
        return self.events

    def truth(self) -> Truth:
        """What happened, in dollars."""
        honest = sum(event.honest for event in self.events)
        actual = sum(event.spend.cost or 0 for event in self.events)
        return Truth(self.root, self.feature.name, self.kind, self.onset, actual - honest, honest)

    def _onset(self, turns: int) -> int:
        """Things go wrong at any time but the first turn, rather early than late."""
        return max(2, int(turns * self.rng.betavariate(1.4, 2.2)) + 1) if self.kind else 0

    def _go_wrong(self) -> None:
        rng = self.rng
        self.wrong = True
        if self.kind in ("retry_loop", "clock_loop"):
            self._loop(int(15 * (400 / 15) ** rng.random()))
        elif self.kind == "fan_out":
            self._fan(rng.randint(12, 60))
        elif self.kind == "model_shift":
            self.now_model = self.feature.dearer
        elif self.kind == "context_growth":
            self.factor = rng.uniform(6, 15)
        elif self.kind in ("verbose_output", "two_at_once"):
            self.factor = rng.uniform(8, 20)

    def _acts(self, turns: int) -> list[Act]:
        """Ordinary turns, with the innocent repetitions that a loop rule must bear."""
        acts: list[Act] = []
        while len(acts) < turns:
            if self.rng.random() < self.feature.loops:
                acts += self._innocent()
            else:
                acts.append(self._act())
        return acts[:turns]

    def _act(self) -> Act:
        rng, feature = self.rng, self.feature
        names = feature.tools
        tool, _, mean = rng.choices(names, [weight for _, weight, _ in names])[0]
        growth = int(rng.gammavariate(0.7, mean / 0.7) * self.bloat) + 12
        uniform = rng.uniform(0.02, 0.98)
        middle, shape = feature.output
        output = int(middle * (uniform / (1 - uniform)) ** (1 / shape) * self.wordy) + 4
        key = f"{tool}{rng.randrange(400)}"
        return Act(
            tool, key, rng.random() < 0.05, f"r{rng.randrange(10**6)}", growth, output, self._gap()
        )

    def _gap(self) -> int:
        rng = self.rng
        chance = rng.random()
        if chance < 0.012:
            return int(rng.uniform(5.2, 95) * 60_000)  # a pause longer than the cache lives
        if chance < 0.10:
            return int(rng.expovariate(1 / 70_000))
        return int(rng.gammavariate(1.6, 6_000)) + 900

    def _innocent(self) -> list[Act]:
        rng = self.rng
        what = rng.choices(
            ("test", "poll", "flaky", "reread"), (4 if self._editor() else 0, 2, 3, 3)
        )[0]
        act = self._act()._replace(key=f"{what}{rng.randrange(10**6)}", growth=rng.randint(60, 700))
        if what == "test":
            acts: list[Act] = []
            failure = f"f{rng.randrange(10**6)}"
            for _ in range(rng.randint(3, 8)):
                failure = failure if rng.random() < 0.6 else f"f{rng.randrange(10**6)}"
                acts.append(self._same(act, error=True, result=failure))
                acts.append(self._act()._replace(tool=self._editor(), error=False))
            return [*acts, self._same(act, error=False, result="pass")]
        if what == "poll":
            return [
                self._same(act, error=False, result="pending") for _ in range(rng.randint(4, 14))
            ]
        if what == "flaky":
            fails = [self._same(act, error=True, result="flake") for _ in range(rng.randint(2, 3))]
            return [*fails, self._same(act, error=False, result="ok")]
        return [self._same(act, error=False, result="text") for _ in range(rng.randint(2, 4))]

    def _editor(self) -> str:
        """The tool with which this work is changed, "" where nothing is edited and tested."""
        names = [tool for tool, _, _ in self.feature.tools]
        return next((name for name in names if name in ("Edit", "apply_patch")), "")

    def _same(self, act: Act, *, error: bool, result: str) -> Act:
        """The same call again: token counts nearly equal, as identical calls append them."""
        rng = self.rng
        return act._replace(
            error=error,
            result=result,
            growth=act.growth + rng.randint(-3, 3),
            output=max(4, act.output + rng.randint(-2, 2)),
            gap=self._gap(),
        )

    def _loop(self, turns: int) -> None:
        """Retries that nobody needed: exact 50 %, with drifting arguments 30 %, cycles 20 %."""
        rng = self.rng
        way = rng.random()
        circle = [self._act() for _ in range(1 if way < 0.8 else rng.randint(2, 3))]
        circle = [
            act._replace(error=True, result=f"e{n}", growth=min(act.growth, 900))
            for n, act in enumerate(circle)
        ]
        for nth in range(turns):
            act = circle[nth % len(circle)]
            if 0.5 <= way < 0.8 and rng.random() < 0.25:
                act = act._replace(result=f"e{rng.randrange(9)}")
            again = self._same(act, error=True, result=act.result)
            if self.kind == "clock_loop":  # it succeeds, and the answer holds the time of day
                again = again._replace(error=False, result=f"t{rng.randrange(10**9)}")
            self._turn(again._replace(gap=int(rng.gammavariate(2, 4_000)) + 500, inserted=True))

    def _fan(self, agents: int) -> None:
        """Far too many subagents, started within a few turns."""
        for nth in range(agents):
            self._agent(f"w{nth}", self.rng.randint(2, 9), honest=False)

    def _agent(self, name: str, turns: int, *, honest: bool) -> None:
        rng = self.rng
        context, cached = int(rng.gammavariate(6, 1500)), 0
        at = self.at + rng.randint(500, 20_000)
        for _ in range(turns):
            act = self._act()
            tokens = self._tokens(context, cached, act.output, cached > 0)
            cost = charge(tokens, CARDS[self.model])
            self._emit(tokens, self.model, at, cost if honest else 0, name, ())
            cached, context = context, context + act.growth + act.output
            at += int(rng.gammavariate(1.6, 5_000)) + 600
        self.at = max(self.at, at - 4_000) if rng.random() < 0.3 else self.at

    def _turn(self, act: Act) -> None:
        """One call of the root agent, as it is and as it would have been."""
        rng, feature = self.rng, self.feature
        wrong, kind = self.wrong, self.kind
        if wrong and kind == "slow_drift":
            self.factor = min(12.0, self.factor * 1.12)
        bloated = wrong and kind in ("context_growth", "slow_drift")
        wordy = wrong and kind in ("verbose_output", "two_at_once")
        growth = act.growth * self.factor if bloated else act.growth
        output = act.output * self.factor if wordy else act.output
        self.at += act.gap
        warm = act.gap < _TTL and (feature.cache != "reads" or rng.random() < 0.94)
        thrash = wrong and kind in ("cache_miss", "two_at_once")
        broken = thrash and rng.random() < 0.92
        same = self.now_model == self.model or (bool(self.events) and self.shifted)
        tokens = self._tokens(self.context, self.cached, int(output), warm and not broken and same)
        honest = 0
        if not act.inserted:
            base = self._tokens(self.honest_context, self.honest_cached, act.output, warm)
            honest = charge(base, CARDS[self.model])
            self.honest_cached = self.honest_context
            self.honest_context = self._next(self.honest_context, act.growth + act.output, True)
        self.shifted = self.now_model != self.model
        self.turn += 1
        use = ToolUse(act.tool, act.key, act.error, act.result)
        self._emit(tokens, self.now_model, self.at, honest, "", (use,))
        self.cached = self.context
        compacts = not (wrong and kind == "context_growth")
        self.context = self._next(self.context, int(growth) + int(output), compacts)
        if not act.inserted and rng.random() < feature.subagents:
            for nth in range(rng.randint(1, 4)):
                self._agent(f"a{self.turn}-{nth}", rng.randint(2, 8), honest=True)

    def _next(self, context: int, more: int, compacts: bool) -> int:
        context += more
        if compacts and context > self.feature.compacts_at:
            return int(context * 0.16) + 4_000
        return min(context, 980_000)

    def _tokens(self, context: int, cached: int, output: int, warm: bool) -> Tokens:
        if not self.feature.cache:
            return Tokens(context, 0, 0, 0, output)
        read = min(cached, context) if warm else 0
        if self.feature.cache == "reads":
            return Tokens(context, read - read % 128, 0, 0, output)
        return Tokens(context, read, max(0, context - read - 5), 0, output)

    def _emit(
        self,
        tokens: Tokens,
        model: str,
        at: int,
        honest: int,
        agent: str,
        tools: tuple[ToolUse, ...],
    ) -> None:
        self.number += 1
        key = hashlib.blake2b(f"{self.root}:{self.number}".encode(), digest_size=16).digest()
        source, _, name = self.root.partition("/")
        call = Call(
            key, source, name, model, tokens, at, Context(user=self.user), agent=agent, tools=tools
        )
        cost = charge(tokens, CARDS[model])
        self.events.append(
            Event(Spend(call, self.root, cost, CARDS[model], at, self.feature.name), honest)
        )


def charge(tokens: Tokens, rates: Rates) -> int:
    """Nano-dollars of a call, rounded half even once, as `model.Rates` says."""
    short = tokens.cache_write - tokens.cache_write_1h
    plain = tokens.input - tokens.cache_read - tokens.cache_write
    pico = (
        plain * rates.input
        + tokens.cache_read * rates.cache_read
        + short * rates.cache_write
        + tokens.cache_write_1h * rates.cache_write_1h
        + tokens.output * rates.output
    )
    whole, rest = divmod(pico, 1000)
    return whole + (rest > 500 or (rest == 500 and whole % 2 == 1))
