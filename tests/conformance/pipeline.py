"""The whole way, as a user goes it: log files in a home, `costtop scan`, `costtop report --json`.

Nothing here parses a log or knows a price. Every test has a home of its own (tests/conftest.py), so
these functions find it in the environment, as costtop does.
"""

import io
import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

from costtop import paths
from costtop.cli.main import main
from tests.sources.lines import joined

VIEWS = (
    "total", "day", "week", "month", "session", "feature", "model", "user", "task", "project",
    "source", "host",
)  # fmt: skip
CLAUDE = ".claude/projects/-home-ana-shop"
CODEX = ".codex/sessions/2026/11/20"
SPOOL = "costtop/spool"


def home() -> Path:
    return Path(os.environ["HOME"])


def append(path: str, *rows: Any) -> Path:
    """Adds lines to the file at `path` below the home: dicts as JSON, text and bytes as given."""
    file = home() / path
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(file, "ab") as log:
        log.write(joined(rows))
    return file


def age(file: Path, hour: int) -> None:
    """Dates a file to that hour of 2026-11-20: an older file owns what a younger one copied."""
    at = 1_795_132_800 + hour * 3600
    os.utime(file, (at, at))


def run(*arguments: str) -> str:
    """What the command prints; it must succeed."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = main(list(arguments))
    assert code == 0, (arguments, code)
    return printed.getvalue()


def scan() -> dict[str, int]:
    """The counts of one scan."""
    counts: dict[str, int] = json.loads(run("scan", "--json"))
    return counts


def report(by: str = "session", *more: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(run("report", "--by", by, "--json", *more))
    return tree


def total(*more: str) -> dict[str, Any]:
    """The total of a report, after a scan."""
    scan()
    row: dict[str, Any] = report("total", *more)["total"]
    return row


def usd(*more: str) -> str:
    """The total in dollars, without trailing zeros; with "≥" where a price is missing."""
    row = total(*more)
    return ("≥" if row["floor"] else "") + short(row["cost_usd"])


def short(amount: str) -> str:
    return amount.rstrip("0").rstrip(".")


def tokens(row: dict[str, Any]) -> tuple[int, int, int, int, int]:
    """(input, cache read, cache write, of it for an hour, output) of a report's row."""
    names = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
    read, *rest = (int(row[f"{name}_tokens"]) for name in names)
    return (read, rest[0], rest[1], rest[2], rest[3])


def spread(by: str = "session") -> dict[str, tuple[str, int]]:
    """{key: (dollars, calls)} by that view, after a scan."""
    scan()
    return {row["key"]: (short(row["cost_usd"]), row["calls"]) for row in report(by)["rows"]}


def explain(session: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(run("explain", session, "--json"))
    return tree


def by_agent(session: str) -> dict[str, str]:
    """{agent: dollars} of a session, the root agent under "", from `costtop explain`."""
    sums: dict[str, int] = {}
    for call in explain(session)["calls"]:
        agent = call["agent"] or ""
        whole, _, part = call["cost_usd"].partition(".")
        sums[agent] = sums.get(agent, 0) + int(whole + part)
    return {agent: f"{nanos / 1e9:.9f}".rstrip("0") for agent, nanos in sums.items()}


def ask(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{paths.find().database}?mode=ro", uri=True)) as db:
        return db.execute(query, values).fetchall()


def bad() -> list[tuple[int, str]]:
    """(offset, reason) of every record that could not be read."""
    return [(row[0], row[1]) for row in ask("SELECT offset, reason FROM bad_records ORDER BY 1")]


def agree(views: Iterable[str] = VIEWS) -> tuple[str, int, int]:
    """(dollars, calls, tokens) of the whole store, the same by every view, to the nano-dollar."""
    found = set()
    for by in views:
        tree = report(by)
        for rows in (tree["rows"], [tree["total"]]):
            nanos = sum(int(row["cost_usd"].replace(".", "")) for row in rows)
            counted = sum(row["calls"] for row in rows)
            used = sum(row["input_tokens"] + row["output_tokens"] for row in rows)
            found.add((nanos, counted, used))
    assert len(found) == 1, found
    nanos, counted, used = found.pop()
    return short(f"{nanos // 10**9}.{nanos % 10**9:09d}"), counted, used
