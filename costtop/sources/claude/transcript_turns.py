"""Follows the turns of one transcript: which prompt is worked on and how it ended.

A user's prompt is a task (FORMATS 1, "Completion signals"). It starts with the first reply, so a
`/clear` that no model answers is none. Subagents' prompts are not tasks of the user. It reads no
tokens.
"""

from typing import Any

from costtop.model import TaskFact
from costtop.sources.claude.records import Row
from costtop.sources.claude.tokens import NAME, text
from costtop.sources.fold import keys

_INTERRUPTED = b'"[Request interrupted by user'
_LOCAL = (b'"<local-command-', b'"<bash-stdout>', b'"<bash-stderr>', b'"<bash-input>')
_HUMAN = {"kind": "human"}  # what builds from 2.1 say of a prompt that was typed
_ENDED = {"end_turn": "completed", "stop_sequence": "completed", "refusal": "failed"}

Turn = dict[str, Any]  # id, at (of the prompt), state asked|open|done, last (reply), busy


def is_prompt(row: Row, content: bytes) -> bool:
    """Whether a user record is what a user typed: no tool result, no note to the model."""
    if row.type != "user" or row.is_meta or row.is_compact_summary:
        return False
    origin = row.origin if isinstance(row.origin, dict) else _HUMAN
    if row.is_visible_in_transcript_only or origin.get("kind") != "human":
        return False
    if content[:1] == b"[":
        return b'"tool_result"' not in content and b'"text"' in content
    return content[:1] == b'"' and not content.startswith(_LOCAL)


def interrupted(content: bytes) -> bool:
    """Whether a user record is the note that the user stopped the model: its last block."""
    return _INTERRUPTED in content[-200:]


def asked(turn: Turn, row: Row, session: str, at: int) -> list[TaskFact]:
    """A new prompt came. The turn before is done if its last reply waited for no tool.

    Old builds write no stop reason, so the next prompt is their only sign of an end. The task's
    id names the prompt and is copied by forks, so it is the same task in every file.
    """
    facts = [] if turn.get("busy", True) else ended(turn, session, "completed", turn["last"])
    name = text(row.prompt_id) or keys.short(text(row.uuid) or f"{session}/{at}")
    turn.clear()
    turn.update(id=name, at=at, state="asked")
    return facts


def replied(turn: Turn, session: str, stop: object, tools: bool, at: int) -> list[TaskFact]:
    """The model answered: the turn is open now, or done if this is how turns end."""
    if not turn:
        return []
    facts = []
    if turn["state"] == "asked":
        turn["state"] = "open"
        facts.append(TaskFact(NAME, session, turn["id"], "started", turn["at"]))
    turn["last"] = at
    turn["busy"] = tools or stop == "tool_use"
    if isinstance(stop, str) and stop in _ENDED and not turn["busy"]:
        facts += ended(turn, session, _ENDED[stop], at)
    return facts


def ended(turn: Turn, session: str, status: str, at: int) -> list[TaskFact]:
    """The open turn ended with `status`; nothing if none was open."""
    if turn.get("state") != "open":
        return []
    turn["state"] = "done"
    return [TaskFact(NAME, session, turn["id"], status, at)]
