"""What `costtop doctor` says of the database: its backups, and what became of it."""

from pathlib import Path
from typing import Any

from costtop import money
from costtop.cli.reports.diagnosis.diagnoses import coded
from costtop.durations import iso
from costtop.store.forgetting.thinning import StoreSize
from costtop.store.recovery import backups
from costtop.store.recovery.rebuild import Recovered


def found(database: Path, rebuilt: Recovered | None, size: StoreSize) -> dict[str, Any]:
    """Its size, backups, the newest first, and how the last rebuild ended."""
    return {
        "bytes": size.size,
        "calls": size.calls,
        "bytes_a_month": size.growth,
        "sessions_without_details": size.thinned,
        "backups": [tree(one) for one in backups.kept(database)],
        "no_room": backups.no_room(database),
        "rebuilt": _rebuilt(rebuilt) if rebuilt else None,
        "bad_files": sorted(
            str(path) for path in database.parent.glob(f"{database.name}.corrupt-*Z")
        ),
    }


def tree(one: backups.Backup) -> dict[str, Any]:
    """A backup as JSON carries it."""
    return {
        "file": str(one.path),
        "at": iso(one.at * 1000),
        "store_schema": one.schema,
        "bytes": one.size,
    }


def _rebuilt(one: Recovered) -> dict[str, Any]:
    return {
        "why": one.why,
        "at": iso(one.at),
        "backup": one.backup or None,
        "moved_aside": one.aside or None,
        "lost_calls": one.lost_calls,
        "lost_usd": money.exact(one.lost_cost),
        "spoilt_journal_lines": one.spoilt,
    }


def words(tree: dict[str, Any] | None) -> list[str]:
    """The same as lines for people."""
    if tree is None:
        return []
    kept = tree["backups"]
    newest = f", the newest of {kept[0]['at']}" if kept else ""
    grows = f"{tree['bytes_a_month'] / 1e6:.1f} MB a month at the pace of the last 30 days"
    lines = [f"database: {tree['bytes'] / 1e6:.1f} MB, {tree['calls']} calls, growing {grows}"]
    if thin := tree["sessions_without_details"]:
        lines.append(f"  {thin} sessions have no tools and minutes any more (costtop compact)")
    lines += [f"backups of the database: {len(kept)}{newest}"]
    lines += [coded(f"  {tree['no_room']}", "backup-failed")] if tree["no_room"] else []
    if one := tree["rebuilt"]:
        lost = f"{one['lost_calls']} calls (${one['lost_usd']})" if one["lost_calls"] else "nothing"
        aside = f"; the bad file is {one['moved_aside']}" if one["moved_aside"] else ""
        line = f"  it was rebuilt at {one['at']}: {one['why']}; lost: {lost}{aside}"
        lines.append(coded(line, "store-rebuilt"))
    return lines
