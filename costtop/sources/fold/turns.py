"""Follows a user's prompts through one log: each is a task that starts, and ends somehow.

A prompt starts with the first reply to it, so one that no model answers is no task. Where a log
writes no end, the next prompt is the sign of it. Plain dicts, for they live in a memo.
"""

from typing import Any

from costtop.model import TaskFact

Turn = dict[str, Any]  # id, at (of the prompt), state asked|open|done, last (reply), busy


def asked(turn: Turn, source: str, session: str, task: str, at: int) -> list[TaskFact]:
    """A new prompt came; the one before is done unless its last reply waits for a tool."""
    facts = (
        [] if turn.get("busy", True) else ended(turn, source, session, "completed", turn["last"])
    )
    if turn.get("id") != task:
        turn.clear()
        turn.update(id=task, at=at, state="asked")
    return facts


def replied(turn: Turn, source: str, session: str, at: int, busy: bool) -> list[TaskFact]:
    """The model answered; `busy` if the answer asks for a tool, so that more will come."""
    if not turn:
        return []
    facts = []
    if turn["state"] == "asked":
        turn["state"] = "open"
        facts.append(TaskFact(source, session, turn["id"], "started", turn["at"]))
    turn["last"], turn["busy"] = at, busy
    return facts


def ended(turn: Turn, source: str, session: str, status: str, at: int) -> list[TaskFact]:
    """The open turn ended with `status`; nothing if none was open."""
    if turn.get("state") != "open":
        return []
    turn["state"] = "done"
    return [TaskFact(source, session, turn["id"], status, at)]
