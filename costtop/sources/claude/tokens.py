"""Counts the tokens of one Claude Code usage row. It does not know files, turns or prices.

Rules and their evidence: FORMATS section 1, "Dedup / counting".
"""

from functools import lru_cache

from costtop.model import Call, Tokens
from costtop.money import from_dollars
from costtop.sources.claude.records import USAGES, Usage
from costtop.sources.fold import keys
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.text import clean

NAME = "claude-code"
_EXCLUDED = ("advisor_message", "compaction")  # in iterations, but not in the top-level counts
_ATTEMPTS = ("message", "fallback_message")


_clean = lru_cache(maxsize=4096)(clean)  # folders, branches, models: the same in every row


def text(value: object) -> str:
    """`value` made harmless, "" where it is no text."""
    return _clean(value) if isinstance(value, str) else ""


def tokens_of(usage: Usage) -> Tokens:
    """The counts in costtop's meaning. Cache writes of no stated lifetime live 5 minutes."""
    split = usage.cache_creation
    long = (split.ephemeral_1h_input_tokens or 0) if split else 0
    listed = long + ((split.ephemeral_5m_input_tokens or 0) if split else 0)
    write = max(usage.cache_creation_input_tokens or 0, listed)
    read = usage.cache_read_input_tokens or 0
    output = usage.output_tokens or 0
    details = usage.output_tokens_details
    thinking = (details.thinking_tokens or 0) if details else 0
    return Tokens(
        (usage.input_tokens or 0) + read + write, read, write, long, output, min(thinking, output)
    )


def searches_of(usage: Usage) -> int:
    """Web searches that the provider ran and bills with this request."""
    return (usage.server_tool_use.web_search_requests or 0) if usage.server_tool_use else 0


def hidden_calls(call: Call, usage: Usage) -> list[Call]:
    """The requests that `iterations` names and the top-level counts leave out.

    Advisor and compaction requests always; after a server-side fallback also each attempt that
    made output, but for the serving one, which the top level counts. Unknown kinds are included
    there already. Each keeps the message's half of the key and yields as its message does.
    """
    raw = bytes(usage.iterations)
    if len(raw) < len(b'[{"type":""}]') or not any(
        kind in raw for kind in (b'"advisor', b'"compaction"', b'"fallback')
    ):
        return []
    try:
        rows = decoded(USAGES, raw)
    except Unreadable:
        return []  # the top-level counts stand
    serving = _serving(rows, usage)
    return [
        _hidden_call(call, row, place)
        for place, row in enumerate(rows)
        if row.type in _EXCLUDED or (serving is not None and _billed_attempt(row, rows[serving]))
    ]


def _serving(rows: list[Usage], usage: Usage) -> int | None:
    """The index of the attempt that the top level counts; None where there was no fallback."""
    if not any(row.type == "fallback_message" for row in rows):
        return None
    attempts = [place for place, row in enumerate(rows) if row.type in _ATTEMPTS]
    same = [place for place in attempts if tokens_of(rows[place]) == tokens_of(usage)]
    return (same or attempts)[-1]


def _billed_attempt(row: Usage, serving: Usage) -> bool:
    return row is not serving and row.type in _ATTEMPTS and bool(row.output_tokens)


def _hidden_call(call: Call, row: Usage, place: int) -> Call:
    return call._replace(
        key=call.key[:8] + keys.half(f"{call.key.hex()}/{place}/{row.type}"),
        model=text(row.model) or call.model,
        tokens=tokens_of(row),
        searches=searches_of(row),
        reported=None,
        request="",
        status="ok",
        placeholder=False,
        tools=(),
    )


def reported(cost: object) -> int | None:
    """Nano-dollars of a legacy `costUSD` (up to 1.0.x), None where it is absent or absurd."""
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost <= 1_000_000:
        return None
    return from_dollars(cost)
