"""costtop's unit under a systemd that really runs, where this machine lets one be started."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.e2e.instance import Instance

SCRIPT = Path(__file__).with_name("live_unit.sh")
MANAGER = Path("/lib/systemd/systemd")
_NOT_HERE = 77

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not MANAGER.exists() or not shutil.which("unshare"),
    reason="needs root, systemd and unshare",
)


def test_systemd_starts_restarts_stops_and_forgets_the_daemon(instance: Instance):
    with tempfile.TemporaryDirectory(prefix="costtop-unit-", dir="/var/tmp") as folder:
        ran = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "bash", str(SCRIPT), folder,
             sys.executable],
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
    if ran.returncode == _NOT_HERE:
        pytest.skip("no manager of services can be started here")
    said = dict(re.findall(r"^(\w+): (.*)$", ran.stdout, re.MULTILINE))
    assert re.fullmatch(r"notify active pid [1-9]\d*", said["installed"]), ran
    assert re.fullmatch(r"1 active pid [1-9]\d*", said["killed"]), ran
    assert said["killed"].split()[-1] != said["installed"].split()[-1]
    assert f"(pid {said['killed'].split()[-1]}) is running" in ran.stdout
    assert said["stopped"] == "inactive success"
    assert re.fullmatch(r"active pid [1-9]\d*", said["started"])
    assert said["removed"] == "not-found"
