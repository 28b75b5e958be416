"""Whose terminal it is: what a stopped program leaves to its shell, and what wakes it again.

It looks; it takes and gives no terminal. Only a program of the same terminal session could.
"""

from costtop.processes.inspect.process import Inspector, Process, ancestors

_WAKERS = frozenset({"tmux", "tmux:"})  # hosts that continue what stops as their own child


def shell_behind(root: Process, inspector: Inspector) -> Process | None:
    """Who gets the terminal when `root`, in its foreground, is stopped; None where nobody does.

    That is the nearest program above it in another job of the same terminal session: its shell.
    """
    if not root.terminal or root.foreground != root.group:
        return None
    return _job_above(root, inspector)


def shell_before(root: Process, inspector: Inspector) -> Process | None:
    """Who has the terminal of `root` while that runs in its background; None where nobody does."""
    if not root.terminal or root.foreground in {0, root.group}:
        return None
    return _job_above(root, inspector)


def waker(root: Process, inspector: Inspector) -> str:
    """The name of a host that continues `root` as soon as it is stopped; "" for none."""
    above = inspector.glance(root.parent)
    name = above.name.partition(" ")[0] if above is not None else ""
    return "tmux" if name in _WAKERS else ""


def _job_above(root: Process, inspector: Inspector) -> Process | None:
    for above in ancestors(root.pid, inspector):
        if above.leader != root.leader:
            return None  # the terminal itself, or what it was started by
        if above.group != root.group:
            return above
    return None
