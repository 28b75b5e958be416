"""A process and all below it, each held by its own pidfd.

A tree is read again before each step (RELIABILITY.md K4): what was held stays held when it loses
its parent, and orphans are recognised by what they cannot shed, or seldom do: a snapshot made
before, a process group or terminal session named after a member (the kernel keeps such a number
from reuse while the group lives), the tree's own control group, the process that the kernel gives
its orphans to, and what the environment of all below it says (`Trail`).
"""

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self

from costtop.named_tuples import NamedTuple
from costtop.processes.handle import Handle, hold
from costtop.processes.inspect.process import Inspector, Process, descendants, lives
from costtop.processes.kill.cgroup import Scope
from costtop.processes.refuse import never_held

RUN = "COSTTOP_RUN"  # in the environment of all that `costtop run` started: which run
_LARGEST = 500  # members held


class Trail(NamedTuple):
    """By what a process is known that left the tree before anybody looked (a double fork).

    `variables` are those that all below the root have in their environment; `adopter` is a process
    that gets the tree's orphans and has no other children: `costtop run`, above its command.
    """

    variables: Mapping[str, str] = MappingProxyType({})
    adopter: tuple[int, int] | None = None  # (pid, start)


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
        trail: Trail | None = None,
    ) -> None:
        self._inspector = inspector
        self._known = frozenset(known)
        self.scope, self._trail = scope, trail or Trail()
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

    @property
    def is_closed(self) -> bool:
        """Whether nothing can leave it unseen, whatever it does to its environment."""
        return self.scope is not None or self._trail.adopter is not None

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
        orphans += self._strayed(census, alive)
        roots = (alive | {one.pid for one in orphans}) - {os.getpid()}
        # Below costtop itself is costtop's own, also when an agent started it.
        return [*orphans, *descendants(census, roots, stop={os.getpid()})]

    def _strayed(self, census: dict[int, Process], alive: set[int]) -> list[Process]:
        """Those that only the trail shows, without hosts of other programs and what is in them.

        A terminal multiplexer that an agent started carries its environment on to all that its
        user does in it, for days.
        """
        adopter = census.get(self._trail.adopter[0]) if self._trail.adopter else None
        if adopter is not None and adopter.identity != self._trail.adopter:
            adopter = None
        strayed = []
        for one in census.values():
            if one.state in "ZX" or one.kernel or one.pid in alive:
                continue
            adopted = adopter and one.parent == adopter.pid and one.group != adopter.group
            if adopted or self._is_marked(one.pid):
                strayed.append(one)
        hosts = {
            one.pid: reason
            for one in strayed
            if (reason := never_held(one.pid, self._inspector))
            and lives(one.identity, self._inspector)
        }
        self.spared |= hosts
        inside = {one.pid for one in descendants(census, hosts)}
        return [one for one in strayed if one.pid not in hosts and one.pid not in inside]

    def _is_marked(self, pid: int) -> bool:
        wanted = self._trail.variables
        try:
            has = self._inspector.environ(pid, wanted.keys()) if wanted else {}
        except PermissionError:
            return False
        return any(wanted[name] == value for name, value in has.items())

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
