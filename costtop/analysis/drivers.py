"""Why a session (or a week of them) is dearer than another: eight drivers of one closed form.

It judges nothing. Dollars = (work + retries) x price x [ bloat x carry(N) x ((1 - missed) x read +
missed x paid) + content x new(N) x paid + output x out ] + subagents, where carry(N) and new(N) are
what peers have at N turns, so that growth which comes with length belongs to the turns
(DETECTION 3.4, level B). Split by `shapley`, to the nano-dollar.
"""

from collections.abc import Callable, Iterable, Sequence

from costtop.analysis import shapley
from costtop.named_tuples import NamedTuple

DRIVERS = (
    "work_turns",
    "retries",
    "price",
    "context_bloat",
    "cache_misses",
    "new_content",
    "output",
    "subagents",
)
(WORK, RETRIES, PRICE, BLOAT, MISSES, CONTENT, OUTPUT, SUBAGENTS) = range(8)
_SHORTEST, _LONGEST, _HALVINGS = 0.05, 20.0, 24  # of a length that is looked for


class SessionUsage(NamedTuple):
    """What a session used, or many together: sums over their root agents' turns."""

    turns: int
    retries: int
    carried: int  # tokens that the request before already had
    missed: int
    prompt: int  # tokens of first prompts
    new: int  # all new tokens, prompts included
    output: int
    agent_cost: int  # nano-dollars
    root_cost: int
    sessions: int = 1


class Reference(NamedTuple):
    """What is usual: per session and turn, and the curves over a session's length."""

    turns: float
    retries: float
    missed: float  # share of carried tokens
    prompt: float  # tokens
    new: float  # tokens a turn besides the prompt
    output: float
    agent_cost: float
    prices: tuple[float, float, float]  # pico-dollars: read, paid, out
    carry: tuple[tuple[int, float], ...]  # (turns, carried tokens a turn by then), ascending


class Split(NamedTuple):
    """A difference in nano-dollars and its parts, in the order of DRIVERS; they sum exactly."""

    actual: int
    usual: int
    parts: tuple[int, ...]


def split(usage: SessionUsage, reference: Reference, usual_cost: int | None = None) -> Split:
    """The difference of one session's cost to what the reference costs, by driver.

    With `usual_cost` (nano-dollars) the difference is to that: the reference's session is made as
    long as costs so much, and what no length explains belongs to the turns.
    """
    actual = _actual(usage, reference)
    lengths: dict[float, float] = {}  # carry by turns: four values stand for all mixtures

    def cost(drivers: Sequence[float]) -> float:
        turns = drivers[WORK] + drivers[RETRIES]
        if turns not in lengths:
            lengths[turns] = carry(reference, turns)
        return _form(drivers, reference, lengths[turns])

    usual = _usual(reference, 1.0)
    if usual_cost is not None:
        usual = _usual(reference, _as_dear(reference, usual_cost, cost))
    total = usage.root_cost + usage.agent_cost
    base = round(cost(usual))
    parts = shapley.exact(shapley.shares(cost, usual, actual), total - base)
    if usual_cost is not None:
        parts[WORK] += base - usual_cost
        base = usual_cost
    return Split(total, base, tuple(parts))


def _usual(reference: Reference, length: float) -> tuple[float, ...]:
    """The reference's own drivers, at so many times its length."""
    return (
        length * reference.turns,
        length * reference.retries,
        1.0,
        1.0,
        reference.missed,
        1.0,
        reference.output,
        length * reference.agent_cost,
    )


def _as_dear(reference: Reference, wanted: int, cost: Callable[[Sequence[float]], float]) -> float:
    """The length, in times of the reference's, at which its session costs `wanted`."""
    low, high = _SHORTEST, _LONGEST
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        if cost(_usual(reference, middle)) < wanted:
            low = middle
        else:
            high = middle
    return low


def together(splits: Iterable[Split]) -> Split:
    """Many sessions' splits as one: Shapley values add up over sessions, so days do too."""
    actual = usual = 0
    parts = [0] * len(DRIVERS)
    for each in splits:
        actual += each.actual
        usual += each.usual
        parts = [one + two for one, two in zip(parts, each.parts, strict=True)]
    return Split(actual, usual, tuple(parts))


def dollars(drivers: Sequence[float], reference: Reference) -> float:
    """The closed form, in nano-dollars."""
    return _form(drivers, reference, carry(reference, drivers[WORK] + drivers[RETRIES]))


def _form(drivers: Sequence[float], reference: Reference, carried_usually: float) -> float:
    work, retries, price, bloat, missed, content, output, agents = drivers
    turns = work + retries
    if turns <= 0:
        return agents
    read, paid, out = reference.prices
    carried = bloat * carried_usually * ((1 - missed) * read + missed * paid)
    fresh = content * (reference.prompt / turns + reference.new) * paid
    return turns * price * (carried + fresh + output * out) / 1000 + agents


def carry(reference: Reference, turns: float) -> float:
    """Tokens that peers carry a turn, on average over their first `turns` turns.

    Linear between the ages that are known, and beyond the last in proportion to the length.
    """
    curve = reference.carry
    if not curve:
        return 0.0
    last_age, last = 1, 0.0
    for age, tokens in curve:
        if turns <= age:
            if age == last_age:
                return tokens
            part = max(0.0, (turns - last_age) / (age - last_age))
            return last + part * (tokens - last)
        last_age, last = age, tokens
    return last * turns / last_age


def _actual(usage: SessionUsage, reference: Reference) -> tuple[float, ...]:
    """The session's own drivers; its price is what makes the form equal its cost."""
    turns = max(1, usage.turns)
    usual_carry = carry(reference, turns)
    usual_new = reference.prompt / turns + reference.new
    bloat = usage.carried / turns / usual_carry if usual_carry > 0 else 1.0
    content = usage.new / turns / usual_new if usual_new > 0 else 1.0
    missed = usage.missed / usage.carried if usage.carried else reference.missed
    plain = [
        float(usage.turns - usage.retries),
        float(usage.retries),
        1.0,
        bloat,
        missed,
        content,
        usage.output / turns,
        0.0,
    ]
    form = dollars(plain, reference)
    plain[PRICE] = usage.root_cost / form if form > 0 else 1.0
    plain[SUBAGENTS] = float(usage.agent_cost)
    return tuple(plain)
