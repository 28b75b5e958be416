"""GitHub Copilot CLI's hooks: how it asks, how it is answered, where it is told of us.

docs.github.com, hooks reference: only preToolUse can deny, and its reason is for the model; what a
prompt's hook prints decides nothing, but a line of progress in it stands in the user's timeline.
Names are in camelCase; the hooks of a repository stand in its .github/hooks.
"""

from costtop.hooks.quick import quoted, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

SOURCE = "copilot"
NEUTRAL = ""
PROMPTS = frozenset({"userPromptSubmitted"})
TOLD = frozenset({"userPromptSubmitted"})
REQUESTS: "frozenset[str]" = frozenset()
NEW = '{\n  "version": 1\n}\n'
LINE = False
ENDS_TURNS = False
OFF: "tuple[str, frozenset[str]]" = ("", frozenset())
TRUST = ""
PROGRAM = ("copilot", "")  # not known


def event(text: bytes) -> str:
    """Which hook asks: it does not say, its fields do."""
    if word(text, "toolName"):
        return "preToolUse"
    return "userPromptSubmitted" if b'"prompt"' in text else "sessionStart"


def refuse(event: str, kind: str, why: str) -> str | None:
    """The answer that says no, to a prompt only what the user is told; `kind` is all one here.

    Progress beside a denial would be an error to older ones, and the tool would run.
    """
    del kind
    if event == "userPromptSubmitted":
        return f'{{"type": "progress", "message": {quoted(why)}}}'
    if event != "preToolUse":
        return None
    reason = quoted(f"Tell the user: {why}")
    return (
        f'{{"permissionDecision": "deny", "permissionDecisionReason": {reason},'
        f' "systemMessage": {quoted(why)}}}'
    )


def settings(_: "Mapping[str, str]", folder: "Path") -> "Path":
    """A file of our own in the hooks of the repository that `folder` is in."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return place / ".github" / "hooks" / "costtop.json"
    return folder / ".github" / "hooks" / "costtop.json"


def entries(command: str) -> "dict[str, dict[str, Any]]":
    """The hooks to add; timeouts in seconds."""
    call = {"type": "command", "bash": command, "timeoutSec": 5}
    return {"preToolUse": call, "userPromptSubmitted": call, "sessionStart": call}
