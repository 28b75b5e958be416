"""A burst to one endpoint is sent by one process, which is gone with the burst."""

import os
from pathlib import Path

from costtop.notify.send import send
from costtop.notify.sender_children import SenderChildren
from tests.notify.desk import Inbox, json_to
from tests.notify.test_faults import LETTER


def senders() -> list[str]:
    """The pids of the children of this process that send."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [pid for task in tasks for pid in task.read_text().split()]
    return [pid for pid in pids if b"child.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_one_process_sends_a_burst_and_each_message_has_its_own_token(inbox: Inbox) -> None:
    children, seen = SenderChildren(), set()
    for n in range(4):
        letter = LETTER._replace(token=f"t{n}", title=f"number {n}")
        assert (await send(json_to(inbox), letter, children)).ok
        seen |= set(senders())
    await children.close()
    assert len(seen) == 1
    assert senders() == []
    assert [got[2]["Idempotency-Key"] for got in inbox.got] == ["t0", "t1", "t2", "t3"]
    assert inbox.titles == [f"number {n}" for n in range(4)]


async def test_each_endpoint_has_a_process_of_its_own(inbox: Inbox) -> None:
    children = SenderChildren()
    for label in ("chat", "phone", "chat"):
        assert (await send(json_to(inbox, label), LETTER, children)).ok
    assert len(senders()) == 2
    await children.close()


async def test_a_process_that_did_not_deliver_is_not_kept(inbox: Inbox) -> None:
    children = SenderChildren()
    inbox.answer = lambda n: (500 if n == 1 else 200, {}, b"")
    oks = []
    for _ in range(3):
        oks.append((await send(json_to(inbox), LETTER, children)).ok)
        if not oks[-1]:
            assert senders() == []
    assert oks == [True, False, True]
    await children.close()


async def test_a_process_that_was_ended_from_outside_loses_no_message(inbox: Inbox) -> None:
    children = SenderChildren()
    assert (await send(json_to(inbox), LETTER, children)).ok
    child = children._kept["chat"].process
    child.kill()
    await child.wait()
    assert (await send(json_to(inbox), LETTER, children)).ok
    await children.close()


async def test_no_process_is_given_a_message_when_it_is_old(inbox: Inbox, monkeypatch) -> None:
    children = SenderChildren()
    assert (await send(json_to(inbox), LETTER, children)).ok
    first = senders()
    monkeypatch.setattr("costtop.notify.sender_children.STAYS", 0.0)
    assert (await send(json_to(inbox), LETTER, children)).ok
    assert senders() != first
    await children.close()
