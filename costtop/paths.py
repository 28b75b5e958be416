"""Where costtop keeps its own things. It does not know where agents keep theirs.

`COSTTOP_HOME` puts everything in one directory; otherwise platformdirs decides. Directories are
0700 and files 0600, whatever the umask is.
"""

import os
from pathlib import Path
from typing import NamedTuple

_SOCKET_PATH_LIMIT = 100  # bytes; sun_path holds 108, the rest is for a suffix


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
    socket: Path
    otlp_token: Path  # what programs show the OTLP receiver; costtop makes it


def find(environ: os._Environ[str] | dict[str, str] = os.environ) -> Paths:
    """The paths of the instance that this environment names. Creates nothing."""
    home = environ.get("COSTTOP_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return _layout(root, root, _short(root))
    import platformdirs

    state = Path(platformdirs.user_state_dir("costtop"))
    return _layout(Path(platformdirs.user_config_dir("costtop")), state, _runtime_dir(environ))


def _layout(config: Path, state: Path, runtime: Path) -> Paths:
    return Paths(
        config=config / "config.toml",
        budgets=config / "budgets.toml",
        screen=config / "screen.toml",
        database=state / "costtop.db",
        lock=state / "costtop.lock",
        status=state / "status.json",
        line=state / "status.txt",
        log=state / "costtop.log",
        spool=state / "spool",
        socket=runtime / "costtop.sock",
        otlp_token=state / "otlp-token",
    )


def _runtime_dir(environ: os._Environ[str] | dict[str, str]) -> Path:
    given = environ.get("XDG_RUNTIME_DIR")
    if given and os.path.isdir(given):
        return Path(given) / "costtop"
    return _fallback("")


def _short(root: Path) -> Path:
    """`root`, or a short directory of its own where a socket path there would be too long."""
    if len(os.fsencode(root / "costtop.sock")) <= _SOCKET_PATH_LIMIT:
        return root
    import hashlib

    return _fallback("-" + hashlib.blake2b(os.fsencode(root), digest_size=6).hexdigest())


def _fallback(suffix: str) -> Path:
    return Path(f"/tmp/costtop-{os.getuid()}{suffix}")  # noqa: S108  (private_directory checks it)
