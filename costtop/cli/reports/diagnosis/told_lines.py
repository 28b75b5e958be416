"""What `costtop doctor` prints for people: its facts line by line, and the codes beside them."""

from typing import Any

from costtop.cli.reports.diagnosis import (
    channels,
    compiled,
    fleet_health,
    hold,
    price_age,
    shown_names,
    store_health,
)
from costtop.cli.reports.diagnosis.diagnoses import coded
from costtop.cli.reports.diagnosis.notes import drifts
from costtop.cli.tables import count
from costtop.queries import doctor
from costtop.text import clean


def plain(tree: dict[str, Any]) -> list[str]:
    """All of it, a line each."""
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
    not_found = f"  ✗ not found: {', '.join(missing)}  (folders: costtop doctor --json)"
    lines.append(
        coded(not_found, "no-logs", found=not any(one["files"] for one in tree["sources"]))
    )
    lines.append(f"  - not supported: {', '.join(tree['unsupported'])}  (why: --json)")
    for channel in tree["daemon"].get("channels", []):
        mark = "✗" if channel["trouble"] else "✓"
        line = f"  {mark} {channel['name']:<20} {channel['said']:>12}  {channel['address']}"
        lines.append(coded(line, "listener-closed", found=channel["trouble"]))
    lines += hold.plain(tree["gates"])
    lines += [f"  {words}" for words in shown_names.words(tree)]
    if receiver := tree["receiver"]:
        lines.append(
            f"  OTLP at {receiver['address']} asks for the token in {receiver['token_file']}:"
        )
        lines.append(f"    export {receiver['set']}")
    lines += ["", *_not_read(tree), *_records(tree), *_prices(tree), *_rest(tree), ""]
    return lines + _found(tree["diagnoses"])


def _found(diagnoses: list[dict[str, Any]]) -> list[str]:
    """A line for each problem, with what to type where it does not say so itself."""
    lines = []
    for one in diagnoses:
        if one["problem"]:
            lines.append(f"! [{one['code']}] {clean(one['said'], 500)}")
            if one["do"] and one["do"] not in one["said"]:
                lines.append(f"    {clean(one['do'], 500)}")
    return lines or ["nothing is wrong"]


def _tool(source: dict[str, Any]) -> str:
    """The tool's name without which of its logs it is: "Gemini CLI, older chats"."""
    return str(source["title"]).partition(",")[0]


def _not_read(tree: dict[str, Any]) -> list[str]:
    lines = []
    for one in tree["unread"]:
        line = f"not read: {one['title']} in {clean(one['folder'], 300)}"
        lines.append(coded(line, "logs-unread"))
        lines.append(f"  {clean(one['why'], 300)}; config.toml:")
        lines += [f"    {clean(line, 500)}" for line in one["lines"].splitlines()]
    return lines


def _records(tree: dict[str, Any]) -> list[str]:
    bad = tree.get("bad_lines", [])
    unreadable = f"unreadable lines: {sum(one['count'] for one in bad)}"
    lines = [coded(unreadable, "lines-unreadable", found=bad)]
    for one in bad:
        lines.append(f"  {clean(one['file'], 300)}: {one['count']}")
        lines += [f"    byte {item['offset']}: {item['reason']}" for item in one["first"][:3]]
    half = tree.get("half_lines", [])
    waiting = f"half lines at the end of a log: {len(half)}"
    lines.append(coded(waiting, "line-half", found=half))
    return lines + [f"  {clean(one['file'], 300)}: from byte {one['offset']}" for one in half[:5]]


def _prices(tree: dict[str, Any]) -> list[str]:
    models = tree.get("unpriced_models", [])
    without = f"models without a price: {len(models)}"
    lines = [price_age.said(tree["price_list"]), coded(without, "model-unpriced", found=models)]
    for one in models:
        tokens = f"{count(one['input_tokens'])} in, {count(one['output_tokens'])} out"
        lines.append(f"  {clean(one['model'])}: {one['calls']} calls, {tokens}; {one['why']}")
    floors = tree.get("floors", {})
    guessed = floors.get("estimated_calls", 0)
    short = floors.get("floor")
    sums = f"sums are {'floors; missing is what hides in' if short else 'exact'}"
    lines.append(coded(sums, "sums-floor", found=short))
    lines += [f"  {words}" for words in floors.get("words", ())]
    lines.append(coded(f"calls with a guessed model: {guessed}", "model-guessed", found=guessed))
    return lines + [_drift_words(one) for one in tree.get("drift", [])]


def _drift_words(one: dict[str, Any]) -> str:
    of = f"{one['calls']} calls" if "calls" in one else f"{one['sessions']} sessions"
    line = (
        f"drift {one['source']}, {one['reported_by']}: computed ${one['computed_usd']}, reported"
        f" ${one['reported_usd']} over {of}: ${one['drift_usd']}"
    )
    return coded(line, "cost-drift", found=drifts(one))


def _rest(tree: dict[str, Any]) -> list[str]:
    watch, blind = tree["watch"], tree["processes"]["blind"]
    line = f"watching: {watch['state']} (inotify watches {watch['max_user_watches']})"
    lines = [coded(line, "watch-polling", found=watch["state"].startswith("polling"))]
    lines.append(clean(compiled.words(tree["compiled"]), 300))
    lines += [
        coded(channels.words_of(one), "channel-failing", found=one["state"] == "failing")
        for one in tree["notify"]
    ]
    lines += fleet_health.words_of(tree["daemon"].get("fleet", {}))
    lines += store_health.words(tree.get("store"))
    lines += map(clean, doctor.repository_words(tree.get("repositories", [])))
    return [*lines, coded(f"processes: {blind}", "processes-hidden")] if blind else lines
