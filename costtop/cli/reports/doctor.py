"""`costtop doctor`: what is read, what is not, what has no price, and what to do about it."""

import argparse
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from costtop import __version__, money, paths
from costtop.cli.parser import Parser
from costtop.cli.reports.diagnosis import (
    channels,
    compiled,
    fleet_health,
    hold,
    price_age,
    shown_names,
    store_health,
    told_lines,
)
from costtop.cli.reports.diagnosis.diagnoses import ADVICE, Diagnosis
from costtop.cli.reports.diagnosis.notes import notes
from costtop.cli.tables import put, put_json
from costtop.daemon.lifecycle.instance import holder, is_free
from costtop.durations import iso, now_ms
from costtop.errors import CosttopError
from costtop.paths import Paths
from costtop.queries import doctor
from costtop.queries.spending import floor_words
from costtop.store import daemon_status
from costtop.store.db import open_reader
from costtop.store.forgetting import thinning
from costtop.world_faults import judge

_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")


def add(parser: Parser, name: str) -> None:
    """Adds `doctor`."""
    parser.says(
        "What is read, what is not, what has no price, and what to do about it. What is found has"
        " a code in brackets: docs/troubleshooting.md has a section for each.",
        "costtop doctor",
        "costtop doctor --json",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the diagnosis; 1 when something stops costtop from seeing or telling."""
    tree = diagnosis(paths.find())
    if options.json:
        put_json(tree)
    else:
        put("\n".join(told_lines.plain(tree)))
    return 1 if tree["problems"] else 0


def diagnosis(found: Paths) -> dict[str, Any]:
    """Everything as JSON-able values; `problems` are lines that say what to do.

    `diagnoses` are the same with codes, and after them what is to be known besides.
    """
    said = daemon_status.read(found.status)
    running = daemon_status.is_fresh(said, now_ms())
    problems = _of_daemon(said, found, running=running)
    tree: dict[str, Any] = {
        "schema": 1,
        "version": __version__,
        "places": {name: str(path) for name, path in found._asdict().items()},
        "daemon": {"running": running, **(said if running else {})},
        "sqlite": sqlite3.sqlite_version,
        "compiled": compiled.found(),
        "watch": {
            "state": said.get("watch") or ("events" if running else "off"),
            "max_user_watches": _number(_WATCHES),
            "max_user_instances": _number(_INSTANCES),
        },
        "sources": sources(found, problems),
        "unread": [],
        "unsupported": _unsupported(),
        "receiver": _receiver(found),
        "processes": {"blind": _blindness(said if running else {})},
        "gates": hold.found(found),
        **_stored(found, problems),
    }
    tree["unread"] = _unread(tree, found)
    problems += fleet_health.problems(tree["daemon"].get("fleet", {}), now_ms())
    problems += [*_open_files(found), *hold.problems(found, tree["gates"])]
    problems = list({one.said: one for one in problems}.values())  # the daemon may tell one too
    tree["problems"] = [one.said for one in problems if one.wrong]
    found_out = sorted([*problems, *notes(tree)], key=lambda one: not one.wrong)
    tree["diagnoses"] = [one.tree() for one in found_out]
    return tree


def _of_daemon(said: dict[str, Any], found: Paths, *, running: bool) -> list[Diagnosis]:
    """Whether one runs, and what it says of itself; one that was given up has no process."""
    trouble, code = str(said.get("trouble", "")), str(said.get("trouble_code", ""))
    if not running and not is_free(found.lock):
        silent = (
            f"a costtop process (pid {holder(found.lock) or '?'}) has this home and says nothing"
        )
        return [Diagnosis("daemon-silent", f"{silent} of itself: it begins, waits or hangs")]
    if not running and (said.get("pid") or not trouble):
        said_so = "no daemon is running, so nothing is read or told; start it: costtop start"
        return [Diagnosis("daemon-down", said_so)]
    if not running:
        return [Diagnosis("daemon-crashed", trouble)]
    known = code if code in ADVICE else "daemon-trouble"  # of another version
    return [Diagnosis(known, trouble)] if trouble else []


def _open_files(found: Paths) -> list[Diagnosis]:
    """What others can read or replace."""
    from costtop import config
    from costtop.daemon.lifecycle import privacy

    try:
        settings = config.load(found)
    except CosttopError:
        settings = None
    told = privacy.told(found, settings, repair=False)
    return [Diagnosis(one.code, one.trouble, one.remedy) for one in told]


def _receiver(found: Paths) -> dict[str, str] | None:
    """Where OTLP is taken and what must be sent with it; None where it is off."""
    from costtop import config
    from costtop.daemon.ingest.otlp_calls import place

    try:
        wanted = config.load(found).receive.otlp
    except CosttopError:
        return None
    return place(wanted, found.otlp_token) if wanted else None


def _unread(tree: dict[str, Any], found: Paths) -> list[dict[str, str]]:
    """Logs that nobody reads, each with the lines of config.toml that read it."""
    from costtop import config
    from costtop.daemon.ingest.log_roots import unread

    read = tree["daemon"].get("sources") or tree["sources"]  # a daemon has another environment
    listed = [one._asdict() for one in unread([one["folder"] for one in read])]
    try:
        named = config.load(found).source
    except CosttopError:
        return listed  # that is a problem of its own
    dumb = [entry for entry in named if entry.name in tree.get("dumb_sources", [])]
    why = "no record of its files is understood; the format may be another"
    return listed + [
        {
            "title": f'source "{entry.name}"',
            "folder": ", ".join(entry.paths),
            "why": why,
            "lines": f'format = "{entry.format}"',
        }
        for entry in dumb
    ]


def _stored(found: Paths, problems: list[Diagnosis]) -> dict[str, Any]:
    try:
        db = open_reader(found.database)
        facts = doctor.read(db)
    except CosttopError as error:
        if found.database.exists():
            fault = judge(error)
            problems.append(Diagnosis(fault.code if fault else "store-unusable", str(error)))
        facts = None
    tree: dict[str, Any] = {"notify": channels.found(found, facts.endpoints if facts else ())}
    problems += channels.problems(tree["notify"])
    tree["price_list"] = price_age.found(db if facts else None, now_ms())
    problems += price_age.problems(tree["price_list"])
    if facts is None:
        return tree
    tree |= shown_names.found(db, problems)
    return tree | {
        "bad_lines": [_bad(one) for one in facts.bad],
        "dumb_sources": sorted(facts.dumb),
        "half_lines": [half._asdict() for half in facts.half],
        "unpriced_models": _unpriced(facts.unpriced),
        "drift": [_drift(one) for one in facts.drift],
        "floors": _floors(facts),
        "repositories": doctor.repositories(db),
        "store": store_health.found(found.database, facts.rebuilt, thinning.size(db, now_ms())),
    }


def _bad(one: doctor.BadFile) -> dict[str, Any]:
    first = [{"offset": offset, "reason": reason} for offset, reason in one.named]
    return {"source": one.source, "file": one.file, "count": one.bad, "first": first}


def _drift(one: doctor.Drift) -> dict[str, Any]:
    return {
        "source": one.source,
        "reported_by": one.teller,
        "calls" if one.teller == "log" else "sessions": one.size,
        "computed_usd": money.exact(one.computed),
        "reported_usd": money.exact(one.reported),
        "drift_usd": money.exact(one.computed - one.reported),
    }


def _floors(facts: doctor.Findings) -> dict[str, Any]:
    return {
        "unpriced_calls": facts.short.unpriced,
        "placeholder_calls": facts.short.placeholder,
        "estimated_calls": facts.estimated,
        **facts.short.tree(),
        "likely_hidden_usd": None if facts.likely is None else money.exact(facts.likely),
        "words": floor_words.words(facts.short, facts.likely),
    }


def _unpriced(models: list[doctor.Unpriced]) -> list[dict[str, Any]]:
    if not models:
        return []
    from costtop.pricing.book import PriceBook

    book = PriceBook()
    return [
        {
            "model": one.model,
            "provider": one.provider,
            "variant": one.variant.strip("|"),
            "calls": one.calls,
            "input_tokens": one.input,
            "output_tokens": one.output,
            "last": iso(one.last),
            "why": book.why(one.provider, one.model, one.last, *_parts(one.variant)),
        }
        for one in models
    ]


def _parts(variant: str) -> tuple[str, str, str]:
    tier, speed, geo = (variant or "||").split("|")
    return tier, speed, geo


def sources(found: Paths, problems: list[Diagnosis]) -> list[dict[str, Any]]:
    """Every folder that is looked at, walked now: it works without a daemon."""
    from costtop import config
    from costtop.daemon.ingest.log_roots import roots
    from costtop.sources.registry import SOURCE
    from costtop.tail.find import find

    try:
        looked = roots(config.load(found), found)
    except CosttopError as error:
        problems.append(Diagnosis("config-wrong", str(error)))
        return []
    seen = find(looked, time.time_ns())
    counts: dict[object, int] = {}
    sizes: dict[object, int] = {}
    for file in seen.seen:
        counts[file.root] = counts.get(file.root, 0) + 1
        sizes[file.root] = sizes.get(file.root, 0) + file.size
    told = (f"{os.fsdecode(trouble.path)}: {trouble.reason}" for trouble in seen.troubles)
    problems += [Diagnosis("log-refused", line) for line in told]
    return [
        {
            "source": root.label.partition(":")[2],
            "title": SOURCE[root.label.partition(":")[0]].title,
            "folder": os.fsdecode(root.path),
            "found": os.path.isdir(root.path),
            "files": counts.get(root, 0),
            "bytes": sizes.get(root, 0),
        }
        for root in looked
    ]


def _unsupported() -> dict[str, str]:
    """Tools whose logs cannot be read honestly, and why."""
    from costtop.sources.registry import UNSUPPORTED

    return dict(UNSUPPORTED)


def _blindness(said: dict[str, Any]) -> str:
    """Why processes cannot be looked into: the daemon's word where one runs, for it does that."""
    if "blind" in said:
        return str(said["blind"])
    from costtop.processes.evidence.search import blindness

    return blindness()


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
