"""Stored calls as flat rows for other programs. Money as decimal strings, unknown as None."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from costtop import money
from costtop.model import Tokens
from costtop.store.sessions.past_spends import History


def calls(
    db: sqlite3.Connection,
    since: int,
    until: int,
    stamp: Callable[[int], str],
    watch: Callable[[int, int], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every call in [since, until), ms UTC, by event time; `stamp` writes times.

    `watch` hears how many calls were given, and of how many.
    """
    named, hosts = short_ids(db), _hosts(db)
    for spend in History(db).between(since, until, watch):
        call = spend.call
        yield {
            "call": call.key.hex(),
            "at": stamp(call.at),
            "source": call.source,
            "session": call.session,
            "root": spend.root,
            "agent": call.agent,
            "provider": call.provider,
            "model": call.model,
            "feature": spend.feature,
            "project": call.context.project,
            "branch": call.context.branch,
            "user": call.context.user or spend.owner,
            "task": call.context.task,
            "host": call.context.host or hosts.get((call.source, call.session, call.agent), ""),
            "status": call.status,
            "attempt": call.attempt,
            **token_counts(call.tokens),
            "audio_input_tokens": call.media.audio_input if call.media else 0,
            "audio_output_tokens": call.media.audio_output if call.media else 0,
            "image_input_tokens": call.media.image_input if call.media else 0,
            "image_output_tokens": call.media.image_output if call.media else 0,
            "web_searches": call.searches,
            "cost_usd": None if spend.cost is None else money.exact(spend.cost),
            "reported_cost_usd": None if call.reported is None else money.exact(call.reported),
            "id": named.get(spend.root),
            "short": named.get(spend.root),
        }


def token_counts(tokens: Tokens) -> dict[str, int]:
    """As JSON names them: "input_tokens" and so on."""
    return {f"{kind}_tokens": count for kind, count in tokens._asdict().items()}


def _hosts(db: sqlite3.Connection) -> dict[tuple[str, str, str], str]:
    """The hosts of sessions of which it is known whose they are."""
    rows = db.execute(
        "SELECT n.text, s.session, s.agent, h.text FROM sessions s JOIN names n ON n.id = s.source"
        " JOIN names h ON h.id = s.host WHERE s.host <> 0"
    )
    return {(source, session, agent): host for source, session, agent, host in rows}


def short_ids(db: sqlite3.Connection) -> dict[str, str]:
    """The ids that people type, by the keys of the sessions (source/session)."""
    rows = db.execute(
        "SELECT n.text || '/' || s.session, s.short FROM sessions s"
        " JOIN names n ON n.id = s.source WHERE s.agent = '' AND s.short <> ''"
    )
    return {str(key): str(short) for key, short in rows}
