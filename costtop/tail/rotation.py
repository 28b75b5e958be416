"""Whether a file is still the one that was known, and from where to read it.

It opens files to look at a few bytes; it reads no lines and stores nothing. Identity is content:
the hash of a growing head and of the bytes just before the offset. Device, inode, size and mtime
are a shortcut only: inode and offset alone lost or repeated data in 43 % of random rotations.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from os.path import basename

from costtop.durations import DAY
from costtop.named_tuples import NamedTuple
from costtop.tail.content import Content, UnreadableFile, opened
from costtop.tail.fingerprint import INT63, heads, holds, stamped
from costtop.tail.patterns import related
from costtop.tail.place import (
    HEAD,
    Place,
    gone_since,
    is_as_read,
    is_packed_as_read,
    is_packed_as_there,
    unpacked,
)
from costtop.tail.roots import FoundFiles, Seen

DOCUMENT_LIMIT = 64 << 20  # bytes of a file that is read whole
QUIET = 60 * 10**9  # ns after a rotation until a last line without newline counts as complete
_TELLING = 256  # bytes of a beginning that hardly two files share
KEPT = 7 * DAY  # that the place of a vanished file is kept
_WAIT, _LONGEST_WAIT = 5 * 10**9, 300 * 10**9  # ns between two tries at what cannot be read
_FOR_EVER = 10 * 365 * 86_400 * 10**9  # ns
StoredState = tuple[bytes, str, int]
"""A place as it is stored: path, state, born."""


class FileChange(NamedTuple):
    """What became of one file since its place was stored.

    `kind`: same · grown (read on from `place`) · moved (as grown; it was known by another path or
    is a copy) · new · replaced (from offset 0) · later (cannot be read now) · refused (not before
    it changes) · gone. For same, later, refused and gone there is nothing to read.
    """

    kind: str
    place: Place  # where reading starts; its path is the seen one
    origin: bytes = b""  # key of the stored place whose memo goes on; empty = a fresh memo
    displaced: Place | None = None  # what this path held before: re-key that row to its path
    final: bool = False  # nobody appends any more: a last line without newline is complete
    reason: str = ""  # of later and refused
    again: bool = False  # that reason has been told before

    @property
    def readable(self) -> bool:
        """Whether there may be something to read."""
        return self.kind in {"grown", "moved", "new", "replaced"}


class _Pause(NamedTuple):
    """When to try a file again that could not be read."""

    size: int
    mtime: int
    ctime: int
    due: int
    wait: int
    reason: str


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


class Known:
    """All places. The caller stores them; this is what it keeps in memory.

    They are many and mostly rest, so they are kept packed: 0.4 kB each, and not 1.
    """

    def __init__(self, places: Iterable[Place] = ()) -> None:
        self._by_path: dict[bytes, bytes] = {}
        self._beginnings = Beginnings()
        self._pauses: dict[bytes, _Pause] = {}
        for place in places:
            self.put(place)

    def get(self, path: bytes) -> Place | None:
        """The place of a path, or of a displaced key."""
        packed = self._by_path.get(path)
        return None if packed is None else unpacked(path, packed)

    def places(self) -> list[Place]:
        """All of them, displaced ones too."""
        return [unpacked(*one) for one in self._by_path.items()]

    def troubles(self) -> dict[bytes, str]:
        """Files that cannot be read now, and why."""
        return {path: pause.reason for path, pause in self._pauses.items()}

    def put(self, place: Place) -> None:
        """Notes how far a file has been read, after that was committed."""
        self.drop(place.path)
        self._by_path[place.path] = place.packed()
        self._beginnings.put(place)

    def drop(self, path: bytes) -> None:
        """Forgets a place."""
        old = self.get(path)
        if old is not None:
            del self._by_path[path]
            self._beginnings.drop(old)

    def settled(self, seen: Seen, now: int | None = None) -> bool:
        """Whether a look at the file would tell nothing new, by its stat alone. `now`: ns UTC."""
        now = time.time_ns() if now is None else now
        if pause := self._pause(seen):
            return pause.due - pause.wait <= now < pause.due  # the clock may have been set back
        packed = self._by_path.get(seen.path)
        if packed is None:
            return False
        ids = seen.dev & INT63, seen.ino & INT63
        if is_packed_as_read(packed, *ids, seen.size, seen.mtime):
            return True
        own = unpacked(seen.path, packed)
        if not _same_stat(own, seen):
            return False
        return own.offset >= own.size or _gzipped(seen) or not _final(own, seen, now)

    def unread(self, seen: Seen) -> int:
        """Bytes; of a database it cannot be known how much is new, and it is asked in pages."""
        place = self.get(seen.path)
        read = place.offset if place and seen.root.shape == "lines" else 0
        return 0 if seen.root.shape == "rows" else max(0, seen.size - read)

    def compare(self, seen: Seen, now: int | None = None) -> FileChange:
        """What became of `seen`; opens it unless its stat settles that. `now`: ns UTC.

        A path that holds another file now has its old place displaced at once, so that the files
        of one rotation find each other in any order. Never raises.
        """
        now = time.time_ns() if now is None else now
        own = self.get(seen.path)
        if self.settled(seen, now):
            place = own or Place(seen.path)
            if pause := self._pause(seen):
                return FileChange("later", place, reason=pause.reason, again=True)
            return FileChange("same", place, seen.path)
        try:
            change = self._judge(seen, own, now)
        except UnreadableFile as trouble:
            return self._put_off(seen, own, now, trouble)
        self._pauses.pop(seen.path, None)
        return change

    def census(self, found: FoundFiles, now: int) -> tuple[list[Place], list[bytes]]:
        """After a walk of everything: places to store anew, and keys to delete. `now`: ms UTC.

        A vanished file's place is marked at the first such walk and dropped at a later one, when
        KEPT has passed: its bytes may come back as a .gz, or its disk be mounted again.
        """
        there = {seen.path for seen in found.seen}
        blind = tuple(trouble.path for trouble in found.troubles)
        marked, dropped = [], []
        for path, packed in list(self._by_path.items()):  # slow files are compared meanwhile
            if path in there and is_packed_as_there(packed):
                continue
            place = unpacked(path, packed)
            if path in there:
                if place.gone:
                    marked.append(place._replace(gone=0))
            elif not place.gone:
                if not (blind and path.startswith(blind)):
                    marked.append(place._replace(gone=now))
            elif now - place.gone >= KEPT:
                dropped.append(path)
        for place in marked:
            self.put(place)
        for path in dropped:
            self.drop(path)
        return marked, dropped

    def _pause(self, seen: Seen) -> _Pause | None:
        """The pause of a file that has not changed since it began."""
        pause = self._pauses.get(seen.path)
        stat = seen.size, seen.mtime, seen.ctime
        return pause if pause and pause[:3] == stat else None

    def _judge(self, seen: Seen, own: Place | None, now: int) -> FileChange:
        if seen.root.shape != "lines":
            return _whole(seen, own)
        with closing(opened(seen.path)) as content:
            content.check()
            if own and own.offset and holds(content, own):
                return self._grown(seen, own, content, now)
            origin = self._origin(seen, content)
        if own and not own.offset and not origin:
            return FileChange("grown", own, own.path, final=_final(own, seen, now))
        return self._turned(seen, own, origin, now)

    def _grown(self, seen: Seen, own: Place, content: Content, now: int) -> FileChange:
        final = _final(own, seen, now)
        if not _gzipped(seen) and content.stat.st_size == own.offset:
            own = stamped(own, content, now)
            self.put(own)
            return FileChange("same", own, own.path)
        return FileChange("grown", own, own.path, final=final)

    def _turned(self, seen: Seen, own: Place | None, origin: Place | None, now: int) -> FileChange:
        """Another file is at this path than before, or the first one."""
        displaced = own.displace() if own and own.offset else None
        if own and displaced:
            self.drop(own.path)
            self.put(displaced)
        if origin is None:
            kind, place = "replaced" if own else "new", _fresh(seen)
        else:
            kind, place = "moved", origin._replace(path=seen.path, mtime=0, moved=True, gone=0)
        key = origin.path if origin else b""
        return FileChange(kind, place, key, displaced, final=_final(place, seen, now))

    def _origin(self, seen: Seen, content: Content) -> Place | None:
        """The known place whose bytes this file holds, the one that was read furthest."""
        keys = self._beginnings.of(content.at(0, HEAD))
        known = filter(None, map(self.get, keys))
        likely = [p for p in known if _may_be(seen, p)]
        likely.sort(key=lambda p: p.offset, reverse=True)
        return next((p for p in likely if holds(content, p)), None)

    def _put_off(
        self, seen: Seen, own: Place | None, now: int, trouble: UnreadableFile
    ) -> FileChange:
        place = own or Place(seen.path)
        if trouble.gone:
            self._pauses.pop(seen.path, None)
            return FileChange("gone", place)
        before = self._pauses.get(seen.path)
        tried = before is not None and before.wait <= _LONGEST_WAIT
        wait = min(before.wait * 2, _LONGEST_WAIT) if before and tried else _WAIT
        wait = _FOR_EVER if trouble.final else wait
        stat = seen.size, seen.mtime, seen.ctime
        self._pauses[seen.path] = _Pause(*stat, now + wait, wait, trouble.reason)
        kind = "refused" if trouble.final else "later"
        again = before is not None and before.reason == trouble.reason
        return FileChange(kind, place, reason=trouble.reason, again=again)


def unclear(
    stored: Iterable[StoredState], found: FoundFiles, now: int
) -> tuple[list[StoredState], FoundFiles]:
    """What is left of stored places and found files without those that are as they were read.

    By text and stat alone: nothing is to be read of what is left out, nor has a `census` at `now`
    (ms) anything to say of it. So what vanished before, but not long ago, is left out too.
    """
    rest = {place[0]: place for place in stored}
    seen = []
    for one in found.seen:  # of tens of thousands, mostly all are as they were
        path, _, dev, ino, size, mtime, *_ = one
        known = rest.get(path)
        if known is not None and is_as_read(known[1], dev & INT63, ino & INT63, size, mtime):
            del rest[path]
        else:
            seen.append(one)
    there = {one.path for one in seen}
    left = [
        one for one in rest.values() if one[0] in there or not 0 < now - KEPT < gone_since(one[1])
    ]
    return left, found._replace(seen=seen)


def _may_be(seen: Seen, place: Place) -> bool:
    """Whether a file with the same bytes can be taken for the known one.

    A short beginning proves little: session files of one tool may start with the same line. So a
    copy must have a name that log rotation makes of the other, and be in the same folder unless a
    full head speaks for it. Any name will do where the known file has gone and its beginning says
    enough: it was moved, perhaps to another disk. Otherwise it is read from 0, which is harmless.
    """
    if (place.dev, place.ino) == (seen.dev & INT63, seen.ino & INT63):
        return True
    path = place.path.split(b"\0")[0]
    if place.head_length >= _TELLING and not os.path.lexists(path):
        return True
    if not related(basename(seen.path), basename(path)):
        return False
    same_folder = seen.path[: -len(basename(seen.path))] == path[: -len(basename(path))]
    return same_folder or place.head_length >= HEAD


def _same_stat(place: Place, seen: Seen) -> bool:
    return (
        place.mtime == seen.mtime
        and place.size == seen.size
        and place.ino == seen.ino & INT63
        and place.dev == seen.dev & INT63
    )


def _fresh(seen: Seen) -> Place:
    return Place(seen.path, born=seen.mtime // 1_000_000)


def _gzipped(seen: Seen) -> bool:
    return seen.path.endswith(b".gz")


def _final(place: Place, seen: Seen, now: int) -> bool:
    """Whether a rotated file has been quiet for so long that its last line is all there will be."""
    if _gzipped(seen):
        return True
    moved = now - max(seen.mtime, seen.ctime)  # far below zero: the clock was set back since then
    return not -QUIET < moved < QUIET and (seen.rotated or place.moved)


def _whole(seen: Seen, own: Place | None) -> FileChange:
    """Documents and databases are read whole, or asked for what is new: their path is identity."""
    if seen.root.shape == "document" and seen.size > DOCUMENT_LIMIT:
        raise UnreadableFile(f"is larger than {DOCUMENT_LIMIT >> 20} MiB", final=True)
    place = own or _fresh(seen)
    return FileChange("grown" if own else "new", place, own.path if own else b"")
