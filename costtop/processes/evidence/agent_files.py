"""What agents' own files say of their processes and folders. Hints, no more.

Any process of the user can write such a file; what it says is weighed by what the kernel shows.
Claude Code (FORMATS.md (a)) writes <config>/sessions/<pid>.json at start and removes it at exit;
`procStart` is field 22 of /proc/<pid>/stat, so a file left behind by a crash never names the next
owner of the number.
"""

import json
import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from costtop.named_tuples import NamedTuple
from costtop.processes.evidence.evidence_nouns import CONFIDENCES, ProcessClaim, Wanted
from costtop.processes.evidence.signs import ProcessCache, weighed
from costtop.processes.inspect.process import Inspector, Process
from costtop.text import clean

_NAME = re.compile(r"(?:pid-)?([1-9][0-9]{0,9})\.json")  # "pid-<n>.json" is the older form
_LARGEST = 64 * 1024
_RANK = CONFIDENCES.index
_GEMINI, _FOLDER_FILE, _LONGEST_FOLDER = "gemini-cli", ".project_root", 4096
_SLACK = 2000  # ms between two clocks that name one moment


class Entry(NamedTuple):
    """One file of the folder, with the live process that it names."""

    process: Process
    session: str  # its id, perhaps the one before /clear
    cwd: str  # as the kernel shows it
    exact: bool  # its start time is the process's, tick for tick
    supervised: bool


def claims(
    wanted: Sequence[Wanted], roots: Iterable[Path], cache: ProcessCache
) -> list[ProcessClaim]:
    """Who Claude Code says is behind the wanted sessions; `roots` are its configuration folders."""
    ours = [one for one in wanted if one.source == "claude-code"]
    if not ours:
        return []
    entries = [entry for root in roots for entry in read_folder(root / "sessions", cache)]
    found = [
        _claim(one, entry, entries, cleared(one, entry, entries, ours), cache)
        for one in ours
        for entry in entries
        if entry.session in one.ids
    ]
    return found + _after_clear(ours, entries, cache)


def read_folder(folder: Path, cache: ProcessCache) -> list[Entry]:
    """The entries whose process lives and is the one that wrote them."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    found = []
    for name in names:
        match = _NAME.fullmatch(name)
        fields = _read(folder / name) if match else None
        entry = _entry(int(match[1]), fields, cache) if match and fields else None
        if entry is not None:
            found.append(entry)
    return found


def cleared(
    one: Wanted, entry: Entry, entries: Sequence[Entry], ours: Sequence[Wanted]
) -> Wanted | None:
    """The session that a process has gone on to after /clear, when its file still names `one`.

    The newest session of the folder that began after the last call of `one`; nobody can say when
    two processes share the folder, or when that session has a process of its own.
    """
    if entry.cwd == "/" or sum(other.cwd == entry.cwd for other in entries) > 1:
        return None
    known = {other.session for other in entries}
    later = [
        other
        for other in ours
        if os.path.realpath(other.cwd or "/") == entry.cwd
        and other.started > one.last > 0
        and not known & set(other.ids)
    ]
    return max(later, key=lambda other: other.last, default=None)


def _claim(
    one: Wanted,
    entry: Entry,
    entries: Sequence[Entry],
    successor: Wanted | None,
    cache: ProcessCache,
) -> ProcessClaim:
    process = entry.process
    elsewhere = [other.process.pid for other in entries if other.session not in one.ids]
    clock = "start time" if entry.exact else "time"
    hint = f"Claude Code's sessions/{process.pid}.json names it, and its {clock} agrees"
    claim = ProcessClaim(one.session, *process.identity, "weak", hint)
    claim = weighed(claim, one, process, cache, elsewhere)
    if successor is not None:
        later = f"; it may have gone on to {clean(successor.ids[0], 40)} after /clear"
        claim = claim._replace(evidence=claim.evidence + later, former=True)
    if claim.confidence == "exact" and (successor is not None or not entry.exact):
        claim = claim._replace(confidence="strong")
    if entry.supervised:
        words = "a background session: its supervisor would start it again; use: claude stop"
        claim = claim._replace(refusal=f"{words} {clean(one.ids[0], 40)}")
    return claim


def _after_clear(
    ours: Sequence[Wanted], entries: Sequence[Entry], cache: ProcessCache
) -> list[ProcessClaim]:
    found = []
    for entry in entries:
        for one in ours:
            successor = cleared(one, entry, entries, ours) if entry.session in one.ids else None
            if successor is not None and not entry.supervised:
                words = (
                    "the newest session in the folder of the only Claude Code there, whose file"
                    f" still names {clean(entry.session, 40)} (/clear)"
                )
                claim = ProcessClaim(successor.session, *entry.process.identity, "weak", words)
                claim = weighed(claim, successor, entry.process, cache)
                found.append(claim._replace(confidence=min(claim.confidence, "strong", key=_RANK)))
    return found


def _entry(pid: int, fields: dict[str, Any], cache: ProcessCache) -> Entry | None:
    inspector = cache.inspector
    process = inspector.glance(pid)
    session = fields.get("sessionId") or fields.get("session_id")
    if process is None or fields.get("pid", pid) != pid or not isinstance(session, str):
        return None
    written = fields.get("procStart")
    exact = str(written) == str(process.start)
    if not exact and written is not None and inspector.counts_ticks:
        return None  # another process has the number now
    if not exact and not _began_before(process, fields.get("startedAt"), inspector):
        return None
    return Entry(
        process=process,
        session=session,
        cwd=cache.folder(pid),
        exact=exact,
        supervised=fields.get("kind") in {"bg", "background", "daemon", "supervised"},
    )


def _began_before(process: Process, stamp: object, inspector: Inspector) -> bool:
    """A process that began after the file was begun did not write it."""
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return False
    return inspector.born(process.start) <= stamp + _SLACK


def _read(path: Path) -> dict[str, Any] | None:
    """The object in a small regular file of our own; None for anything else."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(fd, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.getuid():
            return None
        try:
            fields = json.loads(file.read(_LARGEST))
        except (ValueError, RecursionError):
            return None
    return fields if isinstance(fields, dict) else None


def placed(wanted: Sequence[Wanted]) -> list[Wanted]:
    """The same, with the folder of Gemini's sessions where they had none.

    Its chats do not name the folder: `tmp/<project>/.project_root`, beside their own folder, does.
    An older one that has no such file is found by its hook alone.
    """
    return [
        one._replace(cwd=_folder(one.logs)) if one.source == _GEMINI and not one.cwd else one
        for one in wanted
    ]


def _folder(logs: Sequence[str]) -> str:
    """What the file beside the nearest `chats` of a log says; "" where there is none."""
    for log in logs:
        above = os.path.dirname(log)
        while os.path.basename(above) not in {"chats", ""}:
            above = os.path.dirname(above)
        try:
            with open(os.path.join(os.path.dirname(above), _FOLDER_FILE), errors="replace") as file:
                said = file.read(_LONGEST_FOLDER).strip()
        except OSError:
            continue
        if os.path.isabs(said):
            return said
    return ""
