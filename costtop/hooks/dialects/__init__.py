"""The agents whose hooks costtop answers, one module each; no module borrows from another.

What stops one agent is an error to the next one, and the tool runs (FORMATS.md (b)).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any, Protocol

    class Dialect(Protocol):
        """What each module has."""

        SOURCE: str  # name of the source of its sessions
        NEUTRAL: str  # the answer that changes nothing; "" is none at all
        PROMPTS: frozenset[str]  # hooks by which only the user's own words come
        TOLD: frozenset[str]  # hooks whose answer is shown to the user and refuses nothing
        REQUESTS: frozenset[str]  # hooks that ask before a request to the model that no user typed
        NEW: str  # what its settings begin with where there are none yet
        LINE: bool  # whether it has a status line for our command
        ENDS_TURNS: bool  # whether a refusal can end the turn; else it goes on with the next call
        OFF: tuple[str, frozenset[str]]  # a file beside the settings, lines in it that stop hooks
        TRUST: str  # what the user must do before its hooks run; "" is nothing
        PROGRAM: tuple[str, str]  # its command, its oldest version that runs hooks; "": not known

        def event(self, text: bytes) -> str:
            """Which hook asks."""

        def refuse(self, event: str, kind: str, why: str) -> str | None:
            """The answer that says no ("deny": this tool; "stop": the turn); None: it cannot."""

        def settings(self, environ: "Mapping[str, str]", folder: "Path") -> "Path":
            """The file that names its hooks; `folder` is the current one."""

        def entries(self, command: str) -> "dict[str, dict[str, Any]]":
            """The hooks to add, by event."""


OF_HOME = ("claude-code", "codex", "gemini", "qwen")  # whose hooks stand in the user's settings
AGENTS = (*OF_HOME[:3], "copilot", *OF_HOME[3:])  # Copilot's stand in a repository


def dialect_of(agent: str) -> "Dialect":
    """The dialect of an agent; raises KeyError for one that is not known."""
    match agent:
        case "claude-code":
            from costtop.hooks.dialects import claude_code

            return claude_code
        case "codex":
            from costtop.hooks.dialects import codex

            return codex
        case "gemini":
            from costtop.hooks.dialects import gemini

            return gemini
        case "copilot":
            from costtop.hooks.dialects import copilot

            return copilot
        case "qwen":
            from costtop.hooks.dialects import qwen

            return qwen
    raise KeyError(agent)
