"""Puts settings into the text of config.toml and cuts them out again; all else stays as it is.

What is put in are whole pieces of text. The user's own lines, comments and order are not touched,
and a text that would not say exactly what is meant is refused.
"""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

from costtop import config_mistakes
from costtop.config import Endpoint
from costtop.errors import CosttopError
from costtop.named_tuples import NamedTuple

BY = "# by costtop init; take it out: costtop init --undo"


class Inserted(NamedTuple):
    """A text with what was put into it."""

    text: str
    pieces: tuple[str, ...]


class NoRoom(CosttopError):
    """The text has the table in a form into which nothing can be put by itself."""


def inserted(text: str, settings: Mapping[str, float | str], endpoint: Endpoint | None) -> Inserted:
    """The text with keys of [anomaly] and a [[notify]] more; raises NoRoom with what to write."""
    wanted = tomllib.loads(text)
    made = Inserted(text, ())
    if settings:
        made = _with_keys(made, settings)
        wanted["anomaly"] = {**wanted.get("anomaly", {}), **settings}
    if endpoint is not None:
        table = {"label": endpoint.label, "url": endpoint.url}
        made = _appended(made, f"[[notify]]\n{tomli_w.dumps(table)}")
        listed = wanted.get("notify", [])
        wanted["notify"] = [*(listed if isinstance(listed, list) else ()), table]
    if _understood(made.text) != wanted:
        lines = "; ".join(tomli_w.dumps({"anomaly": dict(settings)}).splitlines())
        raise NoRoom(f"it is written in a form into which init puts nothing; by hand: {lines}")
    return made


def _understood(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _with_keys(made: Inserted, settings: Mapping[str, float | str]) -> Inserted:
    """Keys below the head of their table where there is one, else a table at the end."""
    keys = tomli_w.dumps(dict(settings))
    head = config_mistakes.line_of(("anomaly",), config_mistakes.lines(made.text))
    lines = made.text.splitlines(keepends=True)
    if head is None or not lines[head - 1].lstrip().startswith("["):
        return _appended(made, f"[anomaly]\n{keys}")
    above, below = "".join(lines[:head]), "".join(lines[head:])
    end = _ending(made.text)
    piece = f"{BY}\n{keys}".replace("\n", end)
    if not above.endswith("\n"):
        piece = end + piece.removesuffix(end)
    return Inserted(above + piece + below, (*made.pieces, piece))


def _appended(made: Inserted, table: str) -> Inserted:
    end = _ending(made.text)
    apart = "" if not made.text else end if made.text.endswith("\n") else end * 2
    piece = apart + f"{BY}\n{table}".replace("\n", end)
    return Inserted(made.text + piece, (*made.pieces, piece))


def _ending(text: str) -> str:
    """How lines end in the text."""
    return "\r\n" if "\r\n" in text else "\n"


def cut(text: str, pieces: Sequence[str]) -> tuple[str, list[str]]:
    """The text without these pieces, and those that do not stand in it as they were put in."""
    left = []
    for piece in reversed(pieces):
        before, found, after = text.partition(piece)
        if found and piece not in after and _understood(before + after) is not None:
            text = before + after
        else:
            left.append(piece)
    return text, left
