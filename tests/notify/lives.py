"""A small daemon to be killed: for each line on stdin it forks a life that tells and sends.

`lives.py FOLDER PORT TOTAL`; a life prints nothing, the forker prints its pid. Each life finds all
TOTAL tiers again, as levels are found again, and runs the real store and the real courier.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

from costtop.alerts import wording
from costtop.alerts.routes import Route
from costtop.config import Endpoint
from costtop.daemon.notices.post import Audience, post_findings
from costtop.model import Finding
from costtop.notify.courier import Courier
from costtop.store.writer import Writer
from tests.notify.desk import clock


def finding(number: int) -> Finding:
    period, tier = f"p{number // 3}", (50, 80, 100)[number % 3]
    title = f"budget daily: {tier} % {period}"
    return Finding(
        "budget_tier", "warning", clock(), title, "why", budget="daily", period=period, tier=tier
    )


async def live(folder: Path, port: int, total: int) -> None:
    # A file's manners: every letter at once, without caps, so that all of them can be counted.
    to = Audience((Route("chat", direct=True),))
    endpoints = [Endpoint(label="chat", url=f"json://127.0.0.1:{port}/")]
    async with Writer(folder / "costtop.db") as writer:
        courier = Courier(writer, endpoints, wording.delayed, clock)
        served = asyncio.create_task(courier.run())
        for number in range(total):
            await writer.transact(post_findings, [finding(number)], to, clock())
            courier.wake()
            await asyncio.sleep(random.random() / 50)
        await served


def main() -> None:
    folder, port, total = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            try:
                asyncio.run(live(folder, port, total))
            finally:
                os._exit(1)
        print(pid, flush=True)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
