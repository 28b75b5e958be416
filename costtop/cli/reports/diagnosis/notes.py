"""What `costtop doctor` has to be known, though it keeps costtop from nothing: by its facts."""

from collections.abc import Iterator
from typing import Any

from costtop.cli.reports.diagnosis import fleet_health
from costtop.cli.reports.diagnosis.diagnoses import Diagnosis, note

_DRIFT = 0.01  # of what was computed: below it costs differ by rounding


def notes(tree: dict[str, Any]) -> list[Diagnosis]:
    """One for each thing that the diagnosis as JSON-able values shows."""
    return [*_of_logs(tree), *_of_sums(tree), *_of_surroundings(tree)]


def _of_logs(tree: dict[str, Any]) -> Iterator[Diagnosis]:
    if tree["sources"] and not any(source["files"] for source in tree["sources"]):
        yield note("no-logs", "no logs of agents or programs were found where they are looked for")
    for one in tree["unread"]:
        yield note("logs-unread", f"{one['title']} in {one['folder']} is not read: {one['why']}")
    for one in tree.get("bad_lines", ()):
        yield note("lines-unreadable", f"{one['file']}: {one['count']} lines cannot be read")
    for one in tree.get("half_lines", ()):
        yield note("line-half", f"{one['file']}: half a line waits from byte {one['offset']}")


def _of_sums(tree: dict[str, Any]) -> Iterator[Diagnosis]:
    for one in tree.get("unpriced_models", ()):
        yield note("model-unpriced", f"{one['model']}: {one['calls']} calls; {one['why']}")
    floors = tree.get("floors", {})
    if floors.get("floor"):
        yield note("sums-floor", f"sums are floors: {'; '.join(floors['words'])}")
    if guessed := floors.get("estimated_calls"):
        yield note("model-guessed", f"of {guessed} calls the model is a guess")
    for one in tree.get("drift", ()):
        if drifts(one):
            told = f"computed ${one['computed_usd']}, reported ${one['reported_usd']}"
            yield note("cost-drift", f"{one['source']}, {one['reported_by']}: {told}")


def drifts(one: dict[str, Any]) -> bool:
    """Whether what was computed and what was reported differ by more than roundings."""
    return abs(float(one["drift_usd"])) > _DRIFT * float(one["computed_usd"])


def _of_surroundings(tree: dict[str, Any]) -> Iterator[Diagnosis]:
    for one in tree["daemon"].get("channels", ()):
        if one["trouble"]:
            yield note("listener-closed", f"{one['name']}: {one['trouble']}")
    for one in tree.get("repositories", ()):
        if one["trouble"]:
            yield note("repository-unread", f"{one['folder']}: {one['trouble']}")
    yield from fleet_health.notes(tree["daemon"].get("fleet", {}))
    if tree["watch"]["state"].startswith("polling"):
        yield note("watch-polling", f"files are not watched but asked: {tree['watch']['state']}")
    if blind := tree["processes"]["blind"]:
        yield note("processes-hidden", f"processes: {blind}")
    store = tree.get("store", {})
    if store.get("no_room"):
        yield note("backup-failed", store["no_room"])
    if rebuilt := store.get("rebuilt"):
        yield note("store-rebuilt", f"it was rebuilt at {rebuilt['at']}: {rebuilt['why']}")
