"""Reads a page back: elements with their attributes, texts, tables. No browser."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

_EMPTY = {"meta", "link", "input", "br"}


class Node:
    """An element of a page."""

    def __init__(self, name: str, attributes: dict[str, Any], parent: "Node | None") -> None:
        self.name, self.attributes, self.parent = name, attributes, parent
        self.inside: list[Node | str] = []

    def all(self, *names: str) -> "Iterator[Node]":
        for one in self.inside:
            if isinstance(one, Node):
                if not names or one.name in names:
                    yield one
                yield from one.all(*names)

    def one(self, name: str) -> "Node":
        return next(self.all(name))

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.inside)

    def above(self) -> "Iterator[Node]":
        at = self.parent
        while at is not None:
            yield at
            at = at.parent


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.at = self.root = Node("", {}, None)

    def handle_starttag(self, tag, attrs):
        node = Node(tag, dict(attrs), self.at)
        self.at.inside.append(node)
        if tag not in _EMPTY:
            self.at = node

    def handle_startendtag(self, tag, attrs):
        self.at.inside.append(Node(tag, dict(attrs), self.at))

    def handle_endtag(self, tag):
        assert self.at.name == tag, f"</{tag}> ends <{self.at.name}>"
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.inside.append(data)


def page(html: str) -> Node:
    """The root; every element is closed, or the assertion says which is not."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.at is reader.root
    return reader.root


def table(section: Node) -> list[dict[str, str]]:
    """The rows of a section's table by the heads of its columns, those of the foot last."""
    found = section.one("table")
    heads = [one.text for one in found.one("thead").all("th")]
    rows = [row for part in found.all("tbody", "tfoot") for row in part.all("tr")]
    return [
        dict(zip(heads, (one.text for one in row.all("th", "td")), strict=True)) for row in rows
    ]


def section(root: Node, anchor: str) -> Node:
    return next(one for one in root.all("section") if one.attributes["id"] == anchor)
