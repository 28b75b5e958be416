"""The real agents that costtop is tried with: their packages, how they are started, which model."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

_SONNET, _GPT, _PRO = "claude-sonnet-4-5", "gpt-5", "gemini-2.5-pro"


class RealAgent(NamedTuple):
    """One agent: what npm calls it, what costtop calls it, how it works through one prompt."""

    name: str  # the word of --agents
    package: str
    program: str
    source: str  # of its sessions
    hooks: str  # the word of `costtop hooks install`; "" has no hook for costtop
    model: str
    command: Callable[[str], Sequence[str]]  # the prompt's argv, after the program
    environment: Mapping[str, str] = {}  # `{base}` is the address of the fake models
    screen: Sequence[str] = ()  # argv of its own screen, where its status line is looked for
    tells_hours: bool = True  # whether its log tells cache writes of an hour from others
    ends_turns: bool = True  # whether its hook can end a turn; else its tools are denied alone


AGENTS = (
    RealAgent(
        "claude", "@anthropic-ai/claude-code", "claude", "claude-code", "claude-code", _SONNET,
        lambda prompt: ("-p", prompt, "--dangerously-skip-permissions", "--model", _SONNET),
        {
            "ANTHROPIC_BASE_URL": "{base}",
            "ANTHROPIC_API_KEY": "sk-ant-api03-dummydummydummydummydummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "IS_SANDBOX": "1",  # it refuses to skip permissions as root elsewhere
        },
        ("--dangerously-skip-permissions", "--model", _SONNET),
    ),
    RealAgent(
        "codex", "@openai/codex", "codex", "codex", "codex", _GPT,
        lambda prompt: ("exec", "--skip-git-repo-check", "--dangerously-bypass-hook-trust", prompt),
        {"OPENAI_API_KEY": "sk-dummy"},
        ends_turns=False,
    ),
    RealAgent(
        "gemini", "@google/gemini-cli", "gemini", "gemini-cli", "gemini", _PRO,
        lambda prompt: ("-p", prompt, "--yolo", "-m", _PRO),
        {
            "GEMINI_API_KEY": "dummy",
            "GOOGLE_GEMINI_BASE_URL": "{base}",
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        },
    ),
    RealAgent(
        "qwen", "@qwen-code/qwen-code", "qwen", "qwen-code", "qwen", _GPT,
        lambda prompt: ("-p", prompt, "--yolo"),
        {"OPENAI_API_KEY": "sk-dummy", "OPENAI_BASE_URL": "{base}/v1", "OPENAI_MODEL": _GPT},
    ),
    RealAgent(
        "opencode", "opencode-ai", "opencode", "opencode", "", _SONNET,
        lambda prompt: ("run", prompt),
        {
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        },
        tells_hours=False,
    ),
    RealAgent(
        "pi", "@mariozechner/pi-coding-agent", "pi", "pi", "", _SONNET,
        lambda prompt: ("-p", prompt, "--provider", "fake", "--model", _SONNET),
        {"PI_OFFLINE": "1", "PI_SKIP_VERSION_CHECK": "1"},
        tells_hours=False,
    ),
)  # fmt: skip

QUICK = ("claude", "codex", "gemini")
UNTRIED = ("copilot", "amp", "kimi", "grok", "goose", "cursor")
"""Agents that answer only to an account of their maker's, or are no package of npm's."""


def named(name: str) -> RealAgent:
    """The agent of that name; raises LookupError."""
    for agent in AGENTS:
        if agent.name == name:
            return agent
    raise LookupError(f"unknown agent {name!r}; one of {', '.join(x.name for x in AGENTS)}")
