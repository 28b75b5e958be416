"""The registry of log formats: one module and one line each."""

from costtop.sources.source import Chunk, Memo, Query, Source

__all__ = ["Chunk", "Memo", "Query", "Source"]
