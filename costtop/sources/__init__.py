"""The registry of log formats: one module and one line each."""

from costtop.sources import (
    aider,
    amp,
    claude_code,
    cline,
    codex,
    copilot,
    costtop_lines,
    gemini,
    gemini_telemetry,
    goose,
    opencode,
    openhands,
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
)
SOURCE: dict[str, Source] = {source.name: source for source in SOURCES}

__all__ = ["SOURCE", "SOURCES", "Chunk", "Memo", "Query", "Source"]
