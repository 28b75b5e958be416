"""Lines that come while a daemon runs: seen, whole, and past any garbage."""

import sys
from pathlib import Path

import pytest

from tests.e2e.instance import claude_line, claude_log
from tests.patience import until

ONE = "11111111-0000-4000-8000-000000000001"
TWO = "22222222-0000-4000-8000-000000000002"
NEW = [f"{digit * 8}-0000-4000-8000-000000000009" for digit in "abc"]
NEW_COSTS = ["0.007500000", "0.010000000", "0.012500000"]


def shown(instance, session, calls):
    """Waits until a frame shows the session with so many calls."""
    until(lambda: instance.once().get(session, {}).get("calls") == calls)


def test_a_line_is_in_the_next_frame_and_so_is_a_new_file(instance):
    instance.append(claude_log(ONE), claude_line(ONE, 1))
    instance.start()
    assert instance.once()[ONE]["calls"] == 1
    for nth in (2, 3, 4):
        instance.append(claude_log(ONE), claude_line(ONE, nth))
        shown(instance, ONE, nth)
    for nth, new in enumerate(NEW, 1):
        instance.append(claude_log(new), claude_line(new, 1, output=100 * nth))
        shown(instance, new, 1)
    costs = {key: row["cost_usd"] for key, row in instance.once().items()}
    assert costs == {ONE: "0.030000000", **dict(zip(NEW, NEW_COSTS, strict=True))}


def test_a_streaming_row_grows_into_its_call_and_half_a_line_waits_for_its_end(instance):
    instance.append(claude_log(ONE), claude_line(ONE, 1, output=2))
    instance.start()
    line = claude_line(ONE, 1, output=400)
    instance.append(claude_log(ONE), line[:150])
    instance.append(claude_log(TWO), claude_line(TWO, 1))  # was read after the half line
    shown(instance, TWO, 1)
    assert instance.once().get(ONE, {}).get("cost_usd") == "0.005050000"
    instance.append(claude_log(ONE), line[150:])
    until(lambda: instance.once().get(ONE, {}).get("cost_usd") == "0.015000000")
    assert instance.once()[ONE]["calls"] == 1
    assert instance.status()["counts"]["bad_lines"] == 0


def test_bad_lines_are_counted_their_neighbours_too_and_a_restart_forgets_neither(instance):
    text = claude_line(ONE, 3).replace('"content": []', '"content": [{"text": "\\ud83d"}]')
    utf8 = claude_line(ONE, 4).encode().replace(b'"content": []', b'"content": [{"text": "\xff"}]')
    mixed = [
        claude_line(ONE, 1).encode(),
        b'{"garbage: \x00 of a crash\n',
        claude_line(ONE, 2).replace('":', '" :').replace(": ", ":   ").encode(),
        b'{"type": "assistant", "message": {"usage": {"output_tokens": "many"}}}\n',
        text.encode(),
        b"\xff\xfe\xfd\n",
        utf8,
    ]
    instance.start()
    for line in mixed:
        instance.append(claude_log(ONE), line)
    shown(instance, ONE, 4)
    until(lambda: instance.status()["counts"]["bad_lines"] == 3)
    assert instance.json("status")["counts"]["bad_lines"] == 3
    assert instance.once().get(ONE, {}).get("cost_usd") == "0.030000000"
    instance.stop()
    instance.start()
    assert instance.json("status")["counts"]["bad_lines"] == 3
    instance.append(claude_log(ONE), "{ more garbage\n")
    until(lambda: instance.status()["counts"]["bad_lines"] == 4)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_daemon_that_reads_and_prices_calls_has_loaded_no_openssl(instance):
    daemon = instance.start()
    instance.append(claude_log(ONE), claude_line(ONE, 1))
    shown(instance, ONE, 1)
    loaded = Path(f"/proc/{daemon.pid}/maps").read_text()
    assert "_sqlite3" in loaded
    assert not [name for name in ("libssl", "libcrypto", "_hashlib", "_ssl") if name in loaded]
