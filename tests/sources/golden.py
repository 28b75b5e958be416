"""Reads golden logs the way the daemon reads real ones, and sums up what came out.

A source's folder is tests/logs/<name>/: `input/` as it would lie below a root, and expected.json.
`python -m tests.sources.golden <name>` writes expected.json anew; read it before you commit it.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from costtop.model import Bad, Call, Event, Outcome, SessionFact, TaskFact, Untold
from costtop.plan_reading import PlanReading
from costtop.sources.fold.source import Chunk, Source
from costtop.sources.registry import SOURCE
from tests.sources.settling import settled_calls

LOGS = Path(__file__).resolve().parent.parent / "logs"
SEEN = 1_795_478_400_000  # 2026-11-24T00:00:00Z, when every golden log is read


def files(name: str) -> list[tuple[str, Path]]:
    """(path below the root, file) of every input, in the order of a source's patterns."""
    root = LOGS / name / "input"
    found = {path for pattern in SOURCE[name].patterns for path in root.glob(pattern)}
    found |= set(root.glob("**/*.rows.json"))
    return sorted((str(path.relative_to(root)), path) for path in found if path.is_file())


def chunks(source: Source, path: str, data: bytes, cuts: Sequence[int] = ()) -> Iterator[Chunk]:
    """The file as chunks, cut before the lines whose numbers are in `cuts`."""
    where = f"/logs/{path}"
    if path.endswith(".rows.json"):
        yield Chunk(where, seen=SEEN, rows=json.loads(data))
        return
    lines = data.splitlines(keepends=True) if b"\n" in data else [data]
    if source.shape == "document" or not lines:
        yield Chunk(where, data, 0, SEEN)
        return
    edges = sorted({0, len(lines), *(cut for cut in cuts if 0 < cut < len(lines))})
    offset = 0
    for start, end in pairwise(edges):
        part = b"".join(lines[start:end])
        yield Chunk(where, part, offset, SEEN)
        offset += len(part)


def folded(source: Source, parts: Iterable[Chunk]) -> list[Event]:
    """All events; the memo goes through JSON between chunks, as it does through the store."""
    events: list[Event] = []
    memo: dict[str, Any] = {}
    for part in parts:
        given = json.dumps(memo)
        found, after = source.read(part, memo)
        assert json.dumps(memo) == given, "a fold must not change the memo that it was given"
        memo = json.loads(json.dumps(after))
        events += found
    return events


def settled(*files: list[Event]) -> dict[str, Any]:
    """What is left when calls are merged on their key, side copies dropped and facts folded.

    `files` are the events of each, the earliest first.
    """
    calls = settled_calls(*files)
    told: dict[str, Any] = {"sessions": {}, "tasks": {}, "outcomes": {}, "bad": []}
    for event in chain.from_iterable(files):
        match event:
            case SessionFact():
                _learn(told["sessions"], event)
            case TaskFact():
                told["tasks"][f"{event.session} {event.task} {event.status}"] = event.at
            case Outcome():
                told["outcomes"][f"{event.call.hex()} {event.nth}"] = [event.error, event.result]
            case Untold():
                told.setdefault("untold", {})[event.key.hex()] = _plain(event)
            case PlanReading():
                told.setdefault("plans", []).append(_plain(event))
            case Bad():
                told["bad"].append([event.offset, event.reason])
    told["bad"].sort()
    kept = _kept(calls)
    unread = [_plain(call) for call in kept if call.unreadable]
    read = {call.key.hex(): _plain(call) for call in kept if not call.unreadable}
    return {"calls": read, **({"unread": unread} if unread else {}), **told}


def _kept(calls: dict[bytes, Call]) -> list[Call]:
    plain = {key[:8] for key, call in calls.items() if not call.yields}
    kept = (call for call in calls.values() if not call.yields or call.key[:8] not in plain)
    return sorted(kept, key=lambda call: (call.session, call.at, call.key))


def _learn(sessions: dict[str, Any], fact: SessionFact) -> None:
    known = sessions.setdefault(f"{fact.session} {fact.agent}".strip(), {})
    for name, value in _plain(fact).items():
        if name == "started":
            known[name] = min(value, known.get(name, value))
        elif name != "at":
            known[name] = value


def _plain(event: Any) -> dict[str, Any]:
    """The fields of an event that say something, without its key."""
    told: dict[str, Any] = {}
    for name, value in event._asdict().items():
        if value in ("", None, (), False) and name not in ("offset", "searches"):
            continue
        if isinstance(value, bytes):
            value = value.hex()  # noqa: PLW2901
        if name in ("tokens", "context") and isinstance(value, tuple):
            told[name] = {part: said for part, said in value._asdict().items() if said}
        elif name == "tools":
            told[name] = [list(tool) for tool in value]
        elif name not in ("key", "source", "at") or name == "at":
            told[name] = value
    return told


def summary(name: str, cuts: Sequence[int] = ()) -> dict[str, Any]:
    """What a source makes of its golden logs, each file read in chunks cut at `cuts`."""
    source = SOURCE[name]
    told = [folded(source, chunks(source, path, file.read_bytes(), cuts))
            for path, file in files(name)]  # fmt: skip
    return json.loads(json.dumps(settled(*told)))


if __name__ == "__main__":
    for given in sys.argv[1:]:
        text = json.dumps(summary(given), indent=1, ensure_ascii=False)
        (LOGS / given / "expected.json").write_text(text + "\n")
