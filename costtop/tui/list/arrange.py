"""Which sessions stand in the list and in what order: filter, groups, tree, sort. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from operator import attrgetter
from typing import Any, overload

from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import BudgetMeter, SessionRow
from costtop.tui.list.columns import COLUMNS, budget_share
from costtop.tui.list.filter import Filter, names
from costtop.tui.list.shown_rows import Column, Shown

_ADDED = ("cost", "calls", "errors", "unpriced", "rate", "tokens", "tokens_minute")
GROUPS = ("", "project", "feature", "user", "host", "team")
_SORTS = {column.key: column.sort for column in COLUMNS if column.sort}


class View(NamedTuple):
    """How the user wants to see the list."""

    sort: str = "rate"
    falling: bool = True
    tree: bool = False
    group: str = ""
    hides_idle: bool = False
    hides_ended: bool = False
    tagged: frozenset[str] = frozenset()
    turned: frozenset[str] = frozenset()  # folded where the tree is open, open where it is not
    budgets: tuple[BudgetMeter, ...] = ()  # what shares are shares of
    placed: Mapping[str, int] = {}  # rates to sort by, of row keys; the present ones of others


class Flat(Sequence[Shown]):
    """Sessions one below the other; each is made what is shown of it when it is looked at.

    Ten thousand rows a tick, of which fifty are seen.
    """

    def __init__(self, rows: Sequence[SessionRow], tagged: frozenset[str]) -> None:
        self._rows, self._tagged = rows, tagged

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Shown: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Shown]: ...
    def __getitem__(self, at: int | slice) -> Shown | Sequence[Shown]:
        if isinstance(at, slice):
            return Flat(self._rows[at], self._tagged)
        row = self._rows[at]
        return Shown(row.key, row, "", row.key in self._tagged, 0, bool(row.children))

    def keys(self) -> list[str]:
        """Those of all rows, in order."""
        return list(map(_key, self._rows))


def arranged(sessions: Iterable[SessionRow], view: View, kept: Filter, now: int) -> Sequence[Shown]:
    """The rows of the list."""
    rows = list(sessions)
    if kept.terms or view.hides_idle or view.hides_ended:
        rows = [row for row in rows if _wanted(row, view, kept, now)]
    if view.group:
        return _grouped(rows, view)
    return _with_children(rows, view)


def resorted(view: View, column: str) -> View:
    """Sorted by that column, or turned round where it is the one already."""
    known = next((one for one in COLUMNS if one.key == column and one.sort), None)
    if known is None:
        return view
    falling = not view.falling if column == view.sort else known.falling
    return view._replace(sort=column, falling=falling)


def neighbour(columns: Sequence[Column[Any]], sort: str, step: int) -> str:
    """The key of the sortable column `step` places beside the one sorted by."""
    keys = [column.key for column in columns if column.sort]
    return keys[((keys.index(sort) if sort in keys else 0) + step) % len(keys)]


def _wanted(row: SessionRow, view: View, kept: Filter, now: int) -> bool:
    if (view.hides_ended and row.state == "ended") or (view.hides_idle and row.state == "idle"):
        return False
    if not kept.terms or kept.keeps(row, now):
        return True
    return view.tree and any(kept.keeps(child, now) for child in row.children)


def sought(rows: Sequence[Shown], cursor: str, text: str, first: int, step: int) -> str:
    """The key of the nearest row, from `first` rows past the cursor's, whose names hold `text`."""
    at = next((n for n, shown in enumerate(rows) if shown.key == cursor), 0)
    for n in range(len(rows) if text else 0):
        shown = rows[(at + first + n * step) % len(rows)]
        if any(text in name.casefold() for name in names(shown.row)):
            return shown.key
    return ""


