"""A stage for the real app: its backend is what a test holds, keys are pressed for real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from costtop.control.protocol import Command
from costtop.errors import CosttopError
from costtop.paths import Paths
from costtop.queries.live.day_chart import DayChart
from costtop.queries.live.view import Snapshot
from costtop.tui import backend
from costtop.tui.app import CosttopApp
from costtop.tui.backend import Backend
from costtop.tui.preferences import Preferences
from scripts.benches import fleet
from tests.patience import PATIENCE
from tests.tui.values import snapshot

STILL = Preferences(delay=10.0)  # s: only the test moves the world


class Stage:
    """The world as the app sees it, and what it did to it."""

    def __init__(self, now: Snapshot | None = None) -> None:
        self.now = now or snapshot()
        self.commands: list[Command] = []
        self.trouble: str = ""  # what a read says instead of answering
        self.hooked = {"claude-code"}  # sources whose agents have costtop's hook
        self.log: Path | None = None  # of any session
        self.desktop = False
        self.opened: list[Path] = []
        self.refusal: str = ""  # what a command is answered
        self.asked: str = ""  # what is said while another machine is asked

    def frame(self, at: int | None) -> Snapshot:
        if self.trouble:
            raise CosttopError(self.trouble)
        return self.now

    def act(self, command: Command) -> dict[str, Any]:
        self.commands.append(command)
        if self.refusal:
            raise CosttopError(self.refusal)
        return {"ok": True}

    def hint(self, source: str) -> str:
        return "" if source in self.hooked else f"costtop hooks install {source}"

    def open_folder(self, path: Path) -> bool:
        self.opened += [path] if self.desktop else []
        return self.desktop

    @property
    def backend(self) -> Backend:
        """Frames as the test holds them; the other screens over nothing."""
        names = "spent_sessions spending verdict mix tasks days why alerts budgets plans"
        unread = dict.fromkeys(names.split(), _nothing)
        return Backend(
            frame=self.frame, act=self.act, day_chart=lambda until, seen: DayChart(until),
            lit=lambda key, until: (), session=lambda key, at: None,
            bells=lambda after: [], hint=self.hint, now=lambda: self.now.at,
            transcript=lambda key: self.log, open_folder=self.open_folder,
            asks=lambda command: self.asked, **unread,
        )  # fmt: skip


def _nothing(*asked: object) -> Any:
    raise CosttopError("this test has no store")


class Played:
    """The app on its stage."""

    def __init__(self, stage: Stage, app: CosttopApp, pilot: Pilot[int]) -> None:
        self.stage, self.app, self.pilot = stage, app, pilot

    @property
    def lines(self) -> list[str]:
        strips = self.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def line_of(self, words: str) -> str:
        return next(line for line in self.lines if words in line)

    def row_of(self, words: str) -> str:
        """The row of the list with the words; the title may name the same session."""
        return next(line for line in self.lines[1:] if words in line)

    def order(self, *words: str) -> list[str]:
        """The words in the order in which they stand on the screen."""
        return sorted((w for w in words if w in self.text), key=self.text.index)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def settle(self) -> None:
        """Until nothing is being read any more."""
        await self.pilot.pause()
        await self.until(lambda: self.app.is_idle)
        await self.pilot.pause()

    async def show(self, now: Snapshot) -> None:
        self.stage.now = now
        self.app.call_later(self.app.take, now)
        await self.pilot.pause()

    async def until(self, holds: Any, seconds: float = PATIENCE) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not holds():
            assert asyncio.get_running_loop().time() < deadline, self.text
            await self.pilot.pause(0.01)


@asynccontextmanager
async def played(
    now: Snapshot | None = None, size: tuple[int, int] = (120, 40), settings: Preferences = STILL,
    **extra: Any,
) -> AsyncIterator[Played]:  # fmt: skip
    stage = Stage(now)
    app = CosttopApp(stage.backend, settings, **extra)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        play = Played(stage, app, pilot)
        await play.until(lambda: app.snapshot.at)
        await pilot.pause()
        yield play


@asynccontextmanager
async def opened(
    paths: Paths, *keys: str, size: tuple[int, int] = (120, 40), **extra: Any
) -> AsyncIterator[Played]:
    """The app over the store, after these keys; commands go to the stage."""
    stage = Stage()
    real = backend.real(paths, lambda: fleet.AT)._replace(act=stage.act)
    app = CosttopApp(real, extra.pop("settings", STILL), **extra)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        play = Played(stage, app, pilot)
        await play.until(lambda: app.snapshot.at)
        await play.settle()
        for key in keys:
            await play.press(key)
            await play.settle()
        yield play
