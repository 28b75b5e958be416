"""Files are found by patterns below roots, cheaply again, and databases by their -wal too."""

import os
import sqlite3
import time
from pathlib import Path

import pytest

from costtop.tail.find import FolderTree, find
from costtop.tail.patterns import names, related
from costtop.tail.place import Place, restored
from costtop.tail.roots import Seen, rooted, rooted_glob

HOUR = 3600 * 10**9


def found(*roots: object) -> set[str]:
    seen = find(roots, time.time_ns()).seen  # type: ignore[arg-type]
    return {os.path.basename(os.fsdecode(s.path)) for s in seen}


def touch(path: Path, age: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x\n")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


@pytest.mark.parametrize(
    ("pattern", "path", "is_log"),
    [
        ("**/*.jsonl", "a.jsonl", True),
        ("**/*.jsonl", "a/b/c.jsonl", True),
        ("*/chats/session-*.json", "x/chats/session-1.json", True),
        ("*/chats/session-*.json", "x/y/chats/session-1.json", False),
        ("*.jsonl", "a/b.jsonl", False),
        ("log[0-9].txt", "log7.txt", True),
        ("log[!0-9].txt", "log7.txt", False),
        ("a?.log", "ab.log", True),
        ("a.log", "axlog", False),
        ("a/**", "a/b/c", True),
        ("[a", "[a", True),
    ],
)
def test_patterns_match_like_globs(pattern: str, path: str, is_log: bool) -> None:
    assert bool(names((pattern.encode(),)).files.fullmatch(path.encode())) is is_log


@pytest.mark.parametrize(
    "suffix", [".1", ".12", "-20261124", ".2026-11-24", "-2026-11-24T10:00", ".old", ".gz", ".3.gz"]
)
def test_what_log_rotation_appends_still_belongs_to_the_log(suffix: str) -> None:
    known = names((b"**/app.jsonl",))
    name = b"logs/app.jsonl" + suffix.encode()
    assert known.rotated.fullmatch(name) and not known.files.fullmatch(name)
    assert related(b"app.jsonl", b"app.jsonl" + suffix.encode())


def test_names_that_only_look_alike_are_no_relatives() -> None:
    assert related(b"app.jsonl.1", b"app.jsonl.2.gz")
    assert not related(b"s-one.jsonl", b"s-two.jsonl")
    assert not names((b"*.jsonl",)).rotated.fullmatch(b"app.jsonl.tmp")


def test_only_folders_on_the_way_to_a_match_are_walked(tmp_path: Path) -> None:
    touch(tmp_path / "root" / "a" / "chats" / "x.json")
    touch(tmp_path / "root" / "a" / "cache" / "deep" / "x.json")
    tree = FolderTree([rooted(tmp_path / "root", ["*/chats/*.json"])])
    tree.all(time.time_ns())
    [walked] = tree.folders.values()
    assert {os.path.basename(f) for f in walked} == {b"root", b"a", b"chats"}


def test_a_glob_of_the_config_becomes_a_root(tmp_path: Path) -> None:
    touch(tmp_path / "logs" / "x" / "app.jsonl")
    root = rooted_glob(f"{tmp_path}/logs/*/app.jsonl")
    assert root.path == os.fsencode(tmp_path / "logs")
    assert root.patterns == (b"*/app.jsonl",)
    assert found(root, rooted_glob(f"{tmp_path}/logs/x/app.jsonl")) == {"app.jsonl"}


def test_two_roots_on_one_folder_find_their_own_files_and_each_file_once(tmp_path: Path) -> None:
    touch(tmp_path / "a" / "x.jsonl")
    touch(tmp_path / "a" / "y.json")
    one, two = rooted(tmp_path, ["**/*.jsonl"]), rooted(tmp_path, ["**/*.json*"], label="two")
    seen = find([one, two], time.time_ns()).seen
    assert {(os.path.basename(s.path), s.root.label) for s in seen} == {
        (b"x.jsonl", ""),
        (b"y.json", "two"),
    }


def test_a_root_that_is_a_link_gives_real_paths(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "x.jsonl")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    [seen] = find([rooted(tmp_path / "link", ["*.jsonl"])], time.time_ns()).seen
    assert seen.path == os.fsencode(tmp_path / "real" / "x.jsonl")


def test_the_newest_file_comes_first(tmp_path: Path) -> None:
    for age in (500, 5, 50):
        touch(tmp_path / f"{age}.jsonl", age)
    seen = find([rooted(tmp_path, ["*.jsonl"])], time.time_ns()).newest_first()
    assert [os.path.basename(s.path) for s in seen] == [b"5.jsonl", b"50.jsonl", b"500.jsonl"]


class TestTheCheapLook:
    def tree(self, tmp_path: Path) -> FolderTree:
        touch(tmp_path / "old" / "old.jsonl", age=7200)
        touch(tmp_path / "hot" / "hot.jsonl", age=10)
        for folder in (tmp_path, tmp_path / "old", tmp_path / "hot"):
            os.utime(folder, (time.time() - 100,) * 2)
        tree = FolderTree([rooted(tmp_path, ["**/*.jsonl"])])
        tree.all(time.time_ns())
        return tree

    def names(self, seen: list[Seen]) -> set[str]:
        return {os.path.basename(os.fsdecode(s.path)) for s in seen}

    def test_stats_only_files_touched_lately(self, tmp_path: Path) -> None:
        tree = self.tree(tmp_path)
        assert self.names(tree.recent(time.time_ns()).seen) == {"hot.jsonl"}
        assert tree.recent(time.time_ns() + 2 * HOUR).seen
        assert tree.recent(time.time_ns() + 2 * HOUR).seen == [], "by then it is not recent"

    def test_finds_new_files_and_folders_of_folders(self, tmp_path: Path) -> None:
        tree = self.tree(tmp_path)
        touch(tmp_path / "new" / "deeper" / "new.jsonl")
        touch(tmp_path / "old" / "young.jsonl")
        seen = self.names(tree.recent(time.time_ns()).seen)
        assert seen >= {"new.jsonl", "young.jsonl", "hot.jsonl"}

    def test_finds_a_file_made_in_the_clock_tick_of_the_last_look(self, tmp_path: Path) -> None:
        folder = tmp_path / "young"
        touch(folder / "a.jsonl", age=7200)
        tree = FolderTree([rooted(folder, ["*.jsonl"])])
        tree.all(time.time_ns())
        tick = folder.stat().st_mtime_ns
        touch(folder / "b.jsonl", age=7200)
        os.utime(folder, ns=(tick, tick))
        assert "b.jsonl" in self.names(tree.recent(time.time_ns()).seen)

    def test_finds_a_root_that_appears_or_is_made_anew(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        tree = FolderTree([rooted(root, ["**/*.jsonl"])])
        assert tree.all(time.time_ns()).seen == []
        touch(root / "a" / "one.jsonl")
        assert self.names(tree.recent(time.time_ns()).seen) == {"one.jsonl"}
        root.rename(tmp_path / "away")
        assert tree.recent(time.time_ns()).seen == []
        touch(root / "a" / "two.jsonl")
        assert self.names(tree.recent(time.time_ns()).seen) == {"two.jsonl"}

    def test_looks_at_what_a_watcher_names(self, tmp_path: Path) -> None:
        tree = self.tree(tmp_path)
        touch(tmp_path / "new" / "deeper" / "new.jsonl")
        hints = [tmp_path / "new", tmp_path / "old" / "old.jsonl", tmp_path / "x", Path("/etc")]
        seen = tree.look(map(os.fsencode, hints), time.time_ns()).seen
        assert self.names(seen) == {"new.jsonl", "old.jsonl"}


def test_a_database_changes_with_its_wal_and_is_hinted_at_by_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    owner = sqlite3.connect(path)
    owner.execute("PRAGMA journal_mode = WAL")
    owner.execute("CREATE TABLE t (a)")
    owner.commit()
    tree = FolderTree([rooted(tmp_path, ["*.db"], "rows")])
    [before] = tree.all(time.time_ns()).seen
    owner.execute("INSERT INTO t VALUES (1)")
    owner.commit()
    [after] = tree.look([os.fsencode(f"{path}-wal")], time.time_ns()).seen
    assert after.path == os.fsencode(path)
    assert after.size > before.size
    owner.close()


def test_a_place_survives_its_row_and_a_damaged_row_starts_over() -> None:
    place = Place(b"/a\xff", 1, 2, 3, 4, 5, 6, b"h" * 16, b"m" * 16, True, True, 7, 8)
    assert restored(place.path, place.state(), place.born) == place
    for damaged in ("", "[]", "[1]", "{}", "null", '[9,1,2,3,4,5,6,"","",0,0,0]', "[1,2,3]"):
        assert restored(b"/a", damaged, 7) == Place(b"/a", born=7)
