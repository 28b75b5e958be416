"""Which log files there are: walks the roots and says what it saw, by name and by stat alone.

It opens no file and remembers only what lets it look again cheaply. It knows no clock: `now` (ns
UTC) is an argument.
"""

import os
import stat
from collections.abc import Callable, Iterable, Sequence

from costtop.named_tuples import NamedTuple
from costtop.tail.patterns import NamePatterns, names
from costtop.tail.roots import FoundFiles, Root, Seen, Trouble, own_home, refusal, within

RECENT = 3600 * 10**9  # a file touched within this time (ns) is looked at every few seconds
RACY = 2 * 10**9  # an mtime younger than this may stand for a second change, not seen yet
_LINKS = 500  # linked folders that are followed; more are no logs of anybody
_SQLITE = (b"-wal", b"-shm", b"-journal")


def find(roots: Sequence[Root], now: int) -> FoundFiles:
    """Every log file below `roots`, once; no error stops the walk."""
    return FolderTree(roots).all(now)


class _Home(NamedTuple):
    """A root, or a folder that a link below it leads to, as it is on the disk."""

    path: bytes  # what paths below it start with, links resolved
    root: Root
    names: NamePatterns
    below: bytes = b""  # where the link stands below its root: what names are told by


_Kind = tuple[Root, bool]  # of a file: its root, and whether its name is a rotated one's


