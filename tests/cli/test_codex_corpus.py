"""A thousand Codex sessions of one day: their ids begin alike, what people see does not."""

import json
import random
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.durations import now_ms
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.queries.sessions import lookup
from costtop.store.db import open_reader
from costtop.tui.list.columns import COLUMNS
from costtop.tui.list.shown_rows import CellLook, Shown

SESSIONS = 1_000
_USED = {"input_tokens": 900, "cached_input_tokens": 0, "output_tokens": 50, "total_tokens": 950}


def rollouts() -> Iterator[tuple[str, str]]:
    """(name, text) of rollouts as Codex writes them, a session a second, ids of version 7."""
    rng, began = random.Random(11), int(time.time()) - SESSIONS - 60
    for at in range(began, began + SESSIONS):
        clock = at * 1_000 << 80
        session = str(uuid.UUID(int=clock | 7 << 76 | 2 << 62 | rng.getrandbits(62)))
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
        about = {"id": session, "timestamp": f"{moment}.000Z", "cwd": "/home/dev/api"}
        used = {"total_token_usage": _USED, "last_token_usage": _USED}
        rows: list[tuple[str, dict[str, Any]]] = [
            ("session_meta", {**about, "originator": "codex_cli_rs", "cli_version": "0.60.0"}),
            ("turn_context", {"cwd": "/home/dev/api", "model": "gpt-5.1-codex"}),
            ("event_msg", {"type": "token_count", "info": used}),
        ]
        text = "".join(
            json.dumps({"timestamp": f"{moment}.000Z", "type": kind, "payload": payload}) + "\n"
            for kind, payload in rows
        )
        yield f"rollout-{moment.replace(':', '-')}-{session}.jsonl", text


@pytest.fixture
def scanned(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / ".codex" / "sessions" / "2026" / "11" / "28"
    folder.mkdir(parents=True)
    for name, text in rollouts():
        (folder / name).write_text(text)
    assert main(["scan"]) == 0
    capsys.readouterr()


def test_no_two_rows_are_alike_and_each_shown_id_is_explained(
    scanned: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--once", "--all"]) == 0
    rows = capsys.readouterr().out.partition("SESSION")[2].splitlines()[1:]
    shown = [row.split()[0] for row in rows]
    assert len(set(shown)) == len(shown) == SESSIONS
    db = open_reader(paths.find().database)
    look, live = CellLook(now_ms()), Live(db)
    [column] = [one for one in COLUMNS if one.key == "session"]
    sessions = live.take(now_ms(), Pulse(running=False)).sessions
    cells = {column.cell(Shown(row.key, row), look).text.strip() for row in sessions}
    assert cells == {*shown}
    assert max(map(len, cells)) <= column.width
    assert len({lookup.session(db, short) for short in shown}) == SESSIONS
    for short in shown[::20]:
        assert main(["explain", short]) == 0
        assert f"{short}: 1 call," in capsys.readouterr().out
