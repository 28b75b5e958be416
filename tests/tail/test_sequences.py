"""Random histories of a log against a small model: every complete line is read exactly once (I9).

Bytes deleted or truncated before any scan are the one exception. More histories by the environment:
COSTTOP_SEQUENCES=1500.
"""

import gzip
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.tail.reader import MINUTE, Reader, reader

SEQUENCES = int(os.environ.get("COSTTOP_SEQUENCES", "100"))
SIZES = st.sampled_from([1, 7, 60, 300, 1500, 9000])


class Model:
    """What is unread in one file: its complete lines, and the half line at its end."""

    def __init__(self) -> None:
        self.unread: list[bytes] = []
        self.half = b""

    def write(self, data: bytes) -> None:
        *lines, self.half = (self.half + data).split(b"\n")
        self.unread += lines

    def read(self, final: bool) -> list[bytes]:
        lines, self.unread = self.unread, []
        if final and self.half:
            lines.append(self.half)
            self.half = b""
        return lines


class Histories(RuleBasedStateMachine):
    """One log with its rotated files; the real tail and the model see the same history."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="costtop-tail-"))
        self.log = self.folder / "app.jsonl"
        self.models: dict[Path, Model] = {}
        self.reader: Reader = reader(self.folder)
        self.count = 0
        self.packing: Path | None = None

    def teardown(self) -> None:
        self.finish_gz()
        self.pause()
        self.read(1 << 20, 1 << 20)
        self.read(1 << 20, 1 << 20)
        shutil.rmtree(self.folder)

    @initialize()
    def start(self) -> None:
        self.append(self.log, self.line(20))

    def line(self, size: int) -> bytes:
        self.count += 1
        return b"%06d %s\n" % (self.count, b"x" * size)

    def append(self, path: Path, data: bytes) -> None:
        with path.open("ab") as file:
            file.write(data)
        self.models.setdefault(path, Model()).write(data)

    def rotated(self, gz: bool = False) -> list[Path]:
        others = [p for p in self.models if p != self.log and p != self.packing]
        return sorted(p for p in others if gz or p.suffix != ".gz")

    @rule(size=SIZES, lines=st.integers(1, 3))
    def write_lines(self, size: int, lines: int) -> None:
        for _ in range(lines):
            self.append(self.log, self.line(size))

    @rule(size=SIZES, cut=st.integers(8, 2000))
    def write_half_a_line(self, size: int, cut: int) -> None:
        self.append(self.log, self.line(size)[:-1][:cut])

    @rule()
    def end_the_line(self) -> None:
        if self.log in self.models and self.models[self.log].half:
            self.append(self.log, b"\r\n" if self.count % 3 == 0 else b"\n")

    @rule(data=st.data())
    def write_late_to_a_rotated_file(self, data: st.DataObject) -> None:
        if plain := self.rotated():
            self.append(data.draw(st.sampled_from(plain)), self.line(10))

    def shift(self) -> None:
        """The numbers of rotated files go up by one."""
        for path in sorted(self.rotated(gz=True), key=_number, reverse=True):
            suffix = f".{_number(path) + 1}" + (".gz" if path.suffix == ".gz" else "")
            path.rename(self.log.with_name(f"app.jsonl{suffix}"))
            self.models[self.log.with_name(f"app.jsonl{suffix}")] = self.models.pop(path)

    @precondition(lambda self: self.packing is None and self.log in self.models)
    @rule()
    def rotate_by_rename(self) -> None:
        self.shift()
        first = self.log.with_name("app.jsonl.1")
        self.log.rename(first)
        self.models[first] = self.models.pop(self.log)

    @precondition(lambda self: self.packing is None and self.log in self.models)
    @rule()
    def copytruncate(self) -> None:
        self.shift()
        first = self.log.with_name("app.jsonl.1")
        shutil.copyfile(self.log, first)
        os.truncate(self.log, 0)
        self.models[first] = self.models.pop(self.log)
        self.models[self.log] = Model()

    @precondition(lambda self: self.log in self.models)
    @rule(lines=st.integers(0, 12), size=SIZES)
    def truncate_and_regrow(self, lines: int, size: int) -> None:
        os.truncate(self.log, 0)
        self.models[self.log] = Model()
        for _ in range(lines):
            self.append(self.log, self.line(size))

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        there = [p for p in self.models if p != self.packing]
        if there:
            path = data.draw(st.sampled_from(sorted(there)))
            path.unlink()
            del self.models[path]

    @precondition(lambda self: self.packing is None)
    @rule(data=st.data())
    def begin_gz(self, data: st.DataObject) -> None:
        if plain := self.rotated():
            self.packing = data.draw(st.sampled_from(plain))
            whole = gzip.compress(self.packing.read_bytes())
            Path(f"{self.packing}.gz").write_bytes(whole[: len(whole) // 2])

    @rule()
    def finish_gz(self) -> None:
        if plain := self.packing:
            packed = Path(f"{plain}.gz")
            packed.write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()
            self.models[packed] = self.models.pop(plain)
            self.packing = None

    @rule()
    def pause(self) -> None:
        self.reader.later += 2 * MINUTE

    @rule()
    def restart(self) -> None:
        self.reader.restart()

    @rule(budget=st.sampled_from([50, 5000, 1 << 20]), chunk=st.sampled_from([40, 4096, 1 << 20]))
    def read(self, budget: int, chunk: int) -> None:
        self.reader.scan(budget, chunk)
        quiet = self.reader.later > MINUTE
        expected: list[bytes] = []
        for path, model in self.models.items():
            final = path != self.log and (quiet or path.suffix == ".gz")
            expected += model.read(final)
        taken = self.reader.taken()
        assert sorted(taken) == sorted(line.rstrip(b"\r") for line in expected)


def _number(path: Path) -> int:
    return int(path.name.removesuffix(".gz").rsplit(".", 1)[1])


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=SEQUENCES, stateful_step_count=30, deadline=None, print_blob=True
)
