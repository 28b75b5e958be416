"""Tickets in the names of branches, by a pattern of the config.

Anybody can name a branch, so no name may take long: a pattern that could is refused, and of a long
name only the beginning is looked at.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

DEFAULT = r"[A-Z]{2,10}-\d+"
_LONGEST = 100  # characters of a branch that are looked at
_MOST_WAYS = 20_000  # to try from one character on: a few hundredths of a second a name
_REMEMBERED = 4_000  # branches whose ticket is kept

_ALONE = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "CATEGORY", "RANGE"}
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}


def wrong(pattern: str) -> str:
    """What is wrong with a pattern, as a remedy; "" for a good one."""
    try:
        made = re.compile(pattern)
        ways = _ways(_parsed(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        return f"a regular expression, such as '{DEFAULT}' ({error})"
    except _Refused as error:
        return f"a regular expression without {error}, such as '{DEFAULT}'"
    if made.groups > 1:
        return "a regular expression with one group in ( ) at most: what is in it is the ticket"
    if made.match(""):
        return f"a regular expression that does not fit everything, such as '{DEFAULT}'"
    if ways > _MOST_WAYS:
        return "this may take very long on some branch: bound what repeats, as in {1,10} for +"
    return ""


def finder(pattern: str) -> Callable[[str], str]:
    """A function branch -> its ticket, "" for none; `pattern` is one that `wrong` lets pass."""
    search = re.compile(pattern).search if pattern else None

    @lru_cache(maxsize=_REMEMBERED)
    def ticket(branch: str) -> str:
        found = search(branch[:_LONGEST]) if search else None
        return (found[1 if found.re.groups else 0] or "") if found else ""

    return ticket


class _Refused(Exception):
    """Something in a pattern whose time is not known."""


def _parsed(pattern: str) -> Iterable[Any]:
    from re import _parser  # type: ignore[attr-defined]

    parsed: Iterable[Any] = _parser.parse(pattern)
    return parsed


def _ways(items: Iterable[Any]) -> int:
    """In how many ways a sequence can fit the text at one place, at the most."""
    ways = 1
    for operator, argument in items:
        ways = min(ways * _ways_of(str(operator), argument), _MOST_WAYS + 1)
    return ways


def _ways_of(operator: str, argument: Any) -> int:
    if operator in _ALONE:
        return 1
    if operator == "BRANCH":
        return sum(map(_ways, argument[1]))
    if operator == "SUBPATTERN":
        return _ways(argument[-1])
    if operator in _REPEATS:
        return _repeated(argument)
    raise _Refused(operator.lower().replace("_", " "))


def _repeated(argument: Sequence[Any]) -> int:
    least, most, body = int(argument[0]), min(int(argument[1]), _LONGEST), argument[2]
    ways, found = _ways(body), 0
    for times in range(min(least, _LONGEST), most + 1):
        found += ways**times
        if found > _MOST_WAYS:
            break
    return max(found, 1)
