"""How wide the columns of a table are: width is earned by what cells say."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from costtop.shown import currency
from costtop.tui.draw.ink import fit, whole
from costtop.tui.list.shown_rows import Column

T = TypeVar("T")
_TELLING = 7  # last cells of a name that are kept where it is cut
_LEAST = 3  # letters of a project that are kept
_YIELDS = 5  # cells of a column that has made room for an id
_MORE = re.compile(r" \+\d+$")  # how many are folded into what is named
_NOTHING: Mapping[str, int] = {}


def fits(
    columns: Sequence[Column[T]], width: int, needs: Mapping[str, int] = _NOTHING
) -> list[tuple[Column[T], int]]:
    """The columns that fit into `width` cells with theirs, in the given order.

    Which ones depends on the width alone: they go by priority until the rest fits. What is left
    over goes by stages, to measured columns as far as their cells need; then the growing share it.
    """
    kept = [column for column in columns if not column.spare]
    while len(kept) > 1 and sum(c.width for c in kept) + len(kept) - 1 > width:
        kept.remove(max(kept, key=lambda column: column.priority))
    left = max(width - sum(c.width for c in kept) - len(kept) + 1, 0)
    for column in sorted((c for c in columns if c.spare), key=lambda column: column.priority):
        if left - column.width - 1 < column.spare:
            break
        left -= column.width + 1
        kept.append(column)
    kept.sort(key=columns.index)
    given = [column.width for column in kept]
    left -= _to_ids(kept, given, left, needs)
    left -= _by_stages(kept, given, left, needs)
    _share(kept, given, left)
    return list(zip(kept, given, strict=True))


def _to_ids(
    kept: Sequence[Column[T]], given: list[int], left: int, needs: Mapping[str, int]
) -> int:
    """Gives ids what they need, for they are typed; the cells of `left` that were used up.

    Where that is not enough, columns whose text may be cut yield, what tells least first.
    """
    lacking = {
        nth: max(min(column.id, needs.get(column.key, 0)) - column.width, 0)
        for nth, column in enumerate(kept)
        if column.id
    }
    used = 0
    for nth, cells in lacking.items():
        given[nth] += cells
        used += cells
    wanting = max(used - left, 0)
    for nth in sorted(range(len(kept)), key=lambda one: -kept[one].priority):
        column = kept[nth]
        if column.align != ">" and not column.id and (column.measured or column.facts):
            yielded = min(wanting, max(given[nth] - _YIELDS, 0))
            given[nth] -= yielded
            wanting -= yielded
    for nth in lacking:  # nothing yields any more
        short = min(wanting, given[nth] - kept[nth].width)
        given[nth] -= short
        wanting -= short
    return min(used, left)


def _by_stages(
    kept: Sequence[Column[T]], given: list[int], left: int, needs: Mapping[str, int]
) -> int:
    """Widens the columns stage by stage; the cells that were used up."""
    stages = sorted((rank, n, most) for n, c in enumerate(kept) for rank, most in c.stages)
    before = sum(given)
    for _, nth, most in stages:
        column = kept[nth]
        wanted = min(most, needs.get(column.key, 0)) if column.measured else most
        more = min(max(wanted - given[nth], 0), left)
        given[nth] += more
        left -= more
    return sum(given) - before


def _share(kept: Sequence[Column[T]], given: list[int], left: int) -> None:
    """Gives the growing columns of what is left, by how much they may grow."""
    wishes = sum(column.grow for column in kept)
    if not wishes:
        return
    more = [min(c.grow, left * c.grow // wishes) for c in kept]
    for nth in sorted(range(len(kept)), key=lambda nth: -kept[nth].grow):  # what rounding left
        more[nth] += min(kept[nth].grow - more[nth], left - sum(more))
    for nth, cells in enumerate(more):
        given[nth] += cells


def fitted(text: str, column: Column[T], width: int) -> str:
    """The text in so many cells, cut where it tells least."""
    if column.name and len(text) > width:
        text = _MORE.sub("", text)  # an id that is cut cannot be typed
    if column.facts:
        text = whole(text, width)
    elif column.name and len(text) > width > _TELLING:
        text = f"{text[: width - _TELLING - 1]}…{text[-_TELLING:]}"
    elif column.pair and len(text) > width:
        first, dot, second = text.partition("·")
        text = first[: max(width - len(second) - 1, _LEAST)] + dot + second if dot else text
    return fit(text, width, column.align)


def titled(column: Column[T], width: int) -> str:
    """The title in so many cells: of a pair what tells more, where both have no room."""
    title = currency.headed(column.title.format(width))
    return title.partition("·")[2] if column.pair and len(title) > width else title
