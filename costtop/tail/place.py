"""How far a log file has been read, and how to know that file again.

A place says nothing of what was in the bytes: the memo of the source that folded them is kept in
the same row by the store, and no text of a log is in here.
"""

import json
import marshal

from costtop.named_tuples import NamedTuple

HEAD = 1024  # bytes of the beginning that identify a file, once that many have been read
MARKER = 64  # bytes before the offset that prove that nothing was rewritten
_VERSION = 2
_PLAIN = 2  # marshal's version before it wrote references: equal values give equal bytes
_COUNT = 5  # bytes in which it says that a tuple comes, and of how many values
# How one ends that is not gone: whether half a line waits comes last.
_THERE = tuple(marshal.dumps((0, half), _PLAIN)[_COUNT:] for half in (False, True))
_AT_REST, _HALF = ",0,0]", ",0,1]"  # how a state ends: not gone, and whether half a line waits


class Place(NamedTuple):
    """The identity of a file and the offset up to which its lines have been taken.

    Identity is content: `head` hashes the first `head_length` bytes (as many as were read, up to
    HEAD), `marker` the last bytes before `offset` (as many as there are, up to MARKER). `dev`,
    `ino`, `size`, `mtime` (ns) are a shortcut only; `mtime` 0 means "look again". For a .gz,
    `offset` and the hashes count decompressed bytes.
    """

    path: bytes  # absolute, as the kernel names it: it need not be UTF-8
    dev: int = 0
    ino: int = 0
    size: int = 0
    mtime: int = 0
    offset: int = 0
    head_length: int = 0
    head: bytes = b""
    marker: bytes = b""
    skipping: bool = False  # the offset is inside a line that is too long
    moved: bool = False  # it came to this path from another: nobody appends to it for long
    born: int = 0  # mtime at first sight, ms UTC: which of two copies is the older
    gone: int = 0  # ms UTC since when no scan has found it; 0 = it is there
    half: bool = False  # what stands behind the offset was no whole record when it was quiet

    @property
    def name(self) -> str:
        r"""The path for people: bytes that are not UTF-8 stand as \xNN."""
        return shown(self.path)

    @property
    def displaced(self) -> bool:
        """Whether another file has this path now; see `displace`."""
        return b"\0" in self.path

    def displace(self) -> "Place":
        """The same place under a key no file can have: its path now belongs to another file.

        It is kept because its bytes may turn up again under a third name (app.log.1 -> app.log.2).
        """
        content = (self.head + self.marker).hex().encode()
        return self._replace(path=self.path + b"\0" + content, moved=True)

    def state(self) -> str:
        """All but `path` and `born`, as one JSON text for the store."""
        _, dev, ino, size, mtime, offset, length, head, marker, *flags, _, gone, half = self
        skipping, moved = flags
        return (  # of numbers and hexadecimal digits alone: a third of what `json` takes
            f"[{_VERSION},{dev},{ino},{size},{mtime},{offset},{length},"
            f'"{head.hex()}","{marker.hex()}",{skipping:d},{moved:d},{gone},{half:d}]'
        )

    def packed(self) -> bytes:
        """All but `path`, for this process alone: in a sixth of the memory."""
        return marshal.dumps(self[1:], _PLAIN)


def unpacked(path: bytes, packed: bytes) -> Place:
    """The place that `packed()` described."""
    return Place._make((path, *marshal.loads(packed)))  # noqa: S302 - it never left this process


def is_packed_as_read(packed: bytes, dev: int, ino: int, size: int, mtime: int) -> bool:
    """Whether that is a place of a file with this stat which was read to its end; not unpacked."""
    read = marshal.dumps((dev, ino, size, mtime, size), _PLAIN)
    return packed.startswith(read[_COUNT:], _COUNT)


def is_packed_as_there(packed: bytes) -> bool:
    """Whether that is a place whose file has never been missed; not unpacked."""
    return packed.endswith(_THERE)


def is_as_read(state: str, dev: int, ino: int, size: int, mtime: int) -> bool:
    """Whether a place's text is that of a file which is there, with this stat, read to its end.

    By the text alone: of thousands of files at rest none is taken apart. False says nothing.
    """
    read = f"[{_VERSION},{dev},{ino},{size},{mtime},{size},"
    return state.startswith(read) and state.endswith((_AT_REST, _HALF)) and mtime > 0


def gone_since(state: str) -> int:
    """Since when no scan has found a place's file, by its text; 0 where that is not told."""
    told = state.rsplit(",", 2)[-2:-1] if state.startswith(f"[{_VERSION},") else []
    return int(told[0]) if told and told[0].isdecimal() else 0


def restored(path: bytes, state: str, born: int) -> Place:
    """The place that `state()` described; a text of another version gives one at offset 0.

    Starting over is harmless: every call has a key, so that a second sight changes nothing.
    """
    try:
        version, *values = json.loads(state)
        if version == 1:  # it never looked at a last line without newline
            values.append(0)
        elif version != _VERSION:
            return Place(path, born=born)
        *numbers, head, marker, skipping, moved, gone, half = values
        hashes = bytes.fromhex(head), bytes.fromhex(marker)
        flags = bool(skipping), bool(moved), born, int(gone), bool(half)
        place = Place._make((path, *map(int, numbers), *hashes, *flags))
        return place._replace(mtime=0) if version == 1 and place.offset < place.size else place
    except (ValueError, TypeError):
        return Place(path, born=born)


def shown(path: bytes) -> str:
    """A path as text for people and for `text.clean`; never raises."""
    return path.decode("utf-8", "backslashreplace")


def is_file(path: bytes) -> bool:
    """False for a channel: no scan finds one, and it must not be forgotten for that."""
    return path.startswith(b"/")
