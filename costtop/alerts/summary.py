"""Words the summary of a day or a week from its values. It sums and sends nothing."""

from costtop.alerts.wording import MARK, Message, plain, short_name
from costtop.money import bill, dollars
from costtop.named_tuples import NamedTuple

_DEAREST = 5
_CHANGES = 3


class Summary(NamedTuple):
    """What is to be said of a period that has ended; money in nano-dollars."""

    period: str  # for people: "Mon 23 Nov", "week 48"
    spent: int
    floor: bool  # calls without a price are missing from it
    before: int | None  # the period before it
    usual: int | None  # the median of such periods
    calls: int
    sessions: int
    tasks: int
    dearest: tuple[tuple[str, int], ...] = ()  # ("source/session", cost), dearest first
    changes: tuple[str, ...] = ()  # plain sentences of the review
    alerts: int = 0
    billed: str = ""  # beside the value, in words; "": the user pays no plan


def summary(values: Summary) -> Message:
    """The message: spend, trend, dearest sessions, what changed."""
    spent = bill(values.spent, floor=values.floor)
    trend = _trend(values)
    title = f"{MARK}digest: {plain(values.period)}, {spent}" + (f", {trend}" if trend else "")
    lines = [
        f"Spent {spent} in {values.sessions} sessions and {values.calls} calls{_per_task(values)}.",
        f"{values.billed}." if values.billed else "",
        _usual(values),
        _dearest(values),
        *(f"Changed: {change}" for change in values.changes[:_CHANGES]),
        f"costtop report --by session · {values.alerts} alerts: costtop alerts list",
    ]
    return Message(title, "\n".join(plain(line, 400) for line in lines if line), title)


def _trend(values: Summary) -> str:
    if not values.before:
        return ""
    change = round((values.spent - values.before) * 100 / values.before)
    if not change:
        return "as the one before"
    return f"{abs(change)} % {'more' if change > 0 else 'less'} than the one before"


def _per_task(values: Summary) -> str:
    if not values.tasks:
        return ""
    each = dollars(values.spent // values.tasks)
    return f", {values.tasks} tasks completed at ${each} each"


def _usual(values: Summary) -> str:
    return f"Usual is ${dollars(values.usual)}." if values.usual is not None else ""


def _dearest(values: Summary) -> str:
    named = [f"{short_name(key)} ${dollars(cost)}" for key, cost in values.dearest[:_DEAREST]]
    return f"Dearest: {', '.join(named)}." if named else ""
