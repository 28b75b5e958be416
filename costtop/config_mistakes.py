"""Mistakes in a TOML file of settings, with their line, and what was meant."""

import json
import re
import types
import typing
from collections.abc import Iterable
from typing import Any

import msgspec

Place = tuple[str | int, ...]
"""Where a value stands in the tree: ("notify", 0, "min_severity")."""
SECRET = frozenset({"url", "refresh_url"})  # keys whose values are never shown
_PLAIN = {
    "bool": "true or false",
    "int": "a whole number, such as 5",
    "float": "a number, such as 5.0",
    "str": 'text in quotes, such as "text"',
    "array": "a list, such as []",
    "object": "a table",
}

DAY = 'a day, such as "2026-11-01"'


class Mistake(Exception):
    """What is wrong at one place, with the remedy."""

    def __init__(self, place: Place, remedy: str, value: object = None) -> None:
        super().__init__(remedy)
        self.place, self.remedy, self.value = place, remedy, value


def lines(text: str) -> dict[Place, int]:
    """The line, from 1, of every key of a TOML text that is valid, and of every table."""
    import tomllib  # only where something is wrong

    found: dict[Place, int] = {}
    table: Place = ()
    chunk, begun = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        begun = begun if chunk else number
        chunk += line + "\n"
        try:
            tree = tomllib.loads(chunk)  # one statement is whole once it can be read by itself
        except tomllib.TOMLDecodeError:
            continue
        if chunk.lstrip().startswith("["):
            table = _table(tree, chunk.lstrip().startswith("[["), found)
            found.setdefault(table, begun)
        else:
            for below in _below(tree):
                found.setdefault(table + below, begun)
        chunk = ""
    return found


def _table(tree: dict[str, Any], is_new_item: bool, found: Iterable[Place]) -> Place:
    """The place that `[a.b]` or `[[a.b]]` names, where the last item of each list is meant."""
    place: Place = ()
    node: Any = tree
    while isinstance(node, dict) and node:
        ((key, node),) = node.items()
        place += (key,)
        items = [at[len(place)] for at in found if at[: len(place)] == place and at != place]
        numbers = [item for item in items if isinstance(item, int)]
        if isinstance(node, list):
            return (*place, max(numbers, default=-1) + 1)
        if numbers and (node or not is_new_item):
            place += (max(numbers),)
    return place


def _below(node: Any) -> Iterable[Place]:
    pairs: Iterable[tuple[str | int, Any]] = ()
    if isinstance(node, dict):
        pairs = node.items()
    elif isinstance(node, list):
        pairs = enumerate(node)
    for key, value in pairs:
        yield (key,)
        yield from ((key, *rest) for rest in _below(value))


def line_of(place: Place, known: dict[Place, int]) -> int | None:
    """The line of the place, or of what it stands in; None where the file has neither."""
    while place and place not in known:
        place = place[:-1]
    return known.get(place)


def worded(name: str, text: str, tree: dict[str, Any], mistake: Mistake) -> str:
    """`config.toml:12: min_severity = "warn": one of notice, warning, critical`."""
    line = line_of(mistake.place, lines(text))
    where = name if line is None else f"{name}:{line}"
    value = _value(tree, mistake.place) if mistake.value is None else mistake.value
    key = [part for part in mistake.place if isinstance(part, str)]
    if value is None or not key or isinstance(value, dict):
        return f"{where}: {mistake.remedy}"
    held = "…" if key[-1] in SECRET else shown(value)
    return f"{where}: {key[-1]} = {held}: {mistake.remedy}"


