"""Names the requests of a Codex thread by what every copy of its history keeps. It knows no clock.

That is the turn's id and the counts, where turn ids are unique; else the family of the thread (the
thread at the root of the forks, as the file's own records tell it) and the chain of all counts up
to the request's own. The compiled part names runs of requests alike (codex_requests.h).
"""

import re
from functools import lru_cache
from typing import Any

from costtop.sources.codex.records import Counts
from costtop.sources.fold import keys
from costtop.sources.fold.source import Memo

NAME = "codex"
_TOLD = "/(%d, %d, %d, %d, %d, %d)/(%d, %d, %d, %d, %d, %d)"
_UNIQUE = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def of_counts(memo: Memo, thread: str, total: Counts | None, used: Counts, turn: str) -> bytes:
    """The key of a request that its counts tell; the chain in `memo` goes on."""
    told = _TOLD % (*total, *used) if total else f"/{total}/{used}"  # thrice as quick
    chain = _chained(memo, told)
    prefix, by_chain, half = owner(memo, thread, turn)
    return keys.half(prefix + (chain if by_chain else told)) + half


def owner(memo: Memo, thread: str, turn: str) -> tuple[str, bool, bytes]:
    """Whose the requests of a turn are, as their keys have it.

    The text before what tells them apart, whether that is the chain and not the counts, and the
    half of the keys that they share.
    """
    if is_unique(turn):
        return f"{NAME}/{turn}", False, _half(turn)
    family, alone = _family(memo, thread)
    return f"{NAME}/{family}/{turn}/", True, _half(thread if alone else family)


def of_response(memo: Memo, thread: str, response: str, turn: str, used: Counts) -> bytes:
    """The key of a request with a response's id.

    A short id is one of its turn, which forks keep; where turns are counted, of the family. A
    gateway that numbers its answers begins anew when it is started again: there an id with other
    counts is another response. `turn` is the record's, else that of its context.
    """
    if is_unique(turn):
        return keys.whole(NAME, keys.named(response, "", turn))
    family, alone = _family(memo, thread)
    return keys.whole(NAME, keys.named(response, thread if alone else family, turn, used))


@lru_cache(maxsize=256)
def is_unique(name: str) -> bool:
    """Whether the id of a turn or thread is one that is never given twice."""
    return _UNIQUE.fullmatch(name) is not None


def _family(memo: Memo, thread: str) -> tuple[str, bool]:
    """Whose history the thread's may be, and whether it is the thread's alone all the same."""
    # A spawned thread may begin with what is its parent's, its siblings only look alike.
    alone = memo.get("child") and not memo.get("forked")
    return memo.get("family") or thread, bool(alone)


def _chained(memo: dict[str, Any], told: str) -> str:
    """A hash of all counts up to those `told`: equal histories have equal ones.

    Counts that begin as the thread began are its history told again (a log appended to itself, a
    restored file), not a request that happens to need as many tokens.
    """
    begun = memo.setdefault("began", told)
    before = "" if told == begun else memo.get("chain", "")
    memo["chain"] = chain = keys.short(before + told)
    return chain


@lru_cache(maxsize=256)
def _half(owner: str) -> bytes:
    """The half of a key that all calls of a turn or a family share."""
    return keys.half(owner)
