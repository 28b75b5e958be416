"""What agents' processes show of themselves, by the source of their logs.

Facts about programs stand here and in the files that agents write of themselves (`claude_files`);
the signs that use them know no agent by name.
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

from costtop.processes.inspect.process import is_interpreter


class Agent(NamedTuple):
    """How the program that writes a source's logs is known."""

    names: frozenset[str]  # of its command, or of the package that its script stands in
    variable: str = ""  # of its children's environment that holds the session's id
    resends: bool = False  # interrupted at a tool it sends one more request before it ends


AGENTS = {
    "claude-code": Agent(
        frozenset({"claude", "claude-code"}), "CLAUDE_CODE_SESSION_ID", resends=True
    ),
    "codex": Agent(frozenset({"codex"}), "CODEX_THREAD_ID"),
    "opencode": Agent(frozenset({"opencode", "opencode-ai"})),
    "gemini-cli": Agent(frozenset({"gemini", "gemini-cli"})),
    "copilot": Agent(frozenset({"copilot"})),
    "qwen-code": Agent(frozenset({"qwen", "qwen-code"})),
}
VARIABLES = tuple(one.variable for one in AGENTS.values() if one.variable)
"""What may hold a session's id in the environment of an agent's child."""


def resending(argv: Sequence[str]) -> str:
    """The variable that the tools of a program carry which sends an interrupted one's result on.

    Measured with Claude Code 2.1.197: 0.3 s after SIGINT or SIGTERM, whatever becomes of its tool.
    """
    return next(
        (one.variable for name, one in AGENTS.items() if one.resends and is_agent(argv, name)), ""
    )


_ENDINGS = (".js", ".mjs", ".cjs", ".py", ".exe")


def is_agent(argv: Sequence[str], source: str) -> bool:
    """Whether a command line is of the program that writes this source's logs.

    By the name of its command, or, of an interpreter's script, by its own or its package's:
    `claude`, `node …/bin/gemini`, `node …/node_modules/@google/gemini-cli/dist/index.js`.
    """
    agent = AGENTS.get(source)
    if agent is None or not argv:
        return False
    return any(not agent.names.isdisjoint(_names(word)) for word in _programs(argv))


def _programs(argv: Sequence[str]) -> list[str]:
    """The words of a command line that say what runs: the command, and an interpreter's script."""
    first = argv[0].partition(" ")[0]  # some write one title into their first word
    if not is_interpreter(os.path.basename(first).lstrip("-")):
        return [first]
    return [first, *[word for word in argv[1:] if not word.startswith("-")][:1]]


def _names(word: str) -> set[str]:
    *folders, last = word.lower().split("/")
    for ending in _ENDINGS:
        last = last.removesuffix(ending)
    if "node_modules" not in folders:
        return {last}
    inside = folders[len(folders) - folders[::-1].index("node_modules") :]
    return {last, *inside[:2]}  # "@scope" and the package, or the package alone
