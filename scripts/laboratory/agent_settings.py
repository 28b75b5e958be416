"""Settings with which agents ask nothing and speak to the fake models alone, by agent.

Each writes into a home that is empty; `base` is the address of the fake models.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_KEY_END = "ummydummydummydummy"  # the last twenty signs of a key are how Claude Code knows it


def settle(agent: str, home: Path, work: Path, base: str) -> None:
    """Writes the settings of an agent that works in `work`."""
    match agent:
        case "claude":
            _claude(home, work)
        case "codex":
            _codex(home, work, base)
        case "gemini":
            _gemini(home)
        case "qwen":
            _qwen(home)
        case "opencode":
            _opencode(home, base)
        case "pi":
            _pi(home, base)


def _claude(home: Path, work: Path) -> None:
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    _write(
        home / ".claude.json",
        {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "bypassPermissionsModeAccepted": True,
            "customApiKeyResponses": {"approved": [f"d{_KEY_END}"], "rejected": []},
            "projects": {str(work): trusted},
        },
    )


def _codex(home: Path, work: Path, base: str) -> None:
    lines = f"""
        model = "gpt-5"
        model_provider = "fake"
        approval_policy = "never"
        sandbox_mode = "danger-full-access"
        check_for_update_on_startup = false
        [analytics]
        enabled = false
        [model_providers.fake]
        name = "fake"
        base_url = "{base}/v1"
        env_key = "OPENAI_API_KEY"
        wire_api = "responses"
        [projects."{work}"]
        trust_level = "trusted"
    """
    path = home / ".codex/config.toml"
    path.parent.mkdir()
    path.write_text("".join(f"{line.strip()}\n" for line in lines.strip().splitlines()))


def _gemini(home: Path) -> None:
    _write(
        home / ".gemini/settings.json",
        {
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "general": {"enableAutoUpdate": False, "disableUpdateNag": True},
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
        },
    )


def _qwen(home: Path) -> None:
    _write(
        home / ".qwen/settings.json",
        {
            "security": {"auth": {"selectedType": "openai"}},
            "general": {"enableAutoUpdate": False},
            "privacy": {"usageStatisticsEnabled": False},
            "model": {"name": "gpt-5"},
        },
    )


def _opencode(home: Path, base: str) -> None:
    fake = {"options": {"baseURL": f"{base}/v1", "apiKey": "dummy"}}
    _write(
        home / ".config/opencode/opencode.json",
        {
            "autoupdate": False,
            "share": "disabled",
            "permission": {"bash": "allow", "edit": "allow"},
            "provider": {"anthropic": fake},
            "model": "anthropic/claude-sonnet-4-5",
            "small_model": "anthropic/claude-haiku-4-5",
        },
    )


def _pi(home: Path, base: str) -> None:
    model = {
        "id": "claude-sonnet-4-5",
        "name": "fake",
        "reasoning": False,
        "input": ["text"],
        "contextWindow": 200_000,
        "maxTokens": 8192,
        "cost": {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75},
    }
    fake = {"baseUrl": base, "apiKey": "dummy", "api": "anthropic-messages", "models": [model]}
    _write(home / ".pi/agent/models.json", {"providers": {"fake": fake}})


def _write(path: Path, value: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")
