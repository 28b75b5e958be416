"""Why a day cost what it did, in one screen of plain text: for the command and for the screen."""

from zoneinfo import ZoneInfo

from costtop import periods
from costtop.analysis import increase, ledger
from costtop.analysis.increase import Increase
from costtop.queries.why.text_blocks import (
    Block,
    Rows,
    amount,
    billed,
    cut,
    largest_waste,
    signed,
    step,
    wrapped,
)
from costtop.queries.why.why_day import Risen, RisenSession, Usual, WhyDay
from costtop.shown import currency
from costtop.sum_floors import Sum
from costtop.text import clean

_WORDS = {
    increase.PIECES: ("more {}", "fewer {}"),
    increase.LENGTH: ("longer {}", "shorter {}"),
    increase.RETRIES: ("retries", "fewer retries"),
    increase.MODEL: ("dearer models", "cheaper models"),
    increase.CONTEXT: ("a larger context", "a smaller context"),
    increase.MISSES: ("cache misses", "fewer cache misses"),
    increase.CONTENT: ("more new content", "less new content"),
    increase.OUTPUT: ("longer replies", "shorter replies"),
    increase.SUBAGENTS: ("subagents", "fewer subagents"),
}
_WORTH = 0.02  # share of the day from which a driver stands in the list
_LINES = 4  # drivers


def driver(nth: int, amount: int, pieces: str) -> str:
    """A driver of an increase in words: "more tasks", "fewer retries"."""
    return _WORDS[nth][amount < 0].format(pieces)


def mostly(split: Increase | None, pieces: str) -> str:
    """The driver that moved most in the direction of the whole, "-" where none is known."""
    if split is None or not split.amount:
        return "-"
    sign = 1 if split.amount > 0 else -1
    nth = max(range(len(split.parts)), key=lambda place: sign * split.parts[place])
    return driver(nth, split.parts[nth], pieces)


def day(found: WhyDay, now: int) -> tuple[Block, ...]:
    """The answer for people, without what to do."""
    blocks = [Block(notes=(*wrapped(headline(found, now)), *_missing(found)))]
    whole = found.whole
    if whole.split is not None and whole.split.amount:
        title = f"By what: {signed(whole.split.amount)}"
        blocks.append(Block(title, (), _drivers(found, whole.split), frozenset({0})))
    head = ("COST $", "USUAL", "MORE", "MOSTLY")
    numbers = frozenset({1, 2, 3})
    if not found.feature:
        rows = tuple(_feature(one) for one in found.features)
        none = () if rows else ("no feature cost more than usual",)
        blocks.append(Block("", ("Features", *head), rows, numbers, none))
    rows = tuple(_session(one) for one in found.sessions)
    none = () if rows else ("no session cost more than a usual one",)
    blocks.append(Block("", ("Sessions", *head), rows, numbers, none))
    if found.step is not None:
        blocks.append(step(found.step, found.zone, long=_days(found) > 1))
    return tuple(blocks)


def headline(found: WhyDay, now: int) -> str:
    """What it cost against what is usual, in one sentence."""
    whole = found.whole
    who = f" of {clean(found.feature)}" if found.feature else ""
    cost = billed(whole.spent)
    so_far = " so far" if found.end > now else ""
    text = f"{titled(found)}{who}: {cost}{so_far}"
    usual = whole.usual
    if usual is None:
        return f"{text}. No day before it is known: nothing is usual yet"
    middle = currency.amount(usual.cost, floor=usual.floor)
    times = f"{whole.spent.cost / usual.cost:.1f}x " if usual.cost and cost != "$?" else ""
    return f"{text}, {times}the usual {middle} ({_of(usual)})"


def titled(found: WhyDay) -> str:
    """The span for people: "Fri 27 Nov", or "last week: Mon 16 Nov to Sun 22 Nov"."""
    tz = ZoneInfo(found.zone)
    first = periods.label("day", found.start, tz)
    last = periods.label("day", found.end - 1, tz)
    if _days(found) == 1:
        return first
    return f"{found.span.said}, {first} to {last}"


def _days(found: WhyDay) -> int:
    return len(periods.days(found.start, found.end, ZoneInfo(found.zone)))


def _of(usual: Usual) -> str:
    """Of what it is the median: "median of 6 Fridays, 3.10 to 8.90"."""
    costs = [cost for _, cost in usual.days]
    if len(costs) == 1:
        return f"the only one of {usual.name} known"
    spread = f"{currency.amount(min(costs))} to {currency.amount(max(costs))}"
    few = "only " if len(costs) < 3 else ""
    return f"median of {few}{len(costs)} {usual.name}, {spread}"


