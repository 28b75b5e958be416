"""Remembers which tool calls wait for their result. It keeps ids and hashes, no arguments.

It lives in the memo of a fold: plain lists and dicts, bounded, the oldest forgotten first.
"""

from collections.abc import Iterable
from typing import Any

from costtop.model import Outcome

WAITING = 64  # tool calls that may wait for a result at once
REPLIES = 8  # replies whose list of tools may still grow
TOOLS = 64  # tool calls of one reply

Waiting = dict[str, list[Any]]  # tool id -> [call key in hex, nth, note]
Replies = dict[str, list[list[str]]]  # call key in hex -> [[tool id, name, arguments' hash], ...]
Asked = tuple[str, str, str, Any]  # tool id, name, arguments' hash, note


def asked(replies: Replies, waiting: Waiting, key: str, tools: Iterable[Asked]) -> None:
    """Adds the tools that a row of the reply `key` asks for, and waits for their results.

    A reply is logged one block a row: its list grows from row to row.
    """
    known = replies.setdefault(key, [])
    for tool, name, arguments, note in tools:
        if len(known) >= TOOLS:
            return
        for other in known:  # a generator would cost more than all of them
            if other[0] == tool:
                break
        else:
            known.append([tool, name, arguments])
            while len(replies) > REPLIES:
                del replies[next(iter(replies))]
            if tool:
                wait(waiting, tool, key, len(known) - 1, note)


def unanswered(tool: list[str]) -> tuple[str, str, None, None]:
    """The fields of `ToolUse` of a tool that `Replies` has."""
    _, name, arguments = tool
    return (name, arguments, None, None)


def wait(waiting: Waiting, tool_id: str, key: str, nth: int, note: Any = None) -> None:
    """Remembers that the result of `tool_id` belongs to the `nth` tool of the call `key`."""
    waiting[tool_id] = [key, nth, note]
    while len(waiting) > WAITING:
        del waiting[next(iter(waiting))]


def outcome(entry: list[Any], error: bool, result: str) -> Outcome:
    """The result of a tool call that waited as `entry`."""
    return Outcome(bytes.fromhex(entry[0]), entry[1], error, result)
