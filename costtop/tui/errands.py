"""What the screen has done for it in threads: something read, a command carried. Draws nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.screen import Screen

from costtop.control.protocol import Command
from costtop.errors import CosttopError

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp

T = TypeVar("T")


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
