"""Where costtop keeps its own things. It does not know where agents keep theirs.

`COSTTOP_HOME` puts everything in one directory; otherwise platformdirs decides. Directories are
0700 and files 0600, whatever the umask is. A daemon's lock file says where it listens: a shell with
and one without `XDG_RUNTIME_DIR` find the same one.
"""

import os
import stat
from pathlib import Path

from costtop.named_tuples import NamedTuple

_SOCKET = "costtop.sock"
_SOCKET_PATH_LIMIT = 100  # bytes; sun_path holds 108, the rest is for a suffix


class Told(NamedTuple):
    """What a lock file says of its daemon. Text: the peer of the socket has the kernel's word."""

    pid: int = 0
    socket: Path | None = None
    owner: int = -1  # uid of the file


class Paths(NamedTuple):
    """The files of one costtop instance."""

    config: Path  # config.toml, the user's own
    budgets: Path  # budgets.toml, written by costtop
    screen: Path  # screen.toml, what the screen remembers
    database: Path
    lock: Path
    status: Path  # what the daemon says of itself, each second
    line: Path  # today, budget and burn in one line, for status bars
    log: Path
    spool: Path  # directory of JSON lines written while no daemon runs
    socket: Path  # where the daemon listens, by its lock file; else where one would
    otlp_token: Path  # what programs show the OTLP receiver; costtop makes it

    @property
    def fields(self) -> Path:
        """The parts of `line` by name, for `costtop line`."""
        return self.line.with_name("status.fields")

    @property
    def identity_key(self) -> Path:
        """What names of users and hosts are hashed with, where the config asks for it."""
        return self.database.parent / "identity.key"

    @property
    def fleet_key(self) -> Path:
        """What names are hashed with that leave for a fleet, unless the config names a file."""
        return self.database.parent / "fleet.key"

    @property
    def fleet(self) -> Path:
        """The folder of what was read of a fleet: nothing that its server does not have."""
        return self.database.parent / "fleet"

    @property
    def fleet_screen(self) -> Path:
        """What the screen of a fleet remembers: it has columns of its own."""
        return self.screen.with_name("screen-fleet.toml")

    @property
    def hook_receipts(self) -> Path:
        """The folder that keeps what agents' settings were before costtop stood in them."""
        return self.database.parent / "hooks"

    @property
    def init_receipts(self) -> Path:
        """The folder that keeps what `costtop init` has written, and what was there before."""
        return self.database.parent / "init"


def find(environ: os._Environ[str] | dict[str, str] = os.environ) -> Paths:
    """The paths of the instance that this environment names. Creates nothing."""
    config, state = _home(environ)
    lock = state / "costtop.lock"
    return Paths(
        config=config / "config.toml",
        budgets=config / "budgets.toml",
        screen=config / "screen.toml",
        database=state / "costtop.db",
        lock=lock,
        status=state / "status.json",
        line=state / "status.txt",
        log=state / "costtop.log",
        spool=state / "spool",
        socket=told(lock).socket or runtime_folders(environ)[0] / _SOCKET,
        otlp_token=state / "otlp-token",
    )


def _home(environ: os._Environ[str] | dict[str, str]) -> tuple[Path, Path]:
    """(config, state)"""
    home = environ.get("COSTTOP_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return root, root
    import platformdirs

    return Path(platformdirs.user_config_dir("costtop")), Path(
        platformdirs.user_state_dir("costtop")
    )


def told(lock: Path) -> Told:
    """What a lock file says; nothing where it is not a file that its owner alone can write.

    That owner is this user, or anybody for root. Whoever connects asks the kernel who answers.
    """
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return Told()
    try:
        found = os.fstat(descriptor)
        ours = os.getuid() in (found.st_uid, 0)
        if not (stat.S_ISREG(found.st_mode) and ours) or found.st_mode & 0o022:
            return Told()
        pid, _, rest = os.read(descriptor, 4096).partition(b"\n")
        socket = os.fsdecode(rest.partition(b"\n")[0])
        named = Path(socket) if socket.startswith("/") and "\0" not in socket else None
        return Told(int(pid), named, found.st_uid)
    except (OSError, ValueError):
        return Told()
    finally:
        os.close(descriptor)


def runtime_folders(environ: os._Environ[str] | dict[str, str] = os.environ) -> list[Path]:
    """Where a daemon of this instance may listen, the best first; the last is no other home's.

    Those in /tmp have a hash of the home in their name: homes of one user share none.
    """
    _, state = _home(environ)
    from _blake2 import blake2b  # all of hashlib takes milliseconds

    mark = blake2b(os.fsencode(state), digest_size=6).hexdigest()
    last = Path(f"/tmp/costtop-{os.getuid()}-{mark}")  # noqa: S108  (private_directory checks it)
    if environ.get("COSTTOP_HOME"):
        wished = [state]
    elif given := _own_folder(environ.get("XDG_RUNTIME_DIR", "")):
        wished = [given / "costtop", given / f"costtop-{mark}"]
    else:
        wished = []
    short = (one for one in wished if len(os.fsencode(one / _SOCKET)) <= _SOCKET_PATH_LIMIT)
    return [*short, last]


def _own_folder(given: str) -> Path | None:
    """None also for the one of whoever this shell was before `su` or `sudo`."""
    try:
        found = os.stat(given)
    except (OSError, ValueError):
        return None
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return Path(given).absolute() if is_own else None
