"""What the screen has done for it in threads: something read, a command carried. Draws nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.screen import Screen

from costtop.control.protocol import Command
from costtop.errors import CosttopError

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp

T = TypeVar("T")


def frame(app: "CosttopApp", at: int | None) -> None:
    """Reads a frame of that moment (None: now) and what rings meanwhile."""

    def work() -> None:
        try:
            snapshot = app.world.frame(at)
            app.post_message(app.Snapped(snapshot))
            rung = app.world.bells(max(app.rung, 0)) if snapshot.rev else []
        except CosttopError as error:
            app.post_message(app.Missed(str(error)))
            return
        if rung:
            app.call_from_thread(_ring, app, rung)

    app.run_worker(work, thread=True, group="frame")


def _ring(app: "CosttopApp", messages: list[tuple[int, str]]) -> None:
    """A bell and a note for each message to an open screen; those before it opened are old."""
    if app.rung >= 0:
        app.bell()
        for _, said in messages[-3:]:
            app.say(said, ok=False)
    app.rung = messages[-1][0]


def look(
    app: "CosttopApp", screen: Screen[Any], read: Callable[[], T], take: Callable[[T], None]
) -> None:
    """Reads something for a screen and hands it over, if the screen is still there."""

    def work() -> None:
        try:
            answer = read()
        except CosttopError as error:
            app.call_from_thread(app.say, str(error), ok=False)
            return
        app.call_from_thread(lambda: take(answer) if screen.is_attached else None)

    screen.run_worker(work, thread=True, exclusive=True, group="look")


def do(app: "CosttopApp", command: Command, said: str, then: Callable[[], None]) -> None:
    """Hands a command to the daemon; its answer, or `said`, is shown when it comes, then `then`."""

    def work() -> None:
        try:
            answer = app.world.act(command)
        except CosttopError as error:
            app.call_from_thread(app.say, str(error), ok=False)
            return
        app.call_from_thread(app.say, " · ".join(answer.get("said") or [said]))
        app.call_from_thread(then)

    app.run_worker(work, thread=True, group="commands")
