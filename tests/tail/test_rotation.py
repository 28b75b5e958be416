"""A log is the same log however it is rotated, and every line of it is read once (I2-I7)."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.tail.reader import MINUTE, Reader, reader


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder / "app.jsonl"


@pytest.fixture
def daemon(log: Path) -> Reader:
    return reader(log.parent)


def write(path: Path, *lines: str, mode: str = "ab") -> None:
    with path.open(mode) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


def rotate(log: Path, files: int = 5) -> None:
    for n in range(files, 0, -1):
        old = log.with_name(f"{log.name}.{n - 1}") if n > 1 else log
        if old.exists():
            old.rename(log.with_name(f"{log.name}.{n}"))


def test_lines_are_read_once_and_in_order(log: Path, daemon: Reader) -> None:
    write(log, "one", "two")
    daemon.scan()
    assert daemon.scan(), "a young mtime is looked at again"
    write(log, "three")
    daemon.scan()
    assert daemon.taken() == [b"one", b"two", b"three"]
    daemon.scan()
    assert daemon.taken() == []


def test_both_files_of_a_rename_are_read_to_their_ends(log: Path, daemon: Reader) -> None:
    write(log, "one")
    daemon.scan()
    with log.open("ab") as held:
        rotate(log)
        write(log, "new")
        held.write(b"late\n")
    changes = daemon.scan()
    assert sorted(daemon.taken()) == [b"late", b"new", b"one"]
    assert {c.kind for c in changes} == {"moved", "replaced"}


def test_three_files_rotated_five_times_fast_lose_and_repeat_nothing(
    log: Path, daemon: Reader
) -> None:
    logs = [log.with_name(f"{name}.jsonl") for name in "abc"]
    written = []
    for turn in range(6):
        for path in logs:
            written.append(f"{path.stem} {turn}")
            write(path, written[-1])
        if turn % 2:
            daemon.scan()
        if turn % 3 == 2:
            daemon.restart()
        for path in logs:
            rotate(path, 8)
    daemon.scan()
    assert sorted(daemon.taken()) == sorted(line.encode() for line in written)


@pytest.mark.parametrize("down", [False, True])
def test_copytruncate_counts_only_new_bytes(log: Path, daemon: Reader, down: bool) -> None:
    write(log, "one", "two")
    daemon.scan()
    if down:
        daemon.restart()
    else:
        write(log, "three")
    shutil.copyfile(log, f"{log}.1")
    os.truncate(log, 0)
    write(log, "four")
    daemon.scan()
    expected = [b"one", b"two", b"four"] if down else [b"one", b"two", b"three", b"four"]
    assert sorted(daemon.taken()) == sorted(expected)


def test_a_scan_between_copy_and_truncate_repeats_nothing(log: Path, daemon: Reader) -> None:
    write(log, "one")
    daemon.scan()
    shutil.copyfile(log, f"{log}.1")
    daemon.scan()
    os.truncate(log, 0)
    daemon.scan()
    write(log, "two")
    daemon.scan()
    assert daemon.taken() == [b"one", b"two"]


def test_a_file_truncated_and_grown_past_its_old_size_is_read_from_its_start(
    log: Path, daemon: Reader
) -> None:
    write(log, "one", "two")
    daemon.scan()
    write(log, "a longer line", "and another", mode="r+b")
    changes = daemon.scan()
    assert [c.kind for c in changes] == ["replaced"]
    assert daemon.taken() == [b"one", b"two", b"a longer line", b"and another"]


def test_a_file_regrown_to_the_same_size_in_the_same_tick_is_noticed(
    log: Path, daemon: Reader
) -> None:
    write(log, "one")
    daemon.scan()
    stat = log.stat()
    write(log, "two", mode="r+b")
    os.utime(log, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    daemon.scan()
    assert daemon.taken() == [b"one", b"two"]


def test_a_file_replaced_on_the_same_inode_is_another_file(log: Path, daemon: Reader) -> None:
    write(log, "one", "two")
    daemon.scan()
    inode = log.stat().st_ino
    for _ in range(200):
        log.unlink()
        write(log, "three", "four", "five")
        if log.stat().st_ino == inode:
            break
    daemon.scan()
    assert daemon.taken() == [b"one", b"two", b"three", b"four", b"five"]


def test_an_old_size_with_another_beginning_is_another_file(log: Path, daemon: Reader) -> None:
    write(log, "one", "x" * 2000, "same end" * 20)
    daemon.scan()
    write(log, "two", "x" * 2000, "same end" * 20, "more", mode="r+b")
    assert [c.kind for c in daemon.scan()] == ["replaced"]


def test_the_same_beginning_with_another_end_is_another_file(log: Path, daemon: Reader) -> None:
    write(log, "x" * 2000, "y" * 100, "one")
    daemon.scan()
    write(log, "x" * 2000, "y" * 100, "two", "more", mode="r+b")
    assert [c.kind for c in daemon.scan()] == ["replaced"]


def zipped(path: Path) -> Path:
    packed = Path(f"{path}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed


def test_a_gzipped_log_is_the_log_it_was(log: Path, daemon: Reader) -> None:
    write(log, "one", "two")
    daemon.scan()
    rotate(log)
    write(log.with_name("app.jsonl.1"), "late")
    zipped(log.with_name("app.jsonl.1"))
    write(log, "new")
    daemon.scan()
    assert sorted(daemon.taken()) == [b"late", b"new", b"one", b"two"]


def test_an_unknown_gz_is_read_to_its_last_line(log: Path, daemon: Reader) -> None:
    log.write_bytes(b"one\ntwo")
    zipped(log)
    os.utime(f"{log}.gz", (1.7e9, 1.7e9))
    daemon.scan()
    assert daemon.scan() == [], "it is known by its stat, though larger than what is in it"
    assert daemon.taken() == [b"one", b"two"]


def test_half_a_gz_is_tried_again_later(log: Path, daemon: Reader) -> None:
    write(log, "one", *(f"line {n}" for n in range(1000)))
    daemon.scan()
    before = len(daemon.taken())
    packed = zipped(log)
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    [change] = daemon.scan()
    assert (change.kind, change.reason) == ("later", "the .gz is not finished")
    assert daemon.scan() == [], "no second try before the pause is over or the file changes"
    daemon.later += MINUTE
    [change] = daemon.scan()
    assert change.again
    packed.write_bytes(whole)
    assert [c.kind for c in daemon.scan()] == ["moved"]
    assert before == 1001 and daemon.taken() == []


def test_a_gz_bomb_and_a_false_gz_are_refused_with_a_reason(log: Path, daemon: Reader) -> None:
    packed = Path(f"{log}.gz")
    block = gzip.compress(b"\0" * (64 << 20), 9)
    packed.write_bytes(block * 5)
    [change] = daemon.scan()
    assert (change.kind, change.reason) == ("refused", "more than 256 MiB when decompressed")
    packed.write_bytes(b"plain text\n")
    [change] = daemon.scan()
    assert (change.kind, change.reason) == ("refused", "the .gz is damaged or no gzip file")
    daemon.later += 100 * MINUTE
    assert daemon.scan() == []
    assert daemon.known.troubles() == {os.fsencode(packed): change.reason}


@pytest.mark.parametrize("restart", [False, True])
def test_a_half_line_waits_for_its_end(log: Path, daemon: Reader, restart: bool) -> None:
    log.write_bytes(b"one\r\ntw")
    daemon.scan()
    if restart:
        daemon.restart()
    daemon.later += 10 * MINUTE
    daemon.scan()
    assert daemon.taken() == [b"one"]
    with log.open("ab") as file:
        file.write(b"o\r\n")
    daemon.scan()
    assert daemon.taken() == [b"two"]


@pytest.mark.parametrize("restart", [False, True])
def test_the_last_half_line_of_a_rotated_file_counts_after_a_minute(
    log: Path, daemon: Reader, restart: bool
) -> None:
    log.write_bytes(b"one\ntwo")
    daemon.scan()
    rotate(log)
    daemon.scan()
    assert daemon.taken() == [b"one"]
    if restart:
        daemon.restart()
    daemon.later += 2 * MINUTE
    daemon.scan()
    daemon.scan()
    assert daemon.taken() == [b"two"]


def test_a_file_that_vanishes_with_a_half_line_has_handed_it_over(
    log: Path, daemon: Reader
) -> None:
    log.write_bytes(b"one\ntwo")
    daemon.scan()
    log.unlink()
    daemon.scan()
    assert daemon.pieces[-1].rest == b"two"


def test_a_budget_ends_a_turn_and_a_restart_goes_on_from_there(log: Path, daemon: Reader) -> None:
    write(log, *(f"line {n}" for n in range(100)))
    os.utime(log, ns=(1_700_000_000 * 10**9,) * 2)
    [change] = daemon.scan(chunk=64)
    daemon.taken()
    daemon = reader(log.parent)
    [change] = [daemon.known.compare(seen) for seen in _seen(daemon)]
    from costtop.tail.read import pieces

    for piece in pieces(change.place, 200, chunk=64):
        daemon.commit(piece)
    assert piece.more and 200 <= piece.place.offset < 300
    daemon.restart()
    daemon.scan()
    assert daemon.taken() == [f"line {n}".encode() for n in range(100)]
    daemon.restart()
    assert daemon.scan() == []


def _seen(daemon: Reader) -> list:  # type: ignore[type-arg]
    from costtop.tail.find import find

    return find(daemon.roots, daemon.now()).seen


def test_a_rename_keeps_when_the_file_was_born(log: Path, daemon: Reader) -> None:
    write(log, "one")
    os.utime(log, ns=(1_700_000_000 * 10**9,) * 2)
    daemon.scan()
    rotate(log)
    [change] = daemon.scan()
    assert (change.kind, change.place.born) == ("moved", 1_700_000_000_000)
    assert change.origin == os.fsencode(log)


def test_two_sessions_that_begin_alike_are_not_taken_for_copies(log: Path, daemon: Reader) -> None:
    first, second = log.with_name("s-one.jsonl"), log.with_name("s-two.jsonl")
    write(first, '{"type":"session","version":3}')
    daemon.scan()
    write(second, '{"type":"session","version":3}', "two")
    [change] = [c for c in daemon.scan() if c.place.path == os.fsencode(second)]
    assert (change.kind, change.origin) == ("new", b"")


def test_files_of_one_name_in_two_folders_are_not_taken_for_copies(
    log: Path, daemon: Reader
) -> None:
    for session in ("one", "two"):
        (log.parent / session).mkdir()
        write(log.parent / session / "events.jsonl", '{"type":"session","version":3}')
        changes = [c for c in daemon.scan() if f"/{session}/".encode() in c.place.path]
        assert [(c.kind, c.origin) for c in changes] == [("new", b"")]


def test_a_place_is_kept_for_two_walks_and_seven_days(log: Path, daemon: Reader) -> None:
    from costtop.tail.find import find

    week = 7 * 86_400_000
    write(log, "one")
    daemon.scan()
    log.unlink()
    found = find(daemon.roots, daemon.now())
    [marked], dropped = daemon.known.census(found, 1_000)
    assert (marked.gone, dropped) == (1_000, [])
    assert daemon.known.census(found, 1_000 + week - 1) == ([], [])
    write(log, "one", "two")
    back = find(daemon.roots, daemon.now())
    [marked], dropped = daemon.known.census(back, 1_000 + week)
    assert (marked.gone, dropped) == (0, [])
    daemon.known.census(found, 2_000)
    assert daemon.known.census(found, 2_000 + week) == ([], [os.fsencode(log)])
    assert daemon.known.places() == []


@pytest.mark.parametrize("lines", [4, 100])
def test_a_file_that_came_from_another_disk_under_any_name_is_read_on(
    log: Path, daemon: Reader, lines: int
) -> None:
    write(log, *(f"{n:09} {'x' * 80}" for n in range(lines)))
    daemon.scan()
    assert len(daemon.taken()) == lines
    moved = log.with_name("elsewhere.jsonl")
    moved.write_bytes(log.read_bytes() + b"more\n")  # another inode, as after a copy
    log.unlink()
    daemon.scan()
    assert daemon.taken() == [b"more"]


def test_a_copy_under_another_name_beside_its_original_is_a_file_of_its_own(
    log: Path, daemon: Reader
) -> None:
    write(log, *(f"{n:09} {'x' * 80}" for n in range(20)))
    daemon.scan()
    daemon.taken()
    log.with_name("elsewhere.jsonl").write_bytes(log.read_bytes())
    daemon.scan()
    assert len(daemon.taken()) == 20
