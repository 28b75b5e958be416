"""Pause and resume a process and all below it: SIGSTOP and SIGCONT.

A stopped agent keeps its place and spends nothing. Its shell may take the terminal back meanwhile:
then it stops again when it is continued, and `resume` says so.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from costtop.errors import Refused
from costtop.processes.handle import Handle
from costtop.processes.kill.ladder import Rung, Step, frozen, signalled, those, vanished
from costtop.processes.kill.tree import Tree

_TAKE_EFFECT = 0.3  # seconds at most until a signal shows in the state
_AGAIN = 0.1  # seconds until one that reads a terminal it no longer has is stopped again


def plan_pause(tree: Tree) -> tuple[Rung, ...]:
    """What a pause will do to whom."""
    alive = tree.reread()
    words = f"SIGSTOP to {those(alive)}: nothing is lost, resume continues it"
    return (Rung("SIGSTOP", words, tuple(one.pid for one in alive)),)


async def pause(tree: Tree) -> AsyncIterator[Step]:
    """Stop all of the tree, the root first; again until nothing new has been started."""
    if tree.root.gone():
        yield vanished(tree.root)
        return
    stopped = frozen(tree)
    await _until(stopped, "T")
    pids = tuple(one.pid for one in stopped)
    if _stopped(tree.root):
        yield Step("SIGSTOP", f"SIGSTOP to {those(stopped)}: paused", "done", pids)
    else:
        yield Step("SIGSTOP", f"{tree.root.pid} did not stop", "alive", pids)


async def resume(tree: Tree) -> AsyncIterator[Step]:
    """Continue all of the tree, the root last, so that it finds its children awake."""
    if tree.root.gone():
        yield vanished(tree.root)
        return
    try:
        step = signalled("SIGCONT", tree.reread()[::-1])
    except Refused as refused:
        yield Step("SIGCONT", str(refused), "refused", (tree.root.pid,))
        return
    await _until([tree.root], "RSD")
    await asyncio.sleep(_AGAIN)
    if _stopped(tree.root):
        what = f"{tree.root.pid} stopped again: its shell took the terminal back, type fg there"
        yield step._replace(what=what, outcome="alive")
    else:
        yield step._replace(outcome="done", what=step.what + ": continues")


def _stopped(handle: Handle) -> bool:
    now = handle.now()
    return now is not None and now.state in "Tt"


async def _until(members: Sequence[Handle], states: str) -> None:
    """Wait until all that live are in one of these states, for a moment at most."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _TAKE_EFFECT
    while loop.time() < end:  # only looking again tells a state
        seen = [one.now() for one in members]
        if all(now is None or now.state in states + "ZX" for now in seen):
            return
        await asyncio.sleep(0.01)
