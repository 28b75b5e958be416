"""A report that was read, with what it was asked for: what each of its forms is made from."""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import report
from costtop.span_words import WordedSpan

if TYPE_CHECKING:
    from costtop.queries.spending.report_beside import Compared


class Answered(NamedTuple):
    """The answer to one `costtop report`; times are ms UTC."""

    db: sqlite3.Connection
    found: report.Report
    beside: "Compared | None"
    span: WordedSpan
    now: int
    tz: ZoneInfo
    typed: Sequence[str]  # the words of the command line

    def dates(self) -> tuple[str, str]:
        """First and last local date: those asked for, else of the first call and of today."""
        since = self.found.since
        if since is None:
            since = report.first_time(self.db)
        until = self.now if self.found.until is None else self.found.until - 1
        first = self.now if since is None else since
        return periods.key("day", first, self.tz), periods.key("day", until, self.tz)

    def said_span(self) -> str:
        """The span in words: "2026-11-01 to 2026-11-28 (Europe/Vienna)"."""
        first, last = self.dates()
        return (
            f"{first} to {last} ({self.found.zone})"
            if first != last
            else f"{first} ({self.found.zone})"
        )
