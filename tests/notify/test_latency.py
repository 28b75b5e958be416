"""How long a message takes from the commit of its cause to its endpoint, child start included."""

import asyncio
import time

from tests.notify.desk import audience, clock, desk, json_to, tier

ROUNDS = 12


async def test_a_message_is_with_its_endpoint_within_two_seconds(tmp_path, inbox):
    took = []
    to = audience("chat", per_hour=1000)
    async with desk(tmp_path, [json_to(inbox)], to) as it:
        for number in range(ROUNDS):
            await it.tell(tier(50, clock(), period=f"p{number}"))
            began = time.time()
            await it.settled()
            took.append(inbox.got[-1][0] - began)
            await asyncio.sleep(0.01)
    took.sort()
    p95 = took[int(0.95 * len(took))]
    print(f"p50 {took[len(took) // 2]:.2f} s, p95 {p95:.2f} s of {ROUNDS}")
    assert len(inbox.got) == ROUNDS
    assert p95 <= 2.0
