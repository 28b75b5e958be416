"""What a session may still do while it is held back: commit, save, ask costtop. It runs nothing.

A command passes only when every part of it is known; whatever could run something else (pipes,
substitutions, `git -c`, `costtop run`) does not. What reads JSON and shell is imported only where
something might pass.
"""

from costtop.hooks.quick import word
from costtop.store.gating import HOLD
from costtop.text import clean, typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHELLS = frozenset(
    {"Bash", "bash", "shell", "local_shell", "exec_command", "run_shell_command", "Shell"}
)
_SAVES = frozenset(
    ("Write Edit MultiEdit NotebookEdit apply_patch write_file replace edit create").split()
)
_GIT = frozenset({"add", "commit", "push", "stash", "status"})
_RISKY = ("--receive-pack", "--exec", "--upload-pack")
_OURS_NOT = frozenset({"run", "statusline", "gate"})  # these start other programs
_MESSAGE = r""""\$\(cat <<-?\s*'(\w+)'\n.*?\n\s*\1\n\s*\)\""""  # how agents word commits


def passes(text: bytes, kind: str, *, fresh: bool) -> bool:
    """Whether a tool that an agent is about to use may run all the same.

    Commits and costtop's own commands always; saving a file only while a mere denial is `fresh`,
    for every edit costs another call.
    """
    name = word(text, "tool_name", "toolName")
    if name in _SAVES:
        return kind == "deny" and fresh
    if name not in _SHELLS or not (b"git" in text or b"costtop" in text):
        return False
    import json

    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return is_harmless(_command(tree.get("tool_input", tree.get("toolArgs"))))


def _command(given: "Any") -> str:
    """The command line in a shell tool's arguments; "" where it is none that is understood."""
    import json

    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return ""
    command = (given.get("command") or given.get("cmd")) if isinstance(given, dict) else None
    if isinstance(command, list) and len(command) == 3 and command[1] in ("-c", "-lc"):
        command = command[2]
    return command if isinstance(command, str) else ""


def is_harmless(command: str) -> bool:
    """Whether every part of a shell command commits, saves or asks costtop."""
    import re
    import shlex

    command = re.sub(_MESSAGE, '"message"', command, flags=re.DOTALL)
    if "`" in command or "$(" in command or "\\\n" in command:
        return False
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()<>\n")
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
    try:
        parts = _parts(list(lexer))
    except ValueError:
        return False
    return bool(parts) and all(_is_known(words) for words in parts)


def _parts(tokens: list[str]) -> list[list[str]]:
    """The simple commands of a list; raises ValueError where there is more than a list."""
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token.strip("\n") in {"&&", ";", ""} and token:
            parts.append([])
        elif token and not token.strip(";&|()<>\n"):
            raise ValueError(token)
        else:
            parts[-1].append(token)
    return [words for words in parts if words]


def _is_known(words: list[str]) -> bool:
    if words[0] == "cd":
        return len(words) <= 2
    if words[0].rpartition("/")[2] == "costtop":
        return words[1:2] != [] and words[1] not in _OURS_NOT
    if words[0] != "git":
        return False
    rest = words[3:] if words[1:2] == ["-C"] else words[1:]
    risky = any(word.startswith(_RISKY) for word in rest)
    return bool(rest) and rest[0] in _GIT and not risky


def words(why: str, lifts: str, key: str) -> str:
    """What the model, and over its shoulder the user, is told."""
    name = key.partition("/")[2]
    if not lifts:
        return clean(f"costtop: {why}. Say what is done so far, and stop.", 400)
    undo = {"unmark": f"costtop unmark {name}", HOLD: f"costtop resume {name}"}.get(lifts)
    undo = undo or f"costtop override {typed(lifts)}"
    return clean(
        f"costtop: {why}. Commit what is done and stop; only git commits and costtop's own"
        f" commands still run. The user can lift this from another terminal: {undo}",
        600,
    )
