"""Folder links are followed inside the user's home, once, and never to where secrets lie."""

import asyncio
import os
import time

import pytest

from costtop.tail.find import FolderTree, find
from costtop.tail.follow import Follower, ScanPace
from costtop.tail.roots import rooted
from tests.patience import PATIENCE
from tests.tail.reader import Reader

PATTERNS = ["**/*.jsonl"]


@pytest.fixture
def projects(home):
    folder = home / ".claude" / "projects"
    folder.mkdir(parents=True)
    return folder


def log(folder, name="a.jsonl", text=b"one\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text)
    return folder


def seen(folder, patterns=PATTERNS):
    found = find([rooted(folder, patterns)], time.time_ns())
    return [os.fsdecode(one.path) for one in found.seen], found.troubles


def test_a_linked_folder_inside_the_home_is_read_by_its_real_path(home, projects):
    disk = log(home / "disk" / "p")
    (projects / "-w-a").symlink_to(disk)
    assert seen(projects) == ([str(disk / "a.jsonl")], [])


@pytest.mark.parametrize("patterns", [["*/*.jsonl"], ["*/sub/*.jsonl"], ["**/*.jsonl"]])
def test_names_below_a_link_are_told_as_if_they_stood_there(home, projects, patterns):
    log(home / "disk")
    log(home / "disk" / "sub", "b.jsonl")
    (projects / "-w-a").symlink_to(home / "disk")
    found, _ = seen(projects, patterns)
    assert len(found) == (2 if "**" in patterns[0] else 1)


def test_a_link_to_a_folder_that_no_pattern_enters_is_passed_over(home, projects):
    log(home / "disk")
    (projects / "x").symlink_to(home / "disk")
    assert seen(projects, ["*.jsonl"]) == ([], [])


def test_a_folder_outside_the_home_is_told_and_not_read(home, projects, tmp_path):
    log(tmp_path / "elsewhere")
    (projects / "-w-a").symlink_to(tmp_path / "elsewhere")
    found, troubles = seen(projects)
    assert found == []
    assert [trouble.path for trouble in troubles] == [os.fsencode(projects / "-w-a")]
    assert "leaves" in troubles[0].reason and "[[source]]" in troubles[0].reason


@pytest.mark.parametrize(
    "secret", [".ssh", ".gnupg/private", ".aws", ".config/gcloud", ".password-store/a"]
)
def test_no_link_leads_to_where_secrets_are_kept(home, projects, secret):
    log(home / secret)
    (projects / "-w-a").symlink_to(home / secret)
    (projects / "b.jsonl").symlink_to(home / secret / "a.jsonl")
    found, troubles = seen(projects)
    assert found == [] and len(troubles) == 2
    assert all("secrets" in trouble.reason for trouble in troubles)


def test_a_chain_of_links_to_secrets_is_seen_through(home, projects):
    log(home / ".ssh")
    (home / "innocent").symlink_to(home / ".ssh")
    (projects / "-w-a").symlink_to(home / "innocent")
    found, troubles = seen(projects)
    assert found == [] and "secrets" in troubles[0].reason


@pytest.mark.parametrize("target", [".", "..", "../..", "../../..", "self"])
def test_loops_end(projects, target):
    log(projects / "-w-a")
    (projects / "-w-a" / "self").symlink_to(target)
    found, _ = seen(projects)
    assert found == [str(projects / "-w-a" / "a.jsonl")]


def test_links_that_lead_to_each_other_end(home, projects):
    one, two = log(home / "one"), log(home / "two")
    (one / "two").symlink_to(two)
    (two / "one").symlink_to(one)
    (projects / "one").symlink_to(one)
    (projects / "two").symlink_to(two)
    assert sorted(seen(projects)[0]) == [str(one / "a.jsonl"), str(two / "a.jsonl")]


@pytest.mark.parametrize("first", ["a", "z"])
def test_overlapping_links_give_each_file_once_in_any_order(home, projects, first):
    log(home / "disk")
    log(home / "disk" / "deep")
    (projects / first).symlink_to(home / "disk")
    (projects / "m").symlink_to(home / "disk" / "deep")
    found, troubles = seen(projects)
    disk = home / "disk"
    assert sorted(found) == [str(disk / "a.jsonl"), str(disk / "deep" / "a.jsonl")]
    assert troubles == []


def test_a_home_that_is_the_whole_disk_is_nobodys(home, projects, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/")
    log(tmp_path / "elsewhere")
    (projects / "-w-a").symlink_to(tmp_path / "elsewhere")
    found, troubles = seen(projects)
    assert found == [] and len(troubles) == 1


def test_a_link_that_is_turned_is_read_anew_and_one_that_is_gone_is_forgotten(home, projects):
    tree = FolderTree([rooted(projects, PATTERNS)])
    one, two = log(home / "one"), log(home / "two")
    (projects / "p").symlink_to(one)
    now = time.time_ns()
    assert [x.path for x in tree.all(now).seen] == [os.fsencode(one / "a.jsonl")]
    (projects / "p").unlink()
    (projects / "p").symlink_to(two)
    assert [x.path for x in tree.all(now).seen] == [os.fsencode(two / "a.jsonl")]
    (projects / "p").unlink()
    assert tree.all(now).seen == []


def test_what_grows_behind_a_link_is_seen_between_two_walks(home, projects):
    tree = FolderTree([rooted(projects, PATTERNS)])
    disk = log(home / "disk")
    (projects / "p").symlink_to(disk)
    tree.all(time.time_ns())
    log(disk / "new", "b.jsonl")
    found = tree.recent(time.time_ns())
    assert os.fsencode(disk / "new" / "b.jsonl") in [one.path for one in found.seen]
    hinted = tree.look([os.fsencode(disk / "a.jsonl")], time.time_ns())
    assert [one.path for one in hinted.seen] == [os.fsencode(disk / "a.jsonl")]


def test_a_file_behind_a_link_is_read_once_over_restarts(home, projects):
    disk = log(home / "disk")
    (projects / "p").symlink_to(disk)
    daemon = Reader(rooted(projects, PATTERNS))
    daemon.scan()
    daemon.restart()
    daemon.scan()
    assert daemon.taken() == [b"one"]


async def test_a_watcher_tells_what_grows_behind_a_link(home, projects):
    disk = log(home / "disk")
    (projects / "p").symlink_to(disk)
    pace = ScanPace(roots=0.2, recent=60, all=60)
    sizes = []

    async def take(follower):
        async for batch in follower.batches():
            sizes.extend(one.size for one in batch.seen)

    async with (
        asyncio.timeout(PATIENCE),
        Follower(
            [rooted(projects, PATTERNS)], lambda one: one.size in sizes, pace=pace
        ) as follower,
    ):
        taking = asyncio.create_task(take(follower))
        while not any(os.fsencode(disk) in names for names in follower._watched):
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)  # a watcher is made in a thread of its own
        (disk / "a.jsonl").write_bytes(b"one\ntwo\n")
        while 8 not in sizes:
            await asyncio.sleep(0.02)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
