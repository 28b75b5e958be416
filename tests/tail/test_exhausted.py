"""Where the kernel gives no more watches or descriptors, the tail polls and says so (I14).

The limits are set in a user namespace of a child; a kernel that refuses that skips the test.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

FOLLOW = """
import asyncio, resource, sys
from costtop.tail.follow import Follower, ScanPace
from costtop.tail.roots import rooted

async def main(folder, files):
    if files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    roots = [rooted(folder, ["**/*.jsonl"])]
    seen = set()
    pace = ScanPace(recent=1, polling=0.3, all=1)
    async with Follower(roots, lambda s: s.path in seen, pace=pace) as follower:
        async for batch in follower.batches():
            seen |= {s.path for s in batch.seen}
            if seen and follower.status.startswith("polling"):
                print(follower.status)
                return

asyncio.run(asyncio.wait_for(main(sys.argv[1], int(sys.argv[2])), 120))
"""


def in_namespace(limit: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Runs the follower with `limit` in force; skips where that cannot be had."""
    name, value = limit.split("=")
    shell = f'echo {value} > /proc/sys/user/{name} || exit 77; exec "$@"'
    run = ["unshare", "-Ur", "sh", "-c", shell, "sh"]
    try:
        probe = subprocess.run(
            [*run, "true"], check=False, capture_output=True, text=True, timeout=PATIENCE
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        pytest.skip("needs unshare")
    if probe.returncode:
        pytest.skip(f"the kernel gives no user namespace with a limit: {probe.stderr.strip()}")
    return child([*run, sys.executable, "-c", FOLLOW, str(folder), "0"])


def child(run: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(run, check=False, capture_output=True, text=True, timeout=2 * PATIENCE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n in range(40):
        (tmp_path / "logs" / f"d{n}").mkdir(parents=True)
        (tmp_path / "logs" / f"d{n}" / "a.jsonl").write_bytes(b"line\n")
    return tmp_path / "logs"


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("max_inotify_watches=5", "polling: inotify watches exhausted (sysctl fs.inotify.max_user"),
        ("max_inotify_instances=0", "polling: too many open files or inotify instances (ulimit -n"),
    ],
)
def test_inotify_limits_lead_to_polling(folder: Path, limit: str, words: str) -> None:
    ran = in_namespace(limit, folder)
    assert ran.stdout.startswith(words), ran.stderr


def test_a_shortage_of_descriptors_leads_to_polling(folder: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 10 or not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs a limit that can be lowered, and inotify")
    ran = child([sys.executable, "-c", FOLLOW, str(folder), "8"])
    assert ran.stdout.startswith("polling: too many open files"), ran.stderr
