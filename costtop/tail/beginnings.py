"""Which known places a file may be, by how it begins: keys of places by the hashes of their heads.

It opens nothing and proves nothing: identity.py compares whole places.
"""

from collections import Counter

from costtop.tail.fingerprint import heads
from costtop.tail.place import Place


class Beginnings:
    """Keys of places by the hash of their beginning. Hardly two places share one."""

    def __init__(self) -> None:
        self._keys: dict[bytes, bytes | set[bytes]] = {}  # one, as mostly, or several
        self._lengths: Counter[int] = Counter()

    def put(self, place: Place) -> None:
        """Notes a place that is not known yet."""
        if not place.head_length:
            return
        self._lengths[place.head_length] += 1
        before = self._keys.setdefault(place.head, place.path)
        if isinstance(before, set):
            before.add(place.path)
        elif before is not place.path:
            self._keys[place.head] = {before, place.path}

    def drop(self, place: Place) -> None:
        """Forgets a place that is known."""
        if not place.head_length:
            return
        self._lengths[place.head_length] -= 1
        if not self._lengths[place.head_length]:
            del self._lengths[place.head_length]
        keys = self._keys[place.head]
        if isinstance(keys, set):
            keys.discard(place.path)
        if not keys or isinstance(keys, bytes):
            del self._keys[place.head]

    def of(self, data: bytes) -> set[bytes]:
        """Keys of the places that begin as `data` does."""
        found: set[bytes] = set()
        for head in heads(data, sorted(self._lengths)) if self._keys else ():
            keys = self._keys.get(head, set())
            found |= keys if isinstance(keys, set) else {keys}
        return found
