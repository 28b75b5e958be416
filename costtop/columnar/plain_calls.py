"""Calls in their order, of which those that came as rows are made when somebody asks for them."""

from collections.abc import Iterator

from costtop.columnar.call_columns import made
from costtop.model import Call, PlainCall


class PlainCalls:
    """A collection of calls; `told` are the same as they came."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: list[Call | PlainCall] = []

    def __len__(self) -> int:
        return len(self.told)

    def __iter__(self) -> Iterator[Call]:
        return (made(one) if isinstance(one, PlainCall) else one for one in self.told)

    def __contains__(self, item: object) -> bool:
        return any(one == item for one in self)
