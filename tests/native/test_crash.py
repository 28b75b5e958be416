"""A compiled part that crashes takes its worker with it, and not one line of a log."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.native import library
from tests.conftest import ROOT

_NATIVE = ROOT / "costtop" / "native"
_FOLDED = """
import asyncio, json, os, sys
from pathlib import Path
from costtop.daemon.ingest.fold import Order
from costtop.daemon.ingest.fold_workers import workers
from costtop.native import library
from costtop.tail.identity import FileChange
from costtop.tail.place import Place

def order(name):
    place = Place(os.fsencode(name))
    return Order("claude-code", "claude-code", FileChange("new", place), {}, 1_795_000_000_000)

async def folded(names):
    async with workers(1, 1 << 20) as pool:
        for name in names:
            (one,) = await pool.fold([order(name)])
            for call in one.calls:
                print(call.key.hex())
        print(len(pool.followers), library.loaded())

asyncio.run(folded(sys.argv[1:]))
"""


def tree(at: Path, crash: str) -> Path:
    """A costtop whose compiled part is `crash`."""
    native = at / "costtop" / "native"
    native.mkdir(parents=True)
    for entry in (ROOT / "costtop").iterdir():
        if entry != _NATIVE:
            (at / "costtop" / entry.name).symlink_to(entry)
    for entry in _NATIVE.iterdir():
        if entry.suffix != ".so":
            (native / entry.name).symlink_to(entry)
    (at / "crash.c").write_text(crash)
    made = ["cc", "-shared", "-fPIC", "-o", str(native / library.file_name()), str(at / "crash.c")]
    subprocess.run(made, check=True)
    return at


def at_load() -> str:
    return "__attribute__((constructor)) static void crash(void) { *(volatile int *)0 = 1; }"


def logs(folder: Path) -> list[str]:
    row = {
        "type": "assistant", "sessionId": "s", "cwd": "/p", "version": "2.0.0",
        "timestamp": "2026-11-18T10:00:00.000Z", "requestId": "req_01AbQ7wZk3nT9xLmPvRs2dYu",
    }  # fmt: skip
    usage = {"input_tokens": 10, "output_tokens": 20}
    paths = []
    for n in range(3):
        message = {
            "id": f"msg_01AbQ7wZk3nT9xLmPvRs2dY{n}",
            "model": "claude-opus-5",
            "usage": usage,
        }
        path = folder / f"{n}.jsonl"
        path.write_text(json.dumps(row | {"uuid": f"u{n}", "message": message}) + "\n")
        paths.append(str(path))
    return paths


def folded(at: Path, names: list[str]) -> list[str]:
    ran = subprocess.run(
        [
            sys.executable,
            "-P",
            "-c",
            f"import sys; sys.path.insert(0, {str(at)!r})\n{_FOLDED}",
            *names,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=at,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.splitlines()


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_what_a_crashed_worker_was_asked_is_folded_without_it(tmp_path: Path) -> None:
    names = logs(tmp_path)
    *calls, end = folded(tree(tmp_path / "tree", at_load()), names)
    assert len(set(calls)) == len(calls) == 3
    assert end == "1 None"  # one follower, and nothing was loaded in the daemon
