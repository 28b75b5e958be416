"""A running session as the rules see it: its totals, its last turn, its ages.

A grown streaming row is the same turn again: the totals take the difference.
"""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal

from costtop.analysis import ledger
from costtop.analysis.drivers import SessionUsage
from costtop.analysis.quantiles import median, upper_spread
from costtop.detect.sessions.finished_peer import GRID, PEAKS, Peer
from costtop.model import Rates, Spend
from costtop.named_tuples import NamedTuple

LEAST_GROWTH = 20  # tokens: less is noise of the counting
_SAMPLES = 64  # tokens a turn that are kept of one session

Moved = Literal[0, 1, 2]
OTHER: Final = 0
SAME: Final = 1
TURN: Final = 2
"""What a spend moved: only dollars; the last turn, which grew; a new turn of the root agent."""


class TokenPrices(NamedTuple):
    """Pico-dollars of a token read from the cache, newly paid on the input side, put out."""

    read: int
    paid: int
    out: int


class TurnSums:
    """Sums over turns: tokens, and the prices of a token."""

    __slots__ = ("carried", "missed", "new", "out", "output", "paid", "read")

    def __init__(self) -> None:
        self.carried = self.missed = self.new = self.output = 0
        self.read = self.paid = self.out = 0


class Samples:
    """The new tokens and the output of turns; every second goes when full."""

    __slots__ = ("_growths", "_outputs", "_stride", "_tops")

    def __init__(self) -> None:
        self._growths: list[int] = []
        self._outputs: list[int] = []
        self._stride = 1
        self._tops = [LEAST_GROWTH, 1]  # the most tokens that any turn added, and put out

    def take(self, turn: int, output: int, growth: int | None) -> None:
        """Keep a turn's tokens, unless it is one that is left out; the largest are kept of all."""
        if growth is not None and growth > self._tops[0]:
            self._tops[0] = growth
        if output > self._tops[1]:
            self._tops[1] = output
        if turn % self._stride:
            return
        self._outputs.append(output)
        if growth is not None:
            self._growths.append(growth)
        if len(self._outputs) > _SAMPLES:
            self._outputs = self._outputs[::2]
            self._growths = self._growths[::2]
            self._stride *= 2

    def take_back(self, turn: int, growth: int | None) -> None:
        """Undo the last turn."""
        if turn % self._stride == 0 and self._outputs:
            self._outputs.pop()
            if growth is not None and self._growths:
                self._growths.pop()

    def spreads(self) -> dict[str, float]:
        """Middle, upper spread and largest turn of both, of logarithms, by the names of `Peer`."""
        growth_mid, growth_spread = _spread(self._growths, LEAST_GROWTH)
        output_mid, output_spread = _spread(self._outputs, 1)
        return {
            "growth_mid": growth_mid,
            "growth_spread": growth_spread,
            "output_mid": output_mid,
            "output_spread": output_spread,
            "growth_top": math.log(self._tops[0]),
            "output_top": math.log(self._tops[1]),
        }


class RunningSession:
    """The course of one session; plain values that `book` moves on, one stored call at a time."""

    __slots__ = (
        "agent_cost",
        "agents",
        "before",
        "books",
        "carried_at",
        "cost",
        "costs_at",
        "estimated",
        "feature",
        "first_model",
        "first_rates",
        "key",
        "label",
        "models",
        "output",
        "prices",
        "prompt",
        "root",
        "samples",
        "source",
        "step",
        "sums",
        "turns",
        "unpriced",
        "user",
        "uses_tools",
        "was_before",
    )

    def __init__(self, spend: Spend) -> None:
        self.root = spend.root
        self.source = spend.root.partition("/")[0]
        self.feature = spend.feature
        self.label = spend.label
        self.user = spend.call.context.user or spend.owner
        self.estimated = spend.call.estimated
        self.unpriced = False
        self.uses_tools = False  # whether its log says anything of tools
        self.cost = 0
        self.turns = 0  # calls of the root agent
        self.agents: dict[tuple[str, str], int] = {}  # subagent -> turn in which it began
        self.agent_cost = 0
        self.books = ledger.TurnBooks()
        self.models: dict[str, int] = {}
        self.first_model = ""
        self.first_rates: Rates | None = None
        self.prompt = 0  # tokens of the first turn's input
        self.key = b""  # of the root agent's last call
        self.step: ledger.BookedTurn | None = None  # the last turn
        self.output = 0  # its tokens
        self.prices = TokenPrices(0, 0, 0)
        self.costs_at: list[float] = []  # ln nano-dollars at the ages of the grid
        self.carried_at: list[int] = []
        self.samples = Samples()
        self.before: ledger.Before | None = None
        self.was_before: ledger.Before | None = None
        self.sums = TurnSums()  # the last turn as it stands


