"""What identifies the content of a file: hashes of its head and of the bytes before an offset.

It knows no paths and decides nothing; rotation.py does.
"""

from _blake2 import blake2b  # all of hashlib takes milliseconds
from collections.abc import Sequence

from costtop.tail.content import Content
from costtop.tail.find import RACY
from costtop.tail.place import MARKER, Place

INT63 = (1 << 63) - 1  # what SQLite can hold; device and inode are a shortcut, so bits may go


def holds(content: Content, place: Place) -> bool:
    """Whether the bytes that `place` has read are still there, at the same offsets."""
    if place.head_length and digest(content.at(0, place.head_length)) != place.head:
        return False
    if not place.offset:
        return True  # nothing has been read
    length = min(MARKER, place.offset)
    before = content.at(place.offset - length, length)
    return len(before) == length and digest(before) == place.marker


def digest(data: bytes) -> bytes:
    """The hash that places keep of bytes: 16 bytes."""
    return blake2b(data, digest_size=16).digest()


def stamped(place: Place, content: Content, now: int) -> Place:
    """`place` with the stat of the opened file, which then counts as read to its end.

    A young mtime is not noted: a second write in the same clock tick would be invisible.
    """
    status = content.stat
    mtime = status.st_mtime_ns if now - status.st_mtime_ns > RACY else 0
    dev, ino = status.st_dev & INT63, status.st_ino & INT63
    return place._replace(dev=dev, ino=ino, size=status.st_size, mtime=mtime, gone=0)


def heads(data: bytes, lengths: Sequence[int]) -> list[bytes]:
    """The digests of the beginnings of `data` that are as long as known heads."""
    hasher, done, found = blake2b(digest_size=16), 0, []
    for length in lengths:
        if length > len(data):
            break
        hasher.update(data[done:length])
        done = length
        found.append(hasher.copy().digest())
    return found
