"""Factory's Droid: what a session came to in `*.settings.json`, and what it did in its transcript.

The settings hold the sum of all requests of the session, which only grows: one call a session. The
transcript tells folder, tasks and when the first request came; without a sum (older versions) it is
known that something was billed, and not how much. A fork's file begins with its parent's messages;
its sum is its own. A subagent is a session of its own, whose parent's sum does not hold it.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from costtop.model import Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import NOTHING, Count, Loose, counted, disjoint, folder, text
from costtop.sources.fold.formats import Log, document, lines

NAME = "droid"
_NEEDLES = (b'"assistant"', b'"session_start"', b'"user"', b'"agent_turn_outcome"')
_OWN = re.compile(r"custom:(.+)-\d+")  # a model of the user's own: its name and its place in a list
_LATER = 60_000  # ms: of the two files the transcript is the earlier, for it tells whose it is
_ENDS = {  # any other end is a fault
    "completed": "completed",
    "spec_handoff": "completed",
    "cancelled": "aborted",
    "permission_rejected": "aborted",
    "prompt_rejected": "aborted",
}


class _Used(msgspec.Struct, rename="camel"):
    input_tokens: Count = None
    output_tokens: Count = None
    cache_creation_tokens: Count = None
    cache_read_tokens: Count = None
    thinking_tokens: Count = None


class _Settings(msgspec.Struct, rename="camel"):
    model: Loose = None
    provider_lock: Loose = None
    provider_lock_timestamp: Loose = None
    token_usage: _Used | None = None


class _Message(msgspec.Struct, rename="camel"):
    role: Loose = None
    visibility: Loose = None
    model_id: Loose = None
    content: msgspec.Raw = NOTHING


class _Line(msgspec.Struct, rename="camel"):
    type: Loose = None
    id: Loose = None
    timestamp: Loose = None
    cwd: Loose = None
    calling_session_id: Loose = None
    forked_at_message_id: Loose = None
    reason: Loose = None
    message: _Message | None = None


_SETTINGS = msgspec.json.Decoder(_Settings)
_LINE = msgspec.json.Decoder(_Line)


def _session(log: Log) -> str:
    """The session that a file is named for: `<id>.jsonl`, `<id>.settings.json`."""
    return text(log.chunk.parts[-1].partition(".")[0])


def _settings(log: Log) -> None:
    told = counted(_SETTINGS, log.raw)
    used = told.token_usage
    log.session = _session(log)
    if used is None or not (used.input_tokens or used.output_tokens or used.cache_read_tokens):
        return
    tokens = disjoint(
        used.input_tokens,
        used.cache_read_tokens,
        used.cache_creation_tokens,
        used.output_tokens,
        used.thinking_tokens,
    )
    began = told.provider_lock_timestamp or log.chunk.written
    at = min(log.at(began) + _LATER, log.seen)
    _sum(log, told.model, tokens, at, told.provider_lock)


def _sum(
    log: Log, model: object, tokens: Tokens, at: int, provider: object = "", unknown: bool = False
) -> None:
    """All requests of the session as one call; its split between them is not told."""
    named = text(model)
    own = _OWN.fullmatch(named)
    log.call(
        keys.whole(NAME, log.session),
        own[1] if own else named,
        tokens,
        at,
        log.context(),
        provider=text(provider),
        estimated=True,
        placeholder=unknown,
    )


def _whose(log: Log) -> None:
    log.session, log.parent = _session(log), log.memo.get("parent", "")


def _line(log: Log, line: _Line) -> None:
    message = line.message
    if line.type == "session_start":
        log.works_in(folder(line.cwd))
        log.parent = log.memo["parent"] = text(line.calling_session_id)
        log.memo["copied"] = text(line.forked_at_message_id)
    elif line.type == "agent_turn_outcome":
        log.ended(_ENDS.get(text(line.reason), "failed"), log.memo.get("last", log.seen))
    elif line.type == "message" and message is not None:
        if "first" not in log.memo:  # the first line tells no time: a file is as old as this one
            log.memo["first"] = log.at(line.timestamp)
            log.about(log.memo["first"])
        if log.memo.get("copied"):
            log.memo["copied"] = "" if line.id == log.memo["copied"] else log.memo["copied"]
        else:
            _message(log, message, text(line.id), log.at(line.timestamp))


def _message(log: Log, message: _Message, name: str, at: int) -> None:
    content = bytes(message.content)
    if message.role == "user" and not message.visibility and b'"tool_result"' not in content:
        log.asked(name, at)
    elif message.role == "assistant":
        log.memo["last"] = at
        log.replied(at, busy=b'"tool_use"' in content)
        if "began" not in log.memo:
            log.memo["began"] = at
            log.about(at, at)
            _sum(log, message.model_id, Tokens(), log.memo["first"], unknown=True)


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`.factory/sessions` of $FACTORY_HOME_OVERRIDE, else of the home."""
    return [Path(environment.get("FACTORY_HOME_OVERRIDE") or home) / ".factory" / "sessions"]


SOURCE = lines(_LINE, _NEEDLES, _line, _whose).source(NAME, "Droid", _roots, "**/*.jsonl")
SUMS = document(_settings).source(f"{NAME}.json", "Droid, sums", _roots, "**/*.settings.json")
