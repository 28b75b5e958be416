"""A scan that finds nothing new loads nothing that reads, and leaves other imports as they were."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.logs import claude_row, write

_SPARED = {
    *("asyncio", "argparse", "hashlib", "gzip", "socket", "tomllib", "typing_extensions"),
    *("costtop.sources.claude.transcripts", "costtop.sources.fold.log", "costtop.daemon.wiring"),
}
_SCRIPT = """
import sys
from costtop.cli.main import main
main(["scan"])
print(sorted({spared} & set(sys.modules)))
import typing_extensions
print(typing_extensions.TypedDict.__name__)
"""


def test_where_nothing_is_new_nothing_is_loaded_that_reads(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write(home, claude_row(1))
    os.utime(log, (time.time() - 60,) * 2)
    moved = [name for name in os.environ if name.startswith("XDG_")]
    for name in moved:  # other tools might have logs there
        monkeypatch.delenv(name)
    said = []
    for _ in range(2):
        script = _SCRIPT.format(spared=_SPARED)
        command = [sys.executable, "-P", "-c", script]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        assert ran.stderr == ""
        said.append(ran.stdout.splitlines())
    assert "calls 1" in said[0][0]
    assert "looked_at 1  files 0" in said[1][0]
    assert said[1][1:] == ["[]", "TypedDict"]
