"""What a table shows: a column, a row of sessions, what a cell needs to know besides. No cell."""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from costtop.durations import MINUTE, SECOND
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import BudgetMeter, SessionRow
from costtop.tui.draw.ink import Line, Span
from costtop.tui.list.latest_calls import BRIGHT, NOTHING_ADDED, SEEN, LatestCalls

T = TypeVar("T")


class CellLook(NamedTuple):
    """What a cell needs to know besides its row."""

    at: int = 0  # ms UTC
    top: int = 0  # dearest bucket on screen: the shared scale of the sparklines
    zone: str = "UTC"
    whole: int = 0  # what shares are shares of
    added: LatestCalls = NOTHING_ADDED
    budgets: tuple[BudgetMeter, ...] = ()
    group: str = ""  # by what the rows are grouped
    silence: bool = True  # whether the time since the last call is shown


class Column(NamedTuple, Generic[T]):
    """One column: how to show it, how much room it needs, how it sorts."""

    key: str
    title: str  # "{}" in it is its width
    width: int  # least cells
    priority: int  # 0 stays longest; the highest goes first when it gets narrow
    cell: Callable[[T, CellLook], Span | Line]  # a line fits its width by itself
    sort: Callable[[Any], Any] | None = None  # of the row; of the session in the session list
    align: str = "<"
    grow: int = 0  # cells it may take of what is left over
    falling: bool = True  # dearest first
    about: str = ""  # one line for the setup screen
    spare: int = 0  # cells that must be left to the growing ones before it is shown
    facts: bool = False  # between middle dots: they go one by one where it is narrow, never cut
    name: bool = False  # its end tells most: cut in the middle, and over columns that are empty
    id: int = 0  # cells that it gets where it needs them: an id is typed, and never cut
    pair: bool = False  # of a project and a feature: the first is cut first
    measured: bool = False  # it takes no more than its cells need
    stages: tuple[tuple[int, int], ...] = ()  # (turn, cells): how wide it gets when it is its turn
    wide: Callable[[T, CellLook, int], Span | Line] | None = None  # drawn to its width

    @property
    def label(self) -> str:
        """Its title where it has no width: in lists of columns."""
        return self.title.partition(" {")[0]


class Shown(NamedTuple):
    """A session, subagent or group as it stands in the list."""

    key: str
    row: SessionRow
    branch: str = ""  # tree lines before its name
    tagged: bool = False
    members: int = 0  # sessions in a group; 0: not a group
    folded: bool = False  # has subagents that are not shown


def settled(shown: Shown, look: CellLook) -> Hashable:
    """What the cells of a row depend on: itself, the scale, and the clock as finely as it is shown.

    Ages are shown in seconds only under a minute.
    """
    row, at = shown.row, look.at
    young = at - (row.started or 0) < MINUTE
    young = young or (look.silence and at - (row.last or 0) < MINUTE)
    fresh = look.added.get(shown.key)
    bright = fresh and (fresh.cost, at - fresh.at < BRIGHT, at - fresh.at < SEEN)
    return shown, look.top, look.budgets, look.group, bright, at // (SECOND if young else MINUTE)


def ground(shown: Shown) -> str:
    """What a row lies on: groups on a panel, a runaway on a tint."""
    if shown.members:
        return "panel"
    return "alarm" if shown.row.severity == "critical" and shown.row.state == "running" else ""
