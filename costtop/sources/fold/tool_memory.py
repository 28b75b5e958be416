"""Remembers which tool calls wait for their result. It keeps ids and hashes, no arguments.

It lives in the memo of a fold: plain lists and dicts, bounded, the oldest forgotten first.
"""

from typing import Any

from costtop.model import Outcome, ToolUse

WAITING = 64  # tool calls that may wait for a result at once
REPLIES = 8  # replies whose list of tools may still grow
TOOLS = 64  # tool calls of one reply

Waiting = dict[str, list[Any]]  # tool id -> [call key in hex, nth, note]
Replies = dict[str, list[list[str]]]  # call key in hex -> [[tool id, name, arguments' hash], ...]


def grown(replies: Replies, key: str, tool: list[str]) -> int | None:
    """Adds `tool` to the reply `key`; its place in it, or None if it was there or is too many.

    A reply is logged one block a row: its list grows from row to row.
    """
    tools = replies.setdefault(key, [])
    if len(tools) >= TOOLS:
        return None
    for known in tools:  # a generator would cost more than all of them
        if known[0] == tool[0]:
            return None
    tools.append(tool)
    while len(replies) > REPLIES:
        del replies[next(iter(replies))]
    return len(tools) - 1


def uses(replies: Replies, key: str) -> tuple[ToolUse, ...]:
    """The tools that the reply `key` asked for up to now."""
    if key not in replies:
        return ()
    return tuple(ToolUse(name, arguments) for _, name, arguments in replies[key])


def wait(waiting: Waiting, tool_id: str, key: str, nth: int, note: Any = None) -> None:
    """Remembers that the result of `tool_id` belongs to the `nth` tool of the call `key`."""
    waiting[tool_id] = [key, nth, note]
    while len(waiting) > WAITING:
        del waiting[next(iter(waiting))]


def outcome(entry: list[Any], error: bool, result: str) -> Outcome:
    """The result of a tool call that waited as `entry`."""
    return Outcome(bytes.fromhex(entry[0]), entry[1], error, result)
