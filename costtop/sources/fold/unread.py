"""A billing record that could not be read, as a call: what it cost is missing in every sum."""

import re

from costtop.model import Call, Context, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.times import stamp
from costtop.text import clean

_UNKNOWN, _NOBODY = Tokens(), Context()
_TIME = re.compile(rb'"(?:timestamp|time|ts)"\s*:\s*("[^"\\]{1,40}"|\d{9,16})')
_MODEL = re.compile(rb'"model"\s*:\s*"([^"\\]{1,200})"')


def unread_call(
    source: str,
    session: str,
    raw: bytes,
    seen: int,
    *,
    at: int | None = None,
    model: str = "",
    key: bytes = b"",
    context: Context | None = None,
    agent: str = "",
    offset: int = 0,
) -> Call:
    """The call that `raw` would have been, with the model and, without `at`, the time it names.

    `key` where it is known: a sight of the same call that can be read then makes it whole.
    """
    time, names = _TIME.search(raw), raw.find(b'"model"')
    named = _MODEL.search(raw, names) if names >= 0 else None
    return Call(
        key or keys.whole(source, "unread", raw.strip()),
        source,
        session,
        clean(named[1].decode("utf-8", "replace")) if named else model or "unknown",
        _UNKNOWN,
        (stamp(_told(time[1]), seen) if time else seen) if at is None else at,
        context or _NOBODY,
        agent,
        offset=offset,
        unreadable=True,
    )


def _told(time: bytes) -> str | int:
    text = time.decode("ascii", "replace")
    return text.strip('"') if text[0] == '"' else int(text)
