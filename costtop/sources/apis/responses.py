"""Logs of raw API responses, as JSON lines, event streams or whole documents (FORMATS 8).

It opens no files and prices nothing. An answer is keyed by its own id, so the chunks of a stream
are one call: each tells all up to it. An answer without an id is keyed by its bytes.
"""

from collections.abc import Iterator

import msgspec

from costtop.model import Bad, Call, Event
from costtop.sources.apis.records import (
    ANSWER,
    RAWS,
    USAGE,
    Answer,
    ResponseUsage,
    media_of,
    tier_of,
    tokens_of,
    vendor,
)
from costtop.sources.fold import keys
from costtop.sources.fold.fields import ANYWHERE, STANDARD_SPEED, counted, text
from costtop.sources.fold.formats import nowhere
from costtop.sources.fold.json_lines import Unreadable, decoded, taken
from costtop.sources.fold.source import Chunk, Memo, Source
from costtop.sources.fold.times import held, moment
from costtop.sources.fold.unread import unread_call

NAME = "api-responses"
_PROVIDERS = {"google": "google", "openai": "openai", "anthropic": "anthropic", "chat": ""}
_STREAM_FIELDS = (b"event:", b"id:", b"retry:", b":")  # of a server-sent event, besides its data
_BILLED = (b'"usage"', b'"usageMetadata"')
_DEPTH = 4  # of wrappers around an answer


