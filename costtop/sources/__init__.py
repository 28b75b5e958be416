"""The registry of log formats: one module and one line each."""

from costtop.sources import (
    aider,
    amp,
    api_responses,
    claude_code,
    claude_stream,
    cline,
    codex,
    copilot,
    costtop_lines,
    gemini,
    gemini_telemetry,
    goose,
    grok,
    kimi,
    litellm_log,
    opencode,
    openhands,
    otlp,
    pi,
    qwen,
)
from costtop.sources.source import Chunk, Memo, Query, Source

SOURCES: tuple[Source, ...] = (
    claude_code.SOURCE,
    codex.SOURCE,
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
    otlp.SOURCE,
    litellm_log.SOURCE,
    api_responses.SOURCE,
    api_responses.DOCUMENTS,
    claude_stream.SOURCE,
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
