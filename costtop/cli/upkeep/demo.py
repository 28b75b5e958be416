"""`costtop demo`: the live screen over a made-up workload in a throw-away home.

It opens the screen and lets `costtop.demo.play` do the rest; nothing of the user's is read.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from costtop.cli import screen_command
from costtop.cli.parser import Parser
from costtop.cli.reports import live
from costtop.cli.tables import put
from costtop.demo.play import MARKER
from costtop.errors import CosttopError

_SHOWN = 10.0  # s of play before the one frame that is printed where there is no terminal
_PATIENCE = 20.0  # s for everything to be cleared away
# All else could lead to the user's own logs, such as CLAUDE_CONFIG_DIR or XDG_DATA_HOME.
_NAMES = "PATH TERM TERM_PROGRAM COLORTERM LANG LANGUAGE TZ NO_COLOR TMPDIR USER LOGNAME"
_KEPT = frozenset(_NAMES.split()) | {"LD_LIBRARY_PATH", "VIRTUAL_ENV"}
_KEPT_KINDS = ("LC_", "PYTHON", "TEXTUAL")


def add(parser: Parser, name: str) -> None:
    """Adds `demo`."""
    parser.says(
        "The live screen over a made-up workload in a throw-away home. One session of it, the"
        " runaway, spends more and more: k ends it, after a question. F1 lists all keys.",
        "costtop demo",
        "costtop demo --seed 7 --speed 3",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another play")
    parser.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="X times as fast")
    parser.add_argument("--keep", action="store_true", help="keep the demo's home, and print it")
    parser.set_defaults(run=run)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= 100:
        raise argparse.ArgumentTypeError("a speed is between 0.01 and 100")
    return speed


def run(options: argparse.Namespace) -> int:
    """Opens the screen on the demo; without a terminal prints one frame after ten seconds."""
    with _home(keep=options.keep) as home, _played(home, options) as player:
        _await(player, "up")
        if screen_command.is_terminal() and not options.once:
            from costtop.cli import open_screen

            return open_screen.run(options)
        _await(player, "live")
        time.sleep(_SHOWN / options.speed)
        return live.once(options)


@contextmanager
def _home(*, keep: bool) -> Iterator[Path]:
    """A home that is gone afterwards, unless it is kept; this process lives in it until then."""
    before = dict(os.environ)
    home = Path(tempfile.mkdtemp(prefix="costtop-demo-")).resolve()
    (home / MARKER).write_text("keep\n" if keep else "")
    ours = {
        name: value
        for name, value in before.items()
        if name in _KEPT or name.startswith(_KEPT_KINDS)
    }
    os.environ.clear()
    os.environ.update(ours, HOME=str(home), COSTTOP_HOME=str(home / "costtop"))
    try:
        yield home
    finally:
        os.environ.clear()
        os.environ.update(before)
        if keep:
            put(f"the demo's home is kept: {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)  # the player has done it, if it lived


@contextmanager
def _played(home: Path, options: argparse.Namespace) -> Iterator["subprocess.Popen[str]"]:
    """The player, which ends and clears away when its stdin is closed, by us or by our end."""
    with (home / "demo.log").open("w") as log:
        play = [sys.executable, "-P", "-m", "costtop.demo.play"]
        player = subprocess.Popen(
            [*play, str(options.seed), str(options.speed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C and a closed terminal are the screen's alone
        )
    assert player.stdin is not None
    try:
        yield player
    finally:
        player.stdin.close()
        try:
            player.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            player.kill()
            player.wait()


def _await(player: "subprocess.Popen[str]", word: str) -> None:
    assert player.stdout is not None
    said = player.stdout.readline().strip()
    if said != word:
        raise CosttopError("the demo could not begin; try --keep and see its demo.log")
