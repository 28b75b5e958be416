"""Follows the tool calls of a Codex thread and whether they failed. It keeps hashes, no text."""

import re
from typing import Any

from costtop.model import Outcome, ToolUse
from costtop.sources.codex.records import Payload
from costtop.sources.fold import tool_memory
from costtop.sources.fold.fingerprints import fingerprint, outcome
from costtop.text import clean

_CALLS = ("function_call", "custom_tool_call", "local_shell_call")
SHELL = "shell"  # a tool call that names no tool
_OUTPUTS = ("function_call_output", "custom_tool_call_output")

_ENDS = 400  # bytes looked at on both sides of an output: exit codes stand there
_SAID = (b'"execution error', b'"failed to', b'"Error:')  # how an output of a failure begins
_EXIT = re.compile(
    rb'exit_code\\?"\s*:\s*-?[1-9]'
    rb"|[Ee]xit(?:ed with)? code:?\s+-?[1-9]"
)
_UNSUCCESSFUL = re.compile(rb'"success\\?"\s*:\s*false')


def failed(output: bytes) -> bool:
    """Whether an output, as raw JSON, says that its command failed."""
    if len(output) <= 2 * _ENDS:
        return _tells_failure(output)
    return _tells_failure(output[:_ENDS]) or _tells_failure(output[-_ENDS:])


def _tells_failure(part: bytes) -> bool:
    # The plain searches are ten times as quick as the patterns, and usually the answer.
    return (
        (part.find(b"xit") >= 0 and _EXIT.search(part) is not None)
        or (part.find(b"success") >= 0 and _UNSUCCESSFUL.search(part) is not None)
        or part.startswith(_SAID)
    )


def arguments_of(item: Payload) -> bytes:
    """The raw arguments of any kind of tool call."""
    for raw in (bytes(item.arguments), bytes(item.input), bytes(item.action)):
        if raw != b"null":
            return raw
    return b""


class Tools:
    """The tool calls that no usage has claimed yet, and those that wait for their output.

    Both live in the memo. A reply's tool calls are logged before its usage; their output comes
    before the usage or after it.
    """

    def __init__(self, memo: dict[str, Any]) -> None:
        # id, name, hash of the arguments, error, hash of the result
        self.asked: list[list[Any]] = memo.setdefault("tools", [])
        self.waiting: tool_memory.Waiting = memo.setdefault("waiting", {})

    def item(self, item: Payload) -> Outcome | None:
        """Takes a tool call or an output; the outcome of a call that was claimed before."""
        call_id = _text(item.call_id)
        if item.type in _CALLS:
            name = _text(item.name) or SHELL
            self.ask(call_id, name, fingerprint(arguments_of(item), name))
        elif item.type in _OUTPUTS and call_id:
            output = bytes(item.output)
            return self.answer(call_id, failed(output), output, slice(0, len(output)))
        return None

    def ask(self, call_id: str, name: str, hashed: str) -> None:
        """Takes a tool call; `hashed` are its arguments."""
        self.asked.append([call_id, name, hashed, None, None])
        if len(self.asked) > tool_memory.TOOLS:
            del self.asked[0]

    def use(self, call_id: str, name: str, hashed: str, error: bool, told: str) -> bool:
        """Takes a tool call with its outcome, if no other waits that could be meant by it."""
        if self.asked:
            return False
        self.asked.append([call_id, name, hashed, error, told])
        return True

    def answer(
        self, call_id: str, error: bool, data: bytes, span: slice, hashed: str = ""
    ) -> Outcome | None:
        """Takes an output, `span` of `data`; `hashed` is its outcome, where that is known."""
        for tool in self.asked:
            if tool[0] == call_id:
                tool[3] = bool(tool[3]) or error
                tool[4] = (hashed if tool[3] == error else "") or outcome(data[span], tool[3])
                return None
        entry = self.waiting.pop(call_id, None)
        if entry is None:
            return None
        failed = bool(entry[2]) or error
        told = (hashed if failed == error else "") or outcome(data[span], failed)
        return tool_memory.outcome(entry, failed, told)

    def ended(self, event: Payload) -> None:
        """Takes an end event: it knows the exit code, which the output may not tell."""
        code = event.exit_code
        call_id = _text(event.call_id)
        if event.success is not False and not (isinstance(code, int) and code != 0):
            return
        for tool in self.asked:
            if tool[0] == call_id:
                tool[3] = True
        if call_id in self.waiting:
            self.waiting[call_id][2] = True

    def used(self, key: bytes) -> tuple[ToolUse, ...]:
        """The tools asked for since the last call: they belong to the one named `key`."""
        used: list[ToolUse] = []
        for nth, (call_id, name, arguments, error, result) in enumerate(self.asked):
            if result is not None:
                used.append(ToolUse(name, arguments, bool(error), result))
                continue
            used.append(ToolUse(name, arguments))
            if call_id:
                tool_memory.wait(self.waiting, call_id, key.hex(), nth, error)
        self.asked.clear()
        return tuple(used)


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""
