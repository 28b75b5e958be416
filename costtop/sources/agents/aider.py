"""Aider's analytics log, written with `--analytics-log FILE` (FORMATS 7).

The log names no session and no folder: a session is a launch, and begins anew where the running
total does. Prompt tokens are not split by cache, so a computed cost is an estimate; the cost that
Aider reports is exact.
"""

import msgspec

from costtop.model import Context, SessionFact, Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Count, Loose, dollars, text
from costtop.sources.fold.formats import Log, lines, nowhere

NAME = "aider"
_NEEDLES = (b'"message_send"', b'"launched"', b'"exit"')


class _Properties(msgspec.Struct):
    model: Loose = msgspec.field(name="main_model", default=None)
    prompt: Count = msgspec.field(name="prompt_tokens", default=None)
    completion: Count = msgspec.field(name="completion_tokens", default=None)
    cost: Loose = None
    total: Loose = msgspec.field(name="total_cost", default=None)


class _Line(msgspec.Struct):
    event: Loose = None
    user: Loose = msgspec.field(name="user_id", default=None)
    time: Loose = None
    properties: _Properties | None = None


_LINE = msgspec.json.Decoder(_Line)


def _line(log: Log, line: _Line) -> None:
    at = log.at(line.time)
    if line.event == "launched":
        log.memo.clear()
        log.memo["begin"] = at
    elif line.event == "exit":
        if session := log.memo.pop("session", ""):
            log.events.append(SessionFact(NAME, session, ended=at, at=at))
    elif line.event == "message_send" and line.properties is not None:
        _sent(log, line.properties, text(line.user), at)


def _sent(log: Log, told: _Properties, user: str, at: int) -> None:
    total = dollars(told.total) or 0
    if "session" not in log.memo or total < log.memo.get("total", 0):
        begin = log.memo.pop("begin", at)
        log.remember(keys.short(f"{user}/{begin}"))
        log.events.append(SessionFact(NAME, log.session, started=begin, at=at))
    log.memo["total"] = total
    tokens = Tokens(told.prompt or 0, output=told.completion or 0)
    log.call(
        keys.whole(NAME, log.raw.strip()),
        told.model,
        tokens,
        at,
        Context(user=user[:8]),
        reported=dollars(told.cost) or None,
        estimated=True,
    )


SOURCE = lines(_LINE, _NEEDLES, _line).source(NAME, "Aider, analytics log", nowhere, "**/*.jsonl")
