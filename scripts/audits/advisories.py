"""Compares the locked dependencies with security advisories that lie on this machine.

`python scripts/audits/advisories.py [FOLDER]`: FOLDER (or ADVISORIES, else `.advisories`) holds OSV
records as JSON, as the Python Packaging Advisory Database publishes them. It never goes out to a
network: a check that needs one fails where there is none, and tells others what is installed here.
Without a list it says so and passes; with one, each pinned version that is affected is named: 1.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)


def pins(root: Path = ROOT) -> dict[str, str]:
    """Version by normalised name, of both lock files."""
    text = "\n".join((root / lock).read_text() for lock in LOCKS)
    return {_plain(name): version for name, version in _PIN.findall(text)}


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """The OSV records below a folder: one a file, or a list of them."""
    for path in sorted(folder.rglob("*.json")):
        tree = json.loads(path.read_text())
        yield from tree if isinstance(tree, list) else tree.get("vulns") or [tree]


def found(locked: dict[str, str], record: dict[str, Any]) -> list[str]:
    """A line for each pinned version that a record affects; none of a withdrawn one."""
    if record.get("withdrawn"):
        return []
    lines = []
    for affected in record.get("affected", ()):
        name = _plain(affected["package"]["name"])
        ours = affected["package"].get("ecosystem") == "PyPI" and name in locked
        if ours and _hits(locked[name], affected):
            said = record.get("summary") or record.get("details", "").partition("\n")[0]
            lines.append(f"{name} {locked[name]}: {record['id']} {said}"[:200])
    return lines


def _hits(version: str, affected: dict[str, Any]) -> bool:
    if version in affected.get("versions", ()):
        return True
    spans = [one for one in affected.get("ranges", ()) if one.get("type") == "ECOSYSTEM"]
    return any(_within(Version(version), one["events"]) for one in spans)


def _within(version: Version, events: list[dict[str, str]]) -> bool:
    """Whether the last event up to the version introduced it."""
    inside = False
    for event in events:
        (kind, value), *_ = event.items()
        try:
            edge = Version("0.dev0" if value == "0" else value)
        except InvalidVersion:
            continue
        if kind == "introduced" and version >= edge:
            inside = True
        elif (kind == "fixed" and version >= edge) or (kind == "last_affected" and version > edge):
            inside = False
    return inside


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(words: list[str]) -> int:
    """Says what was found; 1 where something was."""
    folder = Path(words[0] if words else os.environ.get("ADVISORIES", ROOT / ".advisories"))
    if not folder.is_dir():
        print(f"dependencies not audited: no list of advisories in {folder.name}/ (OSV JSON)")
        return 0
    known, locked = list(records(folder)), pins()
    hits = sorted({line for record in known for line in found(locked, record)})
    print(f"{len(locked)} pinned dependencies, {len(known)} advisories: {len(hits)} hits", *hits,
          sep="\n")  # fmt: skip
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
