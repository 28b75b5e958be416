"""`costtop fleet export`: the fleet's ledger as Parquet files, a day each, for other tools."""

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import config as configuration
from costtop import money, paths
from costtop.cli import spans
from costtop.cli.fleet.owner_login import needs_driver, reached
from costtop.cli.parser import Parser
from costtop.cli.tables import put, put_json
from costtop.durations import DAY, now_ms
from costtop.errors import CosttopError, FleetError, NothingFound
from costtop.settings.fleet_settings import Login, place_of

if TYPE_CHECKING:
    from costtop.fleet.archive.archive_days import ArchivedDay, Told

_AGAIN = "what was written is whole, and the same command goes on from there"
_READER = "an export reads: [fleet] reader_url_file, made by costtop fleet grant ROLE TEAM"


def add(parser: Parser) -> None:
    """Adds `export`."""
    parser.says(
        "The fleet's calls and sessions as Parquet, a file a day, whole or not at all. Again it"
        " writes the days that have changed since, and goes on where it was stopped.",
        "costtop fleet export --parquet archive",
        "costtop fleet export --parquet archive --since 30d",
    )
    where = "the folder: calls/day=2026-11-25/calls.parquet, and sessions"
    parser.add_argument("--parquet", type=Path, metavar="DIR", required=True, help=where)
    parser.add_argument("--since", metavar="D", help="the first day, UTC: 7d, 2026-11-01")
    parser.add_argument("--until", metavar="D", help="the last day, included")
    parser.add_argument("--json", action="store_true", help="what was written, as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Writes what has changed, and says of which days."""
    done: list[tuple[ArchivedDay, bool]] = []

    def told(one: "ArchivedDay", new: bool) -> None:
        done.append((one, new))
        if new and not options.json:
            put(f"{one.day}  {one.calls:>11,} calls  ${_cost(one):>10}")

    _export(options, told)
    if not done:
        raise NothingFound("no calls that this login may read: costtop fleet grant ROLE TEAM")
    if options.json:
        put_json({"schema": 1, "folder": str(options.parquet), "days": [_row(*x) for x in done]})
        return 0
    written = sum(new for _, new in done)
    put(f"{_days(written)} written, {len(done) - written} as before: {options.parquet}")
    return 0


def _export(options: argparse.Namespace, told: "Told") -> None:
    since, until = _asked(options)
    fleet = configuration.load(paths.find()).fleet
    if fleet is None:
        raise FleetError("the configuration has no [fleet]: nothing says where its server is")
    needs_driver()
    from costtop.fleet.server_url import url_of

    try:
        from costtop.fleet.archive import parquet_days
    except ImportError:
        raise CosttopError("an archive needs pyarrow: pip install 'costtop[parquet]'") from None
    whose: Login = "reader" if any(place_of(fleet, "reader")) else "host"
    url = url_of(fleet, whose)
    try:
        with reached(url, insecure=fleet.insecure, name="costtop-export") as db:
            parquet_days.export(db, options.parquet, since, until, told)
    except FleetError as error:
        raise FleetError(f"{error}; {_AGAIN if whose == 'reader' else _READER}") from None


def _asked(options: argparse.Namespace) -> tuple[date | None, date | None]:
    """[since, until) in days UTC."""
    start, end = spans.between(options.since, options.until, now_ms(), ZoneInfo("UTC"))
    return _day(start), _day(end + DAY - 1 if end is not None else None)


def _day(at: int | None) -> date | None:
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC).date()


def _cost(one: "ArchivedDay") -> str:
    return money.dollars(one.cost, floor=bool(one.unpriced))


def _row(one: "ArchivedDay", new: bool) -> dict[str, object]:
    told = {"day": str(one.day), "calls": one.calls, "unpriced_calls": one.unpriced}
    return {**told, "cost_usd": money.exact(one.cost), "written": new}


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
