"""Stretches of columns, as collections of what stands in them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any, Generic, Protocol, Self, TypeVar, cast

T = TypeVar("T")
Made_co = TypeVar("Made_co", covariant=True)
C = TypeVar("C", bound="Columns[Any]")


class Columns(Protocol[Made_co]):
    """What holds many values in their order, of which a stretch can be cut out."""

    @property
    def size(self) -> int: ...
    def cut(self, start: int, stop: int) -> Self: ...
    def item(self, n: int) -> Made_co: ...


class ColumnStretch(Generic[T]):
    """A stretch of columns, as a collection of values that are made when they are asked for."""

    __slots__ = ("start", "stop", "whole")

    def __init__(self, whole: Columns[T], start: int, stop: int) -> None:
        self.whole, self.start, self.stop = whole, start, stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[T]:
        return map(self.whole.item, range(self.start, self.stop))

    def __contains__(self, item: object) -> bool:
        return any(one == item for one in self)


def parts(whole: Columns[T], sizes: Iterable[int]) -> Iterator[ColumnStretch[T]]:
    """The columns in stretches of these sizes, one after the other."""
    ends = accumulate(sizes, initial=0)
    return (ColumnStretch(whole, start, stop) for start, stop in pairwise(ends))


def whole(given: Sequence[Collection[T]], made: Callable[[list[T]], C]) -> C:
    """All of the values as columns: what they are stretches of, else `made` of them."""
    told = [one for one in given if len(one)]
    first = told[0] if told else None
    if isinstance(first, ColumnStretch) and _in_a_row(told):
        found: Any = first.whole.cut(first.start, first.start + sum(map(len, told)))
        return cast("C", found)
    return made([*chain.from_iterable(told)])


def _in_a_row(given: Sequence[Collection[Any]]) -> bool:
    """Whether they are stretches of the same columns, each beginning where the last one ends."""
    return all(
        isinstance(one, ColumnStretch)
        and isinstance(other, ColumnStretch)
        and one.whole is other.whole
        and one.stop == other.start
        for one, other in pairwise([given[0], *given[1:]])
    )
