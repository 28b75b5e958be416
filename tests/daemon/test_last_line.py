"""A complete record at the end of a quiet file counts, newline or not; half of one waits."""

import json
import os
import shutil
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costtop import paths
from costtop.daemon.ingest.fold import Order, fold
from costtop.sources.registry import SOURCES
from costtop.tail.place import Place
from costtop.tail.rotation import FileChange
from tests.conformance.pipeline import CLAUDE, ask, bad, home, report, run, scan, total
from tests.sources import golden

LINES = [source for source in SOURCES if source.shape == "lines"]
MONTH = 30 * 86_400


def quiet(file, seconds=MONTH):
    then = time.time() - seconds
    os.utime(file, (then, then))


def write(data, path=f"{CLAUDE}/s1.jsonl", mode="ab", seconds=MONTH):
    file = home() / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, mode) as log:
        log.write(data)
    quiet(file, seconds)
    return file


def own(n, **more):
    """A line of costtop's own, whose id is the hash of its bytes."""
    tokens = {"input_tokens": 1000, "output_tokens": 1000}
    at = f"2026-11-20T10:{n:02}:00Z"
    line = {"session": "s", "model": "claude-sonnet-4-5", "ts": at, **tokens, **more}
    return json.dumps(line).encode()


def claude(n, output=1000):
    usage = {"input_tokens": 1000, "output_tokens": output}
    message = {"id": f"msg_{n}", "model": "claude-sonnet-4-5", "role": "assistant", "usage": usage}
    stamp = f"2026-11-20T10:{n:02}:00.000Z"
    line = {"type": "assistant", "uuid": f"u{n}", "sessionId": "s1", "requestId": f"req_{n}",
            "timestamp": stamp, "message": message}  # fmt: skip
    return json.dumps(line).encode()


def turn(source, file, place, memo):
    """One turn of a file as the daemon takes it."""
    change = FileChange("grown" if memo else "new", place, place.path)
    (folded,) = fold([Order(source.name, source.name, change, memo, golden.SEEN)])
    memo = json.loads(json.dumps(folded.memo))
    events = [*folded.calls, *folded.facts, *folded.tasks, *folded.outcomes, *folded.bad]
    return events, folded.place, memo


@pytest.mark.parametrize("source", LINES, ids=lambda source: source.name)
def test_every_format_gives_the_same_without_its_last_newline_and_when_it_comes(source, tmp_path):
    for path, file in golden.files(source.name):
        whole = file.read_bytes()
        log = tmp_path / path
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(whole)
        quiet(log)
        place = Place(os.fsencode(log))
        expected, end, _ = turn(source, log, place, {})
        log.write_bytes(whole.rstrip(b"\n"))
        quiet(log)
        found, place, memo = turn(source, log, place, {})
        assert golden.settled(found)["calls"] == golden.settled(expected)["calls"]
        log.write_bytes(whole)
        quiet(log)
        more, place, _ = turn(source, log, place, memo)
        assert golden.settled([*found, *more]) == golden.settled(expected)
        assert place.offset == end.offset


def test_a_file_of_one_line_without_newline_counts_once_it_is_quiet():
    file = write(claude(1), seconds=-3600)  # as if it were written in the very moment of the look
    assert total()["calls"] == 0
    quiet(file, 3)
    assert total()["cost_usd"] == "0.018000000"
    assert scan()["looked_at"] == 1 and total()["calls"] == 1
    write(b"\n" + claude(2) + b"\n")
    assert (total()["calls"], total()["cost_usd"]) == (2, "0.036000000")


def test_half_a_record_waits_and_doctor_says_where():
    file = write(claude(1) + b"\n" + claude(2)[:150])
    assert total()["calls"] == 1 and bad() == []
    tree = json.loads(_doctor("--json"))
    offset = len(claude(1)) + 1
    assert tree["half_lines"] == [{"source": "claude-code", "file": str(file), "offset": offset}]
    assert "half lines at the end of a log: 1" in _doctor()
    write(claude(2)[150:])
    assert total()["calls"] == 2
    assert json.loads(_doctor("--json"))["half_lines"] == []


def _doctor(*more):
    import io
    from contextlib import redirect_stdout

    from costtop.cli.main import main

    printed = io.StringIO()
    with redirect_stdout(printed):
        main(["doctor", *more])
    return printed.getvalue()


@pytest.mark.parametrize(
    "text", [b"12", b'"text"', b"null", b"[1]", b"{}}", b"not json", b"{" * 100_000]
)
def test_what_is_no_whole_object_is_not_taken(text):
    write(claude(1) + b"\n" + text)
    assert total()["calls"] == 1 and bad() == []


def test_a_line_that_grows_after_it_was_taken_counts_at_its_final_value():
    file = write(claude(1, output=10))
    assert total()["output_tokens"] == 10
    file.write_bytes(claude(1, output=500) + b"\n")
    quiet(file)
    assert (total()["calls"], total()["output_tokens"]) == (1, 500)


def test_a_last_line_longer_than_a_read_is_taken():
    row = json.loads(claude(1))
    row["message"]["content"] = [{"type": "text", "text": "x" * (3 << 20)}]
    write(json.dumps(row).encode())
    assert total()["calls"] == 1


def test_places_of_an_earlier_version_are_looked_at_again():
    write(own(1) + b"\n" + own(2), "costtop/spool/2026-11-20.jsonl")
    assert total()["calls"] == 2
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(paths.find().database)) as db, db:
        ((path, state),) = db.execute("SELECT path, state FROM places").fetchall()
        old = [1, *json.loads(state)[1:-1]]
        db.execute("UPDATE places SET state = ?", (json.dumps(old),))
        db.execute("DELETE FROM calls WHERE at = (SELECT max(at) FROM calls)")
    scan()
    assert ask("SELECT count(*) FROM calls") == [(2,)]
    assert ask("SELECT path FROM places") == [(path,)]


STEPS = st.lists(st.tuples(st.integers(1, 400), st.booleans(), st.booleans()), max_size=5)


@pytest.mark.parametrize("line", [claude, own], ids=["claude-code", "costtop"])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, ends=st.sampled_from([b"", b"\n", b"\r\n"]))
def test_any_order_of_writes_halves_and_newlines_gives_the_same_total(line, steps, ends):
    """`steps`: bytes written, whether the file is quiet then, whether costtop looks."""
    shutil.rmtree(home(), ignore_errors=True)
    home().mkdir()
    path = f"{CLAUDE}/s1.jsonl" if line is claude else "costtop/spool/2026-11-20.jsonl"
    text = b"\n".join(line(n) for n in range(1, 4)) + ends
    for size, is_quiet, looks in [*steps, (len(text), True, True)]:
        part, text = text[:size], text[size:]
        write(part, path, seconds=MONTH if is_quiet else 0)
        if looks:
            scan()
            assert report("total")["total"]["calls"] <= 3
    row = report("total")["total"]
    assert (row["calls"], row["cost_usd"]) == (3, "0.054000000")
    assert run("report", "--by", "session")
