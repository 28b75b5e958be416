"""JSON with comments as text and tree: where each value stands, and small edits of the text.

It reformats nothing: a person's comments, order, indentation and line ends stay as they were.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from costtop.errors import CosttopError
from costtop.named_tuples import NamedTuple

_BLANK = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_REST = re.compile(r"[ \t]*(?://[^\r\n]*|(?:/\*[^\r\n]*?\*/[ \t]*)+)(?=\r?\n)")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_OTHER = re.compile(r"-?[0-9][0-9eE+.-]*|true|false|null")
_DEEPEST = 200


class NotJson(CosttopError):
    """The text is not JSON, comments allowed; the message says in which line."""


class Node(NamedTuple):
    """A value and where it stands in the text: [start, end)."""

    start: int
    end: int
    plain: Any  # the value itself
    members: "dict[str, Node]" = {}  # of an object
    items: "tuple[Node, ...]" = ()  # of an array
    keys: dict[str, int] = {}  # where each key begins


class Edit(NamedTuple):
    """Put `text` in the place of [start, end)."""

    start: int
    end: int
    text: str


def parse(text: str) -> Node:
    """The tree of a whole text; raises NotJson naming the line."""
    node = _value(text, _skip(text, 0), 0)
    end = _skip(text, node.end)
    if end != len(text):
        raise _wrong(text, end)
    return node


def edited(text: str, edits: list[Edit]) -> str:
    """The text after edits that do not overlap."""
    for one in sorted(edits, reverse=True):
        text = text[: one.start] + one.text + text[one.end :]
    return text


def added(text: str, node: Node, value: Any, key: str = "") -> Edit:
    """Puts one more member (`key`) or item at the end of an object or array."""
    inner = [child.end for child in (*node.members.values(), *node.items)]
    last = max(inner, default=0)
    depth = _indent(text, node.start)
    step = depth + (_step(text) or "  ")
    break_ = "\r\n" if "\r\n" in text else "\n"
    lines = json.dumps(value, indent=_step(text) or 2, ensure_ascii=False).splitlines()
    said = (f"{json.dumps(key, ensure_ascii=False)}: " if key else "") + f"{break_}{step}".join(
        lines
    )
    if not last:
        return Edit(
            node.end - 1, node.end - 1, f"{_gap(text, node, break_, step)}{said}{break_}{depth}"
        )
    comma = _skip(text, last)
    ours = f"{break_}{step}{said}"
    if text[comma : comma + 1] == ",":  # a trailing one, which stays the last
        end = _line_end(text, comma + 1)
        return Edit(end, end, f"{ours},")
    end = _line_end(text, last)
    return Edit(last, end, f",{text[last:end]}{ours}")


def removed(text: str, node: Node, child: Node, key: str = "") -> Edit:
    """Takes one member or item away, with its comma; comments around it stay."""
    start = node.keys[key] if key else child.start
    others = [one for one in (*node.members.values(), *node.items) if one.end <= start]
    after = _skip(text, child.end)
    if others:
        comma = _skip(text, max(one.end for one in others))
        end = _line_end(text, comma + 1)
        if text[after] == ",":
            return Edit(end, after + 1, "")
        return Edit(comma, child.end, text[comma + 1 : end])
    if text[after] == ",":
        return Edit(start, _past_blank(text, after + 1), "")
    return Edit(node.start + 1 if not _comments(text, node) else start, node.end - 1, "")


def _line_end(text: str, at: int) -> int:
    """Behind a comment that ends the line of `at`; `at` itself where more stands there."""
    found = _REST.match(text, at)
    return found.end() if found else at


def _comments(text: str, node: Node) -> bool:
    inside = text[node.start + 1 : node.end - 1]
    return "//" in _STRING.sub("", inside) or "/*" in _STRING.sub("", inside)


def _past_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _gap(text: str, node: Node, break_: str, step: str) -> str:
    inside = text[node.start + 1 : node.end - 1]
    return f"{break_}{step}" if not inside.strip() or not inside.endswith(step) else ""


def _indent(text: str, at: int) -> str:
    """The white space that the line of `at` begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _step(text: str) -> str:
    """One level of indentation, as the text has it; "" where it has none."""
    for line in text.splitlines():
        blank = line[: len(line) - len(line.lstrip(" \t"))]
        if blank and line.strip():
            return blank
    return ""


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise NotJson("it is nested too deeply")
    opening = text[at : at + 1]
    if opening == "{":
        return _object(text, at, depth)
    if opening == "[":
        items = tuple(_items(text, at, depth))
        plain = [one.plain for one in items[:-1]]
        return Node(at, items[-1].end, plain, items=items[:-1])
    found = (_STRING if opening == '"' else _OTHER).match(text, at)
    if not found:
        raise _wrong(text, at)
    try:
        return Node(at, found.end(), json.loads(found[0]))
    except ValueError:
        raise _wrong(text, at) from None


def _items(text: str, at: int, depth: int) -> Iterator[Node]:
    """The items of an array, and last a node whose end is behind its bracket."""
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        node = _value(text, at, depth + 1)
        yield node
        at = _comma(text, node.end, "]")
    yield Node(at, at + 1, None)


def _object(text: str, start: int, depth: int) -> Node:
    members: dict[str, Node] = {}
    keys: dict[str, int] = {}
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        found = _STRING.match(text, at)
        colon = _skip(text, found.end()) if found else at
        if not found or text[colon : colon + 1] != ":":
            raise _wrong(text, colon)
        try:
            name = json.loads(found[0])
        except ValueError:
            raise _wrong(text, at) from None
        if name in members:
            raise NotJson(f"{name!r} stands in it twice")
        node = _value(text, _skip(text, colon + 1), depth + 1)
        members[name], keys[name] = node, at
        at = _comma(text, node.end, "}")
    plain = {name: node.plain for name, node in members.items()}
    return Node(start, at + 1, plain, members, keys=keys)


def _comma(text: str, at: int, close: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != close:
        raise _wrong(text, at)
    return at


def _wrong(text: str, at: int) -> NotJson:
    line = text.count("\n", 0, at) + 1
    shown = text[at : at + 12].partition("\n")[0]
    return NotJson(f"line {line} is not JSON ({shown!r})" if shown else f"it ends in line {line}")
