"""Codex CLI's hooks: how it asks, how it is answered, where it is told of us.

Its PreToolUse takes a deny with a reason and nothing else: `continue` or an unknown key is a hook
error, and then the tool runs. So a turn cannot be ended there, only each of its tools be denied.
"""

from costtop.hooks.quick import quoted, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

SOURCE = "codex"
NEUTRAL = ""
PROMPTS = frozenset({"UserPromptSubmit"})
TOLD: "frozenset[str]" = frozenset()
REQUESTS: "frozenset[str]" = frozenset()
NEW = "{\n}\n"
LINE = False
ENDS_TURNS = False
OFF: "tuple[str, frozenset[str]]" = ("config.toml", frozenset({"hooks=false", "codex_hooks=false"}))
TRUST = "Codex runs a hook only after you trust it: start codex, type /hooks and trust these"
PROGRAM = ("codex", "0.124.0")  # the first that runs them unasked


def event(text: bytes) -> str:
    """Which hook asks."""
    return word(text, "hook_event_name")


def refuse(event: str, kind: str, why: str) -> str | None:
    """The answer that says no; `kind` makes no difference here."""
    del kind
    if event == "UserPromptSubmit":
        return f'{{"decision": "block", "reason": {quoted(why)}}}'
    if event != "PreToolUse":
        return None
    return (
        '{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",'
        f' "permissionDecisionReason": {quoted(why)}}}}}'
    )


def settings(environ: "Mapping[str, str]", _: "Path") -> "Path":
    """hooks.json beside the user's config.toml, which stays untouched."""
    from pathlib import Path

    given = environ.get("CODEX_HOME", "")
    home = Path(environ.get("HOME") or Path.home())
    return (Path(given).expanduser() if given else home / ".codex") / "hooks.json"


def entries(command: str) -> "dict[str, dict[str, Any]]":
    """The hooks to add; timeouts in seconds."""
    call = {"type": "command", "command": command, "timeout": 5}
    return {
        "PreToolUse": {"matcher": "", "hooks": [call]},
        "UserPromptSubmit": {"hooks": [call]},
        "SessionStart": {"hooks": [call]},
    }
