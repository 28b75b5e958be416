"""Follows the request under way in a transcript to say what was billed and never answered in it.

Three records tell of one: the note that the user interrupted it (the row of its response never
comes), a prompt that another one takes the place of (it was stopped before its first word, and the
prompt was given back), and the boundary of a compaction, which is a request of its own. A request
whose response has a row is counted by it, also where it was cut short.
"""

from collections.abc import Iterator
from typing import Any

from costtop.model import Untold
from costtop.sources.claude.message_keys import MessageKeys, first_row
from costtop.sources.claude.records import Row
from costtop.sources.claude.tokens import NAME
from costtop.sources.claude.transcript_turns import Prompt
from costtop.sources.fold import keys
from costtop.sources.fold.json_lines import LARGEST

_TOOL_USE = b" for tool use]"  # what was stopped is a tool: the request had been answered
_INSTRUCTIONS = 1_300  # tokens by which a summary is asked for: 6,000 characters
_WRAPPING = 700  # bytes that Claude Code writes around a summary
_BYTES = 4  # of text, for one token

Asked = list[Any]  # time, name of the row, its parent, whether a prompt, tokens of the answer


class Unanswered:
    """The request under way, if any; its memory lives in the memo."""

    def __init__(self, memo: dict[str, Any], session_keys: MessageKeys) -> None:
        self.asked: Asked = memo.setdefault("asked", [])  # empty: nothing is under way
        self._memo, self._keys = memo, session_keys

    def prompted(self, prompt: Prompt) -> Iterator[Untold]:
        """A prompt, which is sent to the model; what the tool itself carries out is none."""
        if prompt.command:
            return
        parent = prompt.parent
        if self.asked and self.asked[3] and parent and parent == self.asked[2]:
            when, name, *_ = self.asked
            yield self._told("cancelled", keys.whole(NAME, "cancelled", name), when, took=0)
        self.asked[:] = [prompt.at, prompt.first, parent, True, 0]

    def answered(self, at: int) -> None:
        """Results of tools, which are sent to the model."""
        self.asked[:] = (at, "", "", False, 0)

    def interrupted(
        self, row: Row, content: bytes, raw: bytes, at: int, session: str
    ) -> Iterator[Untold]:
        """The user stopped the model; the record may name the response that was stopped."""
        if self.asked and _TOOL_USE not in content[-200:]:
            key = self._keys.of(row, row.interrupted_message_id, session)
            took, output = max(at - self.asked[0], 0), self.asked[4]
            yield self._told("cancelled", key or keys.whole(NAME, raw.strip()), at, output, took)
        self.asked.clear()

    def broken_off(self, row: Row) -> None:
        """A reply that the tool itself wrote: what had come of the answer, or an error instead."""
        if row.is_api_error_message is True or row.message is None:
            self.asked.clear()
        elif self.asked:
            self.asked[4] = len(bytes(row.message.content)) // _BYTES

    def compacted(self, row: Row, raw: bytes, at: int) -> Iterator[Untold]:
        """The conversation was summed up; the summary itself comes with the next record."""
        told = row.compact_metadata if isinstance(row.compact_metadata, dict) else {}
        before = told.get("preTokens")
        context = before if isinstance(before, int) and 0 < before <= LARGEST else 0
        key = keys.whole(NAME, "compaction", first_row(row, "") or raw.strip())
        self._memo["compacted"] = [key.hex(), at, context]
        yield self._compaction(0)

    def summed_up(self, content: bytes) -> Iterator[Untold]:
        """The summary that a compaction left: about as long as its answer."""
        if "compacted" in self._memo:
            yield self._compaction(max(len(content) - _WRAPPING, 0) // _BYTES)
            del self._memo["compacted"]

    def _compaction(self, output: int) -> Untold:
        key, at, context = self._memo["compacted"]
        told = self._told("compaction", bytes.fromhex(key), at, output)
        return told._replace(context=context, asked=_INSTRUCTIONS)

    def _told(
        self, kind: Any, key: bytes, at: int, output: int = 0, took: int | None = None
    ) -> Untold:
        return Untold(key, kind, NAME, "", at, output=output, took=took)
