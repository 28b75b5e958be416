"""What screens, dialogs and widgets may ask of the app that shows them.

They know this Protocol, never the app's class, so that nothing below the app imports it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from costtop.named_tuples import NamedTuple

if TYPE_CHECKING:  # the first frame has a mood, before all of these are loaded
    from textual.dom import DOMNode
    from textual.screen import Screen

    from costtop.control.protocol import Command
    from costtop.queries.live.view import SessionRow, Snapshot
    from costtop.queries.sessions.spent_sessions import Within
    from costtop.tui.backend import Backend
    from costtop.tui.preferences import Preferences

T = TypeVar("T")


class Mood(NamedTuple):
    """What the screen itself is doing, which the title says."""

    frozen_since: int | None = None
    past: bool = False  # time travel: the snapshot is not of now
    playing: bool = False  # a past day is played
    trouble: str = ""  # why the last read failed
    mono: bool = False  # no colours at all
    plain: bool = False  # shades would not be seen: 16 colours, none, or ASCII


class Host(Protocol):
    """The app, as those that it shows see it."""

    settings: "Preferences"

    @property
    def backend(self) -> "Backend": ...
    @property
    def snapshot(self) -> "Snapshot": ...
    @property
    def mood(self) -> Mood: ...
    @property
    def at(self) -> int | None:
        """The past moment that is shown, ms UTC; None is now."""

    def say(self, text: str, *, ok: bool = True) -> None:
        """A passing note."""

    def look(
        self,
        screen: "Screen[Any]",
        read: Callable[[], T],
        take: Callable[[T], None],
        what: str = "look",
    ) -> None:
        """Reads something in a thread and hands it over, if the screen is still there.

        It takes the place of what is being read of the same `what`.
        """

    def do(self, command: "Command", said: str, then: Callable[[], None] | None = None) -> None:
        """Hands a command to the daemon; its answer, or `said`, is shown when it comes."""

    def apply(self, settings: "Preferences") -> None:
        """Puts settings into force."""

    def remember(self, settings: "Preferences") -> None:
        """Puts settings into force and writes them down."""

    def travel(self, at: int | None, until: int | None = None) -> None:
        """Shows a past moment, plays from there to `until`, or comes back to the present."""

    async def action_tab(self, number: int) -> None:
        """Goes to a screen by its number."""

    async def show_sessions(self, kept: str) -> None:
        """The list of sessions with this filter."""

    async def show_spent(self, within: "Within") -> None:
        """The list of the sessions that a line of another screen sums up."""

    def show_session(self, row: "SessionRow") -> None:
        """The page of one session, over this screen."""

    def show_why(self, span: str, feature: str = "") -> None:
        """Why a span in words, and a feature of it, cost what it did, over this screen."""


def host_of(node: "DOMNode") -> Host:
    """The app that shows a screen or a widget."""
    return cast("Host", node.app)
