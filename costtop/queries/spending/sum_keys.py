"""What spend can be summed by: each key's column in SQL, and the words for what stands in it."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import QUARTER
from costtop.queries.spending import hour_blocks
from costtop.store import meta
from costtop.store.sessions import owner_columns

KEYS = (
    "total", "day", "week", "month", "session", "feature", "model", "user", "task", "project",
    "source", "host", "label", "hour", "block", "agent", "type", "branch", "ticket",
    "pr", "commit", "tool", "server", "team",
)  # fmt: skip
TEAM = "team"  # the tag of this name; in a fleet the team of the machine
TAG = "tag:"  # before the name of a tag: "tag:team" is a key too
UNTAGGED, NO_TOOL, NO_SERVER = "(none)", "(no tool)", "(no server)"
UNATTRIBUTED = "(unattributed)"
TIMES = ("hour", "block", "day", "week", "month")
SHARED = frozenset({"tool", "server"})
"""Keys of which one call may have several: its sums are shared over them."""
ATTRIBUTED = frozenset({"pr", "commit"})
"""Keys that each call has one of, by the evidence: `work_shares`."""
QUARTERLY = frozenset({"hour", "block", "task"})
"""Keys that whole days do not tell apart."""
PARTS = SHARED | ATTRIBUTED | {"model", "type"}
"""Keys of which one task may have several: tasks have no line by them."""
COLUMN = {
    "total": "0", "session": "s.root", "feature": "p.feature", "model": "p.model",
    "user": owner_columns.user(), "task": "c.task", "project": "c.project",
    "host": owner_columns.host(),
    "source": "s.source", "label": "(SELECT label FROM sessions WHERE id = s.root)",
    "agent": "s.source", "type": "s.agent_type", "branch": "c.branch", "ticket": "c.branch",
    "pr": "p.pull", "commit": "p.made",
    "tool": "p.tool", "server": "p.tool", **dict.fromkeys(TIMES, "p.quarter"),
}  # fmt: skip
_AGENTS = {
    "claude-code": "claude", "claude-stream": "claude", "gemini-cli": "gemini",
    "codex-cli": "codex",
}  # fmt: skip
_SESSION = (
    "SELECT n.text || '/' || s.session FROM sessions s JOIN names n ON n.id = s.source"
    " WHERE s.id = ?"
)

_ATTRIBUTED = "SELECT text FROM temp.work_names WHERE id = ?"
_TEXT = {"session": _SESSION, **dict.fromkeys(ATTRIBUTED, _ATTRIBUTED)}


def column(key: str) -> str:
    """The SQL of a key, where p is the roll-up (or shared calls), s its session, c its context."""
    return "c.tags" if is_tag(key) else COLUMN[key]


def is_tag(key: str) -> bool:
    """Whether a key is one of the tags of a context."""
    return key.startswith(TAG) or key == TEAM


def is_key(key: str) -> bool:
    """Whether spend can be summed by it."""
    return key in KEYS or (key.startswith(TAG) and len(key) > len(TAG))


def agent(source: str) -> str:
    """How people call the agent behind a source: "claude" of "claude-code"."""
    return _AGENTS.get(source, source)


def server(tool: str) -> str:
    """The MCP server of a tool: "github" of "mcp__github__get_issue"; "" of an agent's own."""
    name, parted, _ = tool.removeprefix("mcp__").partition("__")
    return name if parted else ""


def tag(tags: str, name: str) -> str:
    """The value of one tag, of a JSON object; "" where it has none."""
    found = json.loads(tags).get(name) if tags else None
    return "" if found is None else str(found)


class Labels:
    """Turns a group's number into its key, remembering what it has looked up."""

    def __init__(
        self, db: sqlite3.Connection, by: str, tz: ZoneInfo, blocks: Sequence[int] = ()
    ) -> None:
        self._db, self._by, self._tz, self._blocks = db, by, tz, blocks
        self._known: dict[int | str | None, str] = {}
        self._period = periods.Span("", 0, 0)  # that was asked for last
        self._worded = wording(db, by)

    def __call__(self, number: int | str | None) -> str:
        found = self._known.get(number)
        if found is None:
            found = self._known[number] = self._look(number)
        return found

    def _look(self, number: int | str | None) -> str:
        if isinstance(number, str):
            return number or UNTAGGED  # a task's name stands there itself
        if self._by == "total":
            return "total"
        if self._by == "hour":
            return periods.hour_key((number or 0) * QUARTER, self._tz)
        if self._by == "block":
            begun = hour_blocks.holding(self._blocks, (number or 0) * QUARTER)
            return UNTAGGED if begun is None else hour_blocks.key(begun, self._tz)
        if self._by in TIMES:
            at = (number or 0) * QUARTER  # mostly they come in order
            if not self._period.start <= at < self._period.end:
                self._period = periods.span(self._by, at, self._tz)
            return self._period.key
        query = _TEXT.get(self._by, "SELECT text FROM names WHERE id = ?")
        row = self._db.execute(query, (number,)).fetchone()
        return self._worded(row[0] if row else "")


def wording(db: sqlite3.Connection, by: str) -> Callable[[str], str]:
    """How a name of this key is shown: a function of what is stored, "" for none."""
    if by in ATTRIBUTED:
        return lambda name: name or UNATTRIBUTED
    if by != "ticket":
        return partial(_worded, by)
    from costtop.attribution import tickets

    find = tickets.finder(meta.get(db, meta.TICKETS))
    return lambda branch: find(branch) or UNTAGGED


def _worded(by: str, text: str) -> str:
    """A name as its line shows it; `text` as it is stored, "" for none."""
    if by in SHARED:
        if not text:
            return NO_TOOL
        return text if by == "tool" else server(text) or NO_SERVER
    if by == "agent":
        text = agent(text)
    elif is_tag(by):
        text = tag(text, by.removeprefix(TAG))
    return text or UNTAGGED
