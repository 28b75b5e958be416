"""A running session as the detectors see it: totals, last turn, and each detector's own state.

It judges nothing. A grown streaming row is the same turn again: the totals take the difference, and
every detector's state goes back to what it was before that turn (`was`) and takes the turn anew.
"""

import math
from typing import Any

from costtop.analysis import ledger
from costtop.analysis.quantiles import median, upper_spread
from costtop.detect.sessions.claim import Prices, prices
from costtop.detect.sessions.finished_peer import GRID, Peer
from costtop.model import Rates, Spend

LEAST_GROWTH = 20  # tokens: less is noise of the counting
_SAMPLES = 64  # tokens a turn that are kept of one session
_RING = 64  # turns whose books are kept in case they turn out to be retries


class Course:
    """The course of one session; plain data that `book` moves on, one stored call at a time."""

    __slots__ = (
        "agent_cost", "agents", "before", "books", "carried", "carried_at", "cost", "costs_at",
        "estimated", "feature", "first_model", "first_rates", "growths", "key", "last", "missed",
        "models", "new", "output", "outputs", "peaks", "peer", "prices", "prompt", "put_out",
        "ring", "root", "said", "source", "spoken", "state", "step", "stride", "sums", "turns",
        "unpriced", "user", "was", "was_before", "wrong",
    )  # fmt: skip

    def __init__(self, spend: Spend) -> None:
        self.root = spend.root
        self.source = spend.root.partition("/")[0]
        self.feature = spend.feature
        self.user = spend.call.context.user
        self.estimated = spend.call.estimated
        self.unpriced = False
        self.cost = 0
        self.turns = 0  # calls of the root agent
        self.last = 0  # the clock at its last event
        self.agents: dict[tuple[str, str], int] = {}  # subagent -> turn in which it began
        self.agent_cost = 0
        self.key = b""  # of the root agent's last call
        self.step: ledger.Step | None = None  # the last turn
        self.before: ledger.Before | None = None
        self.was_before: ledger.Before | None = None
        self.books = list(ledger.EMPTY)
        self.ring: dict[int, ledger.Books] = {}  # turn -> its books
        self.wrong: set[int] = set()  # turns judged retries
        self.first_model = ""
        self.first_rates: Rates | None = None
        self.models: dict[str, int] = {}
        self.prompt = 0  # tokens of the first turn's input
        self.output = 0  # tokens of the last turn
        self.prices = Prices(0, 0, 0)
        self.carried = self.missed = self.new = self.put_out = 0  # tokens up to the turn before
        self.sums = [0, 0, 0]  # of token prices over these turns
        self.costs_at: list[float] = []
        self.carried_at: list[int] = []
        self.growths: list[float] = []  # ln tokens, thinned
        self.outputs: list[float] = []
        self.stride = 1
        self.state: dict[str, Any] = {}  # by detector
        self.was: dict[str, Any] = {}
        self.peaks: dict[str, float] = {}
        self.said: dict[str, Any] = {}  # rule -> how it stands (vigil)
        self.spoken = ""  # highest severity told
        self.peer: Peer | None = None  # what is remembered of it while it is finished

    def begin(self, name: str, moved: int, start: Any) -> Any:
        """A detector's state before this turn: the last one, or the one it had if it grew."""
        if moved == SAME:
            return self.was.get(name, start)
        state = self.was[name] = self.state.get(name, start)
        return state


OTHER, SAME, TURN = 0, 1, 2
"""What a spend moved: only dollars; the last turn, which grew; a new turn of the root agent."""


def book(course: Course, spend: Spend) -> int:
    """Count one stored call and say what it moved (OTHER, SAME or TURN)."""
    amount = (spend.cost or 0) - (spend.previous or 0)
    course.unpriced |= spend.cost is None
    course.user = course.user or spend.call.context.user
    if not ledger.is_root(spend):
        course.cost += amount
        course.agents.setdefault((spend.call.session, spend.call.agent), course.turns)
        course.agent_cost += amount
        course.books[ledger.SUBAGENTS] += amount
        return OTHER
    if spend.new:
        return _turn(course, spend, amount)
    course.cost += amount
    if spend.call.key != course.key:
        course.books[ledger.OUTPUT] += amount  # an older reply grew: growth is output
        return OTHER
    _take_back(course)
    course.before = course.was_before
    _put(course, spend)
    return SAME


def _turn(course: Course, spend: Spend, amount: int) -> int:
    before = course.before
    late = before is not None and spend.call.at < before.at
    _reach(course)
    course.cost += amount
    course.turns += 1
    course.models[spend.call.model] = course.models.get(spend.call.model, 0) + 1
    if late:
        _add(course, ledger.step(before, spend).books, 1)
        return OTHER
    if course.step is not None:
        _settle(course, course.step)
    if course.turns == 1:
        course.first_model, course.first_rates = spend.call.model, spend.rates
    course.key = spend.call.key
    course.was_before = before
    _put(course, spend)
    return TURN


