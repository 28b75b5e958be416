"""What `costtop review` says to people: its table and its sentences, whatever writes them."""

from collections.abc import Sequence
from datetime import datetime

from costtop import periods
from costtop.analysis.caching import Caching
from costtop.analysis.dearer import Verdict
from costtop.analysis.usage import SpendChange
from costtop.cli.tables import plain
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import review_words
from costtop.queries.spending.review import Review, ReviewLine
from costtop.shown import currency

Cells = tuple[str, ...]
HEAD = (
    *("FEATURE", "SPENT $", "SHARE", "SESSIONS", "TASKS"),
    *("$/TASK", "LOST", "LOST $", "TOP 5 %", "RETRIES"),
)


class FeatureTrend(NamedTuple):
    """Whether one feature's work gets dearer, in words."""

    feature: str
    verdict: Verdict
    said: tuple[str, ...]  # the verdict with its numbers; what it rests on


class ReviewTable(NamedTuple):
    """A review laid out; of `rows` the last is all of it."""

    head: Cells
    rows: Sequence[Cells]
    right: frozenset[int]  # columns of numbers
    trends: Sequence[FeatureTrend]
    said: Sequence[str]  # of everything together
    span: str
    note: str  # what is billed of it, where there is a plan

    def text(self) -> str:
        """As plain text."""
        parts = [plain(self.head, self.rows, self.right), "", "Does work get dearer?"]
        for one in self.trends:
            first, *more = one.said
            parts += [f"  {one.feature}: {first}", *(f"    {each}" for each in more)]
        parts += ["", *self.said]
        return "\n".join((*parts, "", self.note) if self.note else parts)


def laid(found: Review, note: str = "", defined: str = "") -> ReviewTable:
    """The review for people; `note` is what is billed of it, `defined` what completes a task."""
    return ReviewTable(
        head=tuple(map(currency.headed, HEAD)),
        rows=[_row(line) for line in (*found.lines, found.whole)],
        right=frozenset(range(1, len(HEAD))),
        trends=[_trend(line) for line in found.lines],
        said=(*_sentences(found), *([defined] if defined else [])),
        span=_span(found),
        note=note,
    )


def _trend(line: ReviewLine) -> FeatureTrend:
    first, _, more = review_words.trend(line).partition("; ")
    return FeatureTrend(line.feature, line.verdict, (first, more) if more else (first,))


def _sentences(found: Review) -> list[str]:
    whole = found.whole
    then = review_words.compared(found)
    why = review_words.step(found.step, then) or "not enough sessions to say"
    spread = whole.spread
    uneven = "not enough sessions"
    if spread is not None:
        more = ", more uneven" if spread.uneven else ""
        uneven = f"{spread.ratio:.1f}x the spread of before (p {spread.p:.3f}){more}"
    change = whole.change
    return [
        f"Since {_day(found.recent, found.zone)}: {why}.",
        f"Spend against use: {_signed(change.spend)}, of it {_used(change)}."
        + (" Spend rose, tasks did not." if change.idle else ""),
        f"Mix of models: {review_words.mixed(found.mix, steady=found.steady)}.",
        f"Sessions' costs: {uneven}.",
        f"Cache: saved {currency.amount(whole.caching.saved)}; {_hour(whole.caching)}.",
    ]


def _span(found: Review) -> str:
    tz = periods.zone(found.zone)
    first, last = (periods.key("day", at, tz) for at in (found.since, found.until - 1))
    return f"{first} to {last} ({found.zone})"


def _day(at: int, zone: str) -> str:
    """A moment as a local day, with its time where it is no midnight: "21 Nov from 10:25"."""
    tz = periods.zone(zone)
    name = datetime.fromtimestamp(at // 1000, tz).strftime("%-d %b")
    return f"{name} {periods.cut(periods.span('day', at, tz), at, None, tz)}".rstrip()


def _row(line: ReviewLine) -> Cells:
    each = line.work.each
    return (
        line.feature or "all",
        "?" if line.floor and not line.spend else currency.figure(line.spend, floor=line.floor),
        f"{line.share:.0%}",
        str(line.sessions),
        str(line.work.completed),
        "-" if each is None else currency.figure(each),
        str(line.work.lost),
        currency.figure(line.work.lost_cost),
        f"{line.top_share:.0%}",
        f"{line.retries / line.spend if line.spend else 0:.1%}",
    )


def _hour(found: Caching) -> str:
    pays = found.hour_pays
    verdict = "saved" if pays > 0 else "cost"
    return (
        f"pauses cost {currency.amount(found.lost_to_pauses)}, changed prompts"
        f" {currency.amount(found.lost_to_changes)}; an hour's cache would have {verdict}"
        f" {currency.amount(abs(pays))} in all"
    )


def _used(found: SpendChange) -> str:
    words = (
        (found.tasks, "more tasks", "fewer tasks"),
        (found.length, "longer tasks", "shorter tasks"),
        (found.price, "dearer turns", "cheaper turns"),
    )
    return ", ".join(
        f"{_signed(amount)} for {more if amount >= 0 else less}" for amount, more, less in words
    )


def _signed(amount: int) -> str:
    return f"{'-' if amount < 0 else '+'}{currency.amount(abs(amount))}"
