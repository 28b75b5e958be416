"""One request to a model and its reply, in the shape that all wire formats share."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Body = Mapping[str, Any]

SHELLS = (
    "Bash", "bash", "exec_command", "shell_command", "shell", "local_shell", "run_shell_command",
    "execute_command", "exec",
)  # fmt: skip
"""What agents call their shell."""


class Request(NamedTuple):
    """What an agent sent."""

    model: str
    tools: Mapping[str, Body]  # the JSON schema of its arguments, by name; none: a side request
    prompts: Sequence[str]  # the user's own words, oldest first
    step: int  # rounds of tools since the newest of them
    streams: bool

    @property
    def shell(self) -> str:
        """The name of its shell; "" where it offers none."""
        return next((name for name in SHELLS if name in self.tools), "")


class Tokens(NamedTuple):
    """What one request is billed, disjoint; `think` is a part of `out`."""

    fresh: int
    read: int = 0  # from a cache
    write: int = 0  # to a cache, for five minutes
    hour: int = 0  # to a cache, for an hour
    out: int = 0
    think: int = 0


class Reply(NamedTuple):
    """What the model says: a tool with its arguments, or words alone."""

    id: str
    model: str
    at: int  # s since the epoch
    tokens: Tokens
    words: str
    tool: str = ""
    arguments: Body = {}


class Event(NamedTuple):
    """One event of a stream. A stalled reply waits after its `half`."""

    data: Body | str
    name: str = ""
    half: bool = False

    def encoded(self) -> bytes:
        """As server-sent events have it."""
        data = self.data if isinstance(self.data, str) else json.dumps(self.data)
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {data}\n\n".encode()


def text_of(content: Any) -> str:
    """The text of a message, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in content or [] if isinstance(part, dict)]
    return "".join(part for part in parts if isinstance(part, str))


def arguments(schema: Body, command: str) -> dict[str, Any]:
    """Arguments that a shell's schema takes: the command, and something for whatever it needs."""
    wanted = schema.get("required") or []
    given: dict[str, Any] = {}
    for name, about in (schema.get("properties") or {}).items():
        kind = str(about.get("type", "")).lower()
        if name in {"command", "cmd"}:
            given[name] = ["bash", "-lc", command] if kind == "array" else command
        elif name in wanted:
            given[name] = _anything(kind, about.get("enum"))
    return given


def _anything(kind: str, choice: Sequence[Any] | None) -> Any:
    if choice:
        return choice[0]
    plain: dict[str, Any] = {"integer": 20_000, "number": 20_000, "boolean": False, "array": []}
    return plain.get(kind, "step")
