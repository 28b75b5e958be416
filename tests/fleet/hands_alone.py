"""Hands over a store and a process, as a daemon has them, in a process that may die at any step.

Its one argument is JSON: the store, a session and the pid behind it, commands, what is accepted.
`die`: at which step it kills itself, counted over all that it writes and says: "before 3". It says
each answer on a line, and ends when all of them were said.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.actions.process_actions import ProcessActions
from costtop.daemon.commands.session_deeds import SessionDeeds
from costtop.daemon.fleet.far_executor import FarExecutor, HandRules
from costtop.daemon.notices.post import Audience
from costtop.durations import running_ms
from costtop.fleet.naming import Naming
from costtop.processes.evidence.evidence_nouns import PeerReport
from costtop.store.writer import Writer

NAMES = Naming(("model",), b"k" * 32)  # as the fleet hears them


class Steps:
    """Counts steps, and ends this process at one of them."""

    def __init__(self, die):
        self.die, self.number = die, 0

    async def take(self, step):
        self.number += 1
        number = self.number
        self.pass_by("before", number)
        done = await step
        self.pass_by("after", number)
        return done

    def pass_by(self, when, number):
        if self.die == f"{when} {number}":
            os.kill(os.getpid(), signal.SIGKILL)


class Mortal(Writer):
    """A writer whose process ends before or after one of its writes."""

    steps = Steps("")

    async def transact(self, write, *args, **kw):
        return await self.steps.take(super().transact(write, *args, **kw))


async def main(given, say):
    """`say` is called with each answer."""
    async with Mortal(Path(given["store"])) as writer:
        actions = ProcessActions()
        if given["pid"]:
            now = actions.holder.inspector.glance(given["pid"])
            start = now.start - given["born_earlier"]
            report = PeerReport(given["session"], "run", ((given["pid"], start),))
            actions.holder.report(report)
        answered = asyncio.Event()
        left = {one["id"] for one in given["commands"]}

        def tell(message):
            writer.steps.number += 1
            writer.steps.pass_by("before", writer.steps.number)
            say(message["answer"])
            writer.steps.pass_by("after", writer.steps.number)
            left.discard(message["answer"]["id"])
            if not left:
                answered.set()

        log = ActionLog(writer, Audience(()), lambda: None)
        rules = HandRules(frozenset(given["accept"]), given["hourly"], given["read_only"])
        hands = FarExecutor(writer, actions, SessionDeeds(writer, actions, log), rules, NAMES, tell)
        tasks = [
            asyncio.create_task(hands.run()),
            asyncio.create_task(actions.finish(writer, log)),
        ]
        writer.steps = Steps(given["die"])
        await hands.tell_all()
        until = running_ms() + given["left"]
        for _ in range(2):  # the server tells them until they are answered
            await hands.take([{"until": until, **one} for one in given["commands"]])
            await asyncio.sleep(0.05)
        await asyncio.wait_for(answered.wait(), 60)
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        actions.holder.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), lambda said: print(json.dumps(said), flush=True)))
