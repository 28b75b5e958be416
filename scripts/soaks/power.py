"""Power cuts, as far as one machine can have them: a file system shut down without a flush.

For root on Linux: ext4 on a loop device, ended by its own ioctl. What was not on the device yet is
gone, as with a power cut; what the device itself would lose is not shown. Logs are on another disk:
what the database lost is read again.
"""

import fcntl
import os
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from random import Random

from . import verdict
from .instance_home import InstanceHome
from .log_writers import Writer, twenty
from .party import catch_up
from .verdict import Finding

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN, of linux/ext4.h
_NO_FLUSH = struct.pack("I", 2)  # EXT4_GOING_FLAGS_NOLOGFLUSH
_SIZE = 256 << 20  # bytes
_LONGEST = 5.0  # s of a life


class LoopDisk:
    """An ext4 of its own in a file."""

    said = "ext4 on a loop device, shut down without a flush"

    def __init__(self, home: Path) -> None:
        self._home, self._image = home, home.parent / "disk.img"
        home.mkdir(mode=0o700)
        with self._image.open("wb") as file:
            file.truncate(_SIZE)
        subprocess.run(["mkfs.ext4", "-q", "-F", self._image], check=True)
        self._mount()
        home.chmod(0o700)

    def _mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self._image, self._home], check=True)

    def cut(self) -> None:
        """From here on nothing reaches the device."""
        folder = os.open(self._home, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, _NO_FLUSH)
        finally:
            os.close(folder)

    def again(self) -> None:
        """The machine is on again: the file system recovers by its journal."""
        self.end()
        self._mount()

    def fill(self, pid: int) -> None:
        """Not done here."""

    def free(self, pid: int) -> None:
        """Not done here."""

    def end(self) -> None:
        subprocess.run(["umount", self._home], check=True)


def cut(cuts: int, seed: int) -> bool:
    """So many power cuts while twenty writers write; prints what came of it."""
    rng = Random(seed)  # noqa: S311
    with tempfile.TemporaryDirectory(prefix="costtop-power-") as folder:
        home = InstanceHome(Path(folder), amount=150, disk=LoopDisk)
        os.sync()  # its configuration was there before
        try:
            findings = _lived(home, cuts, rng, list(twenty(home.folder, seed, home.sent)))
            letters = verdict.alerts(home.paths.database, home.steady, home.fickle, cuts)
        finally:
            home.keeper.end()
            home.disk.end()
    kept = all(one.kept for one in findings)
    print(*findings, "of letters:", *letters, sep="\n  ")
    print(f"power cuts: {cuts}, seed {seed}: {'all kept' if kept else 'BROKEN'}", flush=True)
    return kept


def _lived(home: InstanceHome, cuts: int, rng: Random, writers: list[Writer]) -> list[Finding]:
    assert isinstance(home.disk, LoopDisk)
    for _ in range(cuts):
        end = time.monotonic() + rng.uniform(0, _LONGEST)
        home.keeper.begin()
        while time.monotonic() < end:
            rng.choice(writers).write(rng)
            time.sleep(0.02)
        home.disk.cut()
        time.sleep(rng.uniform(0, 0.3))
        home.keeper.end()
        home.disk.again()
    home.keeper.ended.clear()  # whoever started in the dark was right to end
    home.keeper.start()
    for writer in writers:
        writer.finish()
    catch_up(home)
    home.keeper.stop()
    ended = home.keeper.ended
    return [*verdict.money(home.sent), *verdict.sound(home.paths.database, home.log),
            Finding("no daemon ends by itself", str(ended or "none"), not ended)]  # fmt: skip
