"""Claude Code as a source: where its transcripts are. What reads them is loaded with the first."""

from collections.abc import Mapping
from pathlib import Path

from costtop.model import Event
from costtop.sources.fold.source import Chunk, Memo, Source


def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """The `projects` folders: of $CLAUDE_CONFIG_DIR (a comma list) alone, else of both defaults."""
    configured = environment.get("CLAUDE_CONFIG_DIR", "")
    if folders := [part.strip() for part in configured.split(",") if part.strip()]:
        return [_expanded(folder, home) / "projects" for folder in folders]
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    return [config / "claude" / "projects", home / ".claude" / "projects"]


def _read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    from costtop.sources.claude import transcripts

    return transcripts.read(chunk, memo)


def _expanded(folder: str, home: Path) -> Path:
    if folder == "~" or folder.startswith("~/"):
        return home / folder[2:]
    return Path(folder)


SOURCE = Source(
    "claude-code", "Claude Code", "lines", roots=roots, patterns=("**/*.jsonl",), read=_read
)
