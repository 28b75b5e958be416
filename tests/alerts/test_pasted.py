"""What a message tells people to type is safe to paste, whatever a log called its session."""

import json
import re
import shlex
import subprocess
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from costtop import paths, periods
from costtop.cli.main import main
from costtop.config import Config, Endpoint
from costtop.daemon.notices.post import audience, post_findings
from costtop.durations import now_ms
from costtop.model import Finding
from costtop.money import NANO
from costtop.queries.sessions import lookup
from costtop.store.db import open_writer
from costtop.store.names import Names
from costtop.store.sessions.sessions import Sessions

LINE = (
    '{"session": "%s", "model": "claude-opus-4-6", "input_tokens": %d, "output_tokens": 9,'
    ' "id": "%s"}\n'
)
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


NAMES = ("daily", "my budget", "$(touch pwned)", "a'b", "x; touch pwned", "[x]*", "`touch pwned`")


@pytest.mark.parametrize("name", NAMES)
def test_each_hint_of_a_budgets_message_does_what_it_says_when_it_is_pasted(
    home: Path, capsys: pytest.CaptureFixture[str], name: str
):
    now = now_ms()
    config = paths.find().config
    config.parent.mkdir(mode=0o700)
    config.write_text(f"[[budget]]\nname = {json.dumps(name)}\namount = 5\naction = 'gate'\n")
    log = home / "costtop" / "spool" / "a.jsonl"
    log.parent.mkdir()
    calls = [(f"s{n} $(touch pwned)", 10_000_000 - n) for n in range(4)]
    log.write_text("".join(LINE % (session, used, session) for session, used in calls))
    assert main(["scan"]) == 0
    with closing(open_writer(paths.find().database)) as db:
        told = audience(Config(notify=(Endpoint(label="log", url="log:/dev/null"),)), _utc())
        period = periods.key("day", now, ZoneInfo("UTC"))
        told_of = Finding(
            "budget_tier",
            "critical",
            now,
            f"budget {name}: 100 % of $5.00",
            "why",
            budget=name,
            period=period,
            tier=100,
            cost=50 * NANO,
            amount=5 * NANO,
        )
        db.execute("BEGIN")
        post_findings(db, [told_of], told, now)
        db.execute("COMMIT")
        [body] = db.execute("SELECT body FROM outbox ORDER BY id DESC LIMIT 1").fetchone()
    assert re.fullmatch(r"Dearest: (s[0-3]-[a-z0-9-]+ \$[\d.]+(, |\.$)){3}", body.splitlines()[-2])
    hints = body.splitlines()[-1].split(" · ")
    assert ("costtop budget set" in body) is ("`" not in name and "[" not in name)
    for hint in hints:
        words = _run(hint, home)
        capsys.readouterr()
        code = main(words)
        out, err = capsys.readouterr()
        asks_daemon = words[0] in ("kill", "override", "alerts")
        assert code == (1 if asks_daemon else 0), (hint, err)
        assert not asks_daemon or "no daemon answers" in err
        assert words[:2] != ["budget", "set"] or "Now $75.00 a day" in out
    assert not (home / "pwned").exists()


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
