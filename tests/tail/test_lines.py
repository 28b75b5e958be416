"""Bytes are cut into whole lines, the same whatever the chunk, and never without bound."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.tail.lines import Cut, cut
from costtop.tail.read import pieces
from tests.tail.reader import place_of


def all_cuts(data: bytes, chunk: int, limit: int = 1000) -> list[Cut]:
    cuts: list[Cut] = []
    offset, skipping = 0, False
    while not cuts or not cuts[-1].done:
        cuts.append(cut(lambda at, n: data[at : at + n], offset, skipping, chunk, limit))
        offset, skipping = cuts[-1].end, cuts[-1].skipping
    return cuts


@given(st.binary(max_size=300), st.integers(1, 320))
def test_any_chunk_gives_all_complete_lines_and_leaves_the_half_one(
    data: bytes, chunk: int
) -> None:
    cuts = all_cuts(data, chunk)
    read = b"".join(c.data for c in cuts)
    whole = data[: data.rfind(b"\n") + 1]
    if b"\0" in data:
        assert read.replace(b"\0", b"") == whole.replace(b"\0", b"")
    else:
        assert read == whole
        assert all(data[c.start : c.start + len(c.data)] == c.data for c in cuts)


@given(
    st.lists(st.integers(0, 60).map(lambda n: b"x" * n + b"\n"), max_size=12), st.integers(1, 80)
)
def test_lines_over_the_limit_are_passed_over_and_told_once(lines: list[bytes], chunk: int) -> None:
    limit = 30
    data = b"".join(lines)
    cuts = all_cuts(data, chunk, limit)
    kept = b"".join(c.data for c in cuts)
    told = [c.overlong for c in cuts if c.overlong is not None]
    # A line that fits into one chunk is already held whole, so that it may pass.
    certain = max(limit, chunk)
    assert [n for n in map(len, kept.splitlines(True)) if n > certain] == []
    assert len(kept.splitlines()) + len(told) == len(lines)
    assert len(told) == len(set(told))


def test_a_line_longer_than_the_chunk_but_not_the_limit_comes_whole() -> None:
    data = b"a\n" + b"b" * 500 + b"\nc\n"
    assert b"".join(c.data for c in all_cuts(data, 64)) == data


def test_the_line_after_an_overlong_one_is_read() -> None:
    data = b"b" * 5000 + b"\nnext\n"
    cuts = all_cuts(data, 64)
    assert [c.overlong for c in cuts if c.overlong is not None] == [0]
    assert b"".join(c.data for c in cuts) == b"next\n"


def test_an_overlong_line_without_end_yet_moves_the_place_and_goes_on_later() -> None:
    start = all_cuts(b"b" * 5000, 64)[-1]
    assert (start.end, start.skipping) == (5000, True)
    data = b"b" * 5005 + b"\nnext\n"
    following = cut(lambda at, n: data[at : at + n], start.end, True, 64, 1000)
    assert (following.data, following.end, following.skipping) == (b"", 5006, False)


def test_a_hole_of_zeros_is_passed_over_once_a_line_follows() -> None:
    hole = b"\0" * 1000
    assert all_cuts(hole, 64)[-1].end == 0
    assert b"".join(c.data for c in all_cuts(hole + b"line\n", 64)) == b"line\n"


def test_carriage_returns_stay_with_their_line() -> None:
    assert all_cuts(b"a\r\nb\r", 64)[-1].data == b"a\r\n"


MEASURE = """
import os, resource, sys
from costtop.tail.place import Place
from costtop.tail.read import pieces
list(pieces(Place(os.fsencode(sys.argv[2])), 1 << 40))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = [p for p in pieces(Place(os.fsencode(sys.argv[1])), 1 << 40) if p.data or p.overlong == 0]
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, [p.overlong for p in found], b"".join(p.data for p in found).decode())
"""


def test_a_line_of_one_gibibyte_costs_less_than_eight_mebibytes(tmp_path: Path) -> None:
    huge, small = tmp_path / "huge.jsonl", tmp_path / "small.jsonl"
    small.write_bytes(b"x" * 1000 + b"\n")
    with huge.open("wb") as file:  # sparse, but not zeros at its start
        file.write(b"x")
        file.seek(1 << 30)
        file.write(b'\n{"next":1}\n')
    run = [sys.executable, "-c", MEASURE, str(huge), str(small)]
    out = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    grown, told = out.split(maxsplit=1)
    assert told.split("\n")[0] == '[0, None] {"next":1}'
    assert int(grown) <= 8 << 10, f"{grown} KiB"


def test_a_gibibyte_without_newline_is_told_before_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "open.jsonl"
    with path.open("wb") as file:
        file.write(b"x")
        file.truncate(64 << 20)
    found = list(pieces(place_of(path), 1 << 40))
    assert [p.overlong for p in found if p.overlong is not None] == [0]
    assert found[-1].place.skipping
    with path.open("ab") as file:
        file.write(b"\nnext\n")
    assert [p.data for p in pieces(found[-1].place) if p.data] == [b"next\n"]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts files in /proc")
def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"a\n" * 10)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        next(pieces(place_of(tmp_path / "a.jsonl"), chunk=4))
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 0
