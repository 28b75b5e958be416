"""The spool is cleared of what has been counted, and of nothing else."""

import os
from pathlib import Path

from costtop.daemon.ingest.file_reader import clear
from costtop.tail.place import Place
from costtop.tail.rotation import Known

NOW = 1_795_478_400_000  # 2026-11-24T00:00:00Z


def _spooled(folder: Path, name: str, read: int) -> Place:
    path = folder / name
    path.write_bytes(b"x" * 100)
    return Place(os.fsencode(path), offset=read)


def test_only_days_long_past_that_are_read_to_their_end_are_deleted(tmp_path):
    known = Known()
    for name, read in (
        ("2026-11-20.jsonl", 100), ("2026-11-21.jsonl", 60), ("2026-11-22.jsonl", 100),
        ("2026-11-24.jsonl", 100), ("mine.jsonl", 100),
    ):  # fmt: skip
        known.put(_spooled(tmp_path, name, read))
    (tmp_path / "2026-11-01.jsonl").write_bytes(b"never seen")
    waiting: dict[Path, int] = {}
    assert clear(tmp_path, known, waiting, NOW - 1, NOW) == []  # no backup has it yet
    later = NOW + 3_600_000
    gone = clear(tmp_path, known, waiting, NOW + 1, later)
    assert [path.name for path in gone] == ["2026-11-20.jsonl"]
    assert len(list(tmp_path.glob("*.jsonl"))) == 5
    assert clear(tmp_path, known, waiting, NOW + 1, later) == []
