"""GitHub Copilot CLI's hooks: how it asks, how it is answered, where it is told of us.

docs.github.com, CLI hooks reference: only preToolUse can deny; names are in
camelCase; the hooks of a repository stand in its .github/hooks.
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
NEW = '{\n  "version": 1\n}\n'
LINE = False
OFF: "tuple[str, frozenset[str]]" = ("", frozenset())
TRUST = ""


def event(text: bytes) -> str:
    """Which hook asks: it does not say, its fields do."""
    if word(text, "toolName"):
        return "preToolUse"
    return "userPromptSubmitted" if b'"prompt"' in text else "sessionStart"


def refuse(event: str, kind: str, why: str) -> str | None:
    """The answer that says no; `kind` makes no difference here."""
    del kind
    if event != "preToolUse":
        return None
    return f'{{"permissionDecision": "deny", "permissionDecisionReason": {quoted(why)}}}'


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
