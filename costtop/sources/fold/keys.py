"""Names a call with 16 bytes that are the same at every sight of it, and says which ids are global.

BLAKE2b: short digests without a length-extension or a collision worth fearing (RELIABILITY R3).
"""

import re
from _blake2 import blake2b  # all of hashlib takes milliseconds
from collections.abc import Iterable, Sequence
from functools import lru_cache

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_WORDS = re.compile(r"(?:[a-zA-Z]+\d{0,2}[-_.:])+")  # "msg_", "msg_bdrk_", "chatcmpl-", "gen-"
_RANDOM, _KINDS = 20, 8  # characters of a random id, and how many different ones it has at least
_MANY = 10  # there are no more digits than that
_ENOUGH = 14  # characters of a random id that nearly always show that many
_MARK = re.compile(
    r"(?i)(?:\.(?:gz|zst|xz|bz2|old|bak|orig|jsonl?|ndjson|sse|log)|~|[-._ ]?\(\d+\)"
    r"|[-._ ]+(?:cop(?:y|ied)|backup)(?:[-._ ]\d+)?|\.\d[\dT:_.-]*|[-_]\d{4}[\dT:_.-]*)$"
)  # of a file's name: .gz, .1, -20261124, .old, " (1)", -copy


def half(text: str) -> bytes:
    """8 bytes of `text`: half a key, so that neighbours can share the other half."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


_EMPTY = half("")


def paired(group: str, rest: str) -> bytes:
    """A key whose first half names `group` (a message) and whose second half the sight of it."""
    return half(group) + (half(rest) if rest else _EMPTY)


def whole(*parts: str | bytes) -> bytes:
    """A key of all `parts` in their order; ("a", "bc") and ("ab", "c") differ."""
    return blake2b(_framed(parts), digest_size=16).digest()


def wholes(owner: Sequence[str], names: Iterable[str]) -> list[bytes]:
    """`whole(*owner, name)` of each name, sooner than one by one."""
    framed = _framed(owner)
    raws = (name.encode("utf-8", "surrogatepass") for name in names)
    return [
        blake2b(framed + len(raw).to_bytes(4, "big") + raw, digest_size=16).digest() for raw in raws
    ]


def _framed(parts: Iterable[str | bytes]) -> bytes:
    framed = b""
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        framed += len(raw).to_bytes(4, "big") + raw
    return framed


def short(text: str) -> str:
    """12 hex digits that name `text`, for ids made up where a log has none."""
    return half(text).hex()[:12]


def is_global(name: str) -> bool:
    """Whether an id is its response's alone, wherever it is met: a UUID or 20 random characters.

    What is short, counted or padded ("msg_1", "msg_00000000000000000017") may come again from any
    gateway that numbers its answers.
    """
    if len(name) < _RANDOM:
        return False
    end = name[-_RANDOM:]
    various = len(set(end[:_ENOUGH])) > _MANY or len(set(end)) > _MANY
    if various and end.isalnum() and not end.isalpha():
        return True  # quick: nearly all are such
    if _UUID.search(name):
        return True
    words = _WORDS.match(name)
    tail = name[words.end() :] if words else name
    random = len(tail) >= _RANDOM and len(set(tail)) >= _KINDS
    return random and not tail.isdecimal()


@lru_cache(maxsize=256)
def log_name(path: str) -> str:
    """What a log is called wherever it lies: its file's name without endings, rotation and copying.

    A part of what owns short ids where no session is told. The folder is none: a log that is
    restored, mounted or copied elsewhere is the same.
    """
    name = path.rpartition("/")[2]
    while (rest := _MARK.sub("", name)) not in ("", name):
        name = rest
    return name


def named(name: str, *owner: object) -> str:
    """What a response is called: by a global id alone, by any other one within its owner."""
    return name if is_global(name) else "/".join(map(str, (*owner, name)))