class FolderTree:
    """What the roots looked like at the last look, so that the next costs less."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self.roots = tuple(roots)
        self.folders: dict[Root, dict[bytes, int]] = {}  # walked -> its mtime, 0 = look again
        self._homes: list[_Home] = []
        self._linked: dict[tuple[Root, bytes], _Home] = {}
        self._own = own_home()
        self._recent: dict[bytes, _Kind] = {}
        self._kinds: dict[_Kind, _Kind] = {}  # each once: thousands of files are of one

    def all(self, now: int) -> FoundFiles:
        """Walks everything."""
        self.folders.clear()
        self._recent.clear()
        self._linked.clear()
        self._homes = self._there()
        return self._look([_Look(self, home, now) for home in self._homes])

    def recent(
        self, now: int, *, files: bool = True, settled: Callable[[Seen], bool] | None = None
    ) -> FoundFiles:
        """Looks at files touched lately and into folders that changed: new files, new folders.

        Without `files` only into folders: of many thousand files that costs a tenth. Files touched
        lately that are `settled` are left out.
        """
        self._homes = self._there()
        looks = [_Look(self, home, now, self._changed(home)) for home in self._homes]
        found = self._look(looks)
        walked = {seen.path for seen in found.seen}
        for path in list(self._recent) if files else ():
            if path not in walked and (seen := _stat(path, *self._recent[path])):
                self._remember(seen, now)
                if settled is None or not settled(seen):
                    found.seen.append(seen)
        return found

    def look(self, paths: Iterable[bytes], now: int) -> FoundFiles:
        """Looks at what a watcher named: files, or folders whose insides it may have missed."""
        looks = []
        hinted = {_database(p) for p in paths}
        for home in self._homes:
            inside = [p for p in hinted if within(p, home.path)]
            folders = [p for p in inside if home.names.folders.fullmatch(_rel(p, home))]
            look = _Look(self, home, now, [p for p in folders if _is_folder(p)])
            look.files(p for p in inside if p not in look.starts)
            looks.append(look)
        return self._look(looks)

    def plan(self) -> frozenset[tuple[bytes, int, int]]:
        """The roots that exist, with their identity: a watcher has to be rebuilt when it moves."""
        there = set()
        for root in self.roots:
            try:
                status = os.stat(root.path)
            except OSError:
                continue
            there.add((os.path.realpath(root.path), status.st_dev, status.st_ino))
        there.update((path, 0, 0) for _, path in self._linked)
        return frozenset(there)

    def watched(self) -> tuple[list[bytes], list[bytes]]:
        """Folders to watch: with everything below, and alone.

        Where no pattern crosses folders freely, only folders on the way to a match are watched:
        a pattern `~/*.jsonl` must not put a watch on every folder of a home. Names that are not
        UTF-8 are left to the timed look: watchfiles cannot take them.
        """
        homes = [home for home in self._there() if _is_utf8(home.path)]
        deep = {home.path for home in homes if home.names.deep}
        flat = {home.path for home in homes if not home.names.deep}
        for home in homes:
            if not home.names.deep:
                flat.update(filter(_is_utf8, self.folders.get(home.root, ())))
        return sorted(deep), sorted(f for f in flat if not any(within(f, d) for d in deep))

    def count_folders(self) -> int:
        """How many folders have been walked into."""
        return sum(len(folders) for folders in self.folders.values())

    def deep_folders(self) -> int:
        """How many folders a recursive watcher has to watch at least."""
        deep = [f for root, f in self.folders.items() if names(root.patterns).deep]
        return len(set().union(*deep))

    def refusal(self, target: bytes) -> str:
        """Why a link to `target` is not followed; "" where it is."""
        roots = [home.path for home in self._homes if not home.below]
        return refusal(target, self._own, roots)

    def follow(self, home: _Home, target: bytes, rel: bytes) -> _Home | None:
        """A folder that a link at `rel` leads to, to be walked; None where it is walked anyway."""
        mine = (other for other in self._homes if other.root == home.root)
        if any(within(target, other.path) for other in mine) or len(self._linked) >= _LINKS:
            return None
        linked = home._replace(path=target, below=rel)
        self._linked[home.root, target] = linked
        self._homes.append(linked)
        return linked

    def _there(self) -> list[_Home]:
        """Roots by their real path, so that a file has one name however it is reached."""
        folders = [root for root in self.roots if os.path.isdir(root.path)]
        homes = [_Home(os.path.realpath(r.path), r, names(r.patterns)) for r in folders]
        return homes + [home for home in self._linked.values() if os.path.isdir(home.path)]

    def _look(self, looks: "list[_Look]") -> FoundFiles:
        """What several looks saw: each file once, the first root that matches wins."""
        files: dict[bytes, Seen] = {}
        troubles: dict[bytes, Trouble] = {}
        for look in looks:  # grows while links lead further
            look.walk()
            looks += look.linked
            for seen in look.found.seen:
                files.setdefault(seen.path, seen)
            troubles |= {trouble.path: trouble for trouble in look.found.troubles}
        for look in looks[:1]:
            for seen in files.values():
                self._remember(seen, look.now)
        return FoundFiles(list(files.values()), list(troubles.values()))

    def _remember(self, seen: Seen, now: int) -> None:
        if now - seen.mtime < RECENT:
            kind = seen.root, seen.rotated
            self._recent[seen.path] = self._kinds.setdefault(kind, kind)
        else:
            self._recent.pop(seen.path, None)

    def _changed(self, home: _Home) -> list[bytes]:
        """Folders whose entries changed since they were walked; the root if it is new."""
        folders = self.folders.get(home.root, {})
        changed = []
        for folder, mtime in list(folders.items()):
            if not within(folder, home.path):
                continue  # of the root, where this is what a link leads to, or the other way round
            try:
                if os.stat(folder).st_mtime_ns != mtime:
                    changed.append(folder)
            except OSError:
                del folders[folder]
        return changed if home.path in folders else [home.path]


class _Look:
    """One walk below one root: what is still to be entered, and what was found."""

    def __init__(
        self, tree: FolderTree, home: _Home, now: int, starts: list[bytes] | None = None
    ) -> None:
        self.tree = tree
        self.home = home
        self.now = now
        self.starts = [home.path] if starts is None else starts
        self.found = FoundFiles([], [])
        self.linked: list[_Look] = []

    def walk(self) -> None:
        """Enters the starts and every folder below them that has not been entered before."""
        entered = self.tree.folders.setdefault(self.home.root, {})
        stack = list(self.starts)
        while stack:
            folder = stack.pop()
            try:
                mtime = os.stat(folder).st_mtime_ns
                with os.scandir(folder) as entries:
                    stack += [f for e in entries if (f := self._entry(e)) and f not in entered]
            except FileNotFoundError:
                continue
            except OSError as error:
                mtime = 0
                self._trouble(folder, os.strerror(error.errno or 0).lower())
            entered[folder] = mtime if self.now - mtime > RACY else 0

    def files(self, paths: Iterable[bytes]) -> None:
        """Looks at single files that a watcher named."""
        for path in paths:
            rotated = self._rotated(_rel(path, self.home))
            if rotated is None:
                continue
            if os.path.islink(path):
                self._link(path, rotated)
            elif seen := _stat(path, self.home.root, rotated):
                self.found.seen.append(seen)

    def _entry(self, entry: "os.DirEntry[bytes]") -> bytes | None:
        """Takes a file in; answers with a folder that may hold more."""
        names, path = self.home.names, entry.path
        if (
            names.ending
            and entry.name.endswith(names.ending)
            and entry.is_file(follow_symlinks=False)
        ):
            self._file(entry, path, rotated=False)  # as most
            return None
        rel = _rel(path, self.home)
        if entry.is_dir(follow_symlinks=False):
            return path if names.folders.fullmatch(rel) else None
        rotated = self._rotated(rel)
        if entry.is_symlink() and os.path.isdir(path):
            self._folder_link(path, rel)
        elif rotated is None:
            return None
        elif entry.is_symlink():
            self._link(path, rotated)
        elif not entry.is_file(follow_symlinks=False):
            self._trouble(path, "is not a regular file")
        else:
            self._file(entry, path, rotated=rotated)
        return None

    def _file(self, entry: "os.DirEntry[bytes]", path: bytes, *, rotated: bool) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            return  # it went between the listing and the stat
        self.found.seen.append(_seen(path, status, self.home.root, rotated))

    def _link(self, path: bytes, rotated: bool) -> None:
        """A link counts as its target, where it may lead there."""
        target = os.path.realpath(path)
        if why := self.tree.refusal(target):
            if os.path.lexists(target):
                self._trouble(path, why)
        elif seen := _stat(target, self.home.root, rotated):
            self.found.seen.append(seen)

    def _folder_link(self, path: bytes, rel: bytes) -> None:
        """A linked folder is walked by its real path, once, and named as if it stood here."""
        if not self.home.names.folders.fullmatch(rel):
            return
        target = os.path.realpath(path)
        if why := self.tree.refusal(target):
            self._trouble(path, why)
        elif linked := self.tree.follow(self.home, target, rel):
            self.linked.append(_Look(self.tree, linked, self.now))

    def _rotated(self, rel: bytes) -> bool | None:
        """None: no log file. Otherwise whether its name has a rotation suffix."""
        if self.home.names.files.fullmatch(rel):
            return False
        aged = self.home.root.shape == "lines" and self.home.names.rotated.fullmatch(rel)
        return True if aged else None

    def _trouble(self, path: bytes, reason: str) -> None:
        self.found.troubles.append(Trouble(path, reason))


def _rel(path: bytes, home: _Home) -> bytes:
    rel = path[len(home.path.rstrip(b"/")) + 1 :]
    return b"/".join(filter(None, (home.below, rel))) if home.below else rel


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_folder(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _stat(path: bytes, root: Root, rotated: bool) -> Seen | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return _seen(path, status, root, rotated) if stat.S_ISREG(status.st_mode) else None


def _seen(path: bytes, status: os.stat_result, root: Root, rotated: bool) -> Seen:
    size, mtime = status.st_size, status.st_mtime_ns
    if root.shape == "rows":
        size, mtime = _with_wal(path, size, mtime)
    ids = status.st_dev, status.st_ino
    return Seen(path, root, *ids, size, mtime, status.st_ctime_ns, rotated)  # for every file


def _with_wal(path: bytes, size: int, mtime: int) -> tuple[int, int]:
    """A database grows in its -wal long before its own stat moves; an empty one says nothing."""
    try:
        wal = os.lstat(path + b"-wal")
    except OSError:
        return size, mtime
    return (size + wal.st_size, max(mtime, wal.st_mtime_ns)) if wal.st_size else (size, mtime)


def _database(path: bytes) -> bytes:
    """The SQLite database that a -wal or a journal belongs to."""
    for suffix in _SQLITE:
        if path.endswith(suffix):
            return path[: -len(suffix)]
    return path
