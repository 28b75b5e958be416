"""The disk under costtop's home, which fills and frees: a small one where a mount is allowed."""

import contextlib
import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Protocol

SIZE = 320 << 20  # bytes


class Disk(Protocol):
    """A disk that can be filled for the daemon with this pid, and freed again."""

    said: str

    def fill(self, pid: int) -> None: ...

    def free(self, pid: int) -> None: ...

    def end(self) -> None: ...


class SmallDisk:
    """A file system in memory of its own, filled to its last block by a file."""

    said = f"a tmpfs of {SIZE >> 20} MiB in a private mount namespace, filled to its last block"

    def __init__(self, home: Path) -> None:
        self._home, self._ballast = home, home / "ballast"

    def fill(self, pid: int) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1 << 22, 1 << 16, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def free(self, pid: int) -> None:
        self._ballast.unlink(missing_ok=True)

    def end(self) -> None:
        """Takes it away with all that is on it."""
        subprocess.run(["umount", "-l", self._home], check=True)


class FileLimit:
    """Where nothing may be mounted: no file of the daemon may grow (RLIMIT_FSIZE)."""

    said = "no mount allowed here: a limit on the daemon's files (RLIMIT_FSIZE) instead"

    def fill(self, pid: int) -> None:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1024, most))

    def free(self, pid: int) -> None:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))

    def end(self) -> None:
        """It ends with its daemon."""


def namespace() -> list[str]:
    """The command before a command that gives it mounts of its own; [] where none is allowed."""
    for way in (["unshare", "-m"], ["unshare", "-Urm"]):
        probe = [*way, "mount", "-t", "tmpfs", "none", "/mnt"]
        if shutil.which("unshare") and not subprocess.run(
            probe, check=False, stderr=subprocess.DEVNULL
        ).returncode:  # fmt: skip
            return way
    return []


def small(home: Path) -> Disk:
    """A small disk at `home`, which is to be mounted in this namespace; else the limit."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.environ.get("SOAK_MOUNTS") != "own":
        return FileLimit()
    options = f"size={SIZE},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", home], check=True)
    return SmallDisk(home)