def _with_children(rows: Iterable[SessionRow], view: View) -> Sequence[Shown]:
    ordered = _sorted(rows, view)
    if not view.tree and not view.turned:
        return Flat(ordered, view.tagged)
    shown: list[Shown] = []
    for row in ordered:
        opened = bool(row.children) and (view.tree != (row.key in view.turned))
        folded = bool(row.children) and not opened
        shown.append(Shown(row.key, row, tagged=row.key in view.tagged, folded=folded))
        if opened:
            shown += _branches(row, view)
    return shown


def _branches(root: SessionRow, view: View) -> list[Shown]:
    last = len(root.children) - 1
    return [
        Shown(child.key, child, "└─" if n == last else "├─", child.key in view.tagged)
        for n, child in enumerate(_sorted(root.children, view))
    ]


def _sorted(rows: Iterable[SessionRow], view: View) -> list[SessionRow]:
    """By the chosen column; equal rows stay in the snapshot's order, so that they do not dance."""
    if view.sort == "share":
        part = {row.key: budget_share(row, view.budgets) or 0.0 for row in rows}
        return sorted(rows, key=lambda row: (part[row.key], row.cost), reverse=view.falling)
    if view.sort == "rate" and view.placed:
        rows = list(rows)
        rates = map(view.placed.get, map(_key, rows), map(_rate, rows))
        runs = map(
            "running".__eq__, map(_state, rows)
        )  # one without a price burns what nobody knows
        stands = list(zip(rates, runs, map(_cost, rows), strict=True))
        order = sorted(range(len(rows)), key=stands.__getitem__, reverse=view.falling)
        return [rows[n] for n in order]
    # Where nothing burns all rates are alike: then the dearest come first.
    sort = _rate_then_cost if view.sort == "rate" else _SORTS.get(view.sort, _SORTS["cost"])
    return sorted(rows, key=sort, reverse=view.falling)


_key, _cost, _rate = attrgetter("key"), attrgetter("cost"), attrgetter("rate")
_state = attrgetter("state")
_rate_then_cost = attrgetter("rate", "cost")


def _grouped(rows: Sequence[SessionRow], view: View) -> list[Shown]:
    groups: dict[str, list[SessionRow]] = {}
    for row in rows:
        groups.setdefault(getattr(row, view.group) or "(none)", []).append(row)
    shown: list[Shown] = []
    heads = (summed(name, members) for name, members in groups.items())
    for head in _sorted(heads, view._replace(placed=_of_groups(groups, view.placed))):
        folded = head.key in view.turned
        mine = groups[head.session]
        shown.append(Shown(head.key, head, members=len(mine), folded=folded))
        if not folded:
            shown += _with_children(mine, view)
    return shown


def _of_groups(
    groups: Mapping[str, Sequence[SessionRow]], placed: Mapping[str, int]
) -> Mapping[str, int]:
    """The rates by which groups stand: those of their rows together."""
    if not placed:
        return placed
    return {
        f"group:{name}": sum(placed.get(row.key, row.rate) for row in rows)
        for name, rows in groups.items()
    }


def summed(name: str, rows: Sequence[SessionRow]) -> SessionRow:
    """A group as one row: sums of money and counts, the latest of times, the dearest model."""
    dearest = max(rows, key=lambda row: row.cost)
    worst = max(rows, key=lambda row: ("", "notice", "warning", "critical").index(row.severity))
    started = [row.started for row in rows if row.started]
    last = [row.last for row in rows if row.last]
    return dearest._replace(
        **{name: sum(getattr(row, name) for row in rows) for name in _ADDED},
        key=f"group:{name}",
        session=name,
        agent="",
        agent_type="",
        project="",
        feature="",
        mark="",
        state="running" if any(row.state == "running" for row in rows) else dearest.state,
        floor=any(row.floor for row in rows),
        billed=None if dearest.billed is None else sum(row.billed or 0 for row in rows),
        trend=tuple(map(sum, zip_longest(*(row.trend for row in rows), fillvalue=0))),
        context=0,
        cache=None,
        started=min(started, default=None),
        last=max(last, default=None),
        pid=None,
        why=worst.why,
        severity=worst.severity,
        children=(),
    )