def book(session: RunningSession, spend: Spend) -> Moved:
    """Count one stored call and say what it moved."""
    call, cost = spend.call, spend.cost
    amount = (cost or 0) - (spend.previous or 0)
    if cost is None:
        session.unpriced = True
    if not session.user:
        session.user = call.context.user or spend.owner
    if call.tools:
        session.uses_tools = True
    if not ledger.is_root(spend):
        session.cost += amount
        session.agents.setdefault((call.session, call.agent), session.turns)
        session.agent_cost += amount
        session.books.total[ledger.SUBAGENTS] += amount
        return OTHER
    if spend.new:
        return _turn(session, spend, amount)
    session.cost += amount
    if call.key != session.key:
        session.books.total[ledger.OUTPUT] += amount  # an older reply grew: growth is output
        return OTHER
    _take_back(session)
    session.before = session.was_before
    _put(session, spend)
    return SAME


def _turn(session: RunningSession, spend: Spend, amount: int) -> Moved:
    call, before = spend.call, session.before
    _reach(session)
    session.cost += amount
    session.turns += 1
    session.models[call.model] = session.models.get(call.model, 0) + 1
    if before is not None and call.at < before.at:  # it came late
        session.books.add(ledger.step(before, spend).parts)
        return OTHER
    if session.turns == 1:
        session.first_model, session.first_rates = call.model, spend.rates
    session.key = call.key
    session.was_before = before
    _put(session, spend)
    return TURN


def _put(session: RunningSession, spend: Spend) -> None:
    """Book the turn against the one before it."""
    step = session.step = ledger.step(session.before, spend)
    session.before = ledger.after(session.before, spend)
    output = session.output = spend.call.tokens.output
    if session.turns == 1:
        session.prompt = step.context
    session.books.put(session.turns, step.parts)
    session.samples.take(session.turns, output, step.growth)
    session.prices = _prices(spend)
    _sum_up(session, step, 1)


def _take_back(session: RunningSession) -> None:
    """Undo the books of the last turn, whose call has grown."""
    step = session.step
    if step is not None:
        session.books.take_back(session.turns, step.parts)
        session.samples.take_back(session.turns, step.growth)
        _sum_up(session, step, -1)


def _sum_up(session: RunningSession, step: ledger.BookedTurn, sign: int) -> None:
    """Take the last turn into the sums, or (-1) out of them again."""
    _, context, growth, carried, missed, _, _ = step
    sums, (read, paid, out) = session.sums, session.prices
    sums.carried += sign * carried
    sums.missed += sign * missed
    sums.new += sign * (context if growth is None else max(0, growth))
    sums.output += sign * session.output
    sums.read += sign * read
    sums.paid += sign * paid
    sums.out += sign * out


def _reach(session: RunningSession) -> None:
    """Note the session's cost and carried tokens at the end of an age of the grid."""
    nth = len(session.costs_at)
    if nth < len(GRID) and session.turns == GRID[nth]:
        session.costs_at.append(math.log(max(1, session.cost)))
        session.carried_at.append(session.sums.carried)


def _prices(spend: Spend) -> TokenPrices:
    """The token prices of one call; without rates its cost is spread with output worth five."""
    tokens, rates = spend.call.tokens, spend.rates
    if rates is None:
        units = tokens.input + 5 * tokens.output
        unit = (spend.cost or 0) * 1000 // units if units else 0
        return TokenPrices(unit, unit, 5 * unit)
    paid = rates.input
    if tokens.cache_write:
        paid = rates.cache_write_1h if tokens.cache_write_1h else rates.cache_write
    return tuple.__new__(TokenPrices, (rates.cache_read, paid, rates.output))


def usage(session: RunningSession) -> SessionUsage:
    """What a session has used so far."""
    sums = session.sums
    return SessionUsage(
        turns=session.turns,
        retries=len(session.books.retries),
        carried=sums.carried,
        missed=sums.missed,
        prompt=session.prompt,
        new=sums.new,
        output=sums.output,
        agent_cost=session.agent_cost,
        root_cost=session.cost - session.agent_cost,
    )


def remember(
    session: RunningSession, at: int, *, censored: bool, peaks: Mapping[str, float] | None = None
) -> Peer:
    """What is kept of the session now that it has finished; `peaks` by the names of `Peer`."""
    _reach(session)
    sums, turns = session.sums, max(1, session.turns)
    return Peer(
        root=session.root,
        source=session.source,
        feature=session.feature,
        label=session.label,
        estimated=session.estimated,
        at=at,
        cost=None if session.unpriced else session.cost,
        turns=session.turns,
        costs_at=tuple(session.costs_at),
        carried_at=tuple(session.carried_at),
        agents=len(session.agents),
        at_once=max(Counter(session.agents.values()).values(), default=0),
        agent_cost=session.agent_cost,
        retries=len(session.books.retries),
        prompt=session.prompt,
        new_tokens=sums.new,
        output_tokens=sums.output,
        missed_tokens=sums.missed,
        carried_tokens=sums.carried,
        prices=(sums.read // turns, sums.paid // turns, sums.out // turns),
        models=tuple(sorted(session.models.items())),
        censored=censored,
        **(dict.fromkeys(PEAKS, 0.0) | dict(peaks or {})),
        **session.samples.spreads(),
    )


def _spread(tokens: list[int], least: int) -> tuple[float, float]:
    """Middle and upper spread of their logarithms; both 0 of nothing."""
    if not tokens:
        return 0.0, 0.0
    ordered = [math.log(max(least, each)) for each in sorted(tokens)]
    return median(ordered), upper_spread(ordered)