def shown(value: object) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {shown(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(tree: Any, place: Place) -> Any:
    for part in place:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def of(error: msgspec.ValidationError, root: type[msgspec.Struct]) -> Mistake:
    """msgspec's error as a mistake in a tree of `root`."""
    said, _, at = str(error).partition(" - at ")
    place = _place(at)
    if slip := re.search(r"unknown field `(.+)`", said):
        return _unknown(place, slip.group(1), _kind(root, place))
    if missing := re.search(r"required field `(.+)`", said):
        return Mistake(place, f"{missing.group(1)} is missing here")
    kind = _kind(root, place)
    if typing.get_origin(kind) is typing.Literal:
        return Mistake(place, one_of(_quoted(said), typing.get_args(kind)))
    if expected := re.search(r"Expected `([^`]+)`", said):
        names = expected.group(1).split(" | ")
        return Mistake(place, " or ".join(_PLAIN.get(name, name) for name in names))
    return Mistake(place, said)


def _unknown(place: Place, name: str, kind: Any) -> Mistake:
    known = kind.__struct_encode_fields__ if hasattr(kind, "__struct_fields__") else ()
    guess = _guess(name, known, "`") or f"; one of {', '.join(known)}"
    return Mistake((*place, name), f"no setting of this name{guess}")


def _quoted(said: str) -> str:
    found = re.search(r"'(.*)'", said)
    return found.group(1) if found else ""


def _place(at: str) -> Place:
    """The place of msgspec's "`$.notify[0].min_severity`"; `[...]` is some value of a table."""
    parts = re.findall(r"\.(\w+)|\[(\d+)\]", at)
    return tuple(name or int(number) for name, number in parts)


def _kind(kind: Any, place: Place) -> Any:
    """The type of what stands at a place."""
    for part in place:
        kind = _field(kind, part) if isinstance(part, str) else _first(kind)
        if isinstance(kind, types.UnionType) and type(None) in typing.get_args(kind):
            kind = _first(kind)
    return kind


def _field(kind: Any, name: str) -> Any:
    """The type of a field by the name that it has in a file."""
    own = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    return typing.get_type_hints(kind)[own[name]]


def _first(kind: Any) -> Any:
    return typing.get_args(kind)[0]


def one_of(given: str, known: Iterable[str]) -> str:
    """`one of notice, warning, critical; did you mean "warning"?`."""
    known = tuple(known)
    return f"one of {', '.join(known)}{_guess(given, known, chr(34))}"


def one_word_of(given: str, known: Iterable[str]) -> str:
    """`; did you mean "Europe/Berlin"?` of many words, or nothing where none is close."""
    from difflib import get_close_matches  # 4 ms, where nobody is mistaken

    by_case = {one.lower(): one for one in known}
    close = get_close_matches(given.lower(), by_case, 1, 0.7)
    return f'; did you mean "{by_case[close[0]]}"?' if close else ""


def _guess(given: str, known: Iterable[str], mark: str) -> str:
    from difflib import get_close_matches

    known = tuple(known)
    close = get_close_matches(given.lower(), known, 1) or [
        one for one in known if len(given) > 2 and one.startswith(given.lower())
    ]
    return f"; did you mean {mark}{close[0]}{mark}?" if close else ""


def duration(given: str) -> str:
    """What to say of text that is no duration: "30 minutes", "5min"."""
    said = 'this is not a duration; write it as "90s", "30m", "2h" or "1d"'
    found = re.fullmatch(r"\s*(\d+)\s*([smhd])[a-z]*\s*", given.lower())
    return f'{said}; did you mean "{found.group(1)}{found.group(2)}"?' if found else said


def amount(given: object) -> str:
    """What to say of text that is no amount of dollars: "20$", "20 USD"."""
    said = "this is not an amount of dollars; write it as $12.50"
    found = re.fullmatch(r"\D*(\d[\d,]*(?:\.\d+)?)\D*", str(given))
    return f'{said}; did you mean "${found.group(1)}"?' if found else said


def period(given: str) -> str:
    """What to say of text that is no period: "daily", "5h"."""
    if given.lower().startswith("plan"):
        count = re.search(r"\d+", given)
        guess = f'; did you mean "plan:{count[0]}h"?' if count else ""
        return (
            f'a window of a plan is written plan:5h, plan:week, plan:30d or "plan:week opus"{guess}'
        )
    said = "write day, week, month, hours:5 or plan:5h"
    hours = re.fullmatch(r"\s*(\d+)\s*h(ours?)?\s*", given.lower())
    return (
        f'{said}; did you mean "hours:{hours[1]}"? (plan:{hours[1]}h is the window of a plan)'
        if hours
        else said + _guess(given, ("day", "week", "month"), '"')
    )
