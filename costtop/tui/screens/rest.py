"""When what follows a move of the cursor is drawn: of a run of moves once, where it rests."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from textual.screen import Screen
from textual.timer import Timer

_REST = 0.12  # s: keys that repeat come faster


class Rest:
    """Does what follows at once after a lone move, after a run of them when it is over."""

    def __init__(self, screen: Screen[Any], then: Callable[[], None]) -> None:
        self._screen, self._then = screen, then
        self._at = 0.0  # of the last move, s
        self._timer: Timer | None = None

    def moved(self) -> None:
        """The cursor has moved."""
        before, self._at = self._at, monotonic()
        if self._timer is not None:
            self._timer.stop()
        if self._at - before > _REST:
            self._then()
        else:
            self._timer = self._screen.set_timer(_REST, self._then)
