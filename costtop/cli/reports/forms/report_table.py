"""The table of `costtop report`: its cells and the notes below them, whatever writes it.

Plain text, Markdown and the page have the same ones. It asks nothing of the database.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.cli.reports import comparison
from costtop.cli.reports.columns_of_sums import COLUMNS
from costtop.cli.tables import plain
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import floor_words, report
from costtop.queries.spending.report_line import Line
from costtop.shown import currency

if TYPE_CHECKING:
    from costtop.queries.spending.report_beside import Compared

Cells = tuple[str, ...]


class Laid(NamedTuple):
    """A table with what is said of it; of `rows` the last is the total."""

    head: Cells
    rows: Sequence[Cells]
    right: frozenset[int]  # columns of numbers
    notes: Sequence[tuple[str, ...]]  # paragraphs, each of lines

    def text(self) -> str:
        """As plain text."""
        paragraphs = ("\n".join(lines) for lines in self.notes)
        return "\n\n".join((plain(self.head, self.rows, self.right), *paragraphs))


def laid(
    found: report.Report,
    shown: Sequence[str],
    beside: "Compared | None",
    said: Sequence[str] = (),
) -> Laid:
    """The report by these columns; `said` are notes that only the database knew."""
    lines, keys = (*found.lines, found.total), found.by.split(",")
    head = (*(key.upper() for key in keys), *(COLUMNS[name][0] for name in shown))
    wide = _widths(found)
    rows = [
        (*_named(line, found, wide), *(COLUMNS[name][1](line) for name in shown)) for line in lines
    ]
    if beside is not None:
        at = len(keys) + (shown[:1] == ("cost",))
        head = (*head[:at], *comparison.HEADS[beside.against], *head[at:])
        rows = [
            (*row[:at], *comparison.cells(line, beside), *row[at:])
            for row, line in zip(rows, lines, strict=True)
        ]
    if found.billing is not None:
        from costtop.cli.reports import billed_rows

        head, rows = billed_rows.headed(head), billed_rows.with_plans(found, head, rows)
        said = (*said, billed_rows.said(found))
    if beside is not None:
        said = (*said, comparison.said(beside, found.zone))
    notes = (*(tuple(one.split("\n")) for one in said), *_floors(found))
    head = tuple(map(currency.headed, head))
    return Laid(head, rows, frozenset(range(len(keys), len(head))), notes)


def _floors(found: report.Report) -> list[tuple[str, ...]]:
    if not any(line.floor for line in (*found.lines, found.total)):
        return []
    missing = floor_words.words(found.total.short, found.likely, found.unpriced_models)
    first = "≥ is a floor; missing from these sums is what is hidden in"
    return [(first, *(f"  {line}" for line in missing))]


def _widths(found: report.Report) -> tuple[int, int]:
    """Of the short ids and the sources of sessions, so that their names stand below each other."""
    every = found.about.values()
    return (
        max((len(one.short_id) for one in every), default=0),
        max((len(one.source) for one in every), default=0),
    )


def _named(line: Line, found: report.Report, wide: tuple[int, int]) -> list[str]:
    """The keys; of sessions what people type and know of them, ids and sources so wide.

    A day, week or month that the span cuts says so: "2026-11-21 from 10:15".
    """
    keys = found.by.split(",")
    if about := found.about.get(line.key):
        short, source = about.short_id.ljust(wide[0]), about.source.ljust(wide[1])
        return [f"{short}  {source}  {about.title or about.feature or about.project}".rstrip()]
    if len(line.keys) < len(keys) or line.key in ("total", report.OTHER):
        return [line.key] + [""] * (len(keys) - 1)
    tz = periods.zone(found.zone)
    return [_period(by, key, found, tz) for by, key in zip(keys, line.keys, strict=True)]


def _period(by: str, key: str, found: report.Report, tz: ZoneInfo) -> str:
    if by not in periods.CALENDAR:
        return key
    bucket = periods.Span(key, *periods.bounds(by, key, tz))
    return f"{key} {periods.cut(bucket, *report.counted(found.since, found.until), tz)}".rstrip()
