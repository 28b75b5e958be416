"""Which keys a store may hold that this process has filled from its beginning: a Bloom filter.

In a first import nearly every call is new, and to look each up costs more than to write it. Where
the store began empty and only this process wrote to it, a key that the filter lacks is in no row;
for any other store, and for what the filter has, the table is asked. It runs no SQL.
"""

_BITS = 23  # 1 MiB: of a million keys one in twenty is looked up for nothing
_MASK = (1 << _BITS) - 1
_SECOND = 64 - _BITS


class FilledHere:
    """The first halves of the keys in the table, as long as that is known."""

    def __init__(self) -> None:
        self._bits: bytearray | None = None
        self._last = -1  # the last row after the latest batch; another one is somebody else's

    def forget(self) -> None:
        """After a rollback: what is stored is not known any more, but of an empty table."""
        self.__init__()  # type: ignore[misc]

    def maybe(self, keys: list[bytes], last: int) -> list[bytes]:
        """Those of the keys that may be stored, in a table whose last row is `last`, 0 for none.

        All of them are from now on: they are to be written.
        """
        if last == 0:
            self._bits = bytearray((1 << _BITS) // 8)
        elif last != self._last:
            self._bits = None
        bits = self._bits
        if bits is None:
            return keys
        found = []
        for key in keys:
            half = int.from_bytes(key[:8])
            one, two = half & _MASK, half >> _SECOND
            first, second = 1 << (one & 7), 1 << (two & 7)
            if bits[one >> 3] & first and bits[two >> 3] & second:
                found.append(key)
            else:
                bits[one >> 3] |= first
                bits[two >> 3] |= second
        return found

    def written(self, last: int) -> None:
        """The keys asked for last are in the table now, whose last row is `last`."""
        self._last = last
