"""The burn of a day as the picture of the screen: a chart with axes, or one line where it is low.

Layers from below: the session under the cursor, lit; the rest, brighter the higher; what was
flagged, in red. Buckets stand on the clock, so a minute changes the last column only. The scale is
a root, so that a runaway does not flatten the day. Pictures from a `DayChart`.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from costtop.durations import DAY, HOUR, MINUTE
from costtop.money import NANO
from costtop.named_tuples import NamedTuple
from costtop.queries.live.day_chart import MINUTES, DayChart, Reached
from costtop.shown import currency
from costtop.tui.draw.figures import bill, cash, clock
from costtop.tui.draw.ink import Extent, Line, Span, joined, line, spread
from costtop.tui.draw.spark import BARS

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_BUCKETS = (5, 6, 8, 10, 12, 15, 20, 24, 30, 60)  # minutes a column
_LABELS = (1000, 500, 250, 100, 50, 25, 10, 5, 2, 1)  # an hour
_LEFT = 7  # cells of labels and axis
_RIGHT = {False: 10, True: 12}  # cells right of the plot, by whether there is much room
_WIDE = 160
_STRIP = 48  # half hours
_FROM = ((50, 10), (30, 5), (20, 0))  # lines of the window, rows of the plot; 0: one line of bars
_NARROW = 80  # cells below which there is no chart
_SIGNS = {"alert": ("▲", "warn"), "kill": ("✕", "bad")}


class Look(NamedTuple):
    """What the picture needs besides the day."""

    zone: str
    midnight: int  # when the day began, ms UTC
    reached: tuple[Reached, ...] = ()
    fits: int | None = None  # nano-dollars an hour that the rest of the budget allows
    lit: tuple[int, ...] = ()  # cost by minute of the session under the cursor
    past: bool = False
    mono: bool = False


class _Bucket(NamedTuple):
    """One column: which minutes it is of, [first, end), and dollars an hour from below."""

    first: int
    end: int
    calm: float  # all but what was flagged
    whole: float


class _Column(NamedTuple):
    """The same as it is drawn, in eighths of a row from the bottom."""

    lit: int
    calm: int
    whole: int


def rows_of(size: Extent) -> int | None:
    """Rows of the plot in such a window; 0 where one line of bars has room, None for nothing."""
    rows = next((rows for least, rows in _FROM if size.height >= least), None)
    return 0 if rows and size.width < _NARROW else rows


def chart(day: DayChart, width: int, height: int, look: Look) -> list[Line]:
    """`height` lines of plot, the axis with its marks, and the hours."""
    plot = _plotted(day, width, height, look._replace(lit=()))
    lit = plot.lit(look.lit)
    return [*(plot.row(n, lit) for n in range(height - 1, -1, -1)), *plot.below]


def _per(width: int) -> int:
    """Minutes a column: the finest that fits a day."""
    room = width - _LEFT - _RIGHT[width >= _WIDE]
    return next((per for per in _BUCKETS if MINUTES // per <= room), _BUCKETS[-1])


def _buckets(day: DayChart, per: int, midnight: int) -> list[_Bucket]:
    """MINUTES / per of them; they end at whole buckets of the clock, the last one is under way."""
    if not day.costs:
        return []
    rest = (day.until - midnight) // MINUTE % per + 1
    found = []
    for nth in range(MINUTES // per - 1, -1, -1):
        end = MINUTES - rest - (nth - 1) * per if nth else MINUTES
        first = max(MINUTES - rest - nth * per, 0)
        hours = _hours(first, end)
        cost, flagged = sum(day.costs[first:end]), sum(day.flagged[first:end])
        found.append(_Bucket(first, end, (cost - flagged) / hours, cost / hours))
    return found


def _hours(first: int, end: int) -> float:
    """Of so many minutes, in hours of a nano-dollar: costs over it are dollars an hour."""
    return NANO * (end - first) / 60


class _Plot:
    """One chart with nothing lit, and where things stand in it."""

    def __init__(self, day: DayChart, width: int, height: int, look: Look) -> None:
        self.day, self.look, self.height, self.per = day, look, height, _per(width)
        self.count, self.wide = MINUTES // self.per, width >= _WIDE
        self.buckets = _buckets(day, self.per, look.midnight)
        self.top = max((one.whole for one in self.buckets), default=0.0) * 1.02 or 1.0
        self.columns = [
            _Column(0, self.eighths(one.calm), self.eighths(one.whole)) for one in self.buckets
        ]
        self.labels = self._labelled()
        self.uprights = self._uprights()
        self.cells = [self._unlit(number) for number in range(height)]
        self.rows = [self._line(number, cells) for number, cells in enumerate(self.cells)]
        self.below = self.axis(), self.hours()

    def lit(self, costs: Sequence[int]) -> dict[int, int]:
        """Eighths by column of the session whose costs by minute these are."""
        found = {}
        for nth, bucket in enumerate(self.buckets if any(costs) else ()):
            if cost := sum(costs[bucket.first : bucket.end]):
                high = self.eighths(cost / _hours(bucket.first, bucket.end))
                found[nth] = min(high, self.columns[nth].calm)
        return found

    def tall(self, rate: float) -> float:
        """Rows that so many dollars an hour take."""
        return math.sqrt(max(rate, 0.0) / self.top) * self.height

    def eighths(self, rate: float) -> int:
        """Eighths of a row that so many dollars an hour take: whatever is spent is seen."""
        return max(round(self.tall(rate) * 8), int(rate > 0))

    def column(self, at: int) -> int | None:
        """The column of a moment, None where it is not in the day that is shown."""
        minute = (at - self.look.midnight) // MINUTE // self.per
        last = (self.day.until - self.look.midnight) // MINUTE // self.per
        column = self.count - 1 - (last - minute)
        return column if 0 <= column < self.count else None

    def _labelled(self) -> dict[int, int]:
        """Round sums an hour, as they are shown, by the row that they stand in, two rows apart."""
        labels: dict[int, int] = {}
        of_dollar = currency.shown().rate / NANO
        for rate in _LABELS:
            row = round(self.tall(rate / of_dollar))
            if rate / of_dollar < self.top and not {row - 1, row, row + 1} & {0, *labels}:
                labels[row] = rate
        return labels

    def _uprights(self) -> dict[int, str]:
        """Words by column: midnight, and when tiers of the budget were reached."""
        words: dict[int, str] = {}
        if not self.look.past and (column := self.column(self.look.midnight)) is not None:
            words[column] = "00:00"
        for at, tier in self.look.reached:
            if (column := self.column(at)) is not None:
                words[column] = f"{tier} %"
        return words

    def row(self, number: int, lit: Mapping[int, int]) -> Line:
        """One line of the plot; row 0 is the lowest."""
        reached = {column: high for column, high in lit.items() if high > number * 8}
        if not reached:
            return self.rows[number]
        cells, heat = self.cells[number].copy(), self._heat(number)
        for column, high in reached.items():
            one = self.columns[column]._replace(lit=high)
            cells[column] = self._cell(_above(one, number * 8), heat)
        return self._line(number, cells)

    def _heat(self, number: int) -> str:
        level = min(1 + round(number / max(self.height - 1, 1) * 5), 6)
        return "dim" if self.look.past else f"h{level}"

    def _fits(self, number: int) -> bool:
        """Whether what still fits the budget is a line in this row."""
        return self.look.fits is not None and number == int(self.tall(self.look.fits / NANO))

    def _unlit(self, number: int) -> list[Span]:
        """The cells of a row."""
        fits, floor, heat = self._fits(number), number * 8, self._heat(number)
        free, upright = Span("┈", "dim") if fits else Span(" ", "rule"), Span("┊", "rule")
        full = None if self.look.mono else Span("█", f"{heat}/{heat}")
        cells = [
            (full if full and one.calm - floor >= 8 else self._cell(_above(one, floor), heat))
            if one.whole > floor
            else upright
            if c in self.uprights and not fits
            else free
            for c, one in enumerate(self.columns)
        ]
        if number == self.height - 1:
            _write(cells, self.uprights)
        return cells

    def _line(self, number: int, cells: Sequence[Span]) -> Line:
        value, fits = self.labels.get(number + 1), self._fits(number)
        sign = currency.shown().mark
        label = f"{f'{sign}{value}' if value else '':>5} "
        left = line((label, "dim"), ("┤" if value else "│", "rule"))
        return (*left, *joined(cells), *(self._affordable() if fits else ()))

    def _affordable(self) -> Line:
        assert self.look.fits is not None
        amount = cash(self.look.fits, width=4, places=1) + ("/h" if self.wide else "")
        return line(("┈", "dim"), (f"{amount} ", "text"), ("fits", "dim"))

    def _cell(self, part: _Column, heat: str) -> Span:
        """One cell that something reaches, of which the layers take so many eighths."""
        lit, calm, whole = part
        if self.look.mono:
            texture = "▒" if whole - calm > calm else "░" if lit > 3 else _EIGHTHS[whole]
            return Span(texture)
        if calm < whole == 8:
            return Span(_EIGHTHS[calm] if calm > 0 else "█", f"{heat}/bad" if calm > 0 else "bad")
        if whole - calm > calm:
            return Span(_EIGHTHS[whole], "bad")
        if 0 < lit < 8 == calm:
            return Span(_EIGHTHS[lit], f"lit/{heat}")
        ink = "lit" if lit * 2 > calm else heat
        # A full cell has one ink before and behind, so that no font leaves gaps.
        return Span(_EIGHTHS[whole], f"{ink}/{ink}" if whole == 8 else ink)

    def axis(self) -> Line:
        """The axis with a tick at the hours, and alerts and kills."""
        cells = [Span("─", "rule")] * self.count
        for column in self._hours():
            cells[column] = Span("┴", "rule")
        for at, kind in self.day.marks:
            where = self.column(at)
            if where is not None:
                cells[where] = Span(*_SIGNS[kind])
        end = " 24:00" if self.look.past else " now"
        return (
            *line((f"   {currency.shown().mark}0 ", "dim"), ("└", "rule")),
            *joined(cells),
            Span(end, "dim"),
        )

    def hours(self) -> Line:
        """The clock below the axis."""
        names = [" "] * (self.count + 6)
        for column, hour in self._hours().items():
            if column + 5 <= len(names):
                names[column : column + 5] = hour
        return (Span(" " * _LEFT + "".join(names)[: self.count + 6], "dim"),)

    def _hours(self) -> Mapping[int, str]:
        """The clock's even or third hours by column."""
        step = 2 if self.per <= 8 else 3
        found = {}
        first = self.look.midnight - DAY
        for hour in range(0, 49, step):
            at = first + hour * HOUR
            if (column := self.column(at)) is not None:
                found[column] = clock(at, self.look.zone, "%H:%M")
        return found


