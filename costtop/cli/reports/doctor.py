"""`costtop doctor`: what is read, what is not, what has no price, and what to do about it."""

import argparse
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from costtop import __version__, money, paths
from costtop.cli.parser import Parser
from costtop.cli.reports import channels, hold, price_age, shown_names, store_health
from costtop.cli.tables import count, put, put_json
from costtop.durations import iso, now_ms
from costtop.errors import CosttopError
from costtop.paths import Paths
from costtop.queries import doctor
from costtop.queries.spending import hidden
from costtop.store import daemon_status
from costtop.store.db import open_reader
from costtop.store.forgetting import thinning
from costtop.text import clean

_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")
_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")


def add(parser: Parser, name: str) -> None:
    """Adds `doctor`."""
    parser.says(
        "What is read, what is not, what has no price, and what to do about it.",
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
        put("\n".join(_plain(tree)))
    return 1 if tree["problems"] else 0


def diagnosis(found: Paths) -> dict[str, Any]:
    """Everything as JSON-able values; `problems` are lines that say what to do."""
    said = daemon_status.read(found.status)
    running = daemon_status.is_fresh(said, now_ms())
    problems: list[str] = []
    if not running:
        none = "no daemon is running, so nothing is read or told; start it: costtop start"
        problems.append(str(said.get("trouble") or none))
    elif said.get("trouble"):
        problems.append(str(said["trouble"]))
    tree: dict[str, Any] = {
        "schema": 1,
        "version": __version__,
        "places": {name: str(path) for name, path in found._asdict().items()},
        "daemon": {"running": running, **(said if running else {})},
        "sqlite": sqlite3.sqlite_version,
        "watch": {
            "state": said.get("watch") or ("events" if running else "off"),
            "max_user_watches": _number(_WATCHES),
            "max_user_instances": _number(_INSTANCES),
        },
        "sources": _sources(found, problems),
        "unread": [],
        "unsupported": _unsupported(),
        "receiver": _receiver(found),
        "processes": {"blind": _blindness(said if running else {})},
        "gates": hold.found(found),
        **_stored(found, problems),
    }
    tree["unread"] = _unread(tree, found)
    problems += [line for line in _open_files(found) if line not in problems]
    problems += hold.problems(found, tree["gates"])
    tree["problems"] = problems
    return tree


def _open_files(found: Paths) -> list[str]:
    """What others can read or replace, one line each."""
    from costtop import config
    from costtop.daemon.lifecycle import privacy

    try:
        settings = config.load(found)
    except CosttopError:
        settings = None
    return privacy.told(found, settings, repair=False)


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


def _stored(found: Paths, problems: list[str]) -> dict[str, Any]:
    try:
        db = open_reader(found.database)
        facts = doctor.read(db)
    except CosttopError as error:
        if found.database.exists():
            problems.append(str(error))
        facts = None
    tree: dict[str, Any] = {"notify": channels.found(found, facts.endpoints if facts else ())}
    problems += channels.problems(tree["notify"])
    tree["price_list"] = price_age.found(db if facts else None, now_ms())
    problems += filter(None, [price_age.problem(tree["price_list"])])
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
        "words": hidden.words(facts.short, facts.likely),
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


def _sources(found: Paths, problems: list[str]) -> list[dict[str, Any]]:
    """Every folder that is looked at, walked now: it works without a daemon."""
    from costtop import config
    from costtop.daemon.ingest.log_roots import roots
    from costtop.sources.registry import SOURCE
    from costtop.tail.find import find

    try:
        looked = roots(config.load(found), found)
    except CosttopError as error:
        problems.append(str(error))
        return []
    seen = find(looked, time.time_ns())
    counts: dict[object, int] = {}
    for file in seen.seen:
        counts[file.root] = counts.get(file.root, 0) + 1
    told = (f"{os.fsdecode(trouble.path)}: {trouble.reason}" for trouble in seen.troubles)
    problems += [line for line in told if line not in problems]  # the daemon may tell one too
    return [
        {
            "source": root.label.partition(":")[2],
            "title": SOURCE[root.label.partition(":")[0]].title,
            "folder": os.fsdecode(root.path),
            "found": os.path.isdir(root.path),
            "files": counts.get(root, 0),
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


def _plain(tree: dict[str, Any]) -> list[str]:
    lines = [
        f"costtop {tree['version']}  SQLite {tree['sqlite']}  {tree['places']['database']}",
        "",
    ]
    lines += [
        f"  ✓ {source['title']:<20} {source['files']:>6} files  {clean(source['folder'], 200)}"
        for source in tree["sources"]
        if source["found"]
    ]
    seen = {_tool(source) for source in tree["sources"] if source["found"]}
    missing = sorted({_tool(source) for source in tree["sources"]} - seen)
    lines.append(f"  ✗ not found: {', '.join(missing)}  (folders: costtop doctor --json)")
    lines.append(f"  - not supported: {', '.join(tree['unsupported'])}  (why: --json)")
    for channel in tree["daemon"].get("channels", []):
        mark = "✗" if channel["trouble"] else "✓"
        lines.append(f"  {mark} {channel['name']:<20} {channel['said']:>12}  {channel['address']}")
    lines += hold.plain(tree["gates"])
    lines += [f"  {words}" for words in shown_names.words(tree)]
    if receiver := tree["receiver"]:
        lines.append(
            f"  OTLP at {receiver['address']} asks for the token in {receiver['token_file']}:"
        )
        lines.append(f"    export {receiver['set']}")
    lines += ["", *_not_read(tree), *_records(tree), *_prices(tree), *_rest(tree), ""]
    problems = tree["problems"]
    lines += [f"! {clean(problem, 500)}" for problem in problems] or ["nothing is wrong"]
    return lines


def _tool(source: dict[str, Any]) -> str:
    """The tool's name without which of its logs it is: "Gemini CLI, older chats"."""
    return str(source["title"]).partition(",")[0]


def _not_read(tree: dict[str, Any]) -> list[str]:
    lines = []
    for one in tree["unread"]:
        lines.append(f"not read: {one['title']} in {clean(one['folder'], 300)}")
        lines.append(f"  {clean(one['why'], 300)}; config.toml:")
        lines += [f"    {clean(line, 500)}" for line in one["lines"].splitlines()]
    return lines


def _records(tree: dict[str, Any]) -> list[str]:
    bad = tree.get("bad_lines", [])
    lines = [f"unreadable lines: {sum(one['count'] for one in bad)}"]
    for one in bad:
        lines.append(f"  {clean(one['file'], 300)}: {one['count']}")
        lines += [f"    byte {item['offset']}: {item['reason']}" for item in one["first"][:3]]
    half = tree.get("half_lines", [])
    lines.append(f"half lines at the end of a log: {len(half)}")
    return lines + [f"  {clean(one['file'], 300)}: from byte {one['offset']}" for one in half[:5]]


def _prices(tree: dict[str, Any]) -> list[str]:
    models = tree.get("unpriced_models", [])
    lines = [price_age.said(tree["price_list"]), f"models without a price: {len(models)}"]
    for one in models:
        tokens = f"{count(one['input_tokens'])} in, {count(one['output_tokens'])} out"
        lines.append(f"  {clean(one['model'])}: {one['calls']} calls, {tokens}; {one['why']}")
    floors = tree.get("floors", {})
    guessed = floors.get("estimated_calls", 0)
    lines.append(
        f"sums are {'floors; missing is what hides in' if floors.get('floor') else 'exact'}"
    )
    lines += [f"  {words}" for words in floors.get("words", ())]
    lines.append(f"calls with a guessed model: {guessed}")
    return lines + [_drift_words(one) for one in tree.get("drift", [])]


def _drift_words(one: dict[str, Any]) -> str:
    of = f"{one['calls']} calls" if "calls" in one else f"{one['sessions']} sessions"
    return (
        f"drift {one['source']}, {one['reported_by']}: computed ${one['computed_usd']}, reported"
        f" ${one['reported_usd']} over {of}: ${one['drift_usd']}"
    )


def _rest(tree: dict[str, Any]) -> list[str]:
    watch = tree["watch"]
    lines = [f"watching: {watch['state']} (inotify watches {watch['max_user_watches']})"]
    lines += map(channels.words_of, tree["notify"])
    lines += store_health.words(tree.get("store"))
    lines += map(clean, doctor.repository_words(tree.get("repositories", [])))
    if tree["processes"]["blind"]:
        lines.append(f"processes: {tree['processes']['blind']}")
    return lines
