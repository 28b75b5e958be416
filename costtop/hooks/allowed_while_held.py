"""What a session may still do while it is held back: commit, save, ask costtop.

A command passes only as exact words: whatever a shell would make more of (pipes, lists,
substitutions, wildcards) does not. What reads JSON is imported only where something might pass.
"""

import os

from costtop.hooks.launchers import NAME, is_own
from costtop.hooks.quick import word
from costtop.store.gating import HOLD
from costtop.text import clean, typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Of each kind of command, a hold; of requests after a denial, where an agent asks before each.
MOST = {"commit": 3, "stage": 3, "look": 10, "summary": 1}

_SHELLS = frozenset(
    {"Bash", "bash", "shell", "local_shell", "exec_command", "run_shell_command", "Shell"}
)
_SAVES = frozenset(
    ("Write Edit MultiEdit NotebookEdit apply_patch write_file replace edit create").split()
)
_GIT = {"commit": "commit", "stash": "commit", "add": "stage", "status": "look"}
# Of costtop's commands those that only read, with their verbs where others of the name do more, and
# `override`, which the socket refuses to whatever runs inside an agent, and says so.
_READS = frozenset("report review why explain check doctor status --once override".split())
_READING_VERBS = {
    "budget": {"list"},
    "alerts": {"", "list", "show"},
    "hooks": {"status"},
    "config": {"", "path", "show", "check"},
}
_MORE = frozenset("`$;&|()<>\n\r\\*?[{")  # what a shell makes more of, outside of quotes
_MORE_QUOTED = frozenset("`$\\")  # and between double quotes


def permitted(text: bytes, kind: str, *, fresh: bool) -> str:
    """As what a tool that an agent is about to use may run all the same: "save", a kind of `MOST`,
    "" where it may not.

    Saving a file only while a mere denial is `fresh`, for every edit costs another call.
    """
    name = word(text, "tool_name", "toolName")
    if name in _SAVES:
        return "save" if kind == "deny" and fresh else ""
    if name not in _SHELLS or not (b"git" in text or b"costtop" in text):
        return ""
    import json

    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return _kind(_argv(tree.get("tool_input", tree.get("toolArgs"))))


def _argv(given: "Any") -> list[str]:
    """The words that a shell tool's arguments would run; none where it is not known which."""
    if isinstance(given, str):
        import json

        try:
            given = json.loads(given)
        except ValueError:
            return []
    command = (given.get("command") or given.get("cmd")) if isinstance(given, dict) else None
    if isinstance(command, list) and len(command) == 3 and command[1] in ("-c", "-lc"):
        command = command[2]
    if isinstance(command, list):
        return command if all(isinstance(one, str) for one in command) else []
    return exact(command) if isinstance(command, str) else []


def exact(command: str) -> list[str]:
    """The words of a command line that a shell would take as they stand; none for any other."""
    words: list[str] = []
    quote, inside = "", False
    for sign in command.strip():
        if quote:
            if sign == quote:
                quote = ""
            elif quote == '"' and sign in _MORE_QUOTED:
                return []
            else:
                words[-1] += sign
        elif sign in " \t":
            inside = False
        elif sign in _MORE or (sign in "#~" and not inside):
            return []
        else:
            if not inside:
                words.append("")
                inside = True
            if sign in "'\"":
                quote = sign
            else:
                words[-1] += sign
    return [] if quote else words


def _kind(words: list[str]) -> str:
    """The kind of a command that may run while its session is held back; "" for any other."""
    if not words:
        return ""
    if words[0] == "git":
        rest = words[3:] if words[1:2] == ["-C"] else words[1:]
        return _GIT.get(rest[0], "") if rest else ""
    if not (words[0].endswith(NAME) and is_own(words[0], os.environ)):
        return ""
    name, verb = [*words[1:3], "", ""][:2]
    verbs = _READING_VERBS.get(name, set())
    reads = name in _READS or ("" if verb.startswith("-") else verb) in verbs
    return "look" if reads else ""


def words(why: str, lifts: str, key: str) -> str:
    """What the model, and the user, is told."""
    name = key.partition("/")[2]
    if not lifts:
        return clean(f"costtop: {why}. Say what is done so far, and stop.", 400)
    undo = {"unmark": f"costtop unmark {name}", HOLD: f"costtop resume {name}"}.get(lifts)
    undo = undo or f"costtop override {typed(lifts)}"
    return clean(
        f"costtop: {why}. Commit what is done, say so once and stop: of commands only git add and"
        " git commit still run (three of each, each alone, nothing that a shell expands) and"
        f" costtop's own that only read. The user can lift this from another terminal: {undo}",
        700,
    )
