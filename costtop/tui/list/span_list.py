"""The sessions of a span of time, in the list instead of the live ones of the last day."""

from costtop.durations import SECOND
from costtop.queries.live.view import SessionRow, Snapshot
from costtop.queries.sessions.spent_sessions import (
    SpentSessions,
    Within,
    bounded,
    joined,
    restriction,
)
from costtop.tui.draw.figures import bill, some
from costtop.tui.draw.ink import Line, line

LIVE = "last day"  # rolling, up to this second: what a frame shows
SPANS = (LIVE, "today", "7 days", "30 days", "month", "all")
EVERYWHERE = "all:"  # before a filter: it looks through all history
_AGAIN = 5 * SECOND  # between two readings while something changes


class SpanList:
    """Which restriction is on, and what was read of it last."""

    def __init__(self) -> None:
        self.within: Within | None = None  # None: the live list
        self._read: SpentSessions | None = None
        self._of: tuple[Within, int] | None = None  # restriction and revision that were asked for
        self._at = 0

    def step(self, by: int) -> None:
        """The next span, of the same line where the list came from one."""
        span = self.within.span if self.within else LIVE
        following = SPANS[(SPANS.index(span) + by) % len(SPANS)] if span in SPANS else LIVE
        restricted = self.within if self.within and restriction(self.within) else None
        if following == LIVE and restricted is None:
            self.show(None)
        else:
            word = "24 hours" if following == LIVE else following
            self.show((restricted or Within(word))._replace(span=word, since=None, until=None))

    def show(self, within: Within | None) -> None:
        """Another restriction, or the live list."""
        if within != self.within:
            self.within, self._read, self._of = within, None, None

    def search(self, typed: str) -> None:
        """What the filter's line asks of all history: "all:retry shop"; otherwise nothing."""
        if typed.startswith(EVERYWHERE):
            words = typed.removeprefix(EVERYWHERE).split()
            plain = tuple(word for word in words if not set('<>=~!"') & set(word))
            self.show(Within("all", words=plain))
        elif self.within is not None and self.within.words:
            self.show(None)

    def due(self, snapshot: Snapshot) -> Within | None:
        """What is to be read now, if anything is."""
        if self.within is None or not snapshot.at:
            return None
        asked = self.within, snapshot.rev
        if asked == self._of or (self._read and 0 <= snapshot.at - self._at < _AGAIN):
            return None
        self._of, self._at = asked, snapshot.at
        fixed = self.within.since is not None or self.within.until is not None
        return self.within if fixed else bounded(self.within, snapshot.at, snapshot.zone)

    def take(self, read: SpentSessions) -> None:
        """What was read; an answer to an earlier question is no use."""
        if self.within is not None and read.within.span == self.within.span:
            self._read = read

    def rows(self, snapshot: Snapshot) -> tuple[SessionRow, ...]:
        """The rows of the list."""
        if self.within is None:
            return snapshot.sessions
        if self._read is None:
            return ()
        live = {row.key: row for row in snapshot.sessions}
        return tuple(joined(row, live.get(row.key)) for row in self._read.rows)

    def said(self) -> Line:
        """Which span, how many sessions and how much; and of what line, with its part."""
        if self.within is None:
            return ()
        read, span = self._read, (f"{self.within.span}", "accent")
        if read is None:
            return line(span, (" · reading …", "dim"))
        whole = bill(read.all_spent.short.known(read.all_spent.cost), floor=read.all_spent.floor)
        parts = line(span, (f" · {some(read.all_sessions, 'session')} · {whole}", "dim"))
        if name := restriction(self.within):
            part = bill(read.spent.short.known(read.spent.cost), floor=read.spent.floor)
            parts += line((f" · {name}", "warn"), (f" ({read.sessions:,}, {part})", "text"))
        if (more := read.sessions - len(read.rows)) > 0:
            parts += line((f" · {more:,} cheaper ones not listed", "dim"))
        return parts
