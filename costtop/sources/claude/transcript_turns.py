"""Follows the turns of one transcript: which prompt is worked on and how it ended.

A user's prompt is a task (FORMATS 1, "Completion signals"). It starts with the first reply, so a
`/clear` that no model answers is none. Subagents' prompts are not tasks of the user. It reads no
tokens.
"""

from typing import Any

from costtop.model import TaskFact
from costtop.named_tuples import NamedTuple
from costtop.sources.claude.message_keys import first_row
from costtop.sources.claude.records import Row
from costtop.sources.claude.tokens import NAME, text
from costtop.sources.fold import keys

_INTERRUPTED = b'"[Request interrupted by user'
_LOCAL = (b'"<local-command-', b'"<bash-stdout>', b'"<bash-stderr>', b'"<bash-input>')
_HUMAN = {"kind": "human"}  # what builds from 2.1 say of a prompt that was typed
_ENDED = {"end_turn": "completed", "stop_sequence": "completed", "refusal": "failed"}

_COMMANDS = (b'"<command-', b'"<local-command-', b'"<bash-')  # which Claude Code carries out itself
_PARENT = b'"parentUuid":'

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


class Prompt(NamedTuple):
    """What a user typed, without its text."""

    task: str  # the prompt's id, "" of old builds
    uuid: str  # of its row
    first: str  # names the row in every copy, see `message_keys.first_row`
    parent: str  # the row that it follows: another one that follows the same takes its place
    at: int
    command: bool = False  # the tool itself carries it out: no model is asked


def prompt_of(row: Row, content: bytes, raw: bytes, at: int) -> Prompt:
    """The prompt of a decoded row; `raw` is its line."""
    command = content.startswith(_COMMANDS)
    return Prompt(
        text(row.prompt_id), text(row.uuid), first_row(row, ""), _parent(raw), at, command
    )


def _parent(raw: bytes) -> str:
    start = raw.find(_PARENT, 0, 200)
    return (
        raw[start + len(_PARENT) : start + len(_PARENT) + 38].decode("ascii", "replace")
        if start >= 0
        else ""
    )


def asked(turn: Turn, prompt: Prompt, session: str) -> list[TaskFact]:
    """A new prompt came. The turn before is done if its last reply waited for no tool.

    Old builds write no stop reason, so the next prompt is their only sign of an end. The task's
    id names the prompt and is copied by forks, so it is the same task in every file.
    """
    facts = [] if turn.get("busy", True) else ended(turn, session, "completed", turn["last"])
    name = prompt.task or keys.short(prompt.uuid or f"{session}/{prompt.at}")
    turn.clear()
    turn.update(id=name, at=prompt.at, state="asked")
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
