"""What `costtop report --by block` adds to JSON: when blocks begin and end, and which runs."""

from typing import Any, cast

from costtop.durations import iso
from costtop.queries.spending import hour_blocks
from costtop.queries.spending.report import Report
from costtop.queries.spending.report_line import Line


def tree(made: dict[str, object], found: Report, now: int) -> dict[str, object]:
    """The report's JSON with `block_start`, `block_end` and `active` in the rows of blocks."""
    rows = cast("list[dict[str, Any]]", made["rows"])
    return made | {
        "rows": [row | _told(line, found, now) for row, line in zip(rows, found.lines, strict=True)]
    }


def _told(line: Line, found: Report, now: int) -> dict[str, object]:
    begun = next((found.blocks[key] for key in line.keys if key in found.blocks), None)
    if begun is None:  # the rest beyond --top
        return {"block_start": None, "block_end": None, "active": False}
    end = begun + hour_blocks.LENGTH
    return {"block_start": iso(begun), "block_end": iso(end), "active": begun <= now < end}
