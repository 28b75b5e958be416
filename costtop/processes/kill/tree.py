"""A process and all below it, each held by its own pidfd.

A tree is read again before each step (RELIABILITY.md K4): what was held stays held when it loses
its parent, and orphans are recognised by three signs: a snapshot made before, a process group or
terminal session named after a member (the kernel keeps such a number from reuse while the group
lives), or the tree's own control group.
"""

import os
from collections.abc import Iterable
from typing import Self

from costtop.processes.handle import Handle, hold
from costtop.processes.inspect.process import Inspector, Process, descendants
from costtop.processes.kill.cgroup import Scope

_LARGEST = 500  # members held


class Tree:
    """The members by (pid, start), the root first; `spared` says who was left out and why.

    It takes the root's handle over and closes it with the others.

    `known` are (pid, start) of descendants seen in earlier snapshots, each at least a second old
    when it was seen, so that the pair cannot be another process.
    """

    def __init__(
        self,
        root: Handle,
        inspector: Inspector,
        known: Iterable[tuple[int, int]] = (),
        scope: Scope | None = None,
    ) -> None:
        self._inspector = inspector
        self._known = frozenset(known)
        self.scope = scope
        self.root = root
        self.spared: dict[int, str] = {}
        self._members: dict[tuple[int, int], Handle] = {root.identity: self.root}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all, the root too; harmless twice."""
        for one in self._members.values():
            one.close()

    def reread(self) -> list[Handle]:
        """Look for new members, hold them, and give all that live: parents before children."""
        census = self._inspector.census()
        alive = {one.pid for one in self.alive()}
        for one in self._found(census, alive):
            if one.pid not in alive and one.pid not in self.spared:
                self._admit(one, census)
        return self.alive()

    def alive(self) -> list[Handle]:
        """The members that have not exited."""
        return [one for one in self._members.values() if not one.gone()]

    def exited(self) -> list[Handle]:
        """The members that have exited, zombies included."""
        return [one for one in self._members.values() if one.gone()]

    def _found(self, census: dict[int, Process], alive: set[int]) -> list[Process]:
        scoped = self.scope.members() if self.scope is not None else frozenset()
        orphans = [
            one
            for one in census.values()
            if one.state not in "ZX"
            and one.pid not in {1, os.getpid()}
            and (one.identity in self._known or one.pid in scoped or self._left(one, census))
        ]
        roots = (alive | {one.pid for one in orphans}) - {os.getpid()}
        # Below costtop itself is costtop's own, also when an agent started it.
        return [*orphans, *descendants(census, roots, stop={os.getpid()})]

    def _left(self, one: Process, census: dict[int, Process]) -> bool:
        """Whether an orphan is in a group or terminal session named after a member."""
        ours = {one.pid: one.process.start for one in self._members.values()}
        parent_of_root = self.root.process.parent
        # The rest of a pipeline shares the group but has the root's own parent: no orphans.
        if one.parent in ours or (one.parent == parent_of_root and parent_of_root != 1):
            return False
        for number in {one.group, one.leader} & ours.keys():
            leader = census.get(number)
            if leader is None or leader.start == ours[number]:
                return True
        return False

    def _admit(self, seen: Process, census: dict[int, Process]) -> None:
        reason = self._reason_to_spare(seen)
        if reason:
            self.spared[seen.pid] = reason
            return
        found = self._hold(seen)
        if found is None:
            return
        # It was held after it was seen: the same parent or group shows that it is the same.
        now = found.process
        if now.parent != seen.parent and (now.group, now.leader) != (seen.group, seen.leader):
            found.close()
            return
        self._members[found.identity] = found

    def _hold(self, seen: Process) -> Handle | None:
        try:
            return hold(seen.pid, seen.start, self._inspector, pidfds=self.root.fd is not None)
        except OSError as error:  # no file handle left
            self.spared[seen.pid] = error.strerror or "cannot be held"
            return None

    def _reason_to_spare(self, seen: Process) -> str:
        if len(self._members) >= _LARGEST:
            return f"more than {_LARGEST} processes"
        ids = self._inspector.owners(seen.pid)
        if ids and any(one != os.getuid() for one in ids[:2]):
            return f"belongs to another user (uid {ids[0]})"
        return ""
