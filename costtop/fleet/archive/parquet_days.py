"""A fleet's ledger as Parquet files, one a day and table. It only reads from the server.

`calls/day=2026-11-25/calls.parquet` is written beside its place and put there whole, so that a
reader never meets half a file; a day that has not changed since is left as it stands. Memory is
that of some ten thousand rows, whatever a day has.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from pyarrow import parquet

from costtop.errors import CosttopError
from costtop.fleet.archive import archive_days
from costtop.fleet.archive.archive_columns import FORM, TABLES, ArchiveTable, question
from costtop.fleet.archive.archive_days import ArchivedDay, Told

_FETCHED = 10_000  # rows at once from the server
_GROUP = 12  # fetches to a group of rows in the file
_MARK, _FORM = b"costtop.mark", b"costtop.form"
_KINDS = {
    "text": pa.string(),
    "count": pa.int64(),
    "money": pa.int64(),
    "moment": pa.timestamp("ms", tz="UTC"),
    "yes": pa.bool_(),
}


def export(
    db: psycopg.Connection, folder: Path, since: date | None, until: date | None, told: Told
) -> None:
    """Writes what has changed of the days in [since, until); `db` is in autocommit mode.

    Raises CosttopError where another export writes there or the disk takes no more, psycopg.Error:
    each file is then as it was or as it should be, and the same call goes on from there.
    """
    with _alone(folder):
        found = {one.day: one for one in archive_days.days(db, since, until)}
        for day in sorted(found.keys() | _written(folder, since, until)):
            one = found.get(day) or ArchivedDay(day, 0, 0, 0, "")
            if all(_mark(place(folder, table, day)) == one.mark for table in TABLES):
                told(one, False)
            else:
                told(_write(db, folder, day), True)


def place(folder: Path, table: ArchiveTable, day: date) -> Path:
    """Where a day of a table stands."""
    return folder / table.name / f"day={day}" / f"{table.name}.parquet"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CosttopError(f"another export writes to {folder}: let it finish") from None
    finally:
        os.close(held)


def _written(folder: Path, since: date | None, until: date | None) -> set[date]:
    """Days in [since, until) of which there is a file, whether they still have calls or not."""
    found = set()
    for table in TABLES:
        for path in folder.glob(f"{table.name}/day=*/{table.name}.parquet"):
            with suppress(ValueError):
                found.add(date.fromisoformat(path.parent.name.removeprefix("day=")))
    return {one for one in found if (not since or one >= since) and (not until or one < until)}


def _mark(path: Path) -> str | None:
    """The mark that the file was written with; None where there is none, or of another form."""
    try:
        told = parquet.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None
    return told[_MARK].decode() if told.get(_FORM) == str(FORM).encode() else None


def _write(db: psycopg.Connection, folder: Path, day: date) -> ArchivedDay:
    """Both files of a day, as one moment has it."""
    with db.transaction():
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # The plan is for all rows of a day, however long they take.
        db.execute("SET LOCAL statement_timeout = 0; SET LOCAL cursor_tuple_fraction = 1")
        one = archive_days.one_day(db, day)
        for table in TABLES:
            _write_file(db, table, place(folder, table, day), one)
    return one


def _write_file(db: psycopg.Connection, table: ArchiveTable, path: Path, one: ArchivedDay) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            _fill(db, table, file, one)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CosttopError(f"{path}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _fill(db: psycopg.Connection, table: ArchiveTable, file: Any, one: ArchivedDay) -> None:
    fields = [(each.name, _KINDS[each.kind]) for each in table.columns]
    schema = pa.schema(fields, {_MARK: one.mark.encode(), _FORM: str(FORM).encode()})
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(db, table, str(one.day), schema):
            writer.write_table(
                pa.Table.from_batches(group, schema), row_group_size=len(group) * _FETCHED
            )


def _groups(
    db: psycopg.Connection, table: ArchiveTable, day: str, schema: Any
) -> Iterator[list[Any]]:
    """The day's rows as batches of columns, some at a time."""
    with db.cursor(f"archive_{table.name}", binary=True) as cursor:
        cursor.execute(question(table, day))
        group: list[Any] = []
        while rows := cursor.fetchmany(_FETCHED):
            columns = zip(*rows, strict=True)
            arrays = [
                pa.array(each, field.type) for each, field in zip(columns, schema, strict=True)
            ]
            group.append(pa.record_batch(arrays, schema=schema))
            if len(group) == _GROUP:
                yield group
                group = []
        if group:
            yield group
