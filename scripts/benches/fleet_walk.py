"""`scripts/bench fleet_walk`: three machines, the screen in tmux, a cut network, a far kill.

Homes a and b ship over wires, desk looks as a reader and asks as an operator; agents are scripted.
Pictures of the real screen go into the folder that is named.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from rich.console import Console
from rich.text import Text
from textual.strip import Strip

from tests.fleet.fleet import Fleet
from tests.fleet.machines import Machine
from tests.fleet.postgres import Postgres, folder
from tests.fleet.wire import Wire

from . import raster
from .hands import _fleet

_SIZE = (120, 30)


class Terminal:
    """costtop in a tmux of its own."""

    def __init__(self, machine: Machine, *words: str) -> None:
        self._socket = f"walk-{uuid4().hex[:8]}"
        command = [sys.executable, "-P", "-m", "costtop", *words]
        with machine.here():
            self._tmux("new-session", "-d", "-x", str(_SIZE[0]), "-y", str(_SIZE[1]), *command)

    def _tmux(self, *words: str) -> str:
        ran = subprocess.run(
            ["tmux", "-L", self._socket, "-f", "/dev/null", *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ran.stdout

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def picture(self, file: Path) -> None:
        """What it shows now, as a picture beside its text."""
        console = Console(width=_SIZE[0], color_system="truecolor")
        lines = self._tmux("capture-pane", "-e", "-p").splitlines()
        strips = [
            Strip(list(Text.from_ansi(line).render(console, end=""))).adjust_cell_length(_SIZE[0])
            for line in lines
        ]
        raster.write(strips, "#000000", file)
        print(self.text(), f"\n--- {file}", flush=True)

    def end(self) -> None:
        self._tmux("kill-server")


def _walk(fleet: Fleet, homes: Path, into: Path) -> None:
    wires = {host: Wire(fleet.port) for host in "ab"}
    desk, one, two = machines = [Machine(homes / name, fleet) for name in ("desk", "a", "b")]
    reads = f'reader_url_file = "{desk.paths.config.with_name("operator_url_file")}"'
    terminal = None
    try:
        desk.join(operator="oscar", more=reads)
        for machine in (one, two):
            accepts = 'accept = ["mark", "stop", "pause", "kill"]'
            machine.join(host=machine.host, port=wires[machine.host].port, more=accepts)
        session = str(uuid4())
        for machine in machines:
            machine.start()
        one.agent(session=str(uuid4()), calls=4000, every=0.5)
        victim = two.agent(session=session, calls=4000, every=0.3)
        for machine in (one, two):
            machine.seen()
        terminal = Terminal(desk, "--fleet")
        time.sleep(12)
        terminal.picture(into / "fleet.png")
        terminal.press("8")
        time.sleep(2)
        terminal.picture(into / "fleet-hosts.png")
        asked = desk.run("kill", f"b:claude-code/{session}")
        print(asked.stdout, asked.stderr)
        victim.gone()
        print("the agent on b is gone")
        wires["a"].down = True  # the network of a is cut
        time.sleep(55)
        terminal.picture(into / "fleet-silent.png")
        terminal.press("1")
        time.sleep(2)
        terminal.picture(into / "fleet-after.png")
    finally:
        if terminal:
            terminal.end()
        for machine in machines:
            machine.end()


def main(arguments: Sequence[str]) -> None:
    """Walks, and says what it saw."""
    into = Path(arguments[0] if arguments else ".")
    with folder() as place, tempfile.TemporaryDirectory() as homes:
        server = Postgres(place)
        fleet = _fleet(server)
        try:
            fleet.enrol("b")
            _walk(fleet, Path(homes), into)
        finally:
            fleet.admin.close()
            server.end()
