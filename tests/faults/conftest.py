"""What tests of faults get: an instance of costtop, and faults of the machine that come and go."""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.instance import Instance

HERE = Path(__file__).parent
# A task that says nothing has done its work once it ran for twenty seconds, and costtop looks each
# ten whether it is blind. Here it is less, but longer than the five for which another program's
# lock is waited out in one go.
_HASTY = (
    "import sys; from functools import partial; from costtop import lasting_tasks;"
    "from costtop.daemon.notices import self_check; self_check._EVERY = 3.0;"
    "lasting_tasks.Pace = partial(lasting_tasks.Pace, most=5.0, settled=7.0);"
    "sys.argv = ['costtop', 'daemon']; from costtop.__main__ import main; sys.exit(main())"
)
Start = Callable[[], "subprocess.Popen[bytes]"]


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
    made.daemon_command = [sys.executable, "-P", "-c", _HASTY]
    yield made
    made.kill9()


@pytest.fixture
def machine(instance: Instance, shim: Path) -> Iterator[FaultyMachine]:
    made = FaultyMachine(instance, shim)
    try:
        yield made
    finally:
        made.end()


_HOLD = 'mount -t tmpfs -o size={size},mode=0700 none "$0" || exit 99; echo mounted; exec sleep 600'


@pytest.fixture
def kept_disk(instance: Instance) -> Iterator[Callable[[int], tuple[Path, Start]]]:
    """Makes a file system of so many bytes that outlives daemons: its path, and what starts one."""
    _needs_namespaces()
    holders: list[subprocess.Popen[str]] = []

    def make(size: int) -> tuple[Path, Start]:
        folder = instance.paths.database.parent
        folder.mkdir(mode=0o700, exist_ok=True)
        hold = ["unshare", "-Urm", "sh", "-c", _HOLD.format(size=size), folder]
        holders.append(subprocess.Popen(hold, stdout=subprocess.PIPE, text=True))
        assert holders[0].stdout is not None
        assert holders[0].stdout.readline() == "mounted\n"
        real = Path(f"/proc/{holders[0].pid}/root{folder}")
        shutil.copy(instance.home / "kept.toml", real / "config.toml")
        return real, partial(_started_within, instance, holders[0].pid)

    yield make
    instance.kill9()
    for holder in holders:
        holder.kill()
        holder.communicate()


def _started_within(instance: Instance, holder: int) -> "subprocess.Popen[bytes]":
    enter = ["nsenter", "-U", "-m", "--preserve-credentials", "-t", str(holder)]
    with open(instance.home / "daemon.log", "ab") as log:
        daemon = subprocess.Popen(
            [*enter, *instance.daemon_command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    instance.daemons.append(daemon)
    return daemon


def _needs_namespaces() -> None:
    if shutil.which("unshare") is None or subprocess.run(
        ["unshare", "-Urm", "mount", "-t", "tmpfs", "none", "/mnt"], check=False,
        stderr=subprocess.DEVNULL,
    ).returncode:  # fmt: skip
        pytest.skip("needs namespaces of the user (unshare -Urm)")


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
                ["unshare", "-Urm", "sh", "-c", script, folder, *instance.daemon_command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        instance.daemons.append(daemon)
        return Path(f"/proc/{daemon.pid}/root{folder}")

    _needs_namespaces()
    return start
