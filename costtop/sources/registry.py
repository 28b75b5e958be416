"""The registry of log formats: one line each. A format is loaded when it is asked for by name."""

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module

from costtop.sources.fold.source import Source

_FORMATS = {
    "claude-code": "claude.transcript_files:SOURCE",
    "codex": "codex.rollout_files:SOURCE",
    "costtop": "apis.costtop_lines:SOURCE",
    "gemini-cli": "agents.gemini:SOURCE",
    "gemini-cli.json": "agents.gemini:OLDER",
    "gemini-cli.telemetry": "agents.gemini_telemetry:SOURCE",
    "qwen-code": "agents.qwen:SOURCE",
    "opencode": "agents.opencode:SOURCE",
    "opencode.json": "agents.opencode:OLDER",
    "kilo": "agents.opencode:KILO_SOURCE",
    "goose": "agents.goose:SOURCE",
    "copilot": "agents.copilot:STORE",
    "copilot.events": "agents.copilot:SOURCE",
    "amp": "agents.amp:SOURCE",
    "pi": "agents.pi:SOURCE",
    "oh-my-pi": "agents.pi:OMP_SOURCE",
    "openclaw": "agents.pi:OPENCLAW_SOURCE",
    "cline": "agents.cline:SOURCE",
    "roo-code": "agents.cline:ROO_SOURCE",
    "kilo-code": "agents.cline:KILO_SOURCE",
    "aider": "agents.aider:SOURCE",
    "openhands": "agents.openhands:SOURCE",
    "otlp": "otlp.telemetry:SOURCE",
    "litellm": "apis.litellm_log:SOURCE",
    "api-responses": "apis.responses:SOURCE",
    "api-responses.json": "apis.responses:DOCUMENTS",
    "claude-stream": "claude.stream_json:SOURCE",
    "grok": "agents.grok:SOURCE",
    "grok.json": "agents.grok:SUMMARIES",
    "kimi": "agents.kimi:SOURCE",
    "kimi.json": "agents.kimi:STATES",
    "crush": "agents.crush:SOURCE",
    "zed": "agents.zed:SOURCE",
    "droid": "agents.droid:SOURCE",
    "droid.json": "agents.droid:SUMS",
    "continue": "agents.continue_dev:SOURCE",
    "continue.json": "agents.continue_dev:SESSIONS",
}


class _Registry(Mapping[str, Source]):
    """{name: source}. A worker that reads one tool's logs has no need of thirty formats."""

    def __init__(self, formats: Mapping[str, str]) -> None:
        self._formats = formats
        self._loaded: dict[str, Source] = {}

    def __getitem__(self, name: str) -> Source:
        if name not in self._loaded:
            module, _, attribute = self._formats[name].partition(":")
            self._loaded[name] = getattr(import_module(f"costtop.sources.{module}"), attribute)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._formats)

    def __len__(self) -> int:
        return len(self._formats)


SOURCE: Mapping[str, Source] = _Registry(_FORMATS)
SOURCES: Collection[Source] = SOURCE.values()

UNSUPPORTED: dict[str, str] = {
    "cody": "Sourcegraph's servers ask the models; their Analytics API counts chats and suggestions"
    " per user and day, no tokens and no dollars",
    "cursor": "its local database holds no token counts any more (zero since version 3);"
    " only Cursor's Admin API tells them, to a team's admin",
    "devin": "it works in Cognition's cloud and is metered in Agent Compute Units, which hold"
    " machine time too; only its own pages tell them",
    "github-copilot-vscode": "VS Code keeps no usage of chats; send its OpenTelemetry to costtop",
    "kimi-cli": "the older Kimi CLI (~/.kimi) writes another format; Kimi Code is read",
    "ollama": "it logs no usage; log its responses, or send OpenTelemetry to costtop",
    "warp": "Warp's servers ask the models and bill credits or dollars of the account; no local"
    " file with tokens is documented, and its app alone shows what a turn took",
}
"""Tools that are looked for in vain: what is missing, in words for `doctor`. Nothing is guessed."""
