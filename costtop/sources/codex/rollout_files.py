"""Codex CLI as a source: where its rollouts are. What reads them is loaded with the first."""

from collections.abc import Mapping
from pathlib import Path

from costtop.model import Event
from costtop.sources.fold.source import Chunk, Memo, Source


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`sessions` and `archived_sessions` of $CODEX_HOME, else of ~/.codex."""
    base = Path(environment.get("CODEX_HOME") or home / ".codex")
    return [base / "sessions", base / "archived_sessions"]


def _read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    from costtop.sources.codex import rollouts

    return rollouts.read(chunk, memo)


SOURCE = Source(
    "codex", "Codex CLI", "lines", roots=roots, patterns=("**/rollout-*.jsonl",), read=_read
)
