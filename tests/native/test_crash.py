"""A compiled part that crashes takes its worker with it, and not one line of a log."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.native import library
from tests.conftest import ROOT
from tests.sources import golden

_NATIVE = ROOT / "costtop" / "native"
_CRASH = "(void) { *(volatile int *)0 = 1; }"
# Folds the named files in one worker, and says what came of them, and whether it had a follower.
_FOLDED = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[1])
from costtop.daemon.ingest.fold import Order
from costtop.daemon.ingest.fold_workers import workers
from costtop.native import library
from costtop.sources.fold.source import written
from costtop.store.kept_memos import text_of
from costtop.tail.rotation import FileChange
from costtop.tail.place import Place

async def folded(form, names):
    async with workers(1, 1 << 20) as pool:
        for name in names:
            change = FileChange("new", Place(os.fsencode(name)))
            (one,) = await pool.fold([Order(form, form, change, {}, 1_795_478_400_000)])
            memo = text_of(one.memo_kept) or written(one.memo)
            print(*one.calls, *one.tasks, *one.outcomes, memo, sep="\\n")
        assert library.loaded() is None
        print(len(pool.followers))

asyncio.run(folded(sys.argv[2], sys.argv[3:]))
"""


def tree(at: Path, crash: str) -> Path:
    """A costtop whose compiled part is `crash`."""
    made = at / "costtop" / "native"
    made.mkdir(parents=True)
    for entry in (ROOT / "costtop").iterdir():
        if entry != _NATIVE:
            (at / "costtop" / entry.name).symlink_to(entry)
    for entry in _NATIVE.iterdir():
        if entry.suffix != ".so":
            (made / entry.name).symlink_to(entry)
    (at / "crash.c").write_text(crash)
    command = ["cc", "-shared", "-fPIC", "-o", made / library.file_name(), at / "crash.c"]
    subprocess.run(command, check=True)
    return at


def at_load() -> str:
    return f"__attribute__((constructor)) static void crash{_CRASH}"


def at_use() -> str:
    """Each function that Python calls, but for the one by which it is taken."""
    headers = "".join(path.read_text() for path in (_NATIVE / "c").glob("*.h"))
    names = set(re.findall(r"^COSTTOP_API\s+\w+\s+(\w+)\(", headers, re.MULTILINE))
    crashes = [f"void {name}{_CRASH}" for name in sorted(names - {"costtop_made_from"})]
    taken = f"int costtop_made_from(void) {{ return {library.made_from()}; }}"
    return "\n".join([taken, *crashes])


def folded(at: Path, form: str, *, pure: bool = False) -> tuple[list[str], int]:
    """What came of the golden logs of a format; how many workers followed one that died."""
    names = [str(path) for _, path in golden.files(form)]
    ran = subprocess.run(
        [sys.executable, "-P", "-c", _FOLDED, at, form, *names],
        capture_output=True,
        text=True,
        check=False,
        cwd=at,
        env=os.environ | ({"COSTTOP_PURE": "1"} if pure else {}),
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    *said, followers = ran.stdout.splitlines()
    return said, int(followers)


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
@pytest.mark.parametrize("form", ["codex", "claude-code"])
@pytest.mark.parametrize("crash", [at_load, at_use])
def test_what_a_crashed_worker_was_asked_is_folded_without_it(crash, form, tmp_path: Path) -> None:
    said, followers = folded(tree(tmp_path / "tree", crash()), form)
    assert followers == 1
    assert (said, 0) == folded(ROOT, form, pure=True)
    assert len(said) > 20
