"""What a message tells people to type is safe to paste, whatever a log called its session."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from costtop.config import Config, Endpoint
from costtop.daemon.notices.post import audience, post_findings
from costtop.model import Finding
from costtop.queries.sessions import lookup
from costtop.store.db import open_writer
from costtop.store.names import Names
from costtop.store.sessions.sessions import Sessions

NOW = 1_795_000_000_000
HOSTILE = (
    *("$(touch pwned)", "`touch pwned`", "x; touch pwned", "' || touch pwned '", "a\n|touch pwned"),
    *("--help", "..", "\u202e$(touch pwned)", "x: $(touch pwned)"),
)
SOURCES = ("costtop", "codex", "claude-code", "gemini-cli", "opencode")


@pytest.mark.parametrize("source", SOURCES)
def test_each_hint_of_an_alert_is_one_command_to_a_shell(tmp_path: Path, source):
    db = open_writer(tmp_path / "costtop.db")
    sessions = Sessions(Names())
    told = audience(Config(notify=(Endpoint(label="log", url="log:/dev/null"),)), _utc())
    for name in HOSTILE:
        sessions.ref(db, source, name)
        key = f"{source}/{name}"
        title = f"session {name[:24]}: $5.80, 3.7x the usual (median 5x)"
        finding = Finding("median_5x", "warning", NOW, title, "why", session=key, cost=5 * 10**9)
        db.execute("BEGIN")
        post_findings(db, [finding], told, NOW)
        db.execute("COMMIT")
        [title, body] = db.execute(
            "SELECT title, body FROM outbox ORDER BY id DESC LIMIT 1"
        ).fetchone()
        stored = db.execute("SELECT title FROM alerts ORDER BY id DESC LIMIT 1").fetchone()[0]
        assert re.fullmatch(r"\[costtop\] session [a-z0-9-]+: .*", title)
        assert re.match(r"session [a-z0-9-]+: ", stored)
        hints = body.splitlines()[-1].split(" · ")
        assert {hint.split()[1] for hint in hints} >= {"kill", "explain", "alerts"}
        for hint in hints:
            assert _run(hint, tmp_path) == shlex.split(hint)[1:]
        assert lookup.session(db, hints[0].split()[2]) == key
    assert not (tmp_path / "pwned").exists()
    db.close()


def _run(hint: str, folder: Path) -> list[str]:
    """The words that a real shell hands to `costtop`."""
    script = f'costtop() {{ printf "%s\\0" "$@"; }}\n{hint}\n'
    ran = subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )
    return ran.stdout.split("\0")[:-1]


def _utc():
    from datetime import UTC

    return UTC
