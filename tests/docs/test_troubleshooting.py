"""The codes of `costtop doctor`: each has a section, each is told for real, each advice parses."""

import fcntl
import json
import os
import re
import shlex
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from costtop import paths, world_faults
from costtop.cli.main import main, whole_parser
from costtop.cli.reports.diagnosis.diagnoses import ADVICE
from costtop.cli.reports.diagnosis.notes import notes
from costtop.receive.port import Port
from tests.cli.logs import claude_row, write
from tests.conftest import ROOT

PAGE = (ROOT / "docs/troubleshooting.md").read_text()
SECTIONS = {
    part.partition("\n")[0]: part for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
}
_OF_TASKS = re.compile(r'self\.code, self\.trouble = "([a-z-]+)"')


def sources() -> str:
    kept = (one for one in (ROOT / "costtop").rglob("*.py") if one.name != "diagnoses.py")
    return "\n".join(one.read_text() for one in kept)


def test_every_code_has_a_section_and_every_section_a_code() -> None:
    assert sorted(SECTIONS) == sorted(ADVICE)


@pytest.mark.parametrize("code", sorted(ADVICE))
def test_a_section_says_how_it_looks_and_what_to_do(code: str) -> None:
    assert "ooks like `" in SECTIONS[code]
    shown = re.findall(r"\[([a-z-]+)\]", SECTIONS[code])
    assert code in shown or code in {"config-wrong", "store-rebuilt"}
    assert len(SECTIONS[code].split()) > 20, "what it means, how it looks, what to do"


def test_every_code_is_told_by_somebody() -> None:
    text = sources()
    families = {"channel", "gate"}  # f"gate-{state}"
    silent = [c for c in ADVICE if f'"{c}"' not in text and c.partition("-")[0] not in families]
    assert not silent


def test_every_code_of_the_daemon_is_known() -> None:
    told = {*_OF_TASKS.findall(sources()), *world_faults._CODES.values()}
    assert len(told) > 10
    assert told <= ADVICE.keys()
    assert Port("127.0.0.1", 0).code in told


@pytest.mark.parametrize("line", sorted({*ADVICE.values()} - {""}))
def test_each_advice_is_a_command_that_parses(line: str) -> None:
    name, *words = shlex.split(line)
    assert name == "costtop"
    assert whole_parser().parse_args(words).run


# --- Each told for real -----------------------------------------------------------------------


def configure(text: str) -> None:
    file = paths.find().config
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)


def nothing(_home: Path) -> None:
    """An empty home."""


def wrong_config(_home: Path) -> None:
    configure('timezon = "UTC"\n')


def wrong_channel(_home: Path) -> None:
    configure('[[notify]]\nlabel = "phone"\nurl_env = "NO_SUCH_VARIABLE"\n')


def new_channel(home: Path) -> None:
    configure(f'[[notify]]\nlabel = "file"\nurl = "log:{home}/alerts.log"\n')


def open_file(home: Path) -> None:
    configure('[[notify]]\nlabel = "phone"\nurl = "ntfy://topic"\n')
    paths.find().config.chmod(0o644)


def no_rate(home: Path) -> None:
    write(home, claude_row())
    configure(f'[display]\ncurrency = "EUR"\nrates = "{home}/none.csv"\n')
    assert main(["scan"]) == 0


def torn(home: Path) -> None:
    write(home, claude_row(1), '{"type": "assistant", torn', claude_row(2, model="acme-llm-2"))
    assert main(["scan"]) == 0


def elsewhere(home: Path) -> None:
    folder = home / "Library/Application Support/Claude/local-agent-mode-sessions"
    folder.mkdir(parents=True)
    (home / ".config/Claude/local-agent-mode-sessions").mkdir(parents=True)


def refused(home: Path) -> None:
    write(home, claude_row())
    (home / ".claude/projects/shop/link.jsonl").symlink_to("/etc/hostname")


def broken_gate(home: Path) -> None:
    assert main(["hooks", "install", "claude-code"]) == 0
    file = home / ".claude/settings.json"
    file.write_text(file.read_text().replace("{", '{"disableAllHooks": true,', 1))


def unheld(home: Path) -> None:
    row = claude_row()
    write(home, re.sub("2026-11-20T10:01", f"{_today()}T00:00", row))
    assert main(["scan"]) == 0
    assert main(["budget", "set", "daily", "5", "--action", "gate"]) == 0


