"""Which tools of Claude Code say more than right or wrong. It keeps no arguments."""

import re

from costtop.sources.claude_records import TOOL_INPUT, Message
from costtop.sources.claude_usage import searches_of, text
from costtop.sources.json_lines import Unreadable, decoded

_COMMIT = re.compile(r"\bgit\b[^\n;&|]*\bcommit\b|\bgh\s+pr\s+create\b")


def note_of(name: str, arguments: bytes, message: Message) -> list[str] | None:
    """What to look for in the result of a tool: a commit, a subagent's name, hidden searches.

    `arguments` are raw JSON, `message` is the reply with usage that asks for the tool.
    """
    if name == "Bash":
        likely = b"commit" in arguments or b"create" in arguments
        return ["commit", ""] if likely and _commits(arguments) else None
    if name in ("Task", "Agent"):
        return ["agent", _agent_type(arguments)]
    if name == "WebSearch" and message.usage is not None and not searches_of(message.usage):
        return ["search", text(message.model)]
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
