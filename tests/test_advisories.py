"""Pinned dependencies with a known hole are named, without a network; others are not."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def audit(folder: Path) -> tuple[int, str]:
    command = [sys.executable, str(ROOT / "scripts/audits/advisories.py"), str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return ran.returncode, ran.stdout + ran.stderr


def record(name: str, *events: dict[str, str], **more: object) -> dict[str, object]:
    span = {"type": "ECOSYSTEM", "events": list(events)}
    package = {"name": name, "ecosystem": "PyPI"}
    return {"id": f"PYSEC-{name}", "summary": "a hole",
            "affected": [{"package": package, "ranges": [span]}], **more}  # fmt: skip


def test_without_a_list_nothing_is_audited_and_that_is_said(tmp_path):
    code, said = audit(tmp_path / "none")
    assert (code, "not audited" in said) == (0, True)


def test_what_is_affected_is_named_and_nothing_else(tmp_path):
    from_0 = {"introduced": "0"}
    listed = [
        record("Msgspec", from_0),
        record("aiosqlite", from_0, {"fixed": "0.1"}),
        record("psutil", from_0, withdrawn="2026-01-01T00:00:00Z"),
        record("textual", {"introduced": "999"}),
        record("nobody-uses-this", from_0),
        record("platformdirs", from_0, {"last_affected": "999"}),
    ]
    for number, one in enumerate(listed):
        (tmp_path / f"{number}.json").write_text(json.dumps(one))
    code, said = audit(tmp_path)
    hits = [line.partition(" ")[0] for line in said.splitlines()[1:]]
    assert (code, hits) == (1, ["msgspec", "platformdirs"])
