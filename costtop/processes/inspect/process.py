"""What a look at processes sees: a process, who looks, and kinship among processes."""

import os
from collections.abc import Collection, Iterator
from typing import Protocol

from costtop.named_tuples import NamedTuple
from costtop.text import clean


class Process(NamedTuple):
    """One process at one glance.

    `start` is what makes a pid unmistakable: clock ticks since boot on Linux (field 22 of
    /proc/<pid>/stat), ms UTC elsewhere; compare it, and ask `Inspector.born` for a time. `state` is
    the kernel's letter: R S D (uninterruptible) T (stopped) Z (zombie).
    """

    pid: int
    start: int
    parent: int
    group: int  # process group
    leader: int  # session of the terminal ("sid"), not a session of an agent
    state: str
    name: str  # as the kernel keeps it, at most 15 characters, cleaned
    cpu: int = 0  # ms of processor time used so far
    rss: int = 0  # bytes
    kernel: bool = False  # a kernel thread
    terminal: int = 0  # the device of its terminal; 0 for none, or not known
    foreground: int = 0  # the group that this terminal listens to; 0 where that is not known

    @property
    def identity(self) -> tuple[int, int]:
        """(pid, start): unmistakable within one boot."""
        return self.pid, self.start


class Inspector(Protocol):
    """What can be seen of processes here; two modules are one, `linux` and `psutil_`.

    A process that is gone gives None or empty. What exists but may not be seen raises
    PermissionError (a sandbox, another user). `counts_ticks`: start times are the kernel's own.
    """

    counts_ticks: bool

    def census(self) -> dict[int, Process]:
        """Every process now, by pid; zombies included."""

    def glance(self, pid: int) -> Process | None:
        """One process now."""

    def owners(self, pid: int) -> tuple[int, ...]:
        """Real, effective and saved user ids."""

    def leading_thread(self, pid: int) -> int | None:
        """The process that `pid` is a thread of: itself, where it is a process."""

    def argv(self, pid: int) -> tuple[str, ...]:
        """The command line as the process shows it; it may lie, and is not cleaned."""

    def cwd(self, pid: int) -> str:
        """The working folder."""

    def written(self, pid: int) -> frozenset[str]:
        """Paths of the regular files that it holds open for writing."""

    def wrote(self, pid: int) -> int:
        """Bytes that it has written so far, anywhere; raises PermissionError where that is hidden.

        0 where the system does not count them.
        """

    def environ(self, pid: int, names: Collection[str]) -> dict[str, str]:
        """These variables of its first environment; no others are kept."""

    def ignores(self, pid: int, number: int) -> bool:
        """Whether it ignores a signal, as far as the system tells."""

    def age(self, start: int) -> float:
        """Seconds since `start`, by a clock that is not set."""

    def born(self, start: int) -> int:
        """`start` as ms UTC."""


def lives(identity: tuple[int, int], inspector: Inspector) -> bool:
    """Whether this very process is still there; a zombie is not."""
    now = inspector.glance(identity[0])
    return now is not None and now.identity == identity and now.state not in "ZX"


def ancestors(pid: int, inspector: Inspector) -> Iterator[Process]:
    """The parent of `pid`, its parent, and so on; pid 1 is the last."""
    met = {pid}
    one = inspector.glance(pid)
    while one is not None and one.parent > 0 and one.parent not in met:
        met.add(one.parent)
        one = inspector.glance(one.parent)
        if one is not None:
            yield one


def descendants(
    census: dict[int, Process], roots: Collection[int], stop: Collection[int] = ()
) -> list[Process]:
    """All below `roots`, parents first, without zombies, `stop` and what is below `stop`."""
    children: dict[int, list[Process]] = {}
    for one in census.values():
        children.setdefault(one.parent, []).append(one)
    found: list[Process] = []
    met = {*roots, *stop}
    todo = list(roots)
    for pid in todo:  # it grows while it is walked
        for child in children.get(pid, ()):
            if child.pid not in met:
                met.add(child.pid)
                todo.append(child.pid)
                found.append(child)
    return [one for one in found if one.state not in "ZX"]


def program(argv: Collection[str], name: str = "") -> str:
    """For people: "claude", "node cli.js", or the kernel's name in brackets; always clean."""
    words = [word for word in argv if word][:8]
    if not words:
        return clean(f"[{name}]", 40)
    first = os.path.basename(words[0]).lstrip("-")
    script = next((word for word in words[1:] if not word.startswith("-")), "")
    if script and is_interpreter(first):
        return clean(f"{first} {os.path.basename(script)}", 40)
    return clean(first, 40)


def is_interpreter(name: str) -> bool:
    """Whether a program of this name runs the script that it is given."""
    bare = name.rstrip("0123456789.")
    return bare in {"node", "bun", "deno", "python", "pypy", "ruby", "perl", *SHELLS}


SHELLS = frozenset(
    {"sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "csh", "tcsh", "nu", "xonsh"}
)
