"""Reads whether a Codex tool call failed from its output. It keeps nothing of it."""

import re

from costtop.sources.codex_records import Item

_ENDS = 400  # bytes looked at on both sides of an output: exit codes stand there
_HINTS = (b"xit", b"success", b"rror", b"failed to")
_FAILED = re.compile(
    rb'exit_code\\?"\s*:\s*-?[1-9]'
    rb"|[Ee]xit(?:ed with)? code:?\s+-?[1-9]"
    rb'|"success\\?"\s*:\s*false'
    rb"|^\"(?:execution error|failed to|Error:)"
)


def failed(output: bytes) -> bool:
    """Whether an output, as raw JSON, says that its command failed."""
    ends = (output,) if len(output) <= 2 * _ENDS else (output[:_ENDS], output[-_ENDS:])
    return any(
        _FAILED.search(end) is not None for end in ends if any(hint in end for hint in _HINTS)
    )


def arguments_of(item: Item) -> bytes:
    """The raw arguments of any kind of tool call."""
    for raw in (bytes(item.arguments), bytes(item.input), bytes(item.action)):
        if raw != b"null":
            return raw
    return b""
