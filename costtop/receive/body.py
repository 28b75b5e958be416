"""Takes the body of an HTTP request in, within limits on time, bytes and what they unpack to.

It decodes nothing but gzip. Limits are on the *decompressed* bytes, piece by piece, so that a bomb
costs no more memory than a message that is allowed (RELIABILITY O1, O2).
"""

import asyncio
import zlib
from collections.abc import AsyncIterator

LARGEST = 4 << 20  # bytes, packed or unpacked
RATIO = 200  # unpacked to packed, from `_FREE` on; real exports reach about 40
DEADLINE = 10.0  # s for the headers, and again for the body
_FREE = 256 << 10


class TooLarge(Exception):
    """More bytes than a message may have."""


class Broken(Exception):
    """Not what its headers say."""


async def taken(pieces: AsyncIterator[bytes], encoding: str, deadline: float = DEADLINE) -> bytes:
    """The body, unpacked; raises TooLarge, Broken, TimeoutError. `encoding` is "" or "gzip"."""
    bag = _Bag(packed=encoding == "gzip")
    async with asyncio.timeout(deadline):
        async for piece in pieces:
            bag.add(piece)
    return bag.whole()


class _Bag:
    """Pieces so far."""

    def __init__(self, *, packed: bool) -> None:
        self._unpack = zlib.decompressobj(31) if packed else None
        self._read = 0
        self._kept = bytearray()

    def add(self, piece: bytes) -> None:
        self._read += len(piece)
        if self._read > LARGEST:
            raise TooLarge
        if self._unpack is None:
            self._kept += piece
            return
        try:
            self._kept += self._unpack.decompress(piece, LARGEST + 1 - len(self._kept))
        except zlib.error:
            raise Broken("the body is not valid gzip") from None
        if len(self._kept) > max(_FREE, self._read * RATIO) or self._unpack.unconsumed_tail:
            raise TooLarge
        if len(self._kept) > LARGEST:
            raise TooLarge

    def whole(self) -> bytes:
        if self._unpack is not None and not self._unpack.eof:
            raise Broken("the body ends in the middle of its gzip")
        if self._unpack is not None and self._unpack.unused_data:
            raise Broken("something follows the gzip")
        return bytes(self._kept)
