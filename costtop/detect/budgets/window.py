"""A sum over the last so many milliseconds, in minutes. It knows no budget and no clock.

Amounts may arrive out of order: each is booked to its own minute. Minutes wholly older than the
window are dropped when the window moves on.
"""

from collections import deque

from costtop.durations import MINUTE


class Sliding:
    """Int amounts by minute; `sum` is that of the minutes inside the window as last moved."""

    __slots__ = ("_amounts", "_edge", "_minutes", "span", "sum")

    def __init__(self, span: int) -> None:
        self.span = span
        self.sum = 0
        self._edge = -(1 << 62)  # first minute inside the window
        self._minutes: deque[int] = deque()  # ascending
        self._amounts: dict[int, int] = {}

    def add(self, at: int, amount: int) -> None:
        """Book an amount at its moment; one older than the window is passed over."""
        minute = at // MINUTE
        if minute < self._edge:
            return
        if minute in self._amounts:
            self._amounts[minute] += amount
        else:
            self._amounts[minute] = amount
            self._insert(minute)
        self.sum += amount

    def total(self, now: int) -> int:
        """The sum of the window that ends at `now`, which never moves backwards."""
        edge = (now - self.span) // MINUTE + 1
        self._edge = max(edge, self._edge)
        while self._minutes and self._minutes[0] < self._edge:
            self.sum -= self._amounts.pop(self._minutes.popleft())
        return self.sum

    def since(self) -> int | None:
        """The first minute (ms) inside the window with an amount; None while there is none."""
        return self._minutes[0] * MINUTE if self._minutes else None

    def _insert(self, minute: int) -> None:
        later: list[int] = []
        while self._minutes and self._minutes[-1] > minute:
            later.append(self._minutes.pop())
        self._minutes.append(minute)
        self._minutes.extend(reversed(later))
