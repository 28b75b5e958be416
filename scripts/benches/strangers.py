"""Made-up people whose agents sometimes run away: a second company, with no habit of the first.

From a seed to sessions: turns with texts of tools and answers, as logs have them, and beside each
what it would have cost had nothing gone wrong. It writes no log and prices nothing.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

SMALL, MIDDLE, LARGE, GRAND = (
    "claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5", "claude-opus-4-1",
)  # fmt: skip
KINDS = ("retry_loop", "context_growth", "cache_miss", "model_shift", "fan_out", "verbose_output")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
EPOCH = 1_767_571_200_000  # Monday 2026-01-05 00:00 UTC


class Said(NamedTuple):
    """A tool call with its arguments and its answer, as texts."""

    name: str
    asked: dict[str, Any]
    answer: str = "done"
    failed: bool = False


class Usage(NamedTuple):
    """A request: tokens that are disjoint, and its model."""

    model: str
    fresh: int
    read: int
    write: int
    output: int


class Turn(NamedTuple):
    """One request as it was, and as it should have been (None: it should not have been)."""

    at: int  # ms UTC
    used: Usage
    should: Usage | None
    said: tuple[Said, ...] = ()
    agent: str = ""


@dataclass
class Session:
    """One session as it went."""

    id: str
    team: str
    kind: str  # "" is a normal one
    onset: int = 0  # turn of the root agent at which it goes wrong, from 1
    turns: list[Turn] = field(default_factory=list)


class Team(NamedTuple):
    """How the sessions of one kind of work are: middles of log-normals, and their spreads."""

    name: str
    share: float
    models: tuple[tuple[str, float], ...]
    dearer: str
    length: tuple[float, float]
    prompt: int
    growth: tuple[float, float]
    output: tuple[float, float]
    trivial: float  # share of sessions of one to three turns
    helpers: float  # chance of a few subagents at a turn
    edits: bool = True


TEAMS = (
    Team("atlas", 0.30, ((MIDDLE, 0.8), (LARGE, 0.2)), GRAND, (24, 0.75), 19_000, (520, 1.25),
         (170, 0.95), 0.12, 0.012),
    Team("harbor", 0.22, ((LARGE, 1.0),), GRAND, (14, 0.65), 15_000, (700, 1.1), (240, 0.85),
         0.16, 0.006),
    Team("quill", 0.18, ((MIDDLE, 1.0),), GRAND, (34, 0.6), 12_000, (380, 1.2), (330, 0.8), 0.08,
         0.0),
    Team("orchard", 0.18, ((SMALL, 0.7), (MIDDLE, 0.3)), LARGE, (45, 0.7), 23_000, (900, 1.0),
         (150, 0.9), 0.10, 0.02),
    Team("ferry", 0.12, ((LARGE, 0.9), (MIDDLE, 0.1)), GRAND, (18, 0.8), 28_000, (450, 1.3),
         (420, 0.9), 0.15, 0.0, edits=False),
)  # fmt: skip


def company(seed: int, days: int = 40, a_day: float = 45, bad: float = 0.04) -> Iterator[Session]:
    """Sessions of so many days, of which a share of `bad` goes wrong."""
    rng = Random(seed * 104_729 + 71)
    number = 0
    for day in range(days):
        weight = 0.2 if day % 7 > 4 else 1.0
        for _ in range(round(a_day * weight * math.exp(rng.gauss(0, 0.15)))):
            team = rng.choices(TEAMS, [team.share for team in TEAMS])[0]
            kind = rng.choice(KINDS) if rng.random() < bad else ""
            number += 1
            at = EPOCH + day * DAY + round(rng.triangular(7, 22, 14) * HOUR)
            name = f"{rng.getrandbits(32):08x}-{seed % 65536:04x}-4000-8000-{number:012x}"
            yield Played(rng, team, Session(name, team.name, kind), at).play()


class Played:
    """A session being played: its context beside the one that it should have had."""

    def __init__(self, rng: Random, team: Team, session: Session, at: int) -> None:
        self.rng, self.team, self.session, self.at = rng, team, session, at
        self.model = self.now = rng.choices(*zip(*team.models, strict=True))[0]
        self.heavy = math.exp(rng.gauss(0, 0.25))
        self.wordy = math.exp(rng.gauss(0, 0.25))
        self.context = self.sound = round(team.prompt * math.exp(rng.gauss(0, 0.2)))
        self.cached = self.sound_cached = 0
        self.factor = 1.0
        self.wrong = self.cold = False

    def play(self) -> Session:
        """The whole session."""
        rng, session = self.rng, self.session
        trivial = rng.random() < self.team.trivial and not session.kind
        middle, spread = self.team.length
        length = rng.randint(1, 3) if trivial else max(4, round(rng.lognormvariate(
            math.log(middle), spread)))  # fmt: skip
        plan: list[Callable[[], None]] = []
        while len(plan) < min(length, 300):
            plan += self._episode() if rng.random() < 0.03 else [self._work]
        session.onset = max(2, round(len(plan) * rng.triangular(0.05, 0.85, 0.3))) if session.kind \
            else 0  # fmt: skip
        for nth, act in enumerate(plan, 1):
            if nth == session.onset:
                self._go_wrong()
            act()
        return session

    def _go_wrong(self) -> None:
        rng, kind = self.rng, self.session.kind
        self.wrong = True
        if kind == "retry_loop":
            self._stuck(round(20 * 15 ** rng.random()))
        elif kind == "fan_out":
            self._work()
            for nth in range(rng.randint(14, 50)):
                self._helper(f"f{nth:03x}", rng.randint(3, 8), meant=False)
        elif kind == "model_shift":
            self.now, self.cold = self.team.dearer, True
        elif kind == "context_growth":
            self.factor = rng.uniform(5, 12)
        elif kind == "verbose_output":
            self.factor = rng.uniform(7, 16)

    def _stuck(self, turns: int) -> None:
        """A loop as they really look: five ways not to get anywhere."""
        rng = self.rng
        way = rng.choice(("same", "edit", "paths", "push", "circle", "silent"))
        name = f"mod_{rng.randrange(999)}"
        for nth in range(turns):
            said = _stuck_in(rng, way, name, nth)
            growth = rng.randint(90, 130) if way == "silent" else rng.randint(120, 420)
            output = rng.randint(180, 200) if way == "silent" else rng.randint(90, 260)
            self._turn(growth, output, said, meant=False)

    def _work(self) -> None:
        rng, team = self.rng, self.team
        growth = rng.lognormvariate(math.log(team.growth[0]), team.growth[1]) * self.heavy
        output = rng.lognormvariate(math.log(team.output[0]), team.output[1]) * self.wordy
        said = self._ordinary() if rng.random() < 0.86 else ()
        self._turn(min(24_000, round(growth) + 15), min(9_000, round(output) + 6), said)
        if rng.random() < team.helpers:
            for _ in range(rng.randint(1, 3)):
                self._helper(f"h{len(self.session.turns):03x}", rng.randint(2, 9), meant=True)

    def _ordinary(self) -> tuple[Said, ...]:
        rng = self.rng
        name = rng.choices(("Read", "Bash", "Edit", "Grep"), (4, 4, 3 * self.team.edits, 2))[0]
        place = f"src/part{rng.randrange(60)}/f{rng.randrange(90)}.py"
        asked = {
            "Bash": {"command": f"make check-{rng.randrange(500)}"},
            "Grep": {"pattern": f"name_{rng.randrange(900)}"},
        }.get(name, {"file_path": place})
        if rng.random() < 0.05:
            return (Said(name, asked, rng.choice(_MISHAPS), True),)
        return (Said(name, {**asked, "nth": rng.randrange(50)}, _words(rng)),)

    def _episode(self) -> list[Callable[[], None]]:
        """Innocent repetition: tests and edits, waiting, a flaky call, an edit that needs tries."""
        rng = self.rng
        what = rng.choice(("tests", "wait", "flaky", "tries", "pages"))
        name = f"job{rng.randrange(10**6)}"
        said: list[Said] = []
        if what == "tests" and self.team.edits:
            for nth in range(rng.randint(3, 7)):
                said += [Said("Bash", {"command": f"pytest {name}"}, f"Exit code 1\n{name} fails:"
                              f" {'same' if rng.random() < 0.6 else _words(rng)}", True),
                         Said("Edit", {"file_path": name, "nth": nth}, "edited")]  # fmt: skip
            said.append(Said("Bash", {"command": f"pytest {name}"}, "passed"))
        elif what == "wait":
            said = [Said("Bash", {"command": f"gh run view {name}"}, "queued")] * rng.randint(3, 11)
            said.append(Said("Bash", {"command": f"gh run view {name}"}, "success"))
        elif what == "flaky":
            fails = Said("Bash", {"command": f"curl {name}"}, "Exit code 7\nrefused", True)
            said = [fails] * rng.randint(1, 3) + [Said("Bash", {"command": f"curl {name}"}, "ok")]
        elif what == "tries":
            said = [
                Said("Edit", {"file_path": name, "old_string": _words(rng)}, _NOT_FOUND, True)
                for _ in range(rng.randint(1, 3))
            ] + [Said("Edit", {"file_path": name}, "ok")]
        else:
            said = [Said("Read", {"file_path": name, "offset": 200 * nth}, _words(rng))
                    for nth in range(rng.randint(3, 9))]  # fmt: skip
        return [lambda one=one: self._small(one) for one in said]  # type: ignore[misc]

    def _small(self, said: Said) -> None:
        growth, output = self.rng.randint(80, 700), self.rng.randint(40, 260)
        if said.answer == "queued":
            growth, output = 96 + self.rng.randint(-2, 2), 70 + self.rng.randint(-3, 3)
        self._turn(growth, output, (said,))

    def _turn(
        self, growth: int, output: int, said: tuple[Said, ...], *, meant: bool = True
    ) -> None:
        rng, kind, wrong = self.rng, self.session.kind, self.wrong and meant
        chance = rng.random()
        gap = rng.uniform(6, 120) * MINUTE if chance < 0.015 else rng.lognormvariate(9.3, 0.9)
        self.at += max(400, round(gap))
        warm = gap < 5 * MINUTE
        broken = wrong and kind == "cache_miss" and rng.random() < 0.9
        used = _used(
            self.now, self.context, self.cached, output, warm and not (broken or self.cold)
        )
        self.cold = False
        should = None
        if meant:
            should = _used(self.model, self.sound, self.sound_cached, output, warm)
            self.sound_cached = self.sound
            self.sound = _next(self.sound + growth + output)
        if wrong and kind == "verbose_output":
            output = round(output * self.factor)
            used = used._replace(output=output)
        if wrong and kind == "context_growth":
            growth = round(growth * self.factor)
        self.session.turns.append(Turn(self.at, used, should, said))
        self.cached = self.context
        grown = self.context + growth + output
        self.context = min(900_000, grown) if wrong and kind == "context_growth" else _next(grown)

    def _helper(self, agent: str, turns: int, *, meant: bool) -> None:
        rng = self.rng
        context, cached, at = rng.randint(7_000, 14_000), 0, self.at + rng.randint(400, 9_000)
        name = f"{agent}{len(self.session.turns):x}{rng.getrandbits(28):07x}"
        for _ in range(turns):
            output = round(rng.lognormvariate(5.0, 0.7)) + 5
            used = _used(self.model, context, cached, output, warm=True)
            self.session.turns.append(Turn(at, used, used if meant else None, (), name))
            cached, context = context, context + output + round(rng.lognormvariate(6.4, 1.0))
            at += round(rng.lognormvariate(8.6, 0.6))


_NOT_FOUND = "<tool_use_error>String to replace not found in file.\nString: "
_MISHAPS = ("Exit code 2\nmake: *** No rule to make target", "Exit code 1",
            "File does not exist.", "Permission denied")  # fmt: skip


def _stuck_in(rng: Random, way: str, name: str, nth: int) -> tuple[Said, ...]:
    if way == "same":
        return (Said("Bash", {"command": f"npm test {name}"}, "Exit code 1\nTimeout", True),)
    if way == "edit":
        if rng.random() < 0.3:
            return (Said("Read", {"file_path": name}, f"{name} as it is"),)
        text = _words(rng)
        return (Said("Edit", {"file_path": name, "old_string": text}, _NOT_FOUND + text, True),)
    if way == "paths":
        place = f"lib/{_words(rng).replace(' ', '/')}.py"
        return (Said("Read", {"file_path": place}, "File does not exist.", True),)
    if way == "push":
        asked = {"command": f"git push {rng.choice(('', '-f ', '--no-verify '))}origin v{nth}"}
        return (Said("Bash", asked, "Exit code 1\nerror: failed to push some refs", True),)
    if way == "circle":
        step = ("build", "deploy", "status")[nth % 3]
        return (Said("Bash", {"command": f"{step} {name}"}, f"Exit code 1\n{step} failed", True),)
    return ()


def _words(rng: Random) -> str:
    return " ".join(rng.choice(_TEXT) for _ in range(6))


_TEXT = "amber basin cedar delta ember fjord grove heath islet jetty knoll lagoon mesa".split()


def _used(model: str, context: int, cached: int, output: int, warm: bool) -> Usage:
    read = min(cached, context) if warm else 0
    return Usage(model, 4, read, max(0, context - read - 4), output)


def _next(context: int) -> int:
    return 24_000 + context % 9_000 if context > 158_000 else context
