"""What a status line tells of a plan: kept, written down where no log holds it, and forgotten."""

import json
import subprocess
import time

import pytest

from tests.e2e.instance import COSTTOP, Instance, claude_line, claude_log
from tests.patience import PATIENCE, until

ONE, OTHER = "5ecre701-1111-4111-8111-111111111111", "5ta11111-2222-4222-8222-222222222222"
ENDS = int(time.time()) + 7200
TOLD = "SELECT group_concat(used) FROM (SELECT used FROM plan_readings ORDER BY at)"

REBUILDING = "SELECT count(*) FROM meta WHERE key = 'rebuilding'"


def draw(instance: Instance, session: str, used: float) -> None:
    """Claude Code draws its status line."""
    line = {
        "session_id": session,
        "transcript_path": str(instance.home / claude_log(session)),
        "rate_limits": {"five_hour": {"used_percentage": used, "resets_at": ENDS}},
    }
    subprocess.run(
        [*COSTTOP, "statusline"], input=json.dumps(line), text=True, check=True,
        stdout=subprocess.DEVNULL, timeout=PATIENCE,
    )  # fmt: skip


def told(instance: Instance) -> object:
    return instance.ask(TOLD)


@pytest.mark.timeout(240)
def test_what_no_log_holds_survives_a_rebuild_and_goes_with_its_session(instance: Instance):
    for session in (ONE, OTHER):
        instance.append(claude_log(session), claude_line(session, 1))
    instance.start()
    for session, used in ((ONE, 20), (OTHER, 31.5)):
        draw(instance, session, used)
        until(lambda used=used: str(told(instance)).endswith(str(round(used * 100))))
    instance.kill9()
    instance.start()
    assert told(instance) == "2000,3150"
    instance.stop()
    instance.paths.database.write_bytes(b"")  # no backup holds it
    instance.start()
    assert told(instance) == "2000,3150"
    draw(instance, ONE, 20)  # it rests, and tells its last answer's again
    draw(instance, OTHER, 32)
    until(lambda: told(instance) == "2000,3150,3200")
    until(lambda: instance.ask(REBUILDING) == 0)
    instance.cli("forget", OTHER, "--yes")
    assert told(instance) == "2000"
    assert instance.ask(f"SELECT count(*) FROM names WHERE text LIKE '%{OTHER}%'") == 0
    assert instance.ask("SELECT text FROM names WHERE id = (SELECT home FROM plan_limits)")
    instance.stop()
    instance.paths.database.write_bytes(b"")
    instance.start()
    assert told(instance) == "2000"
