"""Which tools of Claude Code say more than right or wrong. It keeps no arguments."""

import re

from costtop.sources.claude_records import TOOL_INPUT, Block, Row
from costtop.sources.claude_usage import searches_of, text
from costtop.sources.json_lines import Unreadable, decoded

_COMMIT = re.compile(r"\bgit\b[^\n;&|]*\bcommit\b|\bgh\s+pr\s+create\b")
_NOTED = {"Bash", "Task", "Agent", "WebSearch"}


def note_of(block: Block, name: str, row: Row) -> list[str] | None:
    """What to look for in the result of a tool: a commit, a subagent's name, hidden searches."""
    if name not in _NOTED:
        return None
    message = row.message
    assert message is not None
    assert message.usage is not None
    if name == "WebSearch":
        hidden = searches_of(message.usage) == 0
        return ["search", text(message.model)] if hidden else None
    try:
        asked = decoded(TOOL_INPUT, bytes(block.input))
    except Unreadable:
        return None
    if name == "Bash":
        commits = isinstance(asked.command, str) and _COMMIT.search(asked.command)
        return ["commit", ""] if commits else None
    return ["agent", text(asked.subagent_type)]
