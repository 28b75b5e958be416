"""Qwen Code's hooks: how it asks, how it is answered, where it is told of us.

qwenlm.github.io/qwen-code-docs, and seen with 0.15.10: events are named as Claude Code's, but
UserPromptSubmit fires before every request to the model, with an empty `prompt` where it carries
results of tools (newer ones have the user's own words in `submitted_prompt`); its block is shown to
the user. A denied tool wins over `continue: false`, so a turn ends at the request after it.
"""

from costtop.hooks.quick import quoted, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

SOURCE = "qwen-code"
NEUTRAL = ""
PROMPTS = frozenset({"SubmittedPrompt"})
TOLD: "frozenset[str]" = frozenset()
REQUESTS = frozenset({"UserPromptSubmit"})
NEW = "{\n}\n"
LINE = False
ENDS_TURNS = True
OFF: "tuple[str, frozenset[str]]" = ("", frozenset())
TRUST = ""
PROGRAM = ("qwen", "0.14.0")  # the first that runs them unasked


def event(text: bytes) -> str:
    """Which hook asks; a request with the user's own words is a SubmittedPrompt."""
    name = word(text, "hook_event_name")
    if name != "UserPromptSubmit":
        return name
    told = "submitted_prompt" if b'"submitted_prompt"' in text else "prompt"
    return "SubmittedPrompt" if word(text, told) else name


def refuse(event: str, kind: str, why: str) -> str | None:
    """The answer that says no; None where this hook cannot."""
    said = quoted(why)
    if event == "SubmittedPrompt" or (event == "UserPromptSubmit" and kind == "stop"):
        return f'{{"decision": "block", "reason": {said}, "systemMessage": {said}}}'
    if event != "PreToolUse":
        return None
    stop = f'"continue": false, "stopReason": {said}, ' if kind == "stop" else ""
    return (
        f'{{{stop}"systemMessage": {said}, "hookSpecificOutput": {{"hookEventName": "PreToolUse",'
        f' "permissionDecision": "deny", "permissionDecisionReason": {said}}}}}'
    )


def settings(environ: "Mapping[str, str]", _: "Path") -> "Path":
    """The user's settings.json."""
    from pathlib import Path

    return Path(environ.get("HOME") or Path.home()) / ".qwen" / "settings.json"


def entries(command: str) -> "dict[str, dict[str, Any]]":
    """The hooks to add; timeouts in milliseconds."""
    call = {"name": "costtop", "type": "command", "command": command, "timeout": 5000}
    return {
        "PreToolUse": {"matcher": "*", "hooks": [call]},
        "UserPromptSubmit": {"hooks": [call]},
        "SessionStart": {"hooks": [call]},
    }
