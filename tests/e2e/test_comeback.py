"""The store comes back: whatever becomes of its file, totals and decisions are what they were."""

import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.instance import Instance, claude_line, claude_log
from tests.free_ports import free_port
from tests.patience import until
from tests.receive.otlp_client import pairs, post, reachable

PAGE = 4096


class Stored:
    """An instance with something of every kind, before and after its first backup."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.port = free_port()
        instance.configure(f"[receive.otlp]\nport = {self.port}\n")

    def start(self) -> None:
        self.instance.start()
        until(lambda: reachable(self.port))

    def put(self, wave: int) -> None:
        """Calls of logs, the socket and OTLP; a mark, a silence, a budget."""
        made, name = self.instance, f"aaaa{wave}aaa-0000-4000-8000-000000000000"
        made.append(claude_log(name), "".join(claude_line(f"{wave}x{name}", n) for n in range(40)))
        until(lambda: listens(made))  # a budget that was set has it read its configuration again
        with closing(socket.socket(socket.AF_UNIX)) as peer:
            peer.connect(str(made.paths.socket))
            lines = [
                {"session": f"own-{wave}", "id": f"r{wave}-{n}", "model": "claude-sonnet-4-5",
                 "input_tokens": 1000 + n, "output_tokens": 77, "ts": "2026-11-20T10:00:00Z"}
                for n in range(30)
            ]  # fmt: skip
            peer.sendall(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            with peer.makefile("rb") as answers:
                assert all(json.loads(answers.readline())["ok"] for _ in lines)
        until(lambda: reachable(self.port))
        assert post(self.port, "/v1/traces", span(wave))[0] == 200
        made.cli("mark", f"own-{wave}", "--as", "runaway")
        made.cli("alerts", "silence", "--session", f"own-{wave}", "--for", "30d")
        made.cli("budget", "set", f"b{wave}", "$50", "--period", "month")
        until(lambda: made.ask("SELECT count(*) FROM calls") == 71 * (wave + 1))

    def figures(self) -> dict[str, Any]:
        made = self.instance
        told = {by: made.cli("report", "--by", by, "--csv") for by in ("session", "model", "day")}
        told["budgets"] = made.cli("budget", "list")
        told["marks"] = rows(made, "SELECT session, kind, note, at FROM marks ORDER BY 1")
        told["silences"] = rows(made, "SELECT id, session, until FROM silences ORDER BY 1")
        told["deeds"] = rows(made, "SELECT * FROM deeds WHERE deed <> 'daemon stopped' ORDER BY id")
        told["short"] = rows(made, "SELECT session, short FROM sessions ORDER BY 1")
        return told


def listens(instance: Instance) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as peer:
        return peer.connect_ex(str(instance.paths.socket)) == 0


def span(wave: int) -> bytes:
    told = pairs(
        gen_ai__provider__name="openai", gen_ai__request__model="gpt-5",
        gen_ai__usage__input_tokens=900, gen_ai__usage__output_tokens=44 + wave,
        gen_ai__response__id=f"resp_{wave}_abcdefghijklmnop", session__id=f"otlp-{wave}",
        gen_ai__operation__name="chat",
    )  # fmt: skip
    one = {"traceId": f"{wave:032x}", "spanId": f"{wave + 1:016x}", "name": "chat gpt-5",
           "startTimeUnixNano": "1764000000000000000", "endTimeUnixNano": "1764000001000000000",
           "attributes": told}  # fmt: skip
    scopes = [{"scope": {"name": "app"}, "spans": [one]}]
    resource = {"attributes": pairs(service__name="shop")}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]}).encode()


def rows(instance: Instance, sql: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{instance.paths.database}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def damaged_page(database: Path, _: Instance) -> None:
    """Every page of the table of calls, past the first, is overwritten."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = db.execute("SELECT rootpage FROM sqlite_master WHERE name='calls'").fetchone()[0]
    with database.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(os.urandom(PAGE))


def truncated(database: Path, _: Instance) -> None:
    os.truncate(database, database.stat().st_size // 2 // PAGE * PAGE)


def emptied(database: Path, _: Instance) -> None:
    database.write_bytes(b"")


def unlinked(database: Path, _: Instance) -> None:
    database.unlink()


def overwritten(database: Path, instance: Instance) -> None:
    """A backup of before is put over it, as `cp` does."""
    old = min((database.parent / "backups").glob("*.db"))
    shutil.copyfile(old, database)


def moved_over(database: Path, instance: Instance) -> None:
    other = database.with_name("other.db")
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE meta (key, value)")
    os.replace(other, database)


# Each of them running and stopped with ALL_FAULTS=1; here each once, to be quick.
FAULTS = {damaged_page: True, truncated: False, emptied: False, unlinked: True, overwritten: True,
          moved_over: True}  # fmt: skip
CASES = list(FAULTS.items())
if os.environ.get("ALL_FAULTS"):
    CASES += [(fault, not running) for fault, running in FAULTS.items()]


def has_come_back(instance: Instance) -> bool:
    try:
        done = instance.ask("SELECT value FROM meta WHERE key = 'recovered'")
    except sqlite3.DatabaseError:
        return False  # still the damaged one
    under_way = instance.ask("SELECT value FROM meta WHERE key = 'rebuilding'")
    return done is not None and not under_way and bool(json.loads(done)["told"])


def has_backup(instance: Instance) -> bool:
    return any((instance.paths.database.parent / "backups").glob("*.db"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("fault", "running"), CASES, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_totals_and_decisions_are_what_they_were(
    instance: Instance, fault: Callable[[Path, Instance], None], running: bool
):
    stored = Stored(instance)
    stored.start()
    stored.put(0)
    until(lambda: has_backup(instance))
    stored.put(1)
    before = stored.figures()
    if not running:
        instance.stop()
    fault(instance.paths.database, instance)
    if running:
        instance.cli("report", code=None)  # whoever reads meets it, and says so
    else:
        stored.start()
    until(lambda: has_come_back(instance))
    assert stored.figures() == before
    stored.put(2)
    alerts = instance.json("alerts", "list")["alerts"]
    assert [one["rule"] for one in alerts] == ["store"]
    assert alerts[0]["severity"] == "warning", alerts[0]["why"]
    assert "rebuilt" in instance.cli("doctor", code=None)
