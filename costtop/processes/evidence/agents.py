"""What agents' processes show of themselves, by the source of their logs.

Facts about programs stand here and in the files that agents write of themselves (`agent_files`);
the signs that use them know no agent by name.
"""

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from costtop.named_tuples import NamedTuple
from costtop.processes.inspect.process import is_interpreter


class Agent(NamedTuple):
    """How the program that writes a source's logs is known."""

    names: frozenset[str]  # of its command, or of the package that its script stands in
    variable: str = ""  # of its children's environment that holds the session's id
    # It sends one more request before it ends: "woken", when a SIGTERM reaches it at a tool;
    # "interrupted", at a SIGINT, too.
    resends: Literal["", "woken", "interrupted"] = ""
    deaf: str = ""  # with this word of its command line it works on through SIGINT and SIGTERM


AGENTS = {
    "claude-code": Agent(
        frozenset({"claude", "claude-code"}), "CLAUDE_CODE_SESSION_ID", resends="interrupted"
    ),
    "codex": Agent(frozenset({"codex"}), "CODEX_THREAD_ID", resends="woken"),
    "opencode": Agent(frozenset({"opencode", "opencode-ai"}), deaf="run"),
    "gemini-cli": Agent(frozenset({"gemini", "gemini-cli"})),
    "copilot": Agent(frozenset({"copilot"})),
    "qwen-code": Agent(frozenset({"qwen", "qwen-code"})),
    "pi": Agent(frozenset({"pi", "pi-coding-agent"})),
    "oh-my-pi": Agent(frozenset({"omp", "oh-my-pi"})),
    "openclaw": Agent(frozenset({"openclaw"})),
    "goose": Agent(frozenset({"goose"}), "AGENT_SESSION_ID"),
    "kimi": Agent(frozenset({"kimi", "kimi-code", "kimi-cli"})),
    "amp": Agent(frozenset({"amp"}), "AMP_CURRENT_THREAD_ID"),
    "kilo": Agent(frozenset({"kilo", "kilocode"})),
    "grok": Agent(frozenset({"grok", "grok-build"})),
    "aider": Agent(frozenset({"aider"})),
    "openhands": Agent(frozenset({"openhands"})),
    "droid": Agent(frozenset({"droid"})),
    "continue": Agent(frozenset({"cn"})),
    "crush": Agent(frozenset({"crush"})),
}
VARIABLES = tuple(one.variable for one in AGENTS.values() if one.variable)
"""What may hold a session's id in the environment of an agent's child."""


def resending(argv: Sequence[str]) -> Agent | None:
    """The agent of a program that sends the result of an interrupted tool on; None for others.

    Seen with Claude Code 2.1.197: 0.3 s after SIGINT or SIGTERM, whatever becomes of its tool, in
    one laboratory, and not once of 18 in another; with Codex 0.171: at SIGTERM, once of three
    times, never at SIGINT.
    """
    resend = ((name, one) for name, one in AGENTS.items() if one.resends)
    return next((one for name, one in resend if is_agent(argv, name)), None)


def is_deaf(argv: Sequence[str]) -> bool:
    """Whether a program asks its model on through SIGINT and SIGTERM.

    Measured with OpenCode 1.18.33: `opencode run` once it has run a tool; its own screen ends.
    """
    words = set(argv[1:])
    return any(one.deaf in words and is_agent(argv, name) for name, one in AGENTS.items())


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


_NAMING = frozenset(
    "--resume -r --session -s --session-id --continue --thread --id resume continue".split()
)


def named_sessions(argv: Sequence[str]) -> set[str]:
    """What a command line says of which session it is at: `--resume ID`, `--session=FILE`."""
    words: list[str] = []
    for one in argv[1:]:
        words += one.split("=", 1) if one.startswith("--") else [one]
    return {word for option, word in pairwise(words) if option in _NAMING and word[:1] != "-"}


def _programs(argv: Sequence[str]) -> list[str]:
    """The words of a command line that say what runs: the command, and an interpreter's script."""
    first = argv[0].partition(" ")[0]  # some write one title into their first word
    if not is_interpreter(os.path.basename(first).lstrip("-")):
        return [first]
    words = [word for word in argv[1:] if not word.startswith("-")]
    return [first, *(words[1:2] if words[:1] in (["run"], ["x"]) else words[:1])]  # bun run, bun x


def _names(word: str) -> set[str]:
    *folders, last = word.lower().split("/")
    for ending in _ENDINGS:
        last = last.removesuffix(ending)
    if "node_modules" not in folders:
        return {last}
    inside = folders[len(folders) - folders[::-1].index("node_modules") :]
    return {last, *inside[:2]}  # "@scope" and the package, or the package alone
