"""Gemini CLI's hooks: how it asks, how it is answered, where it is told of us.

geminicli.com/docs/hooks/reference: BeforeModel can refuse the request itself, before it costs
anything; `continue: false` ends the loop; stdout is JSON and nothing else.
"""

from costtop.hooks.quick import quoted, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

SOURCE = "gemini-cli"
NEUTRAL = "{}"
PROMPTS = frozenset({"BeforeAgent"})
TOLD: "frozenset[str]" = frozenset()
REQUESTS = frozenset({"BeforeModel"})
NEW = "{\n}\n"
LINE = False
ENDS_TURNS = True
OFF: "tuple[str, frozenset[str]]" = ("", frozenset())
TRUST = ""
PROGRAM = ("gemini", "0.26.0")  # the first that runs them unasked


def event(text: bytes) -> str:
    """Which hook asks."""
    return word(text, "hook_event_name")


def refuse(event: str, kind: str, why: str) -> str | None:
    """The answer that says no; None where this hook cannot."""
    said = quoted(why)
    if event == "BeforeTool" and kind == "stop":
        return f'{{"continue": false, "stopReason": {said}}}'
    # A model that may still commit its work has to be asked: only a stop refuses the request.
    if event in {"BeforeTool", "BeforeAgent"} or (event == "BeforeModel" and kind == "stop"):
        return f'{{"decision": "deny", "reason": {said}}}'
    return None


def settings(environ: "Mapping[str, str]", _: "Path") -> "Path":
    """The user's settings.json."""
    from pathlib import Path

    return Path(environ.get("HOME") or Path.home()) / ".gemini" / "settings.json"


def entries(command: str) -> "dict[str, dict[str, Any]]":
    """The hooks to add; timeouts in milliseconds."""
    call = {"name": "costtop", "type": "command", "command": command, "timeout": 5000}
    return {
        "BeforeTool": {"matcher": "*", "hooks": [call]},
        "BeforeModel": {"hooks": [call]},
        "BeforeAgent": {"hooks": [call]},
        "SessionStart": {"hooks": [call]},
    }
