"""Claude Code transcripts: `projects/**/*.jsonl` to calls, tasks and tool outcomes (FORMATS 1).

It opens no files and prices nothing.
"""

from costtop.model import Event
from costtop.native import library
from costtop.sources.claude.transcript_fold import Fold
from costtop.sources.claude.transcript_lines import LineHeads, lines
from costtop.sources.fold.source import Chunk, Memo, copied


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines and the memo for the next; see `source.Source`."""
    fold, heads = Fold(chunk, copied(memo)), LineHeads()
    compiled = library.loaded()
    if compiled is None:
        for start, end, mark in lines(chunk.data, heads):
            fold.line(start, end, mark, heads)
    else:
        from costtop.sources.claude import native_rows  # only workers of an import need it

        native_rows.read(compiled, chunk, fold, heads)
    return fold.done(), fold.memo