def read(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of the chunk's lines, plain JSON or `data:` lines, and the memo for the next."""
    fold = _Fold(chunk, memo)
    offset = chunk.offset
    for line in chunk.data.splitlines(keepends=True):
        fold.line(line.strip(), offset)
        offset += len(line)
    return fold.events, {"open": fold.open} if fold.open else {}


def read_document(chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
    """The events of a whole file: an answer, a list of answers or chunks, or an event stream."""
    fold = _Fold(chunk, {})
    data = chunk.data.strip()
    if data[:1] in (b"{", b"["):
        fold.events += taken(data, 0, fold.answers)
    else:
        found, _ = read(chunk, {})
        fold.events += found
    return fold.events, memo


class _Fold:
    """One pass over a chunk; `open` is the Anthropic stream that is under way, as plain values."""

    def __init__(self, chunk: Chunk, memo: Memo) -> None:
        self.seen = chunk.seen
        self.stem = text(chunk.stem)
        self.log = keys.log_name(chunk.path)
        self.open: dict[str, object] = dict(memo.get("open", {}))
        self.events: list[Event] = []

    def line(self, line: bytes, offset: int) -> None:
        if line.startswith(_STREAM_FIELDS) or not line:
            return
        data = line[5:].strip() if line.startswith(b"data:") else line
        if data and data != b"[DONE]":
            self.record(data, offset)

    def record(self, data: bytes, offset: int) -> None:
        bads = taken(data, offset, self.answers)
        self.events += bads
        if bads and any(needle in data for needle in _BILLED):
            self.events.append(unread_call(NAME, self.stem, data, self.seen, offset=offset))

    def answers(self, data: bytes, offset: int) -> None:
        """The answers of one object or list; raises Unreadable."""
        if data[:1] == b"[":
            self._list(decoded(RAWS, data), Answer(), offset, data)
        elif data[:1] == b"{":
            self._answer(counted(ANSWER, data), Answer(), offset, data, _DEPTH)
        else:
            raise Unreadable("not valid JSON", malformed=True)

    def _list(self, raws: list[msgspec.Raw], around: Answer, offset: int, data: bytes) -> None:
        """Answers, or the chunks of one answer of Gemini: of those the last that tells usage."""
        answers = []
        for raw in raws:
            try:
                answers.append(decoded(ANSWER, bytes(raw)))
            except Unreadable as error:
                self.events.append(Bad(offset, str(error)))
        google = [answer for answer in answers if vendor(answer) == "google"]
        for answer in [*google[-1:], *(x for x in answers if vendor(x) != "google")]:
            self._answer(answer, around, offset, data, _DEPTH)

    def _answer(self, answer: Answer, around: Answer, offset: int, data: bytes, depth: int) -> None:
        """An answer that tells usage, or what is wrapped in it; `around` tells time and session."""
        if answer.type == "message_delta" and answer.usage is not None:
            self._streamed(answer.usage, around, offset, data)
        elif vendor(answer):
            self._call(answer, around, offset, data, starting=False)
            if answer.type == "message":
                self.open = {}
        elif depth:
            outer = _outer(answer, around)
            for raw in _inner(answer):
                if raw[:1] == b"[":
                    self._list(decoded(RAWS, raw), outer, offset, data)
                elif answer.type == "message_start":
                    self._started(decoded(ANSWER, raw), outer, offset, data)
                else:
                    self._answer(decoded(ANSWER, raw), outer, offset, data, depth - 1)

    def _started(self, answer: Answer, around: Answer, offset: int, data: bytes) -> None:
        """The beginning of an Anthropic stream: its input is final, its output a placeholder."""
        used = msgspec.to_builtins(answer.usage or ResponseUsage())
        self.open = {"id": text(answer.id), "model": text(answer.model), "usage": used}
        self.open["asked"] = self._asked(answer, around)
        if answer.usage is not None:
            self._call(answer, around, offset, data, starting=True)

    def _streamed(self, used: ResponseUsage, around: Answer, offset: int, data: bytes) -> None:
        """A later count of the same stream: what it tells replaces what was told before."""
        if not self.open:
            return
        before = self.open["usage"]
        assert isinstance(before, dict)
        self.open["usage"] = now = {**before, **msgspec.to_builtins(used)}
        usage = USAGE.decode(msgspec.json.encode(now))
        merged = Answer(id=self.open["id"], model=self.open["model"], type="message", usage=usage)
        self._call(merged, around, offset, data, starting=False)

    def _call(
        self, answer: Answer, around: Answer, offset: int, data: bytes, *, starting: bool
    ) -> None:
        kind, used = vendor(answer), answer.usage or ResponseUsage()
        if not kind:
            return
        name = text(answer.id) or text(answer.response_id)
        key = self._key(name, answer, around) if name else keys.whole(NAME, self.stem, data)
        model = text(answer.model) or text(answer.model_version) or text(around.model)
        tokens = tokens_of(answer, kind)
        self.events.append(
            Call(
                key,
                NAME,
                _session(answer, around) or self.stem,
                model or "unknown",
                tokens,
                self._at(answer, around),
                provider=_PROVIDERS[kind],
                tier=tier_of(answer, around),
                speed="" if used.speed in STANDARD_SPEED else text(used.speed),
                geo="" if used.inference_geo in ANYWHERE else text(used.inference_geo),
                searches=(used.server_tool_use.searches or 0) if used.server_tool_use else 0,
                request=name,
                placeholder=starting,
                offset=offset,
                media=media_of(answer, tokens),
            )
        )

    def _key(self, name: str, answer: Answer, around: Answer) -> bytes:
        """By the id, a short one within its session, else its log, and the request's own facts."""
        if keys.is_global(name):
            return keys.whole(NAME, name)
        if session := _session(answer, around):
            return keys.whole(NAME, keys.named(name, session, _own_time(answer)))
        began = self.open.get("id") == name and self.open.get("asked")
        asked = began if isinstance(began, str) else self._asked(answer, around)
        return keys.whole(NAME, keys.named(name, self.log, asked))

    def _asked(self, answer: Answer, around: Answer) -> str:
        """What tells a request from others of its number: its time and how much it was sent.

        A copy of the log says the same, and all chunks of a stream do, whose lines may each have a
        time; a gateway that numbers its answers begins anew.
        """
        kind = vendor(answer)
        wrapped = around.timestamp if around.timestamp is not None else around.time
        chunk = kind == "google" or text(answer.object).endswith(".chunk")
        # Gemini counts what was sent anew with each chunk.
        sent = "" if kind in ("", "google") else tokens_of(answer, kind).input
        return f"{_own_time(answer) or ('' if chunk else wrapped)}/{sent}"

    def _at(self, answer: Answer, around: Answer) -> int:
        own = (answer.timestamp, answer.created_at, answer.created, answer.created_time)
        for value in (around.timestamp, around.time, *own):
            if (at := moment(value)) is not None:
                return held(at, self.seen)
        return self.seen


def _inner(answer: Answer) -> Iterator[bytes]:
    """What may hold an answer that the object itself is not."""
    for part in (answer.result, answer.response, answer.body, answer.data, answer.message):
        raw = bytes(part)
        if raw[:1] in (b"{", b"["):
            yield raw


def _outer(answer: Answer, around: Answer) -> Answer:
    """What wrappers say of the answer inside them, the inner ones first."""
    return Answer(
        model=answer.model or around.model,
        timestamp=answer.timestamp if answer.timestamp is not None else around.timestamp,
        time=answer.time if answer.time is not None else around.time,
        session=_session(answer, around),
        service_tier="batch" if _is_batch(answer) else around.service_tier,
    )


def _is_batch(answer: Answer) -> bool:
    """Whether it is a line of the results of a batch, as Anthropic and OpenAI write them."""
    named = isinstance(answer.custom_id, str)
    return named and any(bytes(part)[:1] == b"{" for part in (answer.result, answer.response))


def _own_time(answer: Answer) -> object:
    """When the answer itself says it was made, as it says it; "" where it does not."""
    return next(filter(None, (answer.created, answer.created_at, answer.created_time)), "")


def _session(answer: Answer, around: Answer) -> str:
    return text(answer.session) or text(answer.session_id) or text(around.session)


SOURCE = Source(
    NAME,
    "Raw API responses, line by line",
    "lines",
    roots=nowhere,
    patterns=("**/*.jsonl", "**/*.sse"),
    read=read,
)
DOCUMENTS = Source(
    name=f"{NAME}.json",
    title="Raw API responses, one a file",
    shape="document",
    roots=nowhere,
    patterns=("**/*.json",),
    read=read_document,
)
