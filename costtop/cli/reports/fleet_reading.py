"""Opens a store of the fleet instead of this machine's: `--fleet` of a command that answers once.

A child process reads the server, for the driver is loaded nowhere else; what it brought is asked
like any store, and deleted when the command ends.
"""

import atexit
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from costtop import compared_spans, config
from costtop.cli import progress
from costtop.cli.spans import asked_span
from costtop.daemon.reader_settings import reader_settings
from costtop.durations import DAY, QUARTER, now_ms
from costtop.errors import FleetError
from costtop.files import private_directory
from costtop.fleet import server_url
from costtop.fleet.mirror.fleet_reader import FleetPlace, FleetReader
from costtop.paths import Paths
from costtop.queries.spending import report, sum_keys
from costtop.queries.why import why_day
from costtop.settings import fleet_settings
from costtop.span_words import WordedSpan
from costtop.store import meta
from costtop.store.db import open_reader

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser
    from costtop.cli.quick_arguments import QuickArguments
    from costtop.settings.fleet_settings import Fleet

_TOLD = ("timezone", "finished_after", "min_peers", "currency", meta.TICKETS)
_LIKE = 57 * DAY  # before a span, from which on like spans may come


def add(parser: "Parser | QuickArguments") -> None:
    """Adds `--fleet`."""
    parser.add_argument(
        "--fleet", action="store_true", help="of all machines of [fleet], not of this one"
    )


def place_of(found: Paths) -> FleetPlace:
    """Where the fleet of this instance is read; raises FleetError where none is configured."""
    told = config.load(found)
    if told.fleet is None:
        raise FleetError(
            f"no fleet is configured: [fleet] with reader_url_file in {found.config};"
            " see docs/fleet.md"
        )
    values = reader_settings(told)
    return FleetPlace(
        _url(told.fleet), told.fleet.insecure, {key: values[key] for key in _TOLD if key in values}
    )


def _url(fleet: "Fleet") -> str:
    """That of a reader; an operator and a steward may read as well."""
    for whose in ("reader", "operator", "steward"):
        if any(fleet_settings.place_of(fleet, whose)):
            return server_url.url_of(fleet, whose)
    return server_url.url_of(fleet, "reader")


def live(found: Paths) -> sqlite3.Connection:
    """The fleet as it stands now: what a live screen shows."""
    place = place_of(found)
    path = picture_path(found, place)
    with FleetReader(place, path) as reader:
        _ask(reader, {"pull": "whole"})
        return open_reader(path)


def picture_path(found: Paths, place: FleetPlace) -> Path:
    """Where the picture of a fleet is kept: of each server and login its own."""
    told = f"{place.url.partition('?')[0]} {place.told['timezone']}"
    name = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    return private_directory(found.fleet) / f"{name}.db"


def of_report(found: Paths, options: "argparse.Namespace") -> sqlite3.Connection:
    """What a report needs: the sums of its span, and of what it is compared with."""
    place = place_of(found)
    tz, now = ZoneInfo(options.tz or place.told["timezone"]), now_ms()
    span = asked_span(options, now, tz)
    since, until = report.counted(span.start, span.end)
    fields = {*options.by.split(","), *(key for key, given in vars(options).items() if given)}
    fine = sum_keys.QUARTERLY & fields or options.against
    asked: dict[str, Any] = {"zone": "" if fine else tz.key}
    if (sum_keys.SHARED | sum_keys.ATTRIBUTED) & fields:
        asked["calls"] = [(since or 0, until or now + DAY)]
    if options.against == "before" and since is not None:
        since = compared_spans.before(span, now, tz)[0]
    elif options.against and since is not None:
        since -= _LIKE
    return _brought(found, {**asked, "sums": [(since, until)]}, place)


def of_day(found: Paths, span: WordedSpan, now: int, feature: str) -> sqlite3.Connection:
    """What `why` needs of a span: the sums of spans like it, and calls of it and of a usual one."""
    place = place_of(found)
    tz = ZoneInfo(place.told["timezone"])
    start, end = compared_spans.so_far(span, now)
    end = -(-end // QUARTER) * QUARTER
    with FleetReader(place, _folder(found) / "span.db") as reader:
        first = _ask(reader, {"first": True})
        like = compared_spans.like(start, end, tz, first) if first else None
        spans = [*(like.spans if like else ()), (start, end)]
        _ask(reader, {"sums": spans})
        with closing(open_reader(reader.path)) as db:
            told = why_day.read(db, span, now, tz, feature)
        usual = [one.usual for one in (told.whole, *told.features) if one.usual]
        middle = {each for one in usual for each in one.middle}
        _ask(reader, {"calls": sorted({*middle, (start, end)})})
        return open_reader(reader.path)


def of_session(found: Paths, typed: str) -> sqlite3.Connection:
    """The sessions that may be meant by what was typed; where it is one, with all its calls."""
    return _brought(found, {"session": typed}, place_of(found))


def zone(found: Paths) -> ZoneInfo:
    """The zone of days, as the configuration has it."""
    return ZoneInfo(place_of(found).told["timezone"])


def _brought(found: Paths, asked: Mapping[str, Any], place: FleetPlace) -> sqlite3.Connection:
    with FleetReader(place, _folder(found) / "span.db") as reader:
        _ask(reader, asked)
        return open_reader(reader.path)


def _ask(reader: FleetReader, asked: Mapping[str, Any]) -> int:
    with progress.bar("reading the fleet", "steps") as watch:
        return reader.ask(asked, watch or (lambda done, of: None))


def _folder(found: Paths) -> Path:
    """A folder of this command's own, which goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="asked-", dir=private_directory(found.fleet)))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
