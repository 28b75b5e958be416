"""Names, kinds, rights and numbers of files that would stop a naive reader (I10, I15-I17, I19)."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from costtop.tail.find import FolderTree, find
from costtop.tail.place import shown
from costtop.tail.read import document, pieces
from costtop.tail.roots import rooted
from costtop.tail.rotation import DOCUMENT_LIMIT, Known
from tests.tail.reader import Reader, place_of, reader

NOBODY = 65534


@contextmanager
def without_privilege() -> Iterator[Path]:
    """A folder of a user whom permissions bind, and that user for the time being."""
    folder = Path(tempfile.mkdtemp(prefix="costtop-tail-"))
    root = os.geteuid() == 0
    try:
        if root:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for name in [folder, *folder.rglob("*")]:
            name.chmod(0o700)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()


def test_a_name_that_is_not_utf8_is_read_and_shown_and_hinders_no_other(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/caf\xe9\xff.jsonl"
    try:
        with open(odd, "wb") as file:
            file.write(b"odd\n")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (tmp_path / "even.jsonl").write_bytes(b"even\n")
    daemon = reader(tmp_path)
    daemon.scan()
    assert sorted(daemon.taken()) == [b"even", b"odd"]
    assert shown(odd).endswith(r"/caf\xe9\xff.jsonl")
    daemon.restart()
    daemon.scan()
    assert daemon.taken() == []


def test_a_file_without_permission_is_told_once_and_read_when_it_may() -> None:
    with without_privilege() as folder:
        log = folder / "a.jsonl"
        log.write_bytes(b"one\n")
        log.chmod(0)
        (folder / "b.jsonl").write_bytes(b"other\n")
        daemon = reader(folder)
        told = [c for c in daemon.scan() if c.kind == "later"]
        assert [(c.reason, c.again) for c in told] == [("permission denied", False)]
        assert [c for c in daemon.scan() if c.kind == "later"] == [], "it waits before a second try"
        daemon.later += 6 * 10**9
        assert [c.again for c in daemon.scan() if c.kind == "later"] == [True]
        log.chmod(0o600)
        daemon.scan()
        assert sorted(daemon.taken()) == [b"one", b"other"]
        assert daemon.known.troubles() == {}


def test_the_pause_before_another_try_doubles_up_to_five_minutes() -> None:
    with without_privilege() as folder:
        log = folder / "a.jsonl"
        log.write_bytes(b"one\n")
        log.chmod(0)
        [seen] = find([rooted(folder, ["*.jsonl"])], time.time_ns()).seen
        known, began = Known(), time.time_ns()
        tries = []
        for second in range(1500):
            if not known.settled(seen, began + second * 10**9):
                known.compare(seen, began + second * 10**9)
                tries.append(second)
        assert tries == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215]


def test_a_folder_without_permission_is_told_and_hinders_no_other() -> None:
    with without_privilege() as folder:
        (folder / "open").mkdir()
        (folder / "closed").mkdir()
        (folder / "open" / "a.jsonl").write_bytes(b"a\n")
        (folder / "closed" / "b.jsonl").write_bytes(b"b\n")
        (folder / "closed").chmod(0)
        tree = FolderTree([rooted(folder, ["**/*.jsonl"])])
        found = tree.all(time.time_ns())
        assert [os.path.basename(s.path) for s in found.seen] == [b"a.jsonl"]
        closed = os.fsencode(folder / "closed")
        assert [tuple(t) for t in found.troubles] == [(closed, "permission denied")]
        (folder / "closed").chmod(0o700)
        seen = tree.recent(time.time_ns()).seen
        assert {os.path.basename(s.path) for s in seen} == {b"a.jsonl", b"b.jsonl"}


def test_census_keeps_what_is_behind_a_closed_folder() -> None:
    with without_privilege() as folder:
        closed = folder / "closed"
        closed.mkdir()
        (closed / "b.jsonl").write_bytes(b"b\n")
        daemon = reader(folder)
        daemon.scan()
        closed.chmod(0)
        found = find(daemon.roots, daemon.now())
        assert daemon.known.census(found, 1) == ([], [])


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.mkdir()
    (path / "secret").write_bytes(b"secret\n")
    return path


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    path = tmp_path / "inside"
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "real.jsonl").write_bytes(b"real\n")
    return path


def test_links_count_only_where_their_target_stays_below_a_root(
    inside: Path, outside: Path
) -> None:
    (inside / "a.jsonl").symlink_to(outside / "secret")
    (inside / "b.jsonl").symlink_to("/dev/zero")
    (inside / "c.jsonl").symlink_to(inside / "deep" / "real.jsonl")
    (inside / "d.jsonl").symlink_to(inside / "d.jsonl")
    (inside / "e.jsonl").symlink_to(inside / "nothing")
    (inside / "loop").symlink_to(inside)
    (inside / "away").symlink_to(outside)
    daemon = reader(inside, ["**/*"])
    daemon.scan()
    assert daemon.taken() == [b"real"]
    troubles = find(daemon.roots, daemon.now()).troubles
    left = [os.fsencode(inside / name) for name in ("a.jsonl", "b.jsonl", "away")]
    assert sorted(t.path for t in troubles) == sorted(left)


def test_fifos_and_folders_with_a_log_name_are_passed_over(inside: Path) -> None:
    os.mkfifo(inside / "pipe.jsonl")
    (inside / "folder.jsonl").mkdir()
    daemon = reader(inside)
    daemon.scan()
    assert daemon.taken() == [b"real"]
    [trouble] = find(daemon.roots, daemon.now()).troubles
    assert trouble.reason == "is not a regular file"


@pytest.mark.parametrize("kind", ["link", "fifo", "nothing", "folder"])
def test_a_file_exchanged_after_the_walk_is_not_opened(
    inside: Path, outside: Path, kind: str
) -> None:
    log = inside / "deep" / "real.jsonl"
    daemon = reader(inside)
    [seen] = find(daemon.roots, daemon.now()).seen
    log.unlink()
    if kind == "link":
        log.symlink_to(outside / "secret")
    elif kind == "fifo":
        os.mkfifo(log)
    elif kind == "folder":
        log.mkdir()
    change = Known().compare(seen)
    assert change.kind == ("gone" if kind == "nothing" else "refused")
    assert list(pieces(place_of(log))) == []


def test_a_file_deleted_between_listing_and_reading_keeps_its_place(inside: Path) -> None:
    log = inside / "deep" / "real.jsonl"
    daemon = reader(inside)
    daemon.scan()
    with log.open("ab") as file:
        file.write(b"more\n")
    [seen] = find(daemon.roots, daemon.now()).seen
    content = log.read_bytes()
    log.unlink()
    assert daemon.known.compare(seen).kind == "gone"
    log.write_bytes(content)
    daemon.scan()
    assert daemon.taken() == [b"real", b"more"]


def test_a_file_replaced_between_comparing_and_reading_gives_nothing_wrong(inside: Path) -> None:
    log = inside / "deep" / "real.jsonl"
    daemon = reader(inside)
    daemon.scan()
    with log.open("ab") as file:
        file.write(b"more\n")
    [seen] = find(daemon.roots, daemon.now()).seen
    change = daemon.known.compare(seen)
    log.write_bytes(b"quite another file\nwith lines\n")
    assert list(pieces(change.place)) == []
    daemon.scan()
    assert daemon.taken() == [b"real", b"quite another file", b"with lines"]


def test_a_document_is_read_whole_at_every_change_up_to_a_limit(tmp_path: Path) -> None:
    root = rooted(tmp_path, ["*.json"], "document")
    path = tmp_path / "chat.json"
    known = Known()
    for text in (b'{"a":1}', b'{"a":1,"b":2}', b'{"c":3}'):
        path.write_bytes(text)
        [seen] = find([root], time.time_ns()).seen
        change = known.compare(seen)
        assert change.readable
        piece = document(change.place)
        assert piece and piece.data == text
        known.put(piece.place)
    os.truncate(path, DOCUMENT_LIMIT + 1)
    [seen] = find([root], time.time_ns()).seen
    assert known.compare(seen).reason == "is larger than 64 MiB"
    assert document(place_of(path)) is None


def test_ten_thousand_known_files_take_a_few_looks_each_and_no_descriptors(
    tmp_path: Path,
) -> None:
    for n in range(200):
        folder = tmp_path / "projects" / f"p{n}"
        folder.mkdir(parents=True)
        for m in range(50):
            path = folder / f"{m}.jsonl"
            path.write_bytes(b'{"n":"%d-%d"}\n' % (n, m))
            os.utime(path, (1.7e9, 1.7e9))
    daemon = Reader(rooted(tmp_path, ["**/*.jsonl"]))
    daemon.scan()
    assert len(daemon.taken()) == 10_000
    took, bare = [], []
    for _ in range(5):  # in turn, so that whatever else runs here slows both
        began = time.process_time()
        assert daemon.scan() == []
        took.append(time.process_time() - began)
        began = time.process_time()
        assert sum(path.stat().st_size > 0 for path in tmp_path.rglob("*.jsonl")) == 10_000
        bare.append(time.process_time() - began)
    assert min(took) <= 3 * min(bare)
    if os.path.isdir("/proc/self/fd"):
        assert len(os.listdir("/proc/self/fd")) < 200
