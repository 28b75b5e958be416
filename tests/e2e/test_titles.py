"""Titles that agents give sessions: nowhere unless they are wanted, and gone when no more so."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from costtop.sources.session_titles import TITLES
from tests.conformance import worlds
from tests.e2e.instance import Instance, claude_line, claude_log
from tests.patience import until
from tests.sources.golden import LOGS

WANTED = "session_titles = true\n"
SESSION, CANARY = "7ab1e000-1111-4111-8111-111111111111", "Canary sings of the retry"


def log(instance: Instance, title: str = CANARY) -> None:
    named = {"type": "ai-title", "sessionId": SESSION, "aiTitle": title}
    instance.append(claude_log(SESSION), claude_line(SESSION, 1) + json.dumps(named) + "\n")


def holding(instance: Instance, *words: str) -> list[str]:
    """Files of costtop's own, of any kind, that hold one of the words."""
    folder = Path(os.environ["COSTTOP_HOME"])
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        f"{path.name}: {word}"
        for path in found
        for word in words
        if word.encode() in path.read_bytes()
    )


def every_command(instance: Instance) -> str:
    """All that people look at, and what is written down beside it."""
    instance.cli("mark", SESSION[:8], "--as", "watch")
    instance.cli("backup")
    asked = ("report --by session", "report --by session --csv", "report --by session --json",
             f"explain {SESSION[:8]}", f"explain {SESSION[:8]} --json", "--once --all",
             "--once --all --json", "export sessions", "export calls", "doctor --json",
             "alerts --json", "why today", "status --json")  # fmt: skip
    return "\n".join(instance.cli(*words.split(), code=None) for words in asked)


def test_no_title_of_any_format_is_kept_or_said_without_being_wanted(instance: Instance) -> None:
    worlds.configure()
    worlds.databases()
    worlds.whole(worlds.golden_files())
    log(instance)
    instance.start()
    said = every_command(instance)
    golden = [json.loads((LOGS / name / "titles.json").read_text()) for name in TITLES]
    words = [title for told in golden for title, _ in told.values() if len(title) > 8]
    assert len(words) >= 12
    assert [word for word in (CANARY, *words) if word in said] == []
    assert holding(instance, CANARY, *words) == []


def titles(instance: Instance) -> dict[str, Any]:
    # A process of its own: what another has open keeps old bytes in the -wal file.
    rows = json.loads(instance.cli("report", "--by", "session", "--json"))["rows"]
    return {row["key"]: row["title"] for row in rows if row["title"] is not None}


def test_titles_of_every_format_are_known_where_they_are_wanted(instance: Instance) -> None:
    worlds.configure()
    config = instance.paths.config.read_text()
    worlds.databases()
    worlds.whole(worlds.golden_files())
    assert titles(instance) == {}
    instance.configure(WANTED + config)  # all has been read before
    instance.cli("scan")
    late = titles(instance)
    instance.configure(config)
    instance.cli("scan")
    assert titles(instance) == {}
    shutil.rmtree(os.environ["COSTTOP_HOME"])  # and now from the beginning
    instance.configure(WANTED + config)
    instance.cli("scan")
    assert titles(instance) == late
    wanted = {("claude-code", "Retry\ufffd of tokens"), ("codex", "Planner review"),
              ("opencode", "Add login"), ("pi", "Refactor auth module"), ("amp", "Fix"),
              ("qwen-code", "Active branch"), ("gemini-cli", "Count the tests")}  # fmt: skip
    assert wanted <= {(key.partition("/")[0], title) for key, title in late.items()}


def test_a_running_daemon_reads_and_forgets_them_as_the_file_says(instance: Instance) -> None:
    log(instance)
    instance.configure("")
    instance.start()
    assert (titles(instance), holding(instance, CANARY)) == ({}, [])
    instance.configure(WANTED)
    until(lambda: titles(instance) == {f"claude-code/{SESSION}": CANARY})
    log(instance, "Another song")
    until(lambda: titles(instance) == {f"claude-code/{SESSION}": "Another song"})
    said = every_command(instance)
    # report and its JSON, explain and its JSON, --once --json, export of sessions
    assert said.count("Another song") == 6
    assert holding(instance, "Another song") != []
    instance.configure("session_titles = false\n")
    until(lambda: titles(instance) == {})
    until(lambda: not holding(instance, CANARY, "Another song"))
    log(instance, "A third one")
    instance.append(claude_log(SESSION), claude_line(SESSION, 2))
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 2)
    assert "A third one" not in every_command(instance)
    assert holding(instance, "A third one") == []


def test_nothing_of_titles_is_loaded_where_none_is_wanted(home: Path) -> None:
    script = (
        "import sys; from costtop import paths; from costtop.daemon.jobs.scan_once import scan;"
        "print(scan(paths.find())['calls'], 'costtop.sources.session_titles' in sys.modules)"
    )
    log(Instance(home))
    command = [sys.executable, "-P", "-c", script]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("1 False\n", "")
