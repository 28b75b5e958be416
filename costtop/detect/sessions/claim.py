"""What a detector answers, and how prices of tokens are read off a call. It decides no severity."""

from typing import NamedTuple

from costtop.model import Spend

Evidence = tuple[tuple[str, str | int | float], ...]


class Verdict(NamedTuple):
    """A detector's claim about a session, true at this event; money in nano-dollars."""

    rule: str
    cause: str | None
    statistic: float  # what was measured, in the unit of `limit`
    limit: float  # the threshold it passed
    excess: int  # dollars beyond what is usual, so far
    projected: int  # the same at the session's probable end
    words: str  # the mechanism in one clause with numbers, no full stop
    learnt: int | None = None  # peers behind the threshold; None: it needs none
    since: int | None = None  # turn at which it began
    evidence: Evidence = ()


class Prices(NamedTuple):
    """Pico-dollars of a token read from the cache, newly paid on the input side, put out."""

    read: int
    paid: int
    out: int


def prices(spend: Spend) -> Prices:
    """The token prices of one call; without rates its cost is spread with output worth five."""
    tokens = spend.call.tokens
    rates = spend.rates
    if rates is None:
        units = tokens.input + 5 * tokens.output
        unit = (spend.cost or 0) * 1000 // units if units else 0
        return Prices(unit, unit, 5 * unit)
    paid = rates.input
    if tokens.cache_write:
        paid = rates.cache_write_1h if tokens.cache_write_1h else rates.cache_write
    return Prices(rates.cache_read, paid, rates.output)
