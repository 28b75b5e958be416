"""The filter's grammar: text into a test for session rows; no text is an error.

    cost>5 model~opus !idle feature=checkout

Words are joined by "and"; `!` turns one round. A field is compared by > < >= <= with an amount
(5, $5, 3k, 2h), by = with the whole text, by ~ with a pattern. A word without a field is a state,
or a pattern for any of the row's names.
"""

import json
import operator
import re
from collections.abc import Callable, Iterable

from costtop.money import NANO
from costtop.named_tuples import NamedTuple
from costtop.queries.live.view import SessionRow

Test = Callable[[SessionRow, int], bool]

# As text: compiled they would cost the first frame, which filters nothing, a millisecond.
_TERM = r"(?s)(!?)([a-z$/]+)(>=|<=|!=|>|<|=|~)(.*)"
_TAG = r"(?s)(!?)tag:([^=~!]+)(!=|=|~)(.*)"
_WORD = r'(?:[^\s"]|"[^"]*"?)+'  # quotes hold a name with spaces together
_AMOUNT = r"(?i)\$?([0-9]*\.?[0-9]+)([kmgdhs%]?)"
_SCALES = {"k": 1e3, "m": 1e6, "g": 1e9, "%": 0.01, "": 1.0}
_SPANS = {"s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7, "": 6e4}  # a bare age is minutes
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": lambda value, amount: abs(value - amount) < 0.005,
}
_NAMES = operator.attrgetter(
    *"session short_id title project feature model user branch ticket pr source label".split(),
    *("agent_type", "why", "mark"),
)
_STATES = {"running", "idle", "ended", "paused"}

_TEXTS: dict[str, Callable[[SessionRow], str]] = {
    name: operator.attrgetter(name)
    for name in (
        *("session", "title", "project", "feature", "branch", "ticket", "pr", "cwd", "user"),
        *("host", "team", "label", "model", "source", "state", "mark", "why", "severity"),
    )
} | {"agent": operator.attrgetter("source")}
_AMOUNTS: dict[str, Callable[[SessionRow], float | None]] = {
    "cost": lambda row: row.cost / NANO,
    "total": lambda row: row.cost / NANO,
    "rate": lambda row: row.rate / NANO,
    "$/h": lambda row: row.rate / NANO,
    "tokens": lambda row: row.tokens,
    "calls": lambda row: row.calls,
    "errors": lambda row: row.errors,
    "context": lambda row: row.context,
    "ctx": lambda row: row.context,
    "cache": lambda row: row.cache,
    "pid": lambda row: row.pid,
}
FIELDS = tuple(sorted({*_TEXTS, *_AMOUNTS, "age"}))


class Filter(NamedTuple):
    """A filter as typed, and its terms."""

    text: str
    terms: tuple[Test, ...]

    def keeps(self, row: SessionRow, now: int) -> bool:
        """True for a row that the user wants to see; a tree's root stays for its subagents."""
        return all(term(row, now) for term in self.terms)


def parse(text: str) -> Filter:
    """The filter that `text` asks for; empty text keeps everything."""
    if not text.strip():
        return Filter("", ())
    words = (word.replace('"', "") for word in re.findall(_WORD, text))
    return Filter(text.strip(), tuple(_term(word) for word in words if word))


def _term(word: str) -> Test:
    found = re.fullmatch(_TERM, word)
    if found and (found[2] in _TEXTS or found[2] in _AMOUNTS or found[2] == "age"):
        test = _field(found[2], found[3], found[4])
        return _turned(test) if found[1] else test
    if tagged := re.fullmatch(_TAG, word):
        test = _text(_tag(tagged[2]), "~" if tagged[3] == "~" else "=", tagged[4])
        return _turned(test) if (tagged[1] == "!") != (tagged[3] == "!=") else test
    if word.startswith("!") and len(word) > 1:
        return _turned(_any(word[1:]))
    return _any(word)


def _turned(test: Test) -> Test:
    return lambda row, now: not test(row, now)


def _field(name: str, sign: str, value: str) -> Test:
    if sign == "!=":
        return _turned(_field(name, "=", value))
    if name in _TEXTS:
        return _text(_TEXTS[name], sign, value)
    amount = _amount(value, _SPANS if name == "age" else _SCALES)
    if amount is None:
        return lambda row, now: True  # still being typed: "cost>"
    if name == "age":
        return lambda row, now: _holds(
            sign, None if row.started is None else now - row.started, amount
        )
    read = _AMOUNTS[name]
    return lambda row, now: _holds(sign, read(row), amount)


def _tag(name: str) -> Callable[[SessionRow], str]:
    def value(row: SessionRow) -> str:
        found = json.loads(row.tags).get(name) if row.tags else None
        return "" if found is None else str(found)

    return value


def _text(read: Callable[[SessionRow], str], sign: str, value: str) -> Test:
    if sign == "~":
        matches = _pattern(value)
        return lambda row, now: matches(read(row))
    wanted = "" if value == "(none)" else value.casefold()
    if read is _TEXTS["session"]:
        short = wanted.removeprefix("@")
        return lambda row, now: row.session.casefold() == wanted or row.short_id == short
    return lambda row, now: read(row).casefold() == wanted


def _any(word: str) -> Test:
    if word.casefold() in _STATES:
        state = word.casefold()
        return lambda row, now: row.state == state
    if word.startswith("@") and len(word) > 1:  # an id as it is said to others
        short = word[1:].casefold()
        return lambda row, now: row.short_id.startswith(short)
    matches = _pattern(word)
    return lambda row, now: any(matches(text) for text in names(row))


def names(row: SessionRow) -> tuple[str, ...]:
    """What a bare word, and a search, looks at."""
    found: tuple[str, ...] = _NAMES(row)
    return found


def _pattern(word: str) -> Callable[[str], bool]:
    """A case-blind search; what is no regular expression is taken literally."""
    try:
        search = re.compile(word, re.IGNORECASE).search
    except re.error:
        search = re.compile(re.escape(word), re.IGNORECASE).search
    return lambda text: search(text) is not None


def _amount(text: str, scales: dict[str, float]) -> float | None:
    found = re.fullmatch(_AMOUNT, text)
    scale = scales.get(found[2].lower()) if found else None
    return float(found[1]) * scale if found and scale is not None else None


def _holds(sign: str, value: float | None, amount: float) -> bool:
    compare = _COMPARED.get(sign)
    return value is not None and compare is not None and compare(value, amount)


def rate(kept: Filter, rows: Iterable[SessionRow], now: int) -> int | None:
    """What the sessions burn that the filter leaves, nano-dollars an hour; None without one."""
    if not kept.terms:
        return None
    return sum(row.rate for row in rows if kept.keeps(row, now))
