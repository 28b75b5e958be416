"""The day above the list: read once a minute, or as much is spent, and what the cursor lights."""

from zoneinfo import ZoneInfo

from textual.geometry import Size

from costtop import periods
from costtop.durations import MINUTE, SECOND
from costtop.queries.live.day_chart import DayChart, affordable, reached
from costtop.queries.live.view import Snapshot
from costtop.tui.draw.ink import Line, cut, line, rule
from costtop.tui.host import host_of
from costtop.tui.widgets import burn_chart, header
from costtop.tui.widgets.burn_chart import Look, rows_of
from costtop.tui.widgets.pane import Pane

_CATCHES_UP = 5 * SECOND  # between two readings while much is spent


_KEYS = (
    ("[", "accent"), (" earlier  ", "dim"), ("]", "accent"), (" later  ", "dim"),
    ("Esc", "accent"), (" now", "dim"),
)  # fmt: skip


class BurnPane(Pane):
    """The chart of the day that is shown, or its strip where the window is low."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._day, self._look = DayChart(), Look("UTC", 0)
        self._read_of = -1  # minute of the day that was asked for
        self._read_at = 0  # and when, ms
        self._kept: int | None = None
        self._key = ""  # the session that is lit
        self._drawn: object = None
        self._picture: list[Line] = []
        self._today, self._peak = 0, 0.0  # what had been spent when the day was read; its peak
        self._summed: tuple[tuple[DayChart, int, int], Line] = ((self._day, 0, 0), ())

    def about(self, key: str, kept: int | None = None) -> None:
        """Shows the day of the app's snapshot, with the session "source/session" lit.

        `kept` is the rate of the sessions that a filter leaves in the list.
        """
        self._kept = kept
        size = self.screen.size
        wanted = host_of(self).settings.meters and host_of(self).snapshot.at
        if not wanted or rows_of(size) is None or header.is_tiny(size):
            self.show([])
            return
        self._ask(key)
        self._draw(size)

    def _ask(self, key: str) -> None:
        """Reads what is not known yet, in threads."""
        host, snapshot = host_of(self), host_of(self).snapshot
        until = _until(snapshot, host.at)
        anew = snapshot.at // MINUTE != self._read_of or self._is_behind(snapshot)
        if anew and snapshot.rev:
            self._read_of, self._read_at = snapshot.at // MINUTE, snapshot.at
            seen, spent = snapshot.at, snapshot.today
            host.look(
                self.screen,
                lambda: (host.backend.day_chart(until, seen), spent),
                lambda answer: self._take(*answer),
                "day",
            )
        if (anew or key != self._key) and snapshot.rev:
            if key != self._key:
                self._key = key  # the one before stays lit until this one is read: one drawing
                if not key:
                    self._look = self._look._replace(lit=())
            if key:
                host.look(
                    self.screen,
                    lambda: (key, host.backend.lit(key, until)),
                    lambda answer: self._light(*answer),
                    "lit",
                )

    def _is_behind(self, snapshot: Snapshot) -> bool:
        """Whether the picture lacks what the sums beside it have: a twentieth of the day."""
        more = snapshot.today - self._today
        return more * 20 > self._today and snapshot.at - self._read_at >= _CATCHES_UP

    def _take(self, day: DayChart, spent: int) -> None:
        host, snapshot = host_of(self), host_of(self).snapshot
        midnight = periods.start_of("day", day.until, ZoneInfo(snapshot.zone))
        budget = header.budget_of(snapshot, "day")
        past = host.at is not None
        self._day, self._today, self._peak = day, spent, burn_chart.peak_of(day)
        self._look = self._look._replace(
            zone=snapshot.zone,
            midnight=midnight,
            reached=reached(day, budget, midnight),
            fits=None if past else affordable(budget, snapshot.at),
            past=past,
            mono=host.mood.mono,
        )
        self._draw(self.screen.size)

    def _light(self, key: str, costs: tuple[int, ...]) -> None:
        if key == self._key:
            self._look = self._look._replace(lit=costs)
            self._draw(self.screen.size)

    def _draw(self, size: Size) -> None:
        """The picture when something of it changed; its title with every frame."""
        rows = rows_of(size)
        if not rows:
            snapshot = host_of(self).snapshot
            right = (*header.burn(snapshot, size.width, self._kept), *line(" "))
            if host_of(self).at is not None:
                right = (
                    *burn_chart.whole(self._day, snapshot.zone),
                    *line("  ", _KEYS[4], " now "),
                )
            self.show([cut(burn_chart.strip(self._day, self._look, right, size.width), size.width)])
            return
        drawn = (self._day, self._look, size)
        if drawn != self._drawn:
            self._drawn = drawn
            self._picture = [
                cut(one, size.width)
                for one in burn_chart.chart(self._day, size.width, rows, self._look)
            ]
        self.show([self._title(size.width), *self._picture])

    def _title(self, width: int) -> Line:
        host, snapshot = host_of(self), host_of(self).snapshot
        if host.at is not None:
            return rule(burn_chart.whole(self._day, snapshot.zone), line(*_KEYS), width)
        since = max(snapshot.today - self._today, 0)
        if self._summed[0] != (self._day, width, since):
            said = burn_chart.summary(self._day, width, self._peak, since)
            self._summed = (self._day, width, since), said
        return rule(header.burn(snapshot, width, self._kept), self._summed[1], width)


def _until(snapshot: Snapshot, at: int | None) -> int:
    """The last minute of the picture: this one, or that of a past day."""
    if at is None:
        return snapshot.at
    return periods.end_of("day", at, ZoneInfo(snapshot.zone)) - MINUTE
