"""The screen as a process: reads frames, keeps time, carries commands. It draws nothing itself.

One worker reads, one message brings the snapshot, one reactive hands it to the screens. The worker
knows no widget; freezing the screen is one `if` in one place.
"""

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from textual.app import App, SystemCommand
from textual.color import Color
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.timer import Timer

from costtop.control.protocol import Command
from costtop.queries.live.view import Snapshot
from costtop.text import clean
from costtop.tui import command_palette, faults, travel, workers
from costtop.tui.app_keys import APP_KEYS
from costtop.tui.backend import NOTHING, World
from costtop.tui.draw import palette, themes
from costtop.tui.draw.palette import Inks
from costtop.tui.preferences import FASTEST, SLOWEST, Settings, save, seconds
from costtop.tui.widgets.header import TABS, Mood

T = TypeVar("T")
USUALLY = Settings()
_BOTTOM = 2  # screens: Textual's own blank one and the list of sessions
_BLURRED = 10  # an unfocused screen reads every tenth frame


class CosttopApp(App[int]):
    """The live screen over a `World`."""

    CSS_PATH = "costtop.tcss"
    TITLE = "costtop"
    BINDINGS: ClassVar = APP_KEYS
    snapshot: reactive[Snapshot] = reactive(NOTHING, repaint=False)
    mood: reactive[Mood] = reactive(Mood(), repaint=False)

    class Snapped(Message):
        """A frame was read."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class Missed(Message):
        """A frame could not be read; the last one stays."""

        def __init__(self, trouble: str) -> None:
            super().__init__()
            self.trouble = trouble

    def __init__(self, world: World, settings: Settings = USUALLY, *,
                 remembers: Path | None = None, ascii_only: bool = False,
                 notice: str = "", log_file: Path | None = None) -> None:  # fmt: skip
        """`remembers` is where settings are kept, `log_file` where a bug is written down."""
        super().__init__()
        self.world, self.settings = world, settings
        self.tab = 1  # number of the screen in front
        self.at: int | None = None  # the moment shown; None is now
        self._until: int | None = None  # the end of a day that is played
        self._remembers, self.log_file = remembers, log_file
        self.fault = ""  # the bug that ended it, in one line
        self._clock: Timer | None = None
        self._inks: dict[tuple[str, Color], Inks] = {}
        self.strips: dict[
            tuple[object, ...], Strip
        ] = {}  # painted lines: rows that move are not new
        self._reading, self._focused, self._tick = False, True, 0
        self._notice = notice
        self.rung = -1  # last message for an open screen; -1: none was looked for yet
        self.set_class(ascii_only, "ascii")
        self.set_class("NO_COLOR" in os.environ, "mono")
        for theme in (themes.DARK, themes.LIGHT):
            self.register_theme(theme)

    def on_mount(self) -> None:
        """Looks, keys, signals, and the clock."""
        from costtop.tui.screens.top import TopScreen

        self.apply(self.settings)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Without a handler the terminal stays in raw mode (SCREEN.md finding 4).
            loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))
        gc.collect()
        # The widgets live as long as the process: no frame pays for walking them; and a frame makes
        # thousands of tuples without a cycle among them.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        self.push_screen(TopScreen())
        if self._notice:
            self.say(self._notice)
        self.read()

    def apply(self, settings: Settings) -> None:
        """Puts settings into force."""
        self.settings = settings
        if settings.theme in self.available_themes:
            self.theme = settings.theme
        self.set_class(self.theme.startswith("ansi"), "ansi")
        vim = {"kill": "K,f9", "down": "j,down", "up": "k,up", "first": "g,home", "last": "G,end"}
        self.set_keymap({**(vim if settings.vim else {}), **dict(settings.keys)})
        if self._clock is not None:
            self._clock.stop()
        self._clock = self.set_interval(settings.delay, self.tick)

    def inks(self, background: Color) -> Inks:
        """The inks of the present theme on a background."""
        found = self._inks.get((self.theme, background))
        if found is None:
            kind = (
                palette.MONO
                if self.has_class("mono")
                else (palette.ANSI if self.has_class("ansi") else palette.COLOURED)
            )
            found = palette.inks_on(background, self.theme_variables, kind)
            self._inks[self.theme, background] = found
        return found

    def remember(self, settings: Settings) -> None:
        """Puts settings into force and writes them down."""
        self.apply(settings)
        try:
            if self._remembers is not None:
                save(settings, self._remembers)
        except OSError as error:
            self.say(f"the settings could not be written: {error}", ok=False)

    def tick(self) -> None:
        """Time for another frame."""
        self._tick += 1
        self._play()
        if self._focused or self._tick % _BLURRED == 0:
            self.read()

    def read(self) -> None:
        """Reads a frame, unless the last one is still being read."""
        if not self._reading:
            self._reading = True
            workers.frame(self, self.at)

    def on_costtop_app_snapped(self, message: Snapped) -> None:
        """The new frame goes to whoever watches."""
        self._reading = False
        self.rung = max(self.rung, 0)
        self.mood = self.mood._replace(trouble="", past=self.at is not None)
        self.snapshot = message.snapshot

    def on_costtop_app_missed(self, message: Missed) -> None:
        """The title says why nothing moves."""
        self._reading = False
        self.mood = self.mood._replace(trouble=message.trouble)

    def look(self, screen: Screen[Any], read: Callable[[], T], take: Callable[[T], None]) -> None:
        """Reads something for a screen in a thread and hands it over, if that is still there."""
        workers.look(self, screen, read, take)

    def do(self, command: Command, said: str, then: Callable[[], None] | None = None) -> None:
        """Hands a command to the daemon; its answer, or `said`, is shown when it comes."""
        workers.do(self, command, said, then or self.read)

    def _handle_exception(self, error: Exception) -> None:
        """A bug, wherever it was raised: written down, and no traceback on the terminal."""
        self.fault = self.fault or faults.written(error, self.log_file)
        super()._handle_exception(error)
        self._exit_renderables.clear()

    def say(self, text: str, *, ok: bool = True) -> None:
        """A passing note; its text may come from anywhere."""
        self.notify(clean(text, 400), severity="information" if ok else "error", markup=False)

    def action_freeze(self) -> None:
        """Freezes the screen, not the data, or lets it go on."""
        frozen = None if self.mood.frozen_since is not None else self.snapshot.at
        self.mood = self.mood._replace(frozen_since=frozen)

    def action_faster(self, steps: int) -> None:
        """Changes the refresh by tenths of a second."""
        self._pace(round(self.settings.delay + steps * 0.1, 1))

    def action_delay(self) -> None:
        """Asks for the seconds between two frames."""
        from costtop.tui.dialogs.ask import Ask

        hint = f"{self.settings.delay:g} now; {FASTEST:g} to {SLOWEST:g}"
        if not isinstance(self.screen, ModalScreen):
            self.push_screen(Ask("Seconds between two frames", hint, seconds), self._pace)

    def _pace(self, delay: float | None) -> None:
        if delay is not None:
            delay = min(max(delay, FASTEST), SLOWEST)
            self.apply(self.settings._replace(delay=delay))
            self.say(f"refresh every {delay:g} s")

    def action_repaint(self) -> None:
        """Draws everything again."""
        self.refresh(repaint=True, layout=True)

    async def action_tab(self, number: int) -> None:
        """Goes to a screen by its number; 1 is the list of sessions, which is always below."""
        from costtop.tui.screens import tabbed

        if isinstance(self.screen, ModalScreen):
            return
        while len(self.screen_stack) > _BOTTOM:
            await self.pop_screen()
        self.tab = number
        if number != 1:
            await self.push_screen(tabbed.screen_of(number))

    def travel(self, at: int | None, until: int | None = None) -> None:
        """Shows a past moment, plays from there to `until`, or comes back to the present."""
        self.at, self._until = at, until
        self.mood = self.mood._replace(past=at is not None, playing=until is not None)
        self.read()

    def begin(self, at: int, until: int) -> None:
        """Has a stored day, [at, until) ms UTC, played from the first frame on."""
        self.at, self._until = at, until
        self.set_reactive(CosttopApp.mood, Mood(past=True, playing=True))

    def action_step_day(self, by: int) -> None:
        """The end of the day before (-1) or after (1) the one shown; past today is now."""
        zone, shown = ZoneInfo(self.snapshot.zone), self.at or self.snapshot.at
        self.travel(travel.stepped(shown, self.world.now(), by, zone, self.at is not None))

    def _play(self) -> None:
        """The next moment of a day that is played."""
        if self.at is not None and self._until is not None and self.mood.frozen_since is None:
            self.at = travel.played(self.at, self._until)
            if self.at >= self._until:
                self.travel(self.at)

    async def show_sessions(self, kept: str) -> None:
        """The list of sessions with this filter."""
        from costtop.tui.screens.top import TopScreen

        await self.action_tab(1)
        if isinstance(self.screen, TopScreen):
            self.screen.keep(kept)

    async def action_turn(self, by: int) -> None:
        """Goes to the next or previous screen."""
        await self.action_tab((self.tab - 1 + by) % len(TABS) + 1)

    async def action_newest_alert(self) -> None:
        """The alerts, the newest first."""
        await self.action_tab(TABS.index("Alerts") + 1)

    def action_lift(self) -> None:
        """Asks which open breaker is to let sessions pass."""
        from costtop.tui.dialogs import session_actions

        if not isinstance(self.screen, ModalScreen):
            session_actions.ask_lift(self)

    def action_setup(self) -> None:
        """Theme, columns, keys, refresh."""
        from costtop.tui.screens.setup import SetupScreen

        if not isinstance(self.screen, ModalScreen):
            self.push_screen(SetupScreen(self.settings))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette lists what has a key."""
        return command_palette.listed(self, screen)

    def action_help(self) -> None:
        """All keys, those of this screen first."""
        from costtop.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def on_app_blur(self) -> None:
        """Nobody looks: slow down."""
        self._focused = False

    def on_app_focus(self) -> None:
        """Somebody looks: catch up."""
        self._focused = True
        self.read()
