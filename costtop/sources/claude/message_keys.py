"""Names the request that a row of Claude Code tells: by its message, wherever the row was copied.

A message's own id is global, so a lost or another request id changes nothing. Gateways number
messages from 1: such an id is one in its session only. A fork or resume copies rows with their
uuids and times under another session, so the first row of a message stands for it.
"""

from typing import Any

from costtop.sources.claude.records import Named
from costtop.sources.fold import keys

_SHORT = 64  # messages with short ids whose rows may still come


class MessageKeys:
    """The keys of one log; its memory of short ids lives in the memo."""

    def __init__(self, memo: dict[str, Any]) -> None:
        self._memo = memo

    def of(self, row: Named, name: object, session: str) -> bytes:
        """The key of the message `name`, by its record's uuid where it has none; b"" without both.

        The first half names the message, so that a side question's replay stands beside it.
        """
        name = name or row.uuid
        if not isinstance(name, str):
            return b""
        return keys.paired(*self.parts(row, name, session))

    def parts(self, row: Named, name: str, session: str) -> tuple[str, str]:
        """What the two halves of the key are made of."""
        if keys.is_global(name):
            return name, ""
        request = row.request_id if isinstance(row.request_id, str) else ""
        return self.short(name, first_row(row, session), request, row.is_sidechain is True)

    def short(self, name: str, row: str, request: str, side: bool) -> tuple[str, str]:
        """The same for an id of its session alone; `row` is what `first_row` says."""
        known: dict[str, list[str]] = self._memo.setdefault(
            "short", {}
        )  # id -> [first row, request]
        first, asked = known.get(name, ("", ""))
        if not first or (request and asked and request != asked and not side):
            first, asked = row, request
            known[name] = [first, asked]
            while len(known) > _SHORT:
                del known[next(iter(known))]
        return f"{name}/{first}", (request if side else "") or asked


def first_row(row: Named, session: str) -> str:
    """What a copy of the row keeps: its uuid, or that of the row it is copied from, or its time."""
    origin = row.forked_from.get("messageUuid") if isinstance(row.forked_from, dict) else None
    return next((x for x in (origin, row.uuid, row.timestamp) if isinstance(x, str) and x), session)