def _today() -> str:
    from datetime import UTC, datetime

    return f"{datetime.now(UTC):%F}"


def of_a_window(home: Path) -> None:
    write(home, claude_row())
    configure('[[budget]]\nname = "five"\nperiod = "plan:5h"\ntiers = [80]\n')
    assert main(["scan"]) == 0


def newer(home: Path) -> None:
    write(home, claude_row())
    assert main(["scan"]) == 0
    with closing(sqlite3.connect(paths.find().database)) as db:
        db.execute("PRAGMA user_version = 99999")


def spoilt(home: Path) -> None:
    write(home, claude_row())
    assert main(["scan"]) == 0
    paths.find().database.write_bytes(b"no database at all" * 1000)


def given_up(_home: Path) -> None:
    place = paths.find().status
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text('{"schema": 1, "at": 1, "trouble": "the daemon has crashed 6 times"}')


def killed(_home: Path) -> None:
    place = paths.find().status
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text('{"schema": 1, "at": 1, "pid": 1, "trouble": "the disk is full"}')


def occupied(_home: Path) -> None:
    lock = paths.find().lock
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    HELD.append(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    fcntl.flock(HELD[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)


HELD: list[int] = []
STATES: list[tuple[Callable[[Path], None], set[str]]] = [
    (nothing, {"daemon-down", "no-logs"}),
    (wrong_config, {"daemon-down", "config-wrong"}),
    (wrong_channel, {"channel-wrong"}),
    (new_channel, {"channel-untried"}),
    (open_file, {"file-open"}),
    (no_rate, {"no-rate"}),
    (torn, {"lines-unreadable", "model-unpriced", "sums-floor"}),
    (elsewhere, {"logs-unread"}),
    (refused, {"log-refused"}),
    (broken_gate, {"gate-broken"}),
    (unheld, {"budget-unheld"}),
    (of_a_window, {"window-untold"}),
    (newer, {"store-unusable"}),
    (spoilt, {"disk-broken"}),
    (given_up, {"daemon-crashed"}),
    (killed, {"daemon-down"}),
    (occupied, {"daemon-silent"}),
]


@pytest.mark.parametrize(("made", "codes"), STATES, ids=[made.__name__ for made, _ in STATES])
def test_what_is_wrong_is_told_by_its_code_in_text_and_json(
    made: Callable[[Path], None],
    codes: set[str],
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made(home)
    capsys.readouterr()
    assert main(["doctor", "--json"]) == 1
    tree: dict[str, Any] = json.loads(capsys.readouterr().out)
    told = {one["code"]: one for one in tree["diagnoses"]}
    assert codes <= told.keys() <= ADVICE.keys()
    assert [one["said"] for one in tree["diagnoses"] if one["problem"]] == tree["problems"]
    assert main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert all(f"[{code}]" in text for code in codes)
    for do in filter(None, (one["do"] for one in tree["diagnoses"])):
        name, *words = shlex.split(do)
        assert whole_parser().parse_args(words).run if name == "costtop" else shutil.which(name)
    while HELD:
        os.close(HELD.pop())


def test_what_only_a_machine_in_need_shows_is_told_too() -> None:
    known = {
        "sources": [{"files": 1}],
        "unread": [],
        "half_lines": [{"file": "a.jsonl", "offset": 7}],
        "floors": {"floor": False, "estimated_calls": 2, "words": []},
        "drift": [
            {"source": "a", "reported_by": "log", "computed_usd": "1.0", "reported_usd": "1.2",
             "drift_usd": "-0.2"},
            {"source": "b", "reported_by": "log", "computed_usd": "1.0", "reported_usd": "1.0",
             "drift_usd": "0.000000001"},
        ],
        "daemon": {"channels": [{"name": "otlp", "trouble": "cannot listen"}]},
        "repositories": [{"folder": "/a", "trouble": "took too long"}],
        "watch": {"state": "polling: events are off"},
        "processes": {"blind": "a sandbox"},
        "store": {"no_room": "no room", "rebuilt": {"at": "now", "why": "bad page"}},
    }  # fmt: skip
    assert sorted(one.code for one in notes(known)) == sorted(
        "line-half model-guessed cost-drift listener-closed repository-unread watch-polling"
        " processes-hidden backup-failed store-rebuilt".split()
    )
