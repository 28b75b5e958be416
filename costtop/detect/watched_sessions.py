"""Sessions by the time of their last event; those at rest are kept packed, each value as it was.

An open session takes 6 kB as objects and a tenth of that packed, on a shelf that need not be in
memory. It judges nothing, and knows no clock: what is at rest is an argument.
"""

import io
import pickle
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Protocol

from costtop.detect.levels import Watched
from costtop.detect.rules.rule import Rule
from costtop.detect.sessions.peers import PeerView
from costtop.detect.settings import Settings
from costtop.model import Rates
from costtop.named_tuples import NamedTuple

_RAW = -15  # zlib's window, without a header


class Shelf(Protocol):
    """Where packed sessions lie. It does not know what they are."""

    def put(self, data: bytes) -> bytes | int:
        """Takes bytes in, and gives the ticket for them."""

    def look(self, ticket: bytes | int) -> bytes:
        """The bytes."""

    def drop(self, ticket: bytes | int) -> None:
        """Nobody asks for them any more."""


class MemoryShelf:
    """The shelf of whoever has no other: the bytes are their own ticket."""

    def put(self, data: bytes) -> bytes | int:
        """Takes bytes in."""
        return data

    def look(self, ticket: bytes | int) -> bytes:
        """The bytes."""
        assert isinstance(ticket, bytes)
        return ticket

    def drop(self, ticket: bytes | int) -> None:
        """Nothing is left of them."""


class PackedSession(NamedTuple):
    """A session at rest, and when its last event was."""

    last: int
    ticket: bytes | int  # of the shelf


class WatchedSessions:
    """Sessions by their key, least recently active first. What is asked for comes unpacked."""

    def __init__(self, shelf: Shelf) -> None:
        self._all: OrderedDict[str, Watched | PackedSession] = OrderedDict()
        self._unpacked: OrderedDict[str, None] = OrderedDict()  # the longest untouched first
        self._packing, self._shelf = Packing(), shelf

    def __contains__(self, root: str) -> bool:
        return root in self._all

    def __len__(self) -> int:
        return len(self._all)

    def get(self, root: str) -> Watched | None:
        """The session, which keeps its place in the order."""
        found = self._all.get(root)
        if found is None:
            return None
        if isinstance(found, PackedSession):
            found = self._all[root] = self._taken(found)
            self._unpacked[root] = None
        else:
            self._unpacked.move_to_end(root)
        return found

    def touch(self, root: str) -> None:
        """It is the most recently active from now on."""
        self._all.move_to_end(root)

    def put(self, root: str, watched: Watched) -> None:
        """A session that is the most recently active from now on."""
        self._all[root] = watched
        self._unpacked[root] = None
        self._all.move_to_end(root)
        self._unpacked.move_to_end(root)

    def pop(self, root: str) -> Watched | None:
        """Takes a session out."""
        found = self._all.pop(root, None)
        self._unpacked.pop(root, None)
        return self._taken(found) if isinstance(found, PackedSession) else found

    def first(self) -> tuple[str, int] | None:
        """The least recently active one, and when that was."""
        for root, one in self._all.items():
            return root, one.last
        return None

    def sort(self) -> None:
        """Puts them in order again, after one was put in whose last event is an older one."""
        self._all = OrderedDict(sorted(self._all.items(), key=lambda item: item[1].last))

    def all(self) -> Iterator[Watched]:
        """Every session in order; one at rest stays so, and changes to what is given are lost."""
        for one in list(self._all.values()):
            yield self._looked(one) if isinstance(one, PackedSession) else one

    def rest(self, until: int, most: int) -> bool:
        """Packs sessions whose last event was at `until` or before, ms UTC; whether any was.

        It looks at the `most` of the unpacked ones that were asked for the longest ago.
        """
        any_packed = False
        for root in list(islice(self._unpacked, most)):
            if self._all[root].last > until:
                self._unpacked.move_to_end(root)  # looked at again after the others
            else:
                self._pack(root)
                any_packed = True
        return any_packed

    def limit(self, most: int) -> None:
        """Packs those that were asked for the longest ago, where more than `most` are unpacked."""
        for root in list(islice(self._unpacked, max(0, len(self._unpacked) - most))):
            self._pack(root)

    def _pack(self, root: str) -> None:
        one = self._all[root]
        if isinstance(one, Watched):
            self._all[root] = PackedSession(one.last, self._shelf.put(self._packing.packed(one)))
        del self._unpacked[root]

    def _looked(self, one: PackedSession) -> Watched:
        return self._packing.unpacked(self._shelf.look(one.ticket))

    def _taken(self, one: PackedSession) -> Watched:
        watched = self._looked(one)
        self._shelf.drop(one.ticket)
        return watched


class _Pickler(pickle.Pickler):
    """Is told what is shared. By a method, for from 3.13 on it takes no attribute for one."""

    def __init__(self, into: io.BytesIO, number: Callable[[object], int | None]) -> None:
        super().__init__(into, pickle.HIGHEST_PROTOCOL)
        self._number = number

    def persistent_id(self, value: object) -> int | None:
        """The number of what is shared."""
        return self._number(value)


class _Unpickler(pickle.Unpickler):
    """Reads bytes of this process alone."""

    def __init__(self, data: io.BytesIO, shared: list[Any]) -> None:
        super().__init__(data)
        self._shared = shared

    def persistent_load(self, number: int) -> Any:
        """What is shared, by its number."""
        return self._shared[number]


class Packing:
    """Packs sessions to bytes and back. What all of them share is not packed, but kept here."""

    def __init__(self) -> None:
        self._shared: list[Any] = []
        self._numbers: dict[object, int] = {}
        self._like = b""  # what another session looks like: most of it is the same

    def packed(self, watched: Watched) -> bytes:
        """The session as bytes."""
        into = io.BytesIO()
        _Pickler(into, self._number).dump(watched)
        data = into.getvalue()
        self._like = self._like or data
        zipped = zlib.compressobj(1, zlib.DEFLATED, _RAW, zdict=self._like)
        return zipped.compress(data) + zipped.flush()

    def unpacked(self, packed: bytes) -> Watched:
        """The same session, value by value."""
        data = zlib.decompressobj(_RAW, zdict=self._like).decompress(packed)
        watched: Watched = _Unpickler(io.BytesIO(data), self._shared).load()
        return watched

    def _number(self, value: object) -> int | None:
        """Of what is shared by itself (a rule, peers, settings) or by its value (rates)."""
        kind = type(value)
        if kind is Rates:
            name: object = value
        elif kind is PeerView or kind is Settings or kind is Rule:
            name = id(value)
        else:
            return None
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._shared)
            self._shared.append(value)
        return number
