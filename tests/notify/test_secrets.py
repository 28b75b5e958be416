"""Canaries: secrets and prompt text appear nowhere but where they must (RELIABILITY.md 5)."""

import asyncio
import os
from pathlib import Path

from costtop.notify.send import send
from tests.notify.desk import clock, desk, endpoint, runaway, tier
from tests.notify.test_faults import LETTER

TOKEN = "CANARYsecretTOKEN7f3a"
PROMPT = "CANARY prompt about the merger"


def files_with(folder: Path, word: str) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if word.encode() in path.read_bytes()]


async def everything_about(child_of: int) -> str:
    """Command lines and environments of all children, seen until the first is seen."""
    for _ in range(500):
        tasks = Path(f"/proc/{child_of}/task").glob("*/children")
        seen = " ".join(task.read_text() for task in tasks).split()
        texts = []
        for pid in seen:
            for name in ("cmdline", "environ"):
                try:
                    texts.append(Path(f"/proc/{pid}/{name}").read_bytes().decode())
                except OSError:
                    continue
        if any("child.py" in text for text in texts):
            return "\n".join(texts)
        await asyncio.sleep(0.005)
    raise AssertionError("no child was seen")


async def test_a_token_in_the_url_reaches_only_its_endpoint(tmp_path, inbox, monkeypatch, caplog):
    monkeypatch.setenv("CHAT_URL", f"json://user:{TOKEN}@127.0.0.1:{inbox.port}/{TOKEN}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", TOKEN)
    caplog.set_level(0)
    inbox.answer = lambda _: (500, {}, TOKEN.encode())
    async with desk(tmp_path, [endpoint("chat", "", url_env="CHAT_URL")]) as it:
        watched = asyncio.create_task(everything_about(os.getpid()))
        await it.tell(tier(50, clock()))
        seen = await watched
        await it.attempts(1)
        assert await it.rows("SELECT error FROM outbox") == [("HTTP 500",)]
        assert not files_with(tmp_path, TOKEN)  # the database, its -wal and -shm
    assert not files_with(tmp_path, TOKEN)
    assert TOKEN not in seen
    assert TOKEN not in caplog.text
    assert TOKEN in inbox.got[0][1]
    assert TOKEN not in inbox.got[0][3].decode()


async def test_no_error_names_the_url(raw):
    port = raw(lambda peer: peer.close())
    for url in (f"json://127.0.0.1:{port}/{TOKEN}", f"{TOKEN}://x", f"json://{TOKEN}.invalid/"):
        outcome = await send(endpoint("chat", url), LETTER)
        assert not outcome.ok
        assert TOKEN not in outcome.error


async def test_text_that_is_no_field_of_a_finding_cannot_get_into_a_message(tmp_path, inbox):
    hostile = runaway("x", clock())._replace(why=f"@everyone {PROMPT}", cause=PROMPT)
    async with desk(tmp_path, [endpoint("chat", f"json://127.0.0.1:{inbox.port}/")]) as it:
        await it.tell(
            hostile._replace(why="It has cost 3.7x the usual.", evidence=(("x", PROMPT),))
        )
        await it.settled()
    assert PROMPT not in inbox.got[0][3].decode()


async def test_a_url_file_that_others_can_read_is_refused(tmp_path, inbox):
    path = tmp_path / "url"
    path.write_text(f"json://127.0.0.1:{inbox.port}/{TOKEN}\n")
    path.chmod(0o644)
    outcome = await send(endpoint("chat", "", url_file=str(path)), LETTER)
    assert "chmod 600" in outcome.error
    path.chmod(0o600)
    assert (await send(endpoint("chat", "", url_file=str(path)), LETTER)).ok
