"""No credential is read and nothing is fetched: all that any process of costtop opens is seen.

Each begins with a hook of Python's own audit (`sitecustomize`), which no code can take off.
"""

import json
import os
import subprocess
from pathlib import Path

from tests.e2e.instance import COSTTOP, Instance, claude_line, claude_log
from tests.patience import PATIENCE, until
from tests.plans.rollouts import rollout, window

SESSION = "5ta11111-2222-4222-8222-222222222222"
SECRETS = (
    ".claude/.credentials.json", ".claude.json", ".codex/auth.json", ".copilot/config.json",
    ".config/gh/hosts.yml", ".config/github-copilot/apps.json", ".gemini/oauth_creds.json",
    ".qwen/oauth_creds.json", ".local/share/opencode/auth.json", ".netrc", ".aws/credentials",
)  # fmt: skip
AUDIT = """
import os, sys
def _note(event, given):
    if event in ("open", "sqlite3.connect", "os.listdir", "socket.connect", "subprocess.Popen"):
        what = given[1] if event == "socket.connect" else given[0]
        if event != "socket.connect" or isinstance(what, tuple):
            line = f"{event} {what!r}\\n".encode("utf-8", "replace")
            os.write(_FILE, line)
_FILE = os.open(os.environ["AUDIT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
sys.addaudithook(_note)
"""


def test_plans_are_told_without_a_credential_or_a_connection(
    instance: Instance, tmp_path: Path, monkeypatch
):
    audited, seen = tmp_path / "audit", tmp_path / "seen.log"
    audited.mkdir()
    (audited / "sitecustomize.py").write_text(AUDIT)
    for name in SECRETS:
        instance.append(name, '{"token": "do-not-read-me"}')
    monkeypatch.setenv("PYTHONPATH", str(audited))
    monkeypatch.setenv("AUDIT", str(seen))
    now = int(os.times().elapsed)  # any number will do as a name
    instance.append(claude_log(SESSION), claude_line(SESSION, now))
    _codex(instance.home)
    instance.start()
    line = {
        "session_id": SESSION,
        "transcript_path": str(instance.home / claude_log(SESSION)),
        "rate_limits": {"five_hour": {"used_percentage": 61, "resets_at": 4_000_000_000}},
    }
    subprocess.run(
        [*COSTTOP, "statusline"], input=json.dumps(line), text=True, check=True,
        stdout=subprocess.DEVNULL, timeout=PATIENCE,
    )  # fmt: skip
    until(lambda: instance.ask("SELECT count(*) FROM plan_limits") == 2)
    assert {one["agent"] for one in instance.json("status")["plans"]} == {"claude-code", "codex"}
    for words in (("--once",), ("doctor",), ("report", "--by", "day")):
        instance.cli(*words, code=None)
    instance.stop()
    text = seen.read_text()
    assert str(instance.paths.database) in text and "rollout-" in text  # it does see them
    assert [name for name in SECRETS if f"/{name}'" in text] == []
    assert [one for one in text.splitlines() if one.startswith("socket.connect")] == []


def _codex(home: Path) -> None:
    from costtop.durations import HOUR, now_ms

    at = now_ms()
    rollout(home, 1, at - HOUR, [{"primary": window(20 + n, 300, at + HOUR)} for n in range(5)])
