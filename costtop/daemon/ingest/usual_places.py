"""Which tools can have no logs on this machine, told before their formats are loaded.

A tool's roots are its format's own business; here stands only what has to be there for one of them
to be. A tool that is not listed may always have logs.
"""

import os
from collections.abc import Mapping

_Usual = tuple[tuple[str, ...], tuple[str, ...]]  # variables that move it; folders in the home
_DATA = "XDG_DATA_HOME"
_SHARED = ".local/share"
_MAC = "Library/Application Support"
_NOWHERE: _Usual = ((), ())

USUAL: Mapping[str, _Usual] = {
    "gemini-cli": (("GEMINI_CLI_HOME", "GEMINI_TELEMETRY_OUTFILE"), (".gemini",)),
    "qwen-code": (("QWEN_DATA_DIR",), (".qwen",)),
    "opencode": (("OPENCODE_DATA_DIR", "OPENCODE_DB", _DATA), (f"{_SHARED}/opencode",)),
    "kilo": (("KILO_DB", _DATA), (f"{_SHARED}/kilo", f"{_MAC}/kilo")),
    "goose": (("GOOSE_PATH_ROOT", _DATA), (f"{_SHARED}/goose",)),
    "copilot": (("COPILOT_HOME",), (".copilot",)),
    "amp": (("AMP_DATA_DIR", _DATA), (f"{_SHARED}/amp",)),
    "pi": (("PI_CODING_AGENT_DIR",), (".pi",)),
    "oh-my-pi": ((), (".omp",)),
    "openclaw": (("OPENCLAW_STATE_DIR",), (".openclaw",)),
    "openhands": (("OPENHANDS_CONVERSATIONS_DIR",), (".openhands",)),
    "grok": (("GROK_HOME",), (".grok",)),
    "kimi": (("KIMI_CODE_HOME",), (".kimi-code",)),
    "crush": (("CRUSH_GLOBAL_DATA", _DATA), (f"{_SHARED}/crush",)),
    "zed": ((_DATA,), (f"{_SHARED}/zed", ".var/app/dev.zed.Zed", f"{_MAC}/Zed")),
    "droid": (("FACTORY_HOME_OVERRIDE",), (".factory",)),
    "continue": (("CONTINUE_GLOBAL_DIR",), (".continue",)),
    "costtop": _NOWHERE,
    "aider": _NOWHERE,
    "otlp": _NOWHERE,
    "litellm": _NOWHERE,
    "api-responses": _NOWHERE,
    "claude-stream": _NOWHERE,
}
"""By the tool: "opencode" means "opencode.json" too. A test compares it with the formats."""


def may_have_logs(name: str, environ: Mapping[str, str], home: str) -> bool:
    """Whether one of a format's roots may be there."""
    usual = USUAL.get(name.partition(".")[0])
    if usual is None:
        return True
    variables, folders = usual
    moved = any(environ.get(variable) for variable in variables)
    return moved or any(os.path.exists(f"{home}/{folder}") for folder in folders)