def _missing(found: WhyDay) -> tuple[str, ...]:
    spent = found.whole.spent
    if not spent.floor:
        return ()
    models = f": {', '.join(clean(one) for one in found.shorts)}" if found.shorts else ""
    many = ", ".join(f"{reason} {calls}" for reason, calls in spent.short.reasons())
    return (f"≥ is a floor: calls are missing from it ({many}){models}",)


def _drivers(found: WhyDay, split: Increase) -> Rows:
    """The drivers worth a line, largest first; what is left out is summed in the last one."""
    whole = found.whole
    least = _WORTH * max(whole.spent.cost, whole.spent.cost - split.amount)
    order = sorted(range(len(split.parts)), key=lambda nth: -abs(split.parts[nth]))
    shown = [nth for nth in order if abs(split.parts[nth]) >= least][:_LINES] or order[:1]
    rest = sum(split.parts[nth] for nth in order if nth not in shown)
    rows = []
    for nth in shown:
        part = split.parts[nth]
        told = _mix(found) if nth == increase.MODEL and part > 0 else counted(nth, whole)
        rows.append((signed(part), driver(nth, part, whole.pieces), told))
    return (*rows, (signed(rest), "all else", "")) if rest else tuple(rows)


def _mix(found: WhyDay) -> str:
    """Which model's share of the spend rose most."""
    one = found.model
    if one is None or one.now <= one.then:
        return ""
    return f"{clean(one.model)} {100 * one.now:.0f} % of the spend, usually {100 * one.then:.0f} %"


def counted(nth: int, whole: Risen) -> str:
    """The numbers behind a driver, where two say it: "97, usually 83"."""
    now, then = whole.now, whole.then
    if nth == increase.PIECES:
        return f"{now.pieces:g}, usually {then.pieces:g}"
    if not now.pieces or not then.pieces or not now.turns or not then.turns:
        return ""
    if nth == increase.LENGTH:
        each = [(use.turns - use.retries) / use.pieces for use in (now, then)]
        apart = ", retries apart" if now.retries or then.retries else ""
        return f"{each[0]:.1f} turns each, usually {each[1]:.1f}{apart}"
    if nth == increase.RETRIES:
        return f"{now.retries:g}, usually {then.retries:g}"
    if nth == increase.MISSES:
        shares = (100 * use.missed / max(1, use.carried) for use in (now, then))
        return "{:.0f} % of the context, usually {:.0f} %".format(*shares)
    if nth == increase.SUBAGENTS:
        spent, usual = (currency.amount(round(one.agent_cost)) for one in (now, then))
        return f"{spent}, usually {usual}"
    name = {increase.CONTEXT: "carried", increase.CONTENT: "new", increase.OUTPUT: "output"}.get(
        nth
    )
    if name is None:
        return ""
    tokens = (getattr(use, name) / use.turns for use in (now, then))
    return "{:,.0f} tokens a turn, usually {:,.0f}".format(*tokens)


def _more(more: int, spent: Sum, *, usual_floor: bool) -> str:
    known = spent.short.known(spent.cost) is not None
    sign = ("about " if usual_floor else "≥") if spent.floor else "≤" if usual_floor else ""
    return f"{sign}{'-' if more < 0 else '+'}{currency.figure(abs(more))}" if known else "?"


def _feature(one: Risen) -> tuple[str, ...]:
    usual = one.usual
    return (
        cut(one.name),
        amount(one.spent),
        "-" if usual is None else currency.figure(usual.cost, floor=usual.floor),
        _more(one.more, one.spent, usual_floor=usual is not None and usual.floor),
        mostly(one.split, one.pieces) if usual and usual.cost else "usually none",
    )


def _session(one: RisenSession) -> tuple[str, ...]:
    session = one.session
    told = "first of its kind" if one.usual is None else mostly(one.split, "sessions")
    told = "longer" if told == "longer sessions" else told
    wasted = ledger.avoidable(session.books)
    if wasted * 4 >= one.spent.cost > 0:
        told += f"; {largest_waste(session.books)}"
    return (
        cut(f"{one.id} {session.feature}"),
        amount(one.spent),
        "-" if one.usual is None else currency.figure(one.usual),
        _more(one.more, one.spent, usual_floor=False),
        told,
    )
