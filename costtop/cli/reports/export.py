"""`costtop export`: calls, sessions or days as CSV, JSON lines or Parquet."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

from costtop import paths
from costtop.cli import catching_up, csv_rows, progress
from costtop.cli.parser import Parser
from costtop.cli.progress import Watch
from costtop.cli.reports.report import flat, row_of
from costtop.cli.spans import add_span, asked
from costtop.durations import iso, now_ms
from costtop.errors import CosttopError, UsageError
from costtop.queries import export
from costtop.queries.spending import report
from costtop.store import meta

_ALWAYS = 1 << 50


def add(parser: Parser, name: str) -> None:
    """Adds `export`."""
    parser.says(
        "Calls, sessions or days as CSV, JSON lines or Parquet.",
        "costtop export calls --since 7d > calls.csv",
        "costtop export sessions last week --format jsonl",
        "costtop export days --format parquet --output days.parquet",
    )
    rows = ("calls", "sessions", "days")
    parser.add_argument("what", choices=rows, help="what a row is")
    forms, about = ("csv", "jsonl", "parquet"), "of the file (default: csv)"
    parser.add_argument("--format", choices=forms, default="csv", help=about)
    add_span(parser)
    output = "default: standard output"
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help=output)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes the rows."""
    beside = options.output is not None or not sys.stdout.isatty()  # rows are no place for a bar
    with progress.bar("exporting", "calls") if beside else nullcontext() as watch:
        _write(options, _rows(options, watch))
    return 0


def _write(options: argparse.Namespace, rows: Iterator[dict[str, Any]]) -> None:
    if options.format == "parquet":
        _parquet(list(rows), options.output)
    elif options.output:
        with open(options.output, "w", newline="", encoding="utf-8") as file:
            _text(rows, file, options.format)
    else:
        _text(rows, sys.stdout, options.format)


def _rows(options: argparse.Namespace, watch: Watch | None) -> Iterator[dict[str, Any]]:
    db = catching_up.open_fresh(paths.find())
    tz = meta.shared(db).zone
    now = now_ms()
    since, until = asked(options, now, tz)
    if options.what == "calls":
        yield from export.calls(db, since or 0, _ALWAYS if until is None else until, iso, watch)
        return
    found = report.read(db, options.what[:-1], tz, since, until, now=now)
    named = export.short_ids(db) if options.what == "sessions" else {}
    for line in found.lines:
        about = found.about.get(line.key)
        called = named.get(line.key)
        told = about._asdict() | {"id": called, "short": called} if about else {}
        yield flat(row_of(line)) | told


def _stamped(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its moments as ISO 8601, which JSON lines and Parquet have as ms."""
    moments = {name: row[name] for name in ("started", "last") if row.get(name) is not None}
    return row | {name: iso(at) for name, at in moments.items()}


def _text(rows: Iterator[dict[str, Any]], file: TextIO, form: str) -> None:
    if form == "csv":
        csv_rows.write(map(_stamped, rows), file)
        return
    file.writelines(json.dumps(row) + "\n" for row in rows)


def _parquet(rows: list[dict[str, Any]], output: Path | None) -> None:
    if output is None:
        raise UsageError("parquet is binary: name a file with --output FILE")
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise CosttopError("parquet needs pyarrow: pip install 'costtop[parquet]'") from None
    parquet.write_table(pa.Table.from_pylist(rows), output)
