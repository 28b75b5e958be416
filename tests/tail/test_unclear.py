"""What is told by text and stat alone is what a look at every place tells."""

import os
import random
import time
from pathlib import Path

import pytest

from costtop.durations import now_ms
from costtop.tail.find import find
from costtop.tail.patterns import names
from costtop.tail.place import restored
from costtop.tail.roots import rooted
from costtop.tail.rotation import KEPT, Known, unclear
from tests.tail.reader import Reader


def write(path: Path, text: str, age: float = 60.0) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age, time.time() - age))


def verdict(known: Known, found: object, now: int) -> tuple[bool, list[bytes], list[bytes]]:
    """Whether all is read, which places are to be marked, and which to be dropped."""
    settled = all(known.settled(seen) for seen in found.seen)  # type: ignore[attr-defined]
    marked, dropped = known.census(found, now)  # type: ignore[arg-type]
    return settled, sorted(place.path for place in marked), sorted(dropped)


@pytest.mark.parametrize("seed", range(25))
def test_files_left_out_of_a_closer_look_change_nothing_of_its_verdict(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    root = rooted(tmp_path, ["**/*.jsonl"])
    reader = Reader(root)
    files = [tmp_path / f"f{nth % 3}" / f"{nth}.jsonl" for nth in range(9)]
    for path in files:
        write(path, '{"a":1}\n' * chance.randrange(4) + chance.choice(("", "", '{"torn')))
    reader.scan()
    for path in files if seed else ():
        deed = chance.random()
        if deed < 0.15:
            write(path, path.read_text() + '{"more":1}\n', chance.choice((0.0, 60.0)))
        elif deed < 0.25:
            path.unlink()
        elif deed < 0.3:
            write(path, "x" * path.stat().st_size)  # as long as before, another content
    if chance.random() < 0.3:
        write(tmp_path / "f1" / "new.jsonl", "{}\n")
    for _ in range(2):  # the second time what is gone is known to be
        rows = [(path, *row) for path, row in reader.rows.items()]
        found = find([root], time.time_ns())
        now = now_ms() + chance.choice((0, 2 * KEPT))
        whole = Known(restored(*row) for row in rows)
        rest, left = unclear(rows, found, now)
        assert verdict(Known(restored(*row) for row in rest), left, now) == verdict(
            whole, found, now
        )
        if seed == 0:
            torn = sum(not path.read_text().endswith("\n") for path in files if path.stat().st_size)
            assert len(left.seen) == len(rest) <= torn + 1
        reader.rows = {place.path: (place.state(), place.born) for place in whole.places()}


@pytest.mark.parametrize(
    ("pattern", "ending"),
    [
        ("**/*.jsonl", b".jsonl"),
        ("**/rollout-*.jsonl", b""),
        ("*.jsonl", b""),
        ("**/*/a.jsonl", b""),
        ("**/*.[ab]", b""),
        ("**", b""),
    ],
)
def test_only_a_pattern_that_asks_for_nothing_else_is_told_by_its_ending(
    pattern: str, ending: bytes
) -> None:
    known = names((pattern.encode(),))
    assert known.ending == ending
    for path in (b"a.jsonl", b"a/b.jsonl", b".jsonl", b"a/.jsonl", b"b c/\n.jsonl"):
        assert not ending or known.files.fullmatch(path)
