"""Why a day (a feature of it, a session) cost more than a usual one: nine drivers, exactly.

It chooses no reference. Dollars = pieces x turns a piece x (1 + retries) x price x [ context x
((1 - missed) x read + missed x paid) + new x paid + output x out ] + pieces x subagents a piece,
where pieces are tasks or sessions, and tokens are a turn's. Split by `shapley`, to the
nano-dollar. A day without any spend is raised to this one by its pieces alone.
"""

from collections.abc import Iterable, Sequence

from costtop.analysis import shapley
from costtop.analysis.ledger import BookedTurn
from costtop.model import Spend
from costtop.named_tuples import NamedTuple

DRIVERS = (
    "pieces",
    "length",
    "retries",
    "model",
    "context",
    "cache_misses",
    "new_content",
    "output",
    "subagents",
)
PIECES, LENGTH, RETRIES, MODEL, CONTEXT, MISSES, CONTENT, OUTPUT, SUBAGENTS = range(9)


class Use(NamedTuple):
    """What a session, or a day of them, used: sums over root agents' turns; nano-dollars."""

    pieces: float = 0
    turns: float = 0
    retries: float = 0
    carried: float = 0  # tokens that the request before already had
    missed: float = 0
    new: float = 0
    output: float = 0
    root_cost: float = 0
    agent_cost: float = 0
    read: float = 0  # pico-dollars a token times turns
    paid: float = 0
    out: float = 0

    @property
    def cost(self) -> float:
        """What all of it cost."""
        return self.root_cost + self.agent_cost


class Increase(NamedTuple):
    """A difference in nano-dollars and its parts in the order of DRIVERS, which sum exactly."""

    amount: int
    parts: tuple[int, ...]


def together(uses: Iterable[Use], share: float = 1.0) -> Use:
    """The sum of several, times `share`: 0.5 of two days is their mean."""
    return Use._make(share * sum(column) for column in zip(Use(), *uses, strict=True))


def of_turn(spend: Spend, step: BookedTurn, *, retry: bool) -> Use:
    """One call of the root agent against the one before it."""
    tokens, rates, cost = spend.call.tokens, spend.rates, spend.cost or 0
    unit = (
        cost * 1000 / max(1, tokens.input + 5 * tokens.output)
    )  # without rates: output is worth 5
    read, paid, out = (unit, unit, 5 * unit)
    if rates is not None:
        written = rates.cache_write_1h if tokens.cache_write_1h else rates.cache_write
        read, paid, out = (
            rates.cache_read,
            written if tokens.cache_write else rates.input,
            rates.output,
        )
    new = step.context if step.growth is None else max(0, step.growth)
    return Use(
        turns=1, retries=retry, carried=step.carried, missed=step.missed, new=new,
        output=tokens.output, root_cost=cost, read=read, paid=paid, out=out,
    )  # fmt: skip


def split(now: Use, usual: Use, amount: int) -> Increase:
    """By what `now` cost so much more (or less) than `usual`: `amount`, the int difference."""
    prices = _prices(usual if usual.turns else now)
    actual, reference = _factors(now, prices), _factors(usual, prices)
    new = [a if a is not None else b for a, b in zip(actual, reference, strict=True)]
    old = [b if b is not None else a for a, b in zip(actual, reference, strict=True)]

    def cost(factors: Sequence[float]) -> float:
        return _form(factors, prices)

    whole = shapley.shares(cost, [one or 0.0 for one in old], [one or 0.0 for one in new])
    return Increase(amount, tuple(shapley.exact(whole, amount)))


_Prices = tuple[float, float, float]  # pico-dollars: read, paid, out


def _prices(use: Use) -> _Prices:
    turns = use.turns or 1
    return use.read / turns, use.paid / turns, use.out / turns


def _form(factors: Sequence[float], prices: _Prices) -> float:
    pieces, length, retries, model, context, missed, new, output, agents = factors
    read, paid, out = prices
    turn = context * ((1 - missed) * read + missed * paid) + new * paid + output * out
    return pieces * (length * (1 + retries) * model * turn / 1000 + agents)


def _factors(use: Use, prices: _Prices) -> list[float | None]:
    """The drivers of one side; None where it had nothing to tell them by."""
    work = use.turns - use.retries
    if not use.pieces:
        return [0.0, *[None] * 8]
    if work <= 0:
        return [use.pieces, 0.0, *[None] * 6, use.agent_cost / use.pieces]
    plain = [
        use.pieces,
        work / use.pieces,
        use.retries / work,
        1.0,
        use.carried / use.turns,
        use.missed / use.carried if use.carried else 0.0,
        use.new / use.turns,
        use.output / use.turns,
        0.0,
    ]
    form = _form(plain, prices)
    model = use.root_cost / form if form else 1.0
    return [*plain[:MODEL], model, *plain[CONTEXT:SUBAGENTS], use.agent_cost / use.pieces]
