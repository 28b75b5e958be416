"""Reads single fields of log records: text, counts, dollars, tokens. It knows no log format.

Token counts come in two manners (FORMATS 0): "inclusive", where the input contains what was read
from and written to a cache, and "disjoint", where the three stand beside each other.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

import msgspec

from costtop.model import Tokens
from costtop.money import from_dollars
from costtop.sources.fold.json_lines import LARGEST, Unreadable, decoded, decoded_after
from costtop.text import LIMIT, clean

T = TypeVar("T")
Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | None
Loose = Any  # metadata: a value of an odd type is passed over, it does not cost the record
NOTHING = msgspec.Raw(b"null")
STANDARD_SPEED = (None, "", "standard")
ANYWHERE = (None, "", "global", "not_available")  # regions of inference that cost as listed
_NEGATIVE_ZERO = re.compile(
    rb'(?i)"\w*(?:tokens?|tokens(?:in|out)|count|input|output|read|writes?|creation|cached|thoughts'
    rb'|other|tool|reasoning)"\s*:\s*-0\s*[,}]'
)
_ZERO = re.compile(rb":\s*-0\s*[,}]")  # quick: a "-0" of a date is soon told from it
_DEAREST = 1_000_000  # dollars; a request reported as dearer is a broken record


def text(value: object) -> str:
    """`value` made harmless, "" where it is no text."""
    if type(value) is not str:
        return ""
    plain = len(value) <= LIMIT and value.isascii() and value.isprintable()
    return value if plain else clean(value)  # nearly all are plain: this spares a call


def name(value: object) -> str:
    """An id that some tools write as text and some as a number; "" where it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:64]
    return text(value)


def folder(value: object) -> str:
    """A folder's path; `file://` URIs are turned into one."""
    path = text(value)
    return clean(unquote(path.removeprefix("file://"))) if path.startswith("file://") else path


def number(value: object) -> float | None:
    """A number of at least 0 that something is measured by; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e15 else None


def dollars(value: object) -> int | None:
    """Nano-dollars of a cost that a tool wrote down, None where it is absent or absurd."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _DEAREST:
        return None
    return from_dollars(value)


def counted(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """A record that may count tokens; raises Unreadable, also for a "-0", which no tool writes."""
    if raw.find(b"-0") >= 0 and _ZERO.search(raw) and _NEGATIVE_ZERO.search(raw):
        raise Unreadable("a token count is -0", malformed=False)
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return decoded_after(error, decoder, raw)


def packed(tags: Mapping[str, str]) -> str:
    """Tags as a context keeps them: JSON with sorted keys, "" for none."""
    return msgspec.json.encode(tags, order="sorted").decode() if tags else ""


def whole(value: object) -> int:
    """A count of a database's row, 0 for NULL; raises Unreadable for what is no count."""
    if value is None:
        return 0
    count = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= LARGEST:
        raise Unreadable("a token count is out of range", malformed=False)
    return count


def inclusive(
    whole: Count, read: Count = 0, write: Count = 0, output: Count = 0, reasoning: Count = 0
) -> Tokens:
    """Tokens where the input contains the cache; raises Unreadable where it cannot."""
    whole, read, write, output = whole or 0, read or 0, write or 0, output or 0
    if read + write > whole:
        raise Unreadable("cache reads and writes exceed the input", malformed=False)
    return Tokens(whole, read, write, 0, output, min(reasoning, output) if reasoning else 0)


def disjoint(
    plain: Count, read: Count = 0, write: Count = 0, output: Count = 0, reasoning: Count = 0
) -> Tokens:
    """Tokens where the input stands beside the cache; the reasoning is part of the output."""
    plain, read, write, output = plain or 0, read or 0, write or 0, output or 0
    return Tokens(
        plain + read + write, read, write, 0, output, min(reasoning, output) if reasoning else 0
    )


def thinking_apart(
    prompt: Count, tool: Count, cached: Count, answer: Count, thoughts: Count, total: Count
) -> Tokens:
    """Tokens as Google counts them: thoughts and tool prompts stand beside answer and prompt.

    Where the total says that the thoughts are in the answer already (OpenAI-compatible servers
    behind Qwen Code), they are not added again.
    """
    asked, spoken, thought = (prompt or 0) + (tool or 0), answer or 0, thoughts or 0
    inside = bool(thought) and total == asked + spoken and thought <= spoken
    return inclusive(asked, cached, 0, spoken if inside else spoken + thought, thought)


def listed(decoder: msgspec.json.Decoder[list[T]], raw: msgspec.Raw | bytes) -> list[T]:
    """A list that costs nothing: the usage beside it counts, also where this cannot be read."""
    raw = bytes(raw)
    try:
        return decoded(decoder, raw) if raw[:1] == b"[" else []
    except Unreadable:
        return []
