"""A Codex rollout gives the same events and the same memo with the compiled part and without it."""

import json
from ctypes import CDLL, c_int64, c_size_t
from itertools import pairwise, product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from costtop.columnar.call_columns import made
from costtop.model import PlainCall
from costtop.native import library
from costtop.sources.codex import rollouts, scanned, tool_calls
from costtop.sources.codex.scanned import WIDTH
from costtop.sources.fold.source import Chunk
from tests.native.codex_lines import ID, PATHS, SAID, TIMES, logs, often
from tests.sources import golden

few = settings(max_examples=300, deadline=None,
               suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip


def folded(path: str, data: bytes, cuts: list[int]) -> tuple[list[object], dict[str, object]]:
    """Events and memo of the log, read in chunks that end with the lines of these numbers."""
    ends = [at + 1 for at, byte in enumerate(data) if byte == 10]
    edges = sorted({0, len(data), *(ends[cut % len(ends)] for cut in cuts if ends)})
    events: list[object] = []
    memo: dict[str, object] = {}
    for start, end in pairwise(edges):
        chunk = Chunk(path, data[start:end], start, golden.SEEN)
        found, memo = rollouts.read(chunk, memo)
        events += [made(event) if isinstance(event, PlainCall) else event for event in found]
    return events, memo


def both(path: str, data: bytes, cuts: list[int]) -> None:
    """Reads the log in both ways: they are the same, text of the memo included."""
    assert library.loaded()
    compiled = folded(path, data, cuts)
    library.leave()
    pure = folded(path, data, cuts)
    assert library.load() == ""
    assert compiled == pure
    assert json.dumps(compiled[1]) == json.dumps(pure[1])


META = json.dumps({"timestamp": TIMES[0], "type": "session_meta", "payload": {"id": f"{ID}1"}})


@few
@given(data=logs, cuts=st.lists(st.integers(0, 30), max_size=4), path=often(PATHS))
@example(data=b'{"type":"event_msg","payload":null}\n', cuts=[], path=PATHS[0])
def test_any_rollout_gives_the_same(
    compiled: CDLL, data: bytes, cuts: list[int], path: str
) -> None:
    both(path, data, cuts)
    both(path, META.encode() + b"\n" + data, cuts)


@few
@given(
    cuts=st.lists(st.integers(0, 40), max_size=6),
    spots=st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=2)), max_size=4),
)
@example(cuts=[], spots=[])  # fmt: skip
def test_the_golden_logs_give_the_same_spoilt_or_not(
    compiled: CDLL, cuts: list[int], spots: list[tuple[int, bytes]]
) -> None:
    for path, file in golden.files("codex"):
        data = bytearray(file.read_bytes())
        for place, put in spots:
            at = place % len(data)
            data[at : at + len(put)] = put
        both(f"/logs/{path}", bytes(data), cuts)


def test_limits_that_a_careful_line_told_between_are_told_again(compiled: CDLL) -> None:
    def count(used: float, **more: str) -> bytes:
        window = {"used_percent": used, "window_minutes": 300, "resets_at": 1795000000}
        told = {"type": "token_count", "info": None, "rate_limits": {"primary": window}, **more}
        record = {"timestamp": TIMES[1], "type": "event_msg", "payload": told}
        return json.dumps(record).encode() + b"\n"

    data = META.encode() + b"\n" + count(1.0) + count(2.0, model="gpt-6") + count(1.0)
    assert [row[0] for row in rows(compiled, data)][2:] == [scanned.CAREFUL, scanned.LIMITS]
    both(PATHS[0], data, [])


@few
@given(said=st.lists(often(SAID) | st.text(max_size=3), max_size=60))
def test_an_output_has_failed_or_not_alike(compiled: CDLL, said: list[str]) -> None:
    output = json.dumps("".join(said), ensure_ascii=False).encode("utf-8", "replace")
    row = b'{"timestamp":"2026-11-20T10:00:00.000Z","type":"response_item","payload":{"type":'
    row += b'"function_call_output","call_id":"c","output":' + output + b"}}"
    ((kind, *rest),) = rows(compiled, row)
    if kind == scanned.ANSWERED:
        assert bool(rest[scanned.FAILED - 1]) == tool_calls.failed(output)


ESCAPES = ["\\n", "\\\\", '\\"', "\\\\\\t", '\\\\\\\\\\"', "\\/", "\\u00e9", "é", "n", "t"]
BROKEN = ["\\x", '"', '\\\\"', "\\\\\\ ", "\\u12", "\n", "\x1f"]


@pytest.mark.parametrize("escape", ESCAPES + BROKEN)
def test_a_text_ends_where_python_says_wherever_its_escapes_stand(
    compiled: CDLL, escape: str
) -> None:
    head = b'{"timestamp":"2026-11-20T10:00:00.000Z","type":"response_item","payload":{"type":'
    head += b'"function_call_output","call_id":"c","output":'
    for first, then, last in product(range(130), ("", "\\n", "\\\\"), (5, 130)):
        output = f'"\\n{"x" * first}{escape}{then}{"n" * last}"'.encode()
        row = head + output + b"}}"
        ((kind, *rest),) = rows(compiled, row)
        assert (kind == scanned.CAREFUL) == (escape in BROKEN)
        if kind != scanned.CAREFUL:
            assert rest[21:23] == [len(head), len(head) + len(output)]
            json.loads(row)


def rows(compiled: CDLL, data: bytes) -> list[list[int]]:
    """The rows of some lines."""
    out, place = (c_int64 * (WIDTH * 100))(), c_size_t(0)
    count = scanned.bound(compiled)(data, len(data), out, 100, place)
    assert place.value == len(data)
    return [list(out[n * WIDTH : (n + 1) * WIDTH]) for n in range(count)]


def test_nearly_all_lines_are_regular(compiled: CDLL) -> None:
    """Else all would be careful, and nothing gained."""
    careful = (b"session_meta", b"compacted", b"turn_aborted", b"settings", b"garbage")
    careful += (
        b'"error":{',
        b'_tokens":-5',
        b'"cached_input_tokens":9,',
        b'"last_token_usage":null',
    )
    for _, file in golden.files("codex"):
        data = file.read_bytes()
        spans = [row[3:5] for row in rows(compiled, data) if row[0] == scanned.CAREFUL]
        for line in b"".join(data[start:end] for start, end in spans).splitlines():
            assert any(word in line for word in careful), line


@pytest.mark.parametrize("capacity", [1, 2, 3])
def test_rows_that_do_not_fit_come_in_the_next_go(
    compiled: CDLL, capacity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanned, "ROWS", capacity)
    for path, file in golden.files("codex"):
        both(f"/logs/{path}", file.read_bytes(), [])
