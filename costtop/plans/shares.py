"""Who filled a window of a plan: its per cents, shared by the dollars that were spent meanwhile.

Between two readings every dollar of the agent counts alike. What rose while nothing was spent here
was used elsewhere: on another machine, in a browser.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from costtop.named_tuples import NamedTuple
from costtop.plans.windows import Window

_ENOUGH = 3.0  # per cents that have to be seen before one of them has a price


class PlanSpend(NamedTuple):
    """Dollars of one session within a minute (ms UTC where it begins), of the window's agent."""

    at: int
    session: int
    cost: int  # nano-dollars


class PlanShares(NamedTuple):
    """Per cents of a window by session, and those that nobody here used."""

    by_session: dict[int, float]
    elsewhere: float


def shared(window: Window, spent: Iterable[PlanSpend], price: int | None) -> PlanShares:
    """Shares a window's per cents; those of sessions and elsewhere add up to what is used.

    Before the first reading nothing tells how much was there already: what was spent here takes no
    more of that than it would by `price`, the nano-dollars of one per cent.
    """
    ends = [at for at, _ in window.steps]
    dollars: list[defaultdict[int, int]] = [defaultdict(int) for _ in ends]
    for spend in spent:
        place = bisect_left(ends, spend.at)
        if window.opened <= spend.at and place < len(ends):
            dollars[place][spend.session] += spend.cost
    found: defaultdict[int, float] = defaultdict(float)
    elsewhere, before = 0.0, 0.0
    for number, ((_, used), parts) in enumerate(zip(window.steps, dollars, strict=True)):
        gained, before = used - before, used
        whole = sum(parts.values())
        mine = gained if whole else 0.0
        if number == 0 and price:
            mine = min(mine, whole / price)
        elsewhere += gained - mine
        for session, cost in parts.items():
            found[session] += mine * cost / whole
    scale = window.used / window.top if window.top else 1.0
    by_session = {session: points * scale for session, points in found.items()}
    return PlanShares(by_session, elsewhere * scale)


def split(by_session: dict[int, float], parts: Iterable[tuple[int, str, int]]) -> dict[str, float]:
    """Per cents of sessions, by something that each of them spent for: a model, a feature.

    `parts` are (session, of what, nano-dollars) of the same time; the per cents add up to the same.
    """
    spent: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for session, name, cost in parts:
        spent[session][name] += cost
    found: defaultdict[str, float] = defaultdict(float)
    for session, points in by_session.items():
        mine = spent.get(session) or {"": 1}
        whole = sum(mine.values())
        for name, cost in mine.items():
            found[name] += points * cost / whole
    return dict(found)


def seen_points(window: Window) -> float:
    """Per cents that were seen to come: from the first reading on."""
    return window.top - window.steps[0][1]


def point_price(seen: Iterable[tuple[float, int]]) -> int | None:
    """Nano-dollars that one per cent costs, from (per cents, spent meanwhile); None: not known."""
    told = [(points, cost) for points, cost in seen if points > 0 and cost > 0]
    points, spent = sum(one for one, _ in told), sum(cost for _, cost in told)
    return round(spent / points) if points >= _ENOUGH else None


def used_since(price: int | None, spent: int) -> float | None:
    """Per cents that were likely used by what was spent after the latest reading."""
    return spent / price if price and spent > 0 else None
