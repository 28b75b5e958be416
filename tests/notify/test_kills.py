"""kill -9 at random points loses no message and makes no second alert (RELIABILITY.md A5)."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from costtop.store.db import open_reader

KILLS = int(os.environ.get("COSTTOP_KILLS", "25"))
TOTAL = 24


@pytest.mark.timeout(300)
def test_no_kill_loses_a_message_or_doubles_an_alert(tmp_path, inbox):
    script = str(Path(__file__).with_name("lives.py"))
    lives = subprocess.Popen(
        [sys.executable, script, str(tmp_path), str(inbox.port), str(TOTAL)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def live(seconds: float) -> None:
        lives.stdin.write("live\n")
        lives.stdin.flush()
        pid = int(lives.stdout.readline())
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)

    dice = random.Random(7)
    with lives:
        # Longer lives come in between: a child needs a third of a second to send anything.
        for number in range(KILLS):
            live(dice.uniform(0.005, 0.15) if number % 4 else dice.uniform(0.2, 0.8))
        lives.stdin.write("live\n")
        lives.stdin.flush()
        last = int(lives.stdout.readline())
        pending = "SELECT count(*) FROM outbox WHERE state = 'sent'"
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline and _ask(tmp_path, pending) != [(TOTAL,)]:
            time.sleep(0.05)
        os.kill(last, signal.SIGKILL)
        lives.stdin.close()
    alerts = "SELECT count(*), count(DISTINCT identity) FROM alerts"
    assert _ask(tmp_path, alerts) == [(TOTAL, TOTAL)]
    assert _ask(tmp_path, "SELECT state, count(*) FROM outbox GROUP BY state") == [("sent", TOTAL)]
    assert _ask(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    copies = Counter(headers["Idempotency-Key"] for _, _, headers, _ in inbox.got)
    assert len(copies) == TOTAL  # 0 lost
    extra = sum(copies.values()) - TOTAL
    print(f"{KILLS} kills, {TOTAL} messages: {extra} copies, at most {max(copies.values())} of one")
    assert extra <= KILLS


def _ask(folder: Path, query: str) -> list[tuple]:
    db = open_reader(folder / "costtop.db")
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()
