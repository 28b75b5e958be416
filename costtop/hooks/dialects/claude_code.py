"""Claude Code's hooks: how it asks, how it is answered, where it is told of us.

code.claude.com/docs/en/hooks: `continue: false` ends the turn; a denied tool alone lets the model
argue. Hooks fire inside subagents too, with the parent's session id.
"""

from costtop.hooks.quick import quoted, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

SOURCE = "claude-code"
NEUTRAL = ""
PROMPTS = frozenset({"UserPromptSubmit"})
TOLD: "frozenset[str]" = frozenset()
REQUESTS: "frozenset[str]" = frozenset()
NEW = "{\n}\n"
LINE = True
ENDS_TURNS = True
OFF: "tuple[str, frozenset[str]]" = ("", frozenset())
TRUST = ""
PROGRAM = ("claude", "1.0.41")  # its hooks say their event's name since


def event(text: bytes) -> str:
    """Which hook asks."""
    return word(text, "hook_event_name")


def refuse(event: str, kind: str, why: str) -> str | None:
    """The answer that says no; None where this hook cannot."""
    said = quoted(why)
    if event == "UserPromptSubmit":
        return f'{{"decision": "block", "reason": {said}}}'
    if event != "PreToolUse":
        return None
    if kind == "stop":
        return f'{{"continue": false, "stopReason": {said}}}'
    return (
        '{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",'
        f' "permissionDecisionReason": {said}}}}}'
    )


def settings(environ: "Mapping[str, str]", _: "Path") -> "Path":
    """The user's settings.json."""
    from pathlib import Path

    given = environ.get("CLAUDE_CONFIG_DIR", "").split(",")[0]
    home = Path(environ.get("HOME") or Path.home())
    return (Path(given).expanduser() if given else home / ".claude") / "settings.json"


def entries(command: str) -> "dict[str, dict[str, Any]]":
    """The hooks to add; timeouts in seconds."""
    call = {"type": "command", "command": command, "timeout": 5}
    return {
        "PreToolUse": {"matcher": "*", "hooks": [call]},
        "UserPromptSubmit": {"hooks": [call]},
        "SessionStart": {"hooks": [call]},
    }
