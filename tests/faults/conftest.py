"""What tests of faults get: an instance of costtop, and faults of the machine that come and go."""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.instance import COSTTOP, Instance

HERE = Path(__file__).parent


class FaultyMachine:
    """One daemon on a machine that can be made to fail, and healed again."""

    def __init__(self, instance: Instance, shim: Path) -> None:
        self.instance = instance
        self._shim, self._switch = shim, instance.home / "fault"
        self.daemon: subprocess.Popen[bytes] | None = None
        self._holder: sqlite3.Connection | None = None

    def start(self) -> subprocess.Popen[bytes]:
        costtop_home = str(self.instance.paths.database.parent)
        faults = {"FAULT_FILE": str(self._switch), "FAULT_BELOW": costtop_home}
        shim = {"LD_PRELOAD": str(self._shim), **faults}
        self.daemon = self.instance.start(env={**os.environ, **shim})
        return self.daemon

    def begin(self, fault: str) -> None:
        """One of: full, quota, io, read-only (each write), descriptors (nothing opens), locked."""
        assert self.daemon is not None
        if fault == "locked":
            self._holder = sqlite3.connect(self.instance.paths.database, isolation_level=None)
            self._holder.execute("BEGIN EXCLUSIVE")
        elif fault == "descriptors":
            _, most = resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (3, most))
        else:
            fresh = self._switch.with_suffix(".new")
            fresh.write_text(str(ERRORS[fault]))
            fresh.replace(self._switch)

    def end(self) -> None:
        """The machine is well again."""
        self._switch.unlink(missing_ok=True)
        if self._holder is not None:
            self._holder.close()
            self._holder = None
        if self.daemon is not None and self.daemon.poll() is None:
            _, most = resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, (most, most))


ERRORS = {
    "full": errno.ENOSPC,
    "quota": errno.EDQUOT,
    "io": errno.EIO,
    "read-only": errno.EROFS,
}


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes writes of the one child fail that is started with it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler and Linux")
    made = tmp_path_factory.mktemp("shim") / "failing_writes.so"
    source = HERE / "failing_writes.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    made = Instance(home)
    yield made
    made.kill9()


@pytest.fixture
def machine(instance: Instance, shim: Path) -> Iterator[FaultyMachine]:
    made = FaultyMachine(instance, shim)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def small_disk(instance: Instance) -> Callable[[int], Path]:
    """Starts a daemon whose home is a file system of so many bytes; answers with its real path."""

    def start(size: int) -> Path:
        folder = instance.paths.database.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        kept = instance.home / "kept.toml"
        script = (
            f'mount -t tmpfs -o size={size},mode=0700 none "$0" || exit 99;'
            f'[ ! -e {kept} ] || cp {kept} "$0/config.toml"; exec "$@"'
        )
        with open(instance.home / "daemon.log", "ab") as log:
            daemon = subprocess.Popen(
                ["unshare", "-Urm", "sh", "-c", script, folder, *COSTTOP, "daemon"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        instance.daemons.append(daemon)
        return Path(f"/proc/{daemon.pid}/root{folder}")

    if shutil.which("unshare") is None or subprocess.run(
        ["unshare", "-Urm", "mount", "-t", "tmpfs", "none", "/mnt"], check=False,
        stderr=subprocess.DEVNULL,
    ).returncode:  # fmt: skip
        pytest.skip("needs namespaces of the user (unshare -Urm)")
    return start
