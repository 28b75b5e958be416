"""The service that starts costtop at login, as text: a systemd user unit, a launchd agent. Pure."""

import plistlib
from collections.abc import Mapping, Sequence

MARK = "Written by `costtop service install`"

VARIABLES = tuple(
    "COSTTOP_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME TZ"
    " CLAUDE_CONFIG_DIR CODEX_HOME COPILOT_HOME GEMINI_CLI_HOME QWEN_DATA_DIR OPENCODE_DATA_DIR"
    " OPENCODE_DB KILO_DB KIMI_CODE_HOME AMP_DATA_DIR GROK_HOME PI_CODING_AGENT_DIR"
    " OPENCLAW_STATE_DIR OPENHANDS_CONVERSATIONS_DIR GOOSE_PATH_ROOT CONTINUE_GLOBAL_DIR"
    " CRUSH_GLOBAL_DATA FACTORY_HOME_OVERRIDE".split()
)
"""Where costtop and the logs of agents are: a service has no shell that would set them."""

# What a namespace is needed for (ProtectSystem, ProtectHome, ProtectProc, PrivateTmp, PrivateUsers,
# PrivateDevices …) makes /proc/<pid>/{cwd,fd,exe} of the user's own agents unreadable in a user
# unit: a kill would have no evidence left (RELIABILITY.md 0.11). The rest is seccomp and limits.
_UNIT = """\
# {mark}; `costtop service remove` takes it away.
# Nothing here may need a namespace (ProtectSystem=, ProtectHome=, PrivateTmp=, ProtectProc= …):
# /proc would hide the folders and logs of your agents, and with them the evidence for a kill.
[Unit]
Description=costtop, what AI agents spend
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
ExecStart={command}
{environment}Restart=on-failure
RestartSec=2
RestartPreventExitStatus=2 78
TimeoutStartSec=infinity
TimeoutStopSec=20
WatchdogSec=60
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
MemoryMax=400M
TasksMax=64
LimitCORE=0

[Install]
WantedBy=default.target
"""


def unit(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """A systemd user unit that runs the command."""
    lines = "".join(f"Environment={_quoted(f'{k}={v}')}\n" for k, v in environment.items())
    words = " ".join(_quoted(word).replace("$", "$$") for word in command)
    return _UNIT.format(mark=MARK, command=words, environment=lines)


def _quoted(word: str) -> str:
    """A word as systemd reads it: in quotes, `%` as it is."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.replace("%", "%%")


def launch_agent(
    label: str, command: Sequence[str], environment: Mapping[str, str], log: str
) -> str:
    """A launchd property list that runs the command, and again after a crash."""
    tree = {
        "Label": label,
        "Comment": MARK,
        "ProgramArguments": list(command),
        "EnvironmentVariables": dict(environment),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "Umask": 0o077,
        "WorkingDirectory": "/",
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    return plistlib.dumps(tree).decode()
