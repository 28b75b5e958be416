"""Windows of a plan as they went: which reading begins a new one, and how full it is by now.

What is told comes late, twice, from several sessions at once and with anchors that move; so a
window ends when what is used of it falls, or when the moment that was told for its end has passed
and another is told. An anchor that only moves ends nothing.
"""

from collections.abc import Iterable, Sequence

from costtop.durations import DAY, HOUR, MINUTE
from costtop.named_tuples import NamedTuple
from costtop.plan_reading import PlanReading

_DISORDER = 3.0  # per cents: two sessions that were answered at once tell in any order
_SLACK = 2 * MINUTE  # the clocks of a provider and of this machine are two
_FULL = 100.0
AHEAD = 5 * MINUTE  # how far an agent's clock may go before ours


class PlanKey(NamedTuple):
    """What tells windows apart."""

    source: str
    home: str
    plan: str
    limit: str
    minutes: int


class Window(NamedTuple):
    """One run of a limit from reset to reset. `steps` are (ms, per cent), rising, oldest first."""

    key: PlanKey
    began: int  # its first reading
    opened: int  # since when what is spent counts for it, as far as can be known
    steps: tuple[tuple[int, float], ...]
    resets: int | None  # as told last
    at: int  # its latest reading
    below: float = 0.0  # per cents that the latest reading is below the fullest one

    @property
    def top(self) -> float:
        """The most per cents that were told of it."""
        return self.steps[-1][1]

    @property
    def used(self) -> float:
        """Per cent, at the latest reading: a little below `top` where two told at once."""
        return self.top - self.below

    @property
    def end(self) -> int | None:
        """When it is reset; None where nobody told, or what was told had passed at the reading."""
        is_stale = self.resets is not None and self.resets < self.at - _SLACK
        return None if is_stale else self.resets

    @property
    def over_at(self) -> int:
        """When it is over, as far as is known.

        Without an end once its length is, or a tenth of that where it is read later still.
        """
        if self.end is not None:
            return max(self.end, self.at)
        return max(self.began + self._length, self.at + self._length // 10)

    @property
    def holds_until(self) -> int:
        """Until when it may hold somebody back by what was read last.

        Where the end moves along with its readings what is used falls bit by bit, and nobody who is
        held back makes a call that would tell it: a tenth of its length is all that a reading says.
        """
        if self.over_at <= self.began + self._length + _SLACK:
            return self.over_at
        return min(self.over_at, self.at + self._length // 10)

    @property
    def _length(self) -> int:
        return self.key.minutes * MINUTE

    def is_over(self, now: int) -> bool:
        """Whether it has been reset since it was last read, as far as was told."""
        return now >= self.over_at


def key_of(reading: PlanReading) -> PlanKey:
    """Whose window it is a reading of."""
    return PlanKey(reading.source, reading.home, reading.plan, reading.limit, reading.minutes)


def short_name(minutes: int) -> str:
    """What a window is called: "5h", "week", "24h", "30d". `minutes` are its length."""
    length = minutes * MINUTE
    if length == 7 * DAY:
        return "week"
    if length > 2 * DAY and length % DAY == 0:
        return f"{length // DAY}d"
    return f"{length // HOUR}h" if length >= HOUR and length % HOUR == 0 else f"{minutes}min"


def title(key: PlanKey) -> str:
    """A window's name with what alone it holds for: "week opus"."""
    return f"{short_name(key.minutes)} {key.limit}".rstrip()


def account(key: PlanKey, known: Iterable[PlanKey]) -> str:
    """Whose window it is: the agent, and the folder of its account where `known` has another's."""
    homes = (one.home for one in known if one.source == key.source)
    return f"{key.source} {folder(key.home, homes)}".rstrip()


def folder(home: str, homes: Iterable[str]) -> str:
    """The end of an account's folder that tells it from its agent's other ones; "" of one."""
    others = {*homes} - {home}
    parts = home.split("/")
    for count in range(1, len(parts) + 1) if others else ():
        end = "/".join(parts[-count:])
        if not any(f"/{other}".endswith(f"/{end}") for other in others):
            return end
    return ""


def is_possible(reading: PlanReading, now: int) -> bool:
    """Whether it can be true: a length, a share of 0 to some hundreds, not of the future."""
    return (
        0 < reading.minutes <= 366 * 24 * 60
        and 0 <= reading.used <= 10 * _FULL
        and 0 < reading.at <= now + AHEAD
    )


def follow(window: Window | None, reading: PlanReading) -> Window:
    """The window as it stands with a later reading, or the one that begins with it.

    Where two tell of one moment otherwise, the newest counts.
    """
    if window is None or _begins(window, reading):
        return _begun(window, reading)
    risen = reading.used > window.top
    steps = (*window.steps, (reading.at, reading.used)) if risen else window.steps
    resets = reading.resets if reading.resets is not None else window.resets
    used = reading.used if reading.at >= window.at else window.used
    at, below = max(window.at, reading.at), steps[-1][1] - used
    return window._replace(steps=steps, resets=resets, at=at, below=below)


def windows(readings: Iterable[PlanReading]) -> list[Window]:
    """The windows that readings of one limit tell of, oldest first, in whatever order they come."""
    found: list[Window] = []
    for reading in sorted(readings, key=lambda told: (told.at, told.used)):
        window = follow(found[-1] if found else None, reading)
        if found and found[-1].began == window.began:
            found[-1] = window
        else:
            found.append(window)
    return found


def present(latest: Sequence[Window], now: int) -> list[Window]:
    """Of the latest window of each limit those that still hold: shortest first.

    Where a home tells of another plan now, what was told of the one before holds no more; a window
    that was not heard of for twice its length is no longer the user's.
    """
    newest: dict[tuple[str, str], Window] = {}
    for window in latest:
        account = window.key.source, window.key.home
        if account not in newest or newest[account].at < window.at:
            newest[account] = window
    holding = [
        window
        for window in latest
        if newest[window.key.source, window.key.home].key.plan == window.key.plan
        and now - window.at < 2 * window.key.minutes * MINUTE
    ]
    return sorted(holding, key=lambda window: (window.key.minutes, window.key))


def _begins(window: Window, reading: PlanReading) -> bool:
    fallen = window.top - reading.used
    if fallen >= _DISORDER:
        return True
    if window.end is None:
        return reading.at - window.opened >= window.key.minutes * MINUTE and fallen > 0
    passed = reading.at >= window.end - _SLACK
    moved = reading.resets is not None and reading.resets > window.end + _SLACK
    return passed and (moved or fallen > 0)


def _begun(before: Window | None, reading: PlanReading) -> Window:
    length = reading.minutes * MINUTE
    opened = reading.at - length
    if reading.resets is not None and reading.resets > reading.at:
        opened = max(opened, reading.resets - length)
    if before is not None:
        opened = max(opened, before.at)
    opened = min(opened, reading.at)
    step = (reading.at, reading.used)
    return Window(
        key=key_of(reading),
        began=reading.at,
        opened=opened,
        steps=(step,),
        resets=reading.resets,
        at=reading.at,
    )
