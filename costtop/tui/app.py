"""The screen as a process: reads frames, keeps time, carries commands.

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

from textual.app import SystemCommand
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.timer import Timer

from costtop.control.protocol import Command
from costtop.durations import MINUTE
from costtop.queries.live.view import SessionRow, Snapshot
from costtop.queries.sessions.spent_sessions import Within
from costtop.text import clean
from costtop.tui import taking_over, workers
from costtop.tui.backend import NOTHING, Backend
from costtop.tui.draw.palette import DARK, LIGHT
from costtop.tui.host import Host, Mood
from costtop.tui.list.moved_rows import alike
from costtop.tui.preferences import FASTEST, SLOWEST, Preferences, save, seconds
from costtop.tui.screen_stack import BOTTOM, ScreenStack
from costtop.tui.screens.bindings import APP_KEYS
from costtop.tui.taking_over import Opening
from costtop.tui.widgets.header import shown_tabs
from costtop.tui.workers import Beside, Job

T = TypeVar("T")
USUALLY = Preferences()
PLAYED = 2 * MINUTE  # of a played day in one frame: a day in six minutes
_BLURRED, _MANY = 10, 4_000  # an unfocused screen reads every tenth frame, of so many rows rarer


class CosttopApp(ScreenStack):
    """The live screen over a `Backend`; what it shows knows it as a `Host`."""

    CSS_PATH = "costtop.tcss"
    TITLE = "costtop"
    BINDINGS: ClassVar = APP_KEYS
    snapshot: reactive[Snapshot] = reactive(NOTHING, repaint=False)
    mood: reactive[Mood] = reactive(Mood(), repaint=False)

    def __init__(
        self,
        backend: Backend,
        settings: Preferences = USUALLY,
        *,
        remembers: Path | None = None,
        ascii_only: bool = False,
        notice: str = "",
        log_file: Path | None = None,
        opening: Opening | None = None,
        pens: Path | None = None,
    ) -> None:
        """`remembers` is where settings are kept, `log_file` where a bug is written down.

        With an `opening` the terminal shows its frame already; `pens` is where colours are kept.
        """
        super().__init__(driver_class=taking_over.driver(opening))
        self.backend, self.settings = backend, settings
        self.tab = 1  # number of the screen in front
        self.at: int | None = None  # the moment shown; None is now
        self._until: int | None = None  # the end of a day that is played
        self._remembers, self.log_file = remembers, log_file
        self.fault = ""  # the bug that ended it, in one line
        self._clock: Timer | None = None
        self._reading, self._focused, self._tick = False, True, 0
        self._notice, self._beside = notice, Beside(self)
        self._opening, self._is_covered, self._pens = opening, opening is not None, pens
        if opening is not None:
            self.set_reactive(CosttopApp.snapshot, opening.snapshot)
        self._rung = -1  # last message for an open screen; -1: none was looked for yet
        self.set_class(ascii_only, "ascii")
        self.set_class("NO_COLOR" in os.environ, "mono")
        self._shades()
        for theme in (DARK, LIGHT):
            self.register_theme(theme)

    def on_mount(self) -> None:
        """Looks, keys, signals, and the clock."""
        from costtop.tui.screens.top import TopScreen

        self.apply(self.settings)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Without a handler the terminal stays in raw mode (SCREEN.md finding 4).
            loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))
        if not self.is_headless:
            workers.watch_terminal()
        gc.collect()
        # The widgets live as long as the process: no frame pays for walking them; and a frame makes
        # thousands of tuples without a cycle among them.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        self.push_screen(TopScreen())
        if self._notice:
            self.say(self._notice)
        if self._opening is None:
            self.read()
        else:
            self._beside.run(Job(self._opening.begun, self._began, self._failed))
            self._uncover()

    def _began(self, words: str) -> None:
        """What was done so that a daemon runs."""
        if words:
            self.say(words)

    def _uncover(self, before: object = None, looks: int = 0) -> None:
        """Shows what Textual draws, over the same cells, once nothing of it moves any more."""
        now = taking_over.placed(self.screen)
        if (now is None or now != before) and looks < taking_over.COVERED_LOOKS:
            self.set_timer(taking_over.COVERED_STEP, partial(self._uncover, now, looks + 1))
            return
        self._is_covered = False
        self._display(self.screen, taking_over.full(self.screen))
        if self._opening is not None:
            self._opening.is_seen.set()
        self.read()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if not self._is_covered:
            super()._display(screen, renderable)

    def exit(self, *how: Any, **said: Any) -> None:
        """Leaves; the colours stay for the next first frame."""
        if self._pens is not None:
            taking_over.keep_pens(self, self._pens)
        super().exit(*how, **said)

    def on_unmount(self) -> None:
        """Nothing is read any more."""
        self._beside.end()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being read or asked."""
        return self._beside.is_idle

    def apply(self, settings: Preferences) -> None:
        """Puts settings into force."""
        self.settings = settings
        if settings.theme in self.available_themes:
            self.theme = settings.theme
        self.set_class(self.theme.startswith("ansi"), "ansi")
        self._shades()
        self.set_keymap(settings.keymap())
        if self._clock is not None:
            self._clock.stop()
        self._clock = self.set_interval(settings.delay, self.tick)

    def _shades(self) -> None:
        """How much of colour there is, for those who draw with shades."""
        mono, ansi = self.has_class("mono"), self.has_class("ansi")
        plain = mono or ansi or self.has_class("ascii")
        self.set_reactive(CosttopApp.mood, self.mood._replace(mono=mono, plain=plain))

    def remember(self, settings: Preferences) -> None:
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
        every = _BLURRED * (1 + len(self.snapshot.sessions) // _MANY)
        if self._focused or self._tick % every == 0:
            self.read()

    def read(self) -> None:
        """Reads a frame, unless the last one is still being read; then what rings meanwhile."""
        if self._reading:
            return
        self._reading, at = True, self.at

        def work() -> list[tuple[int, str]]:
            snapshot = self.backend.frame(at)
            self.call_later(self.take, snapshot)
            return self.backend.bells(max(self._rung, 0)) if snapshot.rev else []

        self._beside.run(Job(work, self._ring, self._missed))

    def _ring(self, messages: list[tuple[int, str]]) -> None:
        """A bell and a note for each message to an open screen; those before it opened are old."""
        if messages and self._rung >= 0:
            self.bell()
        for _, said in messages[-3:] if self._rung >= 0 else ():
            self.say(said, ok=False)
        self._rung = messages[-1][0] if messages else self._rung

    def _missed(self, trouble: str) -> None:
        """A frame could not be read: the last one stays, the title says why nothing moves."""
        self._reading = False
        self.mood = self.mood._replace(trouble=trouble)

    def take(self, snapshot: Snapshot) -> None:
        """The new frame goes to whoever watches."""
        self._reading = False
        self._rung = max(self._rung, 0)
        self.mood = self.mood._replace(trouble="", past=self.at is not None)
        if not alike(self.snapshot, snapshot):
            self.snapshot = snapshot

    def look(
        self,
        screen: Screen[Any],
        read: Callable[[], T],
        take: Callable[[T], None],
        what: str = "look",
    ) -> None:
        """Reads something for a screen in a thread and hands it over, if that is still there."""

        def taken(answer: T) -> None:
            if screen.is_attached and screen.is_running:
                take(answer)

        self._beside.look(Job(read, taken, self._failed, (screen, what)))

    def do(self, command: Command, said: str, then: Callable[[], None] | None = None) -> None:
        """Hands a command to the daemon; its answer, or `said`, is shown when it comes."""

        def done(answer: dict[str, Any]) -> None:
            self.say(" · ".join(answer.get("said") or [said]))
            (then or self.read)()

        asks = self.backend.asks(command)
        self._beside.run(Job(lambda: self.backend.act(command), done, self._failed, asks=asks))

    def _failed(self, why: str) -> None:
        self.say(why, ok=False)

    def _handle_exception(self, error: Exception) -> None:
        """A bug, wherever it was raised: written down, and no traceback on the terminal."""
        self.fault = self.fault or workers.written(error, self.log_file)
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
        from costtop.tui.dialogs.choice import Ask

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
        if isinstance(self.screen, ModalScreen):
            return
        while len(self.screen_stack) > BOTTOM:
            await self.pop_screen()
        self.tab = number
        if number != 1:
            await self.push_screen(_screen_of(number))

    def travel(self, at: int | None, until: int | None = None) -> None:
        """Shows a past moment, plays from there to `until`, or comes back to the present."""
        self.at, self._until = at, until
        self.mood = self.mood._replace(past=at is not None, playing=until is not None)
        self.read()

    def begin(self, at: int, until: int) -> None:
        """Has a stored day, [at, until) ms UTC, played from the first frame on."""
        self.at, self._until = at, until
        self.set_reactive(CosttopApp.mood, self.mood._replace(past=True, playing=True))

    def action_step_day(self, by: int) -> None:
        """The end of the day before (-1) or after (1) the one shown; past today is now."""
        from costtop.tui.screens.days import stepped

        zone, shown = ZoneInfo(self.snapshot.zone), self.at or self.snapshot.at
        self.travel(stepped(shown, self.backend.now(), by, zone, is_past=self.at is not None))

    def _play(self) -> None:
        """The next moment of a day that is played."""
        if self.at is not None and self._until is not None and self.mood.frozen_since is None:
            self.at = min(self.at + PLAYED, self._until)
            if self.at >= self._until:
                self.travel(self.at)

    async def show_sessions(self, kept: str) -> None:
        """The list of sessions with this filter."""
        from costtop.tui.screens.top import TopScreen

        await self.action_tab(1)
        if isinstance(self.screen, TopScreen):
            self.screen.keep(kept)

    async def show_spent(self, within: Within) -> None:
        """The list of the sessions that a line of another screen sums up."""
        from costtop.tui.screens.top import TopScreen

        await self.action_tab(1)
        if isinstance(self.screen, TopScreen):
            self.screen.spent(within)

    def show_session(self, row: SessionRow) -> None:
        """The page of one session, over this screen."""
        from costtop.tui.screens.session import SessionScreen

        self.push_screen(SessionScreen(row))

    def show_why(self, span: str, feature: str = "") -> None:
        """Why a span in words, and a feature of it, cost what it did, over this screen."""
        from costtop.tui.screens.why import WhyScreen

        self.push_screen(WhyScreen(span, feature))

    async def action_turn(self, by: int) -> None:
        """Goes to the next or previous screen."""
        shown = shown_tabs(self.snapshot, self.tab)
        await self.action_tab(shown[(shown.index(self.tab) + by) % len(shown)])

    def action_lift(self) -> None:
        """Asks which open breaker is to let sessions pass."""
        from costtop.tui.dialogs.session_actions import ask_lift

        if not isinstance(self.screen, ModalScreen):
            ask_lift(self.screen)

    def action_setup(self) -> None:
        """Theme, columns, keys, refresh."""
        from costtop.tui.screens.setup import SetupScreen

        if not isinstance(self.screen, ModalScreen):
            self.push_screen(SetupScreen(self.settings))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette lists what has a key."""
        from costtop.tui.screens.help import commands

        return commands(self, screen)

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


HOST: type[Host] = CosttopApp  # so that the type checker holds what those below lean on


def _screen_of(number: int) -> Screen[Any]:
    """A new screen for a tab from 2 on, in the order of `TABS`."""
    from costtop.tui.screens import alerts, budgets, days, hosts, plans, spending, tasks

    questions = (spending.FEATURES, spending.MODELS)
    features, models = (partial(spending.SpendingScreen, question=one) for one in questions)
    others = (tasks.TasksScreen, days.DaysScreen, alerts.AlertsScreen, budgets.BudgetsScreen)
    return (features, models, *others, plans.PlansScreen, hosts.HostsScreen)[number - 2](number)
