"""Twenty writers of logs: lines in pieces, files renamed, cut and packed, documents, a database.

Each writes one call when asked to, and knows nothing of who reads it.
"""

import gzip
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Protocol

from . import agent_lines
from .agent_lines import Format
from .sent import MODEL, Sent, Used


class Writer(Protocol):
    """Writes one call, or a part of what it still has to write."""

    def write(self, rng: Random) -> None: ...

    def finish(self) -> None: ...


def used(rng: Random) -> Used:
    whole = rng.randint(10, 30_000)
    return Used(whole, rng.randint(0, whole), rng.randint(2, 900))


class LineWriter:
    """Appends to one log; now and then in two writes that cut a line anywhere."""

    def __init__(self, home: Path, form: Format, session: str, sent: Sent) -> None:
        self.path = home / form.path.format(session=session)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._form, self._session, self._sent = form, session, sent
        self._number, self._rest = 0, form.head(session)

    def write(self, rng: Random) -> None:
        """A call, whole or up to some byte; what was left goes first."""
        self._number += 1
        call = used(rng)
        data = self._rest + self._form.call(self._session, self._number, call)
        cut = rng.randrange(len(data)) if rng.random() < 0.3 else len(data)
        self.append(data[:cut])
        self._rest = data[cut:]
        self._sent.add(f"{self._form.source}/{self._session}", call)

    def finish(self) -> None:
        self.append(self._rest)
        self._rest = b""

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


class RotatedWriter(LineWriter):
    """The same, and its log is rotated: renamed, copied and truncated, or packed by gzip."""

    def __init__(self, home: Path, session: str, sent: Sent, how: str) -> None:
        super().__init__(home, agent_lines.OWN, session, sent)
        self._how, self._rotations = how, 0
        self.share = 0.04  # of its calls, after which it is rotated

    def write(self, rng: Random) -> None:
        super().write(rng)
        if rng.random() < self.share:
            self.finish()  # who rotates lets the writer end its line
            self.rotate()

    def rotate(self) -> None:
        """Numbers go up, as logrotate has them: each file keeps the one it was given here."""
        self._rotations += 1
        old = self.path.with_name(f"{self.path.stem}-{self._rotations}.jsonl")
        if self._how == "copytruncate":
            shutil.copyfile(self.path, old)
            os.truncate(self.path, 0)
            return
        self.path.rename(old)
        if self._how == "gz":
            with gzip.open(f"{old}.gz", "wb") as packed:
                packed.write(old.read_bytes())
            old.unlink()


class DocumentWriter:
    """A task of Cline: a JSON document, written anew in its place with every request."""

    def __init__(self, home: Path, task: str, sent: Sent) -> None:
        tasks = home / ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks"
        self._path = tasks / task / "ui_messages.json"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._task, self._sent = task, sent
        self._rows: list[dict[str, object]] = []

    def write(self, rng: Random) -> None:
        call = used(rng)
        told = {"request": "<task>", "tokensIn": call.fresh, "tokensOut": call.output,
                "cacheReads": call.cached, "cacheWrites": 0, "cost": 0}  # fmt: skip
        self._rows.append({
            "ts": 1_795_000_000_000 + len(self._rows) * 1000, "type": "say",
            "say": "api_req_started", "text": json.dumps(told),
            "modelInfo": {"providerId": "acme", "modelId": MODEL, "mode": "act"},
        })  # fmt: skip
        self._path.write_text(json.dumps(self._rows))
        self._sent.add(f"cline/{self._task}", call)

    def finish(self) -> None:
        """It leaves nothing half written."""


class DatabaseWriter:
    """OpenCode's database: a message's row is made empty, and updated when its reply is there."""

    def __init__(self, home: Path, session: str, sent: Sent) -> None:
        self._path = home / ".local/share/opencode/opencode.db"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._session, self._sent, self._number = session, sent, 0
        with closing(self._open()) as db, db:
            db.executescript(_OPENCODE)
            db.execute("INSERT INTO session VALUES (?,'p1',NULL,'/src/soak','soak',?,?)",
                       (session, _now(), _now()))  # fmt: skip

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30)
        db.execute("PRAGMA journal_mode = WAL")
        return db

    def write(self, rng: Random) -> None:
        self._number += 1
        call, name = used(rng), f"msg_{self._session}_{self._number}"
        began = _now() - rng.randint(500, 60_000)  # two of one moment would be one and its copy
        with closing(self._open()) as db:
            for told in (Used(0, 0, 0), call):
                tokens = {"input": told.fresh, "output": told.output, "reasoning": 0,
                          "cache": {"read": told.cached, "write": 0}}  # fmt: skip
                data = {"role": "assistant", "modelID": MODEL, "providerID": "acme", "cost": 0,
                        "tokens": tokens, "time": {"created": began, "completed": _now()},
                        "finish": "stop"}  # fmt: skip
                with db:
                    db.execute("INSERT INTO message VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
                               " SET time_updated = excluded.time_updated, data = excluded.data",
                               (name, self._session, _now(), _now(), json.dumps(data)))  # fmt: skip
        self._sent.add(f"opencode/{self._session}", call)

    def finish(self) -> None:
        """It leaves nothing half written."""


_OPENCODE = """
CREATE TABLE IF NOT EXISTS project (id TEXT PRIMARY KEY, worktree TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, parent_id TEXT,
  directory TEXT NOT NULL, title TEXT, time_created INTEGER NOT NULL,
  time_updated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, session_id TEXT NOT NULL,
  time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS part (id TEXT PRIMARY KEY, message_id TEXT NOT NULL,
  session_id TEXT NOT NULL, time_created INTEGER NOT NULL, time_updated INTEGER NOT NULL,
  data TEXT NOT NULL);
INSERT INTO project VALUES ('p1', '/src/soak') ON CONFLICT DO NOTHING;
"""


def _now() -> int:
    return agent_lines.now_ms()


def twenty(home: Path, seed: int, sent: Sent) -> Iterator[Writer]:
    """All of them, each with a session of its own."""
    forms = [agent_lines.CLAUDE] * 3 + [agent_lines.CODEX] * 2 + [agent_lines.GEMINI] * 2
    forms += [agent_lines.QWEN] * 2 + [agent_lines.PI] * 2 + [agent_lines.KIMI] * 2
    forms += [agent_lines.LITELLM]
    for number, form in enumerate(forms):
        yield LineWriter(home, form, f"5{seed % 10**7:07d}-0000-4000-8000-{number:012d}", sent)
    for how in ("rename", "copytruncate", "gz"):
        yield RotatedWriter(home, f"app-{how}", sent, how)
    yield DocumentWriter(home, "1795000000000", sent)
    yield DatabaseWriter(home, "ses_one", sent)
    yield DatabaseWriter(home, "ses_two", sent)
