"""Pause and resume a process and all below it: SIGSTOP and SIGCONT.

A stopped agent keeps its place and spends nothing. Its shell may take the terminal back meanwhile:
then it stops again when it is continued, and `resume` says so.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence

from costtop.errors import Refused
from costtop.processes.handle import Handle
from costtop.processes.inspect.process import Inspector
from costtop.processes.kill.ladder import LadderStep, Rung, sent, signalled, those, vanished
from costtop.processes.kill.terminal import shell_before, shell_behind, waker
from costtop.processes.kill.tree import Tree

_STOP, _WAKE = 2.0, 0.3  # seconds at most until a signal shows in the state
_GENERATIONS = 100  # looks for children, each below those that stand still
_AGAIN = 0.1  # seconds until one that reads a terminal it no longer has is stopped again


def plan_pause(tree: Tree, inspector: Inspector) -> tuple[Rung, ...]:
    """What a pause will do to whom, and what becomes of its terminal."""
    alive = tree.reread()
    words = f"SIGSTOP to {those(alive)}: nothing is lost, resume continues it"
    return (Rung("SIGSTOP", words + left(tree, inspector), tuple(one.pid for one in alive)),)


def left(tree: Tree, inspector: Inspector) -> str:
    """What a pause leaves behind at a terminal; "" where there is none."""
    now = tree.root.now()
    if now is None:
        return ""
    if host := waker(now, inspector):
        return f"; {host} wakes it at once: only a hold keeps it (costtop pause SESSION --hold)"
    shell = shell_behind(now, inspector)
    if shell is None:
        return ""
    return (
        f"; its terminal falls to {shell.name} ({shell.pid}), which runs what is typed there"
        " next; after resume: fg"
    )


async def pause(tree: Tree, inspector: Inspector) -> AsyncIterator[LadderStep]:
    """Stop all of the tree, the root first; again until nothing new has been started."""
    if tree.root.gone():
        yield vanished(tree.root)
        return
    aside, stopped = left(tree, inspector), await _still(tree)
    pids = tuple(one.pid for one in stopped)
    if aside and _stopped(tree.root):
        await asyncio.sleep(_WAKE)  # what hosts it may wake it
    if _stopped(tree.root):
        what = f"SIGSTOP to {those(stopped)}: paused{aside}"
        yield LadderStep("SIGSTOP", what, "done", pids)
        return
    sent(signal.SIGCONT, stopped)  # no half of it stays behind
    yield LadderStep("SIGSTOP", f"{tree.root.pid} did not stop{aside}", "alive", pids)


async def resume(tree: Tree, inspector: Inspector) -> AsyncIterator[LadderStep]:
    """Continue all of the tree, the root last, so that it finds its children awake."""
    if tree.root.gone():
        yield vanished(tree.root)
        return
    try:
        step = signalled("SIGCONT", tree.reread()[::-1])
    except Refused as refused:
        yield LadderStep("SIGCONT", str(refused), "refused", (tree.root.pid,))
        return
    await _until([tree.root], "RSD", _WAKE)
    await asyncio.sleep(_AGAIN)
    if _stopped(tree.root):
        what = f"{tree.root.pid} stopped again: its shell took the terminal back, type fg there"
        yield step._replace(what=what, outcome="alive")
    else:
        yield step._replace(
            outcome="done", what=f"{step.what}: continues{_behind(tree, inspector)}"
        )


def _behind(tree: Tree, inspector: Inspector) -> str:
    """What brings a program back to its terminal that its shell has now."""
    now = tree.root.now()
    shell = shell_before(now, inspector) if now is not None else None
    return f" in the background: type fg to {shell.name} ({shell.pid})" if shell else ""


async def _still(tree: Tree) -> list[Handle]:
    """All that live, stopped generation by generation.

    A parent first, and its children once it stands still: one that has just started a program
    waits in the kernel (vfork) until its child runs it, and with that child stopped it would wait
    there, neither stopped nor awake, for as long as the pause lasts.
    """
    met: set[tuple[int, int]] = set()
    for _ in range(_GENERATIONS):
        fresh = [one for one in tree.reread() if one.identity not in met]
        if not fresh:
            break
        pids = {one.pid for one in fresh}
        highest = [one for one in fresh if one.process.parent not in pids] or fresh
        sent(signal.SIGSTOP, highest)
        met.update(one.identity for one in highest)
        await _until(highest, "T", _STOP)
    return tree.alive()


def _stopped(handle: Handle) -> bool:
    now = handle.now()
    return now is not None and now.state in "Tt"


async def _until(members: Sequence[Handle], states: str, seconds: float) -> None:
    """Wait until all that live are in one of these states, for so long at most."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:  # only looking again tells a state
        seen = [one.now() for one in members]
        if all(now is None or now.state in states + "ZX" for now in seen):
            return
        await asyncio.sleep(0.01)