def _put(course: Course, spend: Spend) -> None:
    """Book the turn against the one before it."""
    step = course.step = ledger.step(course.before, spend)
    course.before = ledger.after(course.before, spend)
    turn = course.turns
    course.ring[turn] = step.books
    if len(course.ring) > _RING:
        del course.ring[next(iter(course.ring))]
    course.output = spend.call.tokens.output
    if turn == 1:
        course.prompt = step.context
    _account(course, step.books, turn, 1)
    _sample(course, step)
    course.prices = prices(spend)


def _settle(course: Course, step: ledger.Step) -> None:
    """Add the last turn's tokens to the totals, now that it can no longer grow."""
    course.carried += step.carried
    course.missed += step.missed
    course.new += _new(step)
    course.put_out += course.output
    for nth, price in enumerate(course.prices):
        course.sums[nth] += price


def totals(course: Course) -> tuple[int, int, int, int]:
    """Tokens carried, missed by the cache, new, and put out, over all turns so far."""
    step = course.step
    if step is None:
        return 0, 0, 0, 0
    return (
        course.carried + step.carried,
        course.missed + step.missed,
        course.new + _new(step),
        course.put_out + course.output,
    )


def mean_prices(course: Course) -> Prices:
    """The mean token prices of the session's turns, pico-dollars."""
    turns = max(1, course.turns)
    read, paid, out = (total + last for total, last in zip(course.sums, course.prices, strict=True))
    return Prices(read // turns, paid // turns, out // turns)


def _new(step: ledger.Step) -> int:
    return max(0, step.growth) if step.growth is not None else step.context


def _add(course: Course, books: ledger.Books, sign: int) -> None:
    for bucket, amount in enumerate(books):
        if amount:
            course.books[bucket] += sign * amount


def _account(course: Course, books: ledger.Books, turn: int, sign: int) -> None:
    _add(course, ledger.retried(books) if turn in course.wrong else books, sign)


def _sample(course: Course, step: ledger.Step) -> None:
    """Keep the logarithms of a turn's new tokens and output; every second goes when full."""
    if course.turns % course.stride:
        return
    course.outputs.append(math.log(max(1, course.output)))
    if step.growth is not None:
        course.growths.append(math.log(max(LEAST_GROWTH, step.growth)))
    if len(course.outputs) > _SAMPLES:
        course.outputs = course.outputs[::2]
        course.growths = course.growths[::2]
        course.stride *= 2


def _reach(course: Course) -> None:
    """Note the session's cost and carried tokens at the end of an age of the grid."""
    nth = len(course.costs_at)
    if nth < len(GRID) and course.turns == GRID[nth]:
        course.costs_at.append(math.log(max(1, course.cost)))
        step = course.step
        course.carried_at.append(course.carried + (step.carried if step else 0))


def _spread(numbers: list[float]) -> tuple[float, float]:
    """Middle and upper spread; both 0 of nothing."""
    if not numbers:
        return 0.0, 0.0
    ordered = sorted(numbers)
    return median(ordered), upper_spread(ordered)


def _take_back(course: Course) -> None:
    """Undo the books of the last turn, whose call has grown."""
    step = course.step
    if step is None:
        return
    _account(course, step.books, course.turns, -1)
    if course.turns % course.stride == 0 and course.outputs:
        course.outputs.pop()
        if step.growth is not None and course.growths:
            course.growths.pop()


def retry(course: Course, turn: int) -> int:
    """Judge a turn a retry: its dollars move to that bucket. Returns them, 0 if it was one."""
    books = course.ring.get(turn)
    if books is None or turn in course.wrong:
        return 0
    course.wrong.add(turn)
    _add(course, books, -1)
    amount = sum(books)
    course.books[ledger.RETRIES] += amount
    return amount


def turn_cost(course: Course, turn: int) -> int:
    """Nano-dollars of a recent turn of the root agent, 0 for one that is no longer kept."""
    return sum(course.ring.get(turn, ()))


def remember(course: Course, at: int, *, censored: bool) -> Peer:
    """What is kept of the session now that it has finished."""
    _reach(course)
    carried, missed, new, output = totals(course)
    growth_mid, growth_spread = _spread(course.growths)
    output_mid, output_spread = _spread(course.outputs)
    return Peer(
        course.root,
        course.source,
        course.feature,
        course.estimated,
        at,
        None if course.unpriced else course.cost,
        course.turns,
        tuple(course.costs_at),
        tuple(course.carried_at),
        course.peaks.get("age_peak", 0.0),
        course.peaks.get("growth_peak", 0.0),
        course.peaks.get("output_peak", 0.0),
        growth_mid,
        growth_spread,
        output_mid,
        output_spread,
        len(course.agents),
        course.agent_cost,
        len(course.wrong),
        course.prompt,
        new,
        output,
        missed,
        carried,
        mean_prices(course),
        tuple(sorted(course.models.items())),
        censored,
    )
