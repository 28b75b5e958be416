"""The registry of log formats: one module and one line each."""

from costtop.sources.agents import (
    aider,
    amp,
    cline,
    copilot,
    gemini,
    gemini_telemetry,
    goose,
    grok,
    kimi,
    opencode,
    openhands,
    pi,
    qwen,
)
from costtop.sources.apis import costtop_lines, litellm_log, responses
from costtop.sources.claude import stream_json, transcripts
from costtop.sources.codex import rollouts
from costtop.sources.fold.source import Chunk, Memo, Query, Source
from costtop.sources.otlp import telemetry

SOURCES: tuple[Source, ...] = (
    transcripts.SOURCE,
    rollouts.SOURCE,
    costtop_lines.SOURCE,
    gemini.SOURCE,
    gemini.OLDER,
    gemini_telemetry.SOURCE,
    qwen.SOURCE,
    opencode.SOURCE,
    opencode.OLDER,
    opencode.KILO_SOURCE,
    goose.SOURCE,
    copilot.STORE,
    copilot.SOURCE,
    amp.SOURCE,
    pi.SOURCE,
    pi.OMP_SOURCE,
    pi.OPENCLAW_SOURCE,
    cline.SOURCE,
    cline.ROO_SOURCE,
    cline.KILO_SOURCE,
    aider.SOURCE,
    openhands.SOURCE,
    telemetry.SOURCE,
    litellm_log.SOURCE,
    responses.SOURCE,
    responses.DOCUMENTS,
    stream_json.SOURCE,
    grok.SOURCE,
    grok.SUMMARIES,
    kimi.SOURCE,
    kimi.STATES,
)
SOURCE: dict[str, Source] = {source.name: source for source in SOURCES}

UNSUPPORTED: dict[str, str] = {
    "cursor": "its local database holds no token counts any more (zero since version 3);"
    " only Cursor's Admin API tells them",
    "droid": "its session files hold messages and tools, but no usage",
    "github-copilot-vscode": "VS Code keeps no usage of chats; send its OpenTelemetry to costtop",
    "kimi-cli": "the older Kimi CLI (~/.kimi) writes another format; Kimi Code is read",
    "ollama": "it logs no usage; log its responses, or send OpenTelemetry to costtop",
}
"""Tools that are looked for in vain: what is missing, in words for `doctor`. Nothing is guessed."""

__all__ = ["SOURCE", "SOURCES", "UNSUPPORTED", "Chunk", "Memo", "Query", "Source"]
