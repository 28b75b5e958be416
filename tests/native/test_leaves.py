"""Hashes, ids and times in C are those of sources/fold, whatever they are asked."""

import hashlib
from ctypes import CDLL

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from costtop.sources.fold import fingerprints, keys, times
from tests.native.leaves import Leaves

SEEN = 1_795_478_400_000
# The fixture is the same at every example.
often = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What the patterns know, and what nearly looks like it.
PIECES = [
    b"/tmp/", b"/var/folders/", b"/tm", b"2026-11-23", b"2026-11-23T10:00", b" 10:00:00",
    b"10:00:0", b".123Z", b"+01:00", b"deadbeef", b"3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    b"-", b"a", b"g", b"T", b"0", b"9", b":", b".", b"_", b"\\n", b"\\", b'\\"', b'"', b"'", b"`",
    b"don't", b" ", b"\n", b"\t", b'{"text":"', b'\\"output\\":\\"', b'"error":', b'"message": ',
    b'":', b"<tag>", b"</tag>", b"<", b">", b"Exit code 1", b"OUTPUT", b"output:", b"Wall time",
    b"error: no such file", b"file.py", b"@", b"=", b"[", b"{", b"word", b"\xc3\xa9", b"\xff",
    b"\0", b"ABCDEF", b"abcdef12", b"a-b-c-d-e-1-2-3",
]  # fmt: skip
LONG = st.integers(0, 2600).map(lambda size: b"x1-" * (size // 3))
raws = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4) | LONG, max_size=40).map(b"".join)
texts = st.text(st.characters() | st.sampled_from("-_.:abcF0129"), max_size=60)
ids = st.text("abfgzABZ0123456789-_.:", max_size=60) | texts
kinds = st.sampled_from(["Bash", "", "tool", "é", "\ud800"])


@pytest.fixture
def leaves(compiled: CDLL) -> Leaves:
    return Leaves(compiled)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 255, 256, 257, 2400, 10_000])
@pytest.mark.parametrize("digest", [4, 8, 16, 64])
def test_blake2b_is_that_of_the_standard_library(leaves: Leaves, size: int, digest: int) -> None:
    data = bytes(n * 7 % 251 for n in range(size))
    assert leaves.blake2b(data, digest) == hashlib.blake2b(data, digest_size=digest).digest()


@often
@given(text=texts)
def test_a_half_of_a_key_is_the_same(leaves: Leaves, text: str) -> None:
    assert leaves.half(text) == keys.half(text)


@often
@given(name=ids)
@example(name="3f2504e0-4f89-41d3-9a0c-0305e82c3301")
@example(name="msg_bdrk_01Hq8sVnT3kXw5yZp7LmRd2c")
@example(name="msg_answer_of_the_first_session_07")
@example(name="x" * 25 + "-3f2504e0-4f89-41d3-9a0c-0305e82c3301-")
@example(name="a1_b22-c333.01234567890123456789")
def test_an_id_is_global_or_not_alike(leaves: Leaves, name: str) -> None:
    assert leaves.is_global(name) == (keys.is_global(name) if name.isascii() else None)


def _time(parts: tuple[int, int, int, int, int, int], fraction: str, zone: str, joint: str) -> str:
    year, month, day, hour, minute, second = parts
    return f"{year:04}-{month:02}-{day:02}{joint}{hour:02}:{minute:02}:{second:02}{fraction}{zone}"


fields = st.tuples(
    *(st.integers(*x) for x in ((1965, 2103), (0, 13), (0, 32), (0, 24), (0, 60), (0, 60)))
)
moments = st.builds(
    _time,
    fields,
    st.just("")
    | st.integers(0, 10**7).map(lambda x: f".{x}")
    | st.integers(0, 999).map(".{:03}".format),
    st.sampled_from(["Z", "", "+01:00", "-11:30", "+24:00", "-00:00", "+0100", "z", "+01:00:30"]),
    st.sampled_from(["T", " ", "t"]),
)


@often
@given(text=moments | st.text("0123456789-T:.Z+ ", max_size=34), seen=st.sampled_from([0, SEEN]))
@example(text="2026-11-23T10:00:00.123Z", seen=SEEN)
@example(text="2024-02-29T23:59:59.999999+14:00", seen=SEEN)
@example(text="2023-02-29T00:00:00Z", seen=SEEN)
@example(text="2026-11-23T10:00:00.000500Z", seen=0)
def test_a_time_is_the_same_or_left_to_python(leaves: Leaves, text: str, seen: int) -> None:
    assert leaves.stamp(text, seen) in (times.stamp(text, seen), None)


@pytest.mark.parametrize("zone", ["Z", "", "+01:00", "-11:30"])
@pytest.mark.parametrize("fraction", ["", ".1", ".123", ".123456"])
@pytest.mark.parametrize("day", ["2023-01-01", "2024-02-29", "2025-12-31", "2026-03-01"])
def test_the_times_that_logs_have_are_not_left(
    leaves: Leaves, day: str, fraction: str, zone: str
) -> None:
    text = f"{day}T23:59:58{fraction}{zone}"
    assert leaves.stamp(text, SEEN) == times.stamp(text, SEEN)


@often
@given(raw=raws, kind=kinds)
def test_a_fingerprint_is_the_same(leaves: Leaves, raw: bytes, kind: str) -> None:
    assert leaves.fingerprint(raw, kind) == fingerprints.fingerprint(raw, kind)


@often
@given(raw=raws, error=st.booleans())
@example(raw=b"", error=True)
@example(raw=b"<tool_use_error>File 'x y' has not been read</tool_use_error>", error=True)
@example(
    raw=b'[{"type":"text","text":"Exit code 1\\nmake: *** [all] don\'t \'a b\' \\"c\\""}]',
    error=True,
)
def test_an_outcome_is_the_same_with_the_kind_of_a_failure(
    leaves: Leaves, raw: bytes, error: bool
) -> None:
    assert leaves.outcome(raw, error) == fingerprints.outcome(raw, error)
