"""kill -9 in seven modes: what is under way when the daemon ends, at a moment that nobody chose.

In each mode one thing is sent while one daemon after the other is started and killed; in the end
one lives, and what was sent is held against what was counted.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from . import verdict
from .instance_home import InstanceHome
from .log_writers import LineWriter, RotatedWriter, Writer, twenty
from .party import catch_up, until
from .verdict import Finding
from .wires import OtlpCaller, PythonClient, SocketCaller

_LONGEST = 3.0  # s of a life: some end in their start, some long after it
_TELLING = 6.0  # the same where what is under way comes late: a port, a child that sends
Send = Callable[[Random], object]


def kill(kills: int, seed: int) -> bool:
    """So many in all modes; prints what came of each, True where everything was kept."""
    kept, done = True, 0
    for number, mode in enumerate(MODES):
        share = kills * (number + 1) // len(MODES) - done
        done += share
        with tempfile.TemporaryDirectory(prefix="costtop-kills-") as folder:
            trial = _Mode(Path(folder), mode, Random(f"{seed}/{mode}"))  # noqa: S311
            findings = trial.run(share)
            trial.home.disk.end()
        kept &= all(one.kept for one in findings)
        print(f"{mode}: {share} kills", *map(str, findings), sep="\n  ", flush=True)
    print(f"kills: {done}, seed {seed}: {'all kept' if kept else 'BROKEN'}", flush=True)
    return kept


class _Mode:
    """One mode in a home of its own."""

    def __init__(self, folder: Path, mode: str, rng: Random) -> None:
        self.home, self.rng = InstanceHome(folder, amount=150), rng
        self._finish: list[Callable[[], object]] = []
        self._longest = _TELLING if mode in ("letters", "OTLP") else _LONGEST
        self._send, self._pause = MODES[mode](self)

    def run(self, kills: int) -> list[Finding]:
        keeper = self.home.keeper
        for _ in range(kills):
            end = time.monotonic() + self.rng.uniform(0, self._longest)
            keeper.begin()
            while time.monotonic() < end:
                self._send(self.rng)
                time.sleep(self._pause)
            keeper.end()
        keeper.start()
        for finish in self._finish:
            until(lambda finish=finish: finish() is not False, 60)  # type: ignore[misc]
        catch_up(self.home)
        keeper.stop()
        home, database = self.home, self.home.paths.database
        return [
            *verdict.money(home.sent),
            *verdict.alerts(database, home.steady, home.fickle, kills),
            *verdict.sound(database, home.log),
            Finding("no daemon ends by itself", str(keeper.ended or "none"), not keeper.ended),
        ]

    def logs(self, writers: list[Writer], each: int = 1) -> Send:
        self._finish += [writer.finish for writer in writers]

        def write(rng: Random) -> None:
            for _ in range(each):
                rng.choice(writers).write(rng)

        return write

    def imported(self) -> tuple[Send, float]:
        """A great deal of all formats that no daemon has seen."""
        return self.logs(list(twenty(self.home.folder, 7, self.home.sent)), 60), 0.5

    def live(self) -> tuple[Send, float]:
        """Lines of all formats, one by one."""
        return self.logs(list(twenty(self.home.folder, 7, self.home.sent))), 0.03

    def rotated(self) -> tuple[Send, float]:
        """Logs that are renamed, cut and packed all the time."""
        made: list[Writer] = []
        for how in ("rename", "copytruncate", "gz"):
            one = RotatedWriter(self.home.folder, f"app-{how}", self.home.sent, how)
            one.share = 0.3
            made.append(one)
        return self.logs(made), 0.05

    def socket(self) -> tuple[Send, float]:
        """Calls over the socket, sent again until they are acknowledged."""
        caller = SocketCaller(self.home.paths, "wire", self.home.sent)
        self._finish += [caller.push, caller.close]
        return caller.call, 0.05

    def client(self) -> tuple[Send, float]:
        """The Python client and its spool."""
        client = PythonClient("client", self.home.sent)
        self._finish += [client.flush, client.close]
        return client.call, 0.05

    def otlp(self) -> tuple[Send, float]:
        """Spans, posted again until they are taken."""
        caller = OtlpCaller(self.home.paths, self.home.port, "spans", self.home.sent)
        self._finish += [caller.push]
        return caller.call, 0.05

    def letters(self) -> tuple[Send, float]:
        """A dear session: tier after tier is passed, and told to three endpoints."""
        from .agent_lines import OWN

        return self.logs([LineWriter(self.home.folder, OWN, "dear", self.home.sent)]), 0.05


MODES: dict[str, Callable[[_Mode], tuple[Send, float]]] = {
    "an import": _Mode.imported, "live lines": _Mode.live, "rotation": _Mode.rotated,
    "the socket": _Mode.socket, "the Python client": _Mode.client, "OTLP": _Mode.otlp,
    "letters": _Mode.letters,
}  # fmt: skip
