"""Runs alone in a process namespace of its own: gives a pid away again and tells what a kill did.

Prints one JSON object; the test reads it. `same` says whether both owners of the number began in
the same tick of the kernel's clock, where start times cannot tell them apart.
"""

import asyncio
import json
import os
import signal
import time

from costtop.processes.actions import Actions
from costtop.processes.evidence.evidence_nouns import PeerReport
from costtop.processes.handle import adopt
from costtop.processes.holder import Holder
from costtop.processes.inspect import linux
from costtop.processes.vitals import Vitals

PATIENCE = 60.0  # s


def sleeper(pid: int | None = None) -> int:
    """A new process, with this number if one is given."""
    if pid is not None:
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(pid - 1))
    child = os.fork()
    if child == 0:
        time.sleep(30)
        os._exit(0)
    return child


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def lives(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG) == (0, 0)


async def reuse(wait: float) -> dict[str, object]:
    first = sleeper()
    holder = Holder()
    start = linux.glance(first).start
    found = holder.report(PeerReport("costtop/s", "run", ((first, start),)))
    stale = os.pidfd_open(first)
    end(first)
    await asyncio.sleep(wait)
    second = sleeper(first)
    same = linux.glance(second).start == start
    adopted = adopt(first, None, stale, linux) is not None
    os.close(stale)
    steps = [step async for step in Actions(holder, Vitals(holder)).kill("costtop/s")]
    alive = lives(second)
    held_again = Holder().report(PeerReport("costtop/s", "run", ((second, start),)))
    end(second)
    holder.close()
    return {
        "held": found.refusal == "",
        "reused": first == second,
        "same": same,
        "alive": alive,
        "outcomes": [step.outcome for step in steps],
        "what": steps[-1].what,
        "adopted": adopted,
        "again": held_again.process is None,
    }


async def main() -> None:
    slow = await reuse(0.05)
    quick = [await reuse(0) for _ in range(20)]
    until = time.monotonic() + PATIENCE  # a busy machine seldom forks twice in one tick
    while not any(one["same"] for one in quick) and time.monotonic() < until:
        quick.append(await reuse(0))
    print(json.dumps({"slow": slow, "quick": quick}))


asyncio.run(main())
