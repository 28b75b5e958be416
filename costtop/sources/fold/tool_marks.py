"""Marks tool calls without their content: a name and hashes. It remembers nothing between chunks.

Formats that write the result beside the call need no more than this; the others keep who waits for
a result in `tool_memory`.
"""

from collections.abc import Iterable

from costtop.model import Outcome, ToolUse
from costtop.sources.fold import tool_memory
from costtop.sources.fold.fingerprints import ARGUMENTS, RESULT, fingerprint


def asked(name: str, arguments: bytes) -> ToolUse:
    """A tool call with the arguments as raw JSON."""
    return ToolUse(name or "tool", fingerprint(arguments, ARGUMENTS, name))


def answered(use: ToolUse, error: bool, result: bytes) -> ToolUse:
    """The same call with its outcome."""
    return use._replace(error=error, result=fingerprint(result, RESULT))


def waiting_for(
    waiting: tool_memory.Waiting, key: bytes, tools: Iterable[tuple[str, ToolUse]]
) -> tuple[ToolUse, ...]:
    """The tool calls of the reply `key`; those with an id (the first of a pair) may be answered."""
    uses = []
    for nth, (tool_id, use) in enumerate(tools):
        if nth >= tool_memory.TOOLS:
            break
        if tool_id and use.error is None:
            tool_memory.wait(waiting, tool_id, key.hex(), nth)
        uses.append(use)
    return tuple(uses)


def outcomes(key: bytes, tools: Iterable[ToolUse]) -> list[Outcome]:
    """What is known of the tools of the call `key`, for a store that knew the call before them."""
    return [
        Outcome(key, nth, use.error, use.result or "")
        for nth, use in enumerate(tools)
        if use.error is not None
    ]
