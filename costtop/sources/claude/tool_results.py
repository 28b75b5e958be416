"""The tools that a reply asks for, and which of them say more than right or wrong.

It keeps no arguments.
"""

import re
from collections.abc import Container

from costtop.sources.claude.records import TOOL_INPUT, Message, blocks
from costtop.sources.claude.tokens import searches_of, text
from costtop.sources.fold.fingerprints import fingerprint
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.tool_memory import Asked
from costtop.text import clean

_ANSWER = b'"tool_use_id":"'
_PLAIN_ID = re.compile(r"[\w-]{1,200}", re.ASCII)  # what cleaning does not change
_COMMIT = re.compile(r"\bgit\b[^\n;&|]*\bcommit\b|\bgh\s+pr\s+create\b")


def may_answer(content: bytes, waiting: Container[str]) -> bool:
    """Whether a user record's content may hold the result of a tool that waits, by its id.

    Results are long and ids are short: in a file that goes on from another one, or copies it, most
    results answer calls that nobody knows.
    """
    start = content.find(_ANSWER) + len(_ANSWER)
    if start < len(_ANSWER) or content.find(_ANSWER[:-2], start) >= 0:
        return b'"tool_use_id"' in content  # spaced, or several
    name = content[start : content.find(b'"', start)].decode("ascii", "replace")
    return name in waiting or not _PLAIN_ID.fullmatch(name)


def tool_id(value: object) -> str:
    """A tool's id, made harmless: each is new, so remembering it as `text` does costs twice."""
    return clean(value) if isinstance(value, str) else ""


def asked_tools(message: Message) -> list[Asked]:
    """The tools that a row of a reply asks for."""
    content = bytes(message.content)
    if b'"tool_use"' not in content:
        return []
    try:
        found = [block for block in blocks(content) if block.type == "tool_use"]
    except Unreadable:
        return []  # the usage counts all the same
    model = text(message.model) if message.usage and not searches_of(message.usage) else None
    return [_asked(tool_id(one.id), text(one.name), bytes(one.input), model) for one in found]


def _asked(tool: str, name: str, arguments: bytes, model: str | None) -> Asked:
    return (tool, name, fingerprint(arguments, name), note_of(name, arguments, model))


def note_of(name: str, arguments: bytes, model: str | None) -> list[str] | None:
    """What to look for in the result of a tool: a commit, a subagent's name, hidden searches.

    `arguments` are raw JSON, `model` is that of a reply whose usage tells no searches.
    """
    if name == "Bash":
        likely = b"commit" in arguments or b"create" in arguments
        return ["commit", ""] if likely and _commits(arguments) else None
    if name in ("Task", "Agent"):
        return ["agent", _agent_type(arguments)]
    if name == "WebSearch" and model is not None:
        return ["search", model]
    return None


def _commits(arguments: bytes) -> bool:
    try:
        command = decoded(TOOL_INPUT, arguments).command
    except Unreadable:
        return False
    return isinstance(command, str) and _COMMIT.search(command) is not None


def _agent_type(arguments: bytes) -> str:
    try:
        return text(decoded(TOOL_INPUT, arguments).subagent_type)
    except Unreadable:
        return ""
