"""The kill ladder: INT, TERM, KILL on a held process and all below it.

Each rung reads the tree again, signals through pidfds, waits for exits without polling, and tells
what it did as a `Step`. `plan` says the same before. Nobody's number is signalled, ever.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence

from costtop.errors import Refused
from costtop.named_tuples import NamedTuple
from costtop.processes.handle import Handle
from costtop.processes.inspect.process import Inspector
from costtop.processes.kill.tree import Tree

LADDER = ("SIGINT", "SIGTERM", "SIGKILL")
_FREEZES = 5  # times the tree is stopped and read again before it is killed
_NAMED = 6  # processes named one by one
_PRICE = "at a tool, interrupted, it sends one more request"
_REAPING = 0.1  # seconds given to a parent before its dead child is called a zombie


class Pace(NamedTuple):
    """Seconds that each rung waits; `linger` is for children when their root has gone at INT."""

    interrupt: float = 5.0
    terminate: float = 5.0
    kill: float = 5.0
    linger: float = 0.5


class Rung(NamedTuple):
    """What a rung will do, told before: `pids` as of now; each rung reads the tree again."""

    rung: str  # SIGINT | SIGTERM | SIGKILL | SIGSTOP | SIGCONT
    words: str
    pids: tuple[int, ...]


class LadderStep(NamedTuple):
    """What was done or seen.

    `outcome`: sent · passed over · stays (not gone within the rung's time) · and, last of all:
    done · gone · already gone (all three are success) · refused · alive · uninterruptible.
    """

    rung: str  # as in Rung; "" for a look
    what: str
    outcome: str
    pids: tuple[int, ...] = ()

    @property
    def success(self) -> bool:
        """Whether the action ended and did what was asked."""
        return self.outcome in {"done", "gone", "already gone"}


def those(members: Sequence[Handle]) -> str:
    """Up to six by name: 48121 claude, 48130 node, 48131 bash and 3 more."""
    named = [f"{one.pid} {one.process.name}" for one in members[:_NAMED]]
    more = f" and {len(members) - _NAMED} more" if len(members) > _NAMED else ""
    return ", ".join(named) + more or "nobody"


def ending(tree: Tree, inspector: Inspector) -> tuple[str, str]:
    """(words, outcome) after the last rung."""
    alive = tree.alive()
    if alive:
        states = [(one, inspector.glance(one.pid)) for one in alive]
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
    if not tree.is_closed:
        words += "; what had left it with another environment is not seen"
    return words


def plan(
    tree: Tree, pace: Pace, last: str = "SIGKILL", *, resends: bool = False
) -> tuple[Rung, ...]:
    """What each rung of the ladder, up to `last`, will do to whom; as `climb`."""
    alive = tree.reread()
    all_of = those(alive)
    pids = tuple(one.pid for one in alive)
    first = _foreground(alive, tree.root)
    rungs = [
        Rung(
            "SIGINT",
            f"SIGINT to {those(first)}, as Ctrl-C would; then up to {pace.interrupt:g} s",
            tuple(one.pid for one in first),
        ),
        Rung("SIGTERM", f"SIGTERM to {all_of}; then up to {pace.terminate:g} s", pids),
        Rung("SIGKILL", f"SIGKILL to {all_of}: nothing can be saved then", pids),
    ]
    if _first(last, resends=resends):
        after = "; its terminal may need: reset" if tree.root.process.terminal else ""
        words = f"SIGSTOP, then SIGKILL to {all_of}: {_PRICE}{after}"
        return (Rung("SIGKILL", words, pids),)
    rungs = rungs[: LADDER.index(last) + 1]
    if resends:
        rungs[0] = rungs[0]._replace(words=f"{rungs[0].words}; {_PRICE}")
    return tuple(rungs[1:] if _is_stopped(tree.root) else rungs)


async def climb(
    tree: Tree,
    inspector: Inspector,
    pace: Pace,
    last: str = "SIGKILL",
    *,
    resends: bool = False,
) -> AsyncIterator[LadderStep]:
    """Kill the tree, rung by rung up to `last`, until it has gone; the last step is the ending.

    One that `resends`, interrupted now, would send one more request with all its context: it is
    stopped and ended at once, unless a lower rung is asked for.
    """
    if tree.root.gone():
        yield vanished(tree.root)
        return
    rungs = (
        ("SIGINT", _interrupt, pace.interrupt, pace.linger),
        ("SIGTERM", _terminate, pace.terminate, pace.terminate),
        ("SIGKILL", _kill, pace.kill, pace.kill),
    )
    first = _first(last, resends=resends)
    for name, act, seconds, linger in rungs[first : LADDER.index(last) + 1]:
        try:
            step = act(tree)
        except Refused as refused:
            yield LadderStep(name, str(refused), "refused", (tree.root.pid,))
            return
        yield step
        if step.outcome != "sent":
            continue
        # One that ignores the signal will not go at it, and may go on spending meanwhile.
        in_vain = inspector.ignores(tree.root.pid, signal.Signals[name])
        await _until_gone(tree, linger if in_vain else seconds, linger)
        left = tree.reread()
        if not left:
            break
        yield LadderStep(name, f"{those(left)} did not go", "stays", tuple(one.pid for one in left))
    await asyncio.sleep(_REAPING)
    what, outcome = ending(tree, inspector)
    yield LadderStep("", what, outcome, tuple(one.pid for one in tree.alive()))


def _first(last: str, *, resends: bool) -> int:
    return LADDER.index("SIGKILL") if resends and last == "SIGKILL" else 0


def vanished(handle: Handle) -> LadderStep:
    """The process went before anything was sent; names who has its number now."""
    other = handle.successor()
    if other is not None:
        what = (
            f"process {handle.pid} has gone; its number now belongs to another process"
            f" ({other.name}), which is left alone"
        )
        return LadderStep("", what, "refused", (handle.pid,))
    now = handle.now()
    unreaped = f"; its parent {now.parent} has not reaped it" if now is not None else ""
    return LadderStep(
        "", f"process {handle.pid} has gone already{unreaped}", "already gone", (handle.pid,)
    )


def signalled(name: str, members: Sequence[Handle], note: str = "") -> LadderStep:
    """Send a signal to each that lives, and tell it. Raises Refused if none may be reached."""
    reached, denied = sent(signal.Signals[name], members)
    if denied and not reached:
        raise Refused("; ".join(denied))
    what = "; ".join([f"{name} to {those(reached)}{note}", *denied])
    return LadderStep(name, what, "sent", tuple(one.pid for one in reached))


def sent(number: signal.Signals, members: Sequence[Handle]) -> tuple[list[Handle], list[str]]:
    """(who was reached, why others were not); those that have gone are in neither."""
    reached: list[Handle] = []
    denied: list[str] = []
    for one in members:
        try:
            if one.send(number):
                reached.append(one)
        except Refused as refused:
            denied.append(str(refused))
    return reached, denied


def _interrupt(tree: Tree) -> LadderStep:
    alive = tree.reread()
    if _is_stopped(tree.root):
        # It would have to be woken to see it, and awake it may go on spending.
        return LadderStep("SIGINT", f"{tree.root.pid} is stopped: no SIGINT", "passed over")
    return signalled("SIGINT", _foreground(alive, tree.root))


def _terminate(tree: Tree) -> LadderStep:
    alive = tree.reread()
    step = signalled("SIGTERM", alive)
    # A stopped process sees a signal only when it is continued; TERM waits for it then.
    asleep = [one for one in alive if _is_stopped(one)]
    sent(signal.SIGCONT, asleep)
    woken = f"; SIGCONT to {those(asleep)}, stopped until now" if asleep else ""
    return step._replace(what=step.what + woken)


def _kill(tree: Tree) -> LadderStep:
    if tree.scope is not None and tree.scope.kill():
        return signalled("SIGKILL", tree.reread(), ", and to the whole control group of the run")
    return signalled("SIGKILL", frozen(tree))


def frozen(tree: Tree) -> list[Handle]:
    """Stop all that lives, again until nothing new appears: what is stopped cannot fork."""
    stopped: set[tuple[int, int]] = set()
    alive = tree.reread()
    for _ in range(_FREEZES):
        fresh = [one for one in alive if one.identity not in stopped]
        if not fresh:
            break
        sent(signal.SIGSTOP, fresh)
        stopped.update(one.identity for one in fresh)
        alive = tree.reread()
    return alive


def _foreground(alive: Sequence[Handle], root: Handle) -> list[Handle]:
    """Whom Ctrl-C would reach: the root and those below it in its process group."""
    return [o for o in alive if o is root or o.process.group == root.process.group]


def _is_stopped(handle: Handle) -> bool:
    now = handle.now()
    return now is not None and now.state in "Tt"


async def _until_gone(tree: Tree, seconds: float, linger: float) -> None:
    """Wait for the root, then for the rest; `linger` seconds at most for the rest alone."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    await all_exit([tree.root], seconds)
    if tree.root.gone():
        await all_exit(tree.alive(), min(linger, end - loop.time()))


async def all_exit(members: Sequence[Handle], seconds: float) -> None:
    """Wait until all have exited, at most so long."""
    waits = [asyncio.ensure_future(_exit_of(one)) for one in members]
    if waits:
        await asyncio.wait(waits, timeout=max(seconds, 0))
    for one in waits:
        one.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


async def _exit_of(handle: Handle) -> None:
    if handle.fd is None:
        while not handle.gone():
            await asyncio.sleep(0.05)
        return
    loop = asyncio.get_running_loop()
    seen: asyncio.Future[None] = loop.create_future()
    loop.add_reader(handle.fd, _tell, seen)
    try:
        await seen
    finally:
        loop.remove_reader(handle.fd)


def _tell(seen: "asyncio.Future[None]") -> None:
    if not seen.done():
        seen.set_result(None)
