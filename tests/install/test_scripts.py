"""The scripts of a checkout, run for real in copies of it."""

import shutil
import subprocess
from pathlib import Path

from tests.conftest import ROOT

COREUTILS = ("bash", "dirname", "head", "cat", "cmp", "sed")


def test_a_first_run_says_what_it_does_before_it_looks_for_anything(tmp_path: Path) -> None:
    """Where no Python is found at all the first word has been said already."""
    tree, tools = tmp_path / "tree", tmp_path / "tools"
    shutil.copytree(ROOT / "scripts", tree / "scripts")
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    tools.mkdir()
    for name in COREUTILS:
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    ran = subprocess.run(
        [tree / "scripts" / "run", "report"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(tools)},
    )
    first, last = ran.stderr.splitlines()
    assert ran.returncode == 1
    assert first == (
        "costtop: sets up .venv: half a minute, only now and when the lock files have changed"
    )
    assert last.startswith("costtop: needs Python 3.11 or newer and found none; install it or set")
