"""The control group that `costtop run` gave to its command: a kill from which nothing escapes.

It touches only a group whose name says that it is ours; it makes none.
"""

import os
from pathlib import Path

PREFIX = "costtop-run-"  # of the unit: costtop-run-<something>.scope


class Scope:
    """Our control group (version 2) that a process is in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def members(self) -> frozenset[int]:
        """Pids in it and below it, now."""
        found: set[int] = set()
        for place in (self.folder, *_below(self.folder)):
            try:
                found.update(int(line) for line in (place / "cgroup.procs").read_text().split())
            except (OSError, ValueError):
                continue
        return frozenset(found)

    def kill(self) -> bool:
        """SIGKILL to all in it at once. False where the kernel (< 5.14) or a permission says no."""
        if os.getpid() in self.members():
            return False
        try:
            (self.folder / "cgroup.kill").write_text("1")
        except OSError:
            return False
        return True


def scope_of(pid: int) -> Scope | None:
    """Our scope that `pid` is in; None where it is in none."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return None
    path = next((line[3:] for line in lines if line.startswith("0::/")), "")
    ours = _our_part(path)
    mount = next((line.split()[4] for line in mounts if " - cgroup2 " in line), "")
    if not ours or not mount or not Path(mount + ours).is_dir():
        return None
    return Scope(Path(mount + ours))


def _our_part(path: str) -> str:
    parts = path.split("/")
    for number, part in enumerate(parts):
        if part.startswith(PREFIX) and part.endswith(".scope"):
            return "/".join(parts[: number + 1])
    return ""


def _below(folder: Path) -> list[Path]:
    try:
        return [place for place in folder.rglob("*") if place.is_dir()]
    except OSError:
        return []