_plotted = lru_cache(maxsize=4)(_Plot)


def _above(one: _Column, floor: int) -> _Column:
    """What of a column stands in the row that begins at so many eighths."""
    return _Column(*(min(max(high - floor, 0), 8) for high in one))


def _write(cells: list[Span], words: Mapping[int, str]) -> None:
    """Puts each word beside its upright where nothing else is drawn."""
    for column, word in words.items():
        room = cells[column : column + len(word) + 1]
        if len(room) == len(word) + 1 and all(cell.text in " ┊" for cell in room):
            cells[column + 1 : column + 1 + len(word)] = [Span(letter, "dim") for letter in word]


def strip(day: DayChart, look: Look, right: Line, width: int) -> Line:
    """The same day in one line of bars."""
    buckets = _buckets(day, MINUTES // _STRIP, look.midnight)
    top = max((one.whole for one in buckets), default=0.0) or 1.0
    bars = [_bar(one, top) for one in buckets[-max(width - 40, 10) :]]
    return spread((Span("   24h ", "dim"), *joined(bars)), right, width)


def _bar(one: _Bucket, top: float) -> Span:
    if one.whole <= 0:
        return Span(" ")
    level = min(max(round(math.sqrt(one.whole / top) * 6), 0), 6)
    flagged = one.whole - one.calm > one.whole / 2
    return Span(BARS[level], "bad" if flagged else f"h{1 + min(level, 5)}")


def whole(day: DayChart, zone: str) -> Line:
    """The title of a past day: which, its sum, how often it was alerted and killed."""
    name = clock(day.until, zone, "%a %b %d") if day.until else ""
    parts = line((f"{name} ", "text"), (f"{bill(day.cost)}", "strong"))
    for kind, (sign, ink) in _SIGNS.items():
        if count := sum(mark.kind == kind for mark in day.marks):
            parts += line((f"  {sign}", ink), (f" {count} {kind}{'s' if count > 1 else ''}", "dim"))
    return parts


def peak_of(day: DayChart) -> float:
    """The most that was spent, in dollars an hour, of five minutes."""
    return max((one.whole for one in _buckets(day, 5, 0)), default=0.0)


def summary(day: DayChart, width: int, peak: float, since: int = 0) -> Line:
    """The sums beside the title of the chart; `since` is what was spent after it was read."""
    parts = line(("24 h ", "dim"), (f"{bill(day.cost + since)}", "text"))
    flagged = sum(day.flagged)
    if flagged and width >= 110:
        parts += line(("   flagged ", "dim"), (f"{bill(flagged)}", "bad"))
    parts += line(("   peak ", "dim"), (f"{bill(round(peak * NANO), width=6)}/h", "text"))
    if width >= 100:
        parts += line(("   ▲", "warn"), (" alert  ", "dim"), ("✕", "bad"), (" kill", "dim"))
    return parts
