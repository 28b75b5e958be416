"""How deeds on processes are told, in one line each. It looks, but does nothing."""

from collections.abc import Sequence

from costtop.processes.handle import Held
from costtop.processes.inspect.inspector import Eyes
from costtop.processes.kill.tree import Tree

_NAMED = 6  # processes named one by one


def those(members: Sequence[Held]) -> str:
    """Up to six by name: 48121 claude, 48130 node, 48131 bash and 3 more."""
    named = [f"{one.pid} {one.process.name}" for one in members[:_NAMED]]
    more = f" and {len(members) - _NAMED} more" if len(members) > _NAMED else ""
    return ", ".join(named) + more or "nobody"


def ending(tree: Tree, see: Eyes) -> tuple[str, str]:
    """(words, outcome) after the last rung."""
    alive = tree.alive()
    if alive:
        states = [(one, see.glance(one.pid)) for one in alive]
        asleep = [one for one, now in states if now is not None and now.state == "D"]
        if asleep:
            return f"{those(asleep)}: uninterruptible, waits in the kernel", "uninterruptible"
        return f"{those(alive)} lives on", "alive"
    return f"{tree.root.pid} {tree.root.process.name} has gone" + _remains(tree), "gone"


def _remains(tree: Tree) -> str:
    words = ""
    for one in tree.exited():
        now = one.now()
        if now is not None and now.state == "Z":
            words += f"; {one.pid} is gone, parent {now.parent} has not reaped it"
    for pid, reason in tree.spared.items():
        words += f"; {pid} was left alone: {reason}"
    return words
