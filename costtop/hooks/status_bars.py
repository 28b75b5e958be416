"""`costtop line`: what the daemon says of spend as a line for tmux, waybar, polybar, i3, a prompt.

It reads one small file. What is older than ten seconds stands behind a `~`. Words go out escaped
for the program that shows them, so no name in them becomes markup; a user's own --format may be
markup.
"""

import os
import sys

from costtop.hooks import quick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMS = {
    "tmux": "for status-right of tmux",
    "waybar": "JSON for a custom module of waybar",
    "polybar": "for a custom/script of polybar",
    "i3status": "a block in front of i3status, which is piped in",
    "starship": "for a custom command of starship",
}
FIELDS = {
    "line": "all of it, as the line without --format",
    "today": "spent today",
    "billed": "of it beyond the prices of plans",
    "burn": "an hour, now",
    "budget": "the one that is nearest to its end",
    "plan": "windows of plans",
    "plan_5h": "how full the window of 5 hours is",
    "plan_week": "how full that of a week is",
    "alerts": "how many are open",
    "percent": "of the budget or window that is nearest to its end",
    "level": "ok, warn from 80 %, over from 100 %; stale",
    "stale": "~ where no daemon has written for 10 s",
}
UNKNOWN = "–"  # what a field shows of which nothing is known

_FRESH = 10_000  # ms
_LARGEST = 8_000  # bytes of the file
_NO_DATA = "costtop: no data yet"
_COLOURS = {"warn": "#E5C07B", "over": "#E06C75", "stale": "#808080"}
_TMUX = {"warn": "fg=yellow", "over": "fg=red", "stale": "dim"}


class NotALine(ValueError):
    """A --format that says nothing: what is wrong with it, in words."""


def main(arguments: list[str]) -> int | None:
    """Prints the line and returns 0; None where the words are not the usual ones, unprinted."""
    if arguments[:1] == ["--claude"]:
        from costtop.hooks import statusline

        return statusline.main(arguments[1:])
    form, template, words = "", "{line}", iter(arguments)
    for word in words:
        name, given, value = word.partition("=")
        if name == "--format":
            template = value if given else next(words, "{")
        elif word[:2] == "--" and word[2:] in FORMS and not form:
            form = word[2:]
        else:
            return None
    try:
        check(template)
    except NotALine:
        return None
    return put(form, template)


def check(template: str) -> str:
    """The same template. Raises NotALine for unknown fields and for what is no template."""
    try:
        named = [name for _, name, _ in _pieces(template) if name is not None]
    except ValueError as error:
        raise NotALine(f"{template!r} is no format: {error}; a brace itself is {{{{") from None
    unknown = [name for name in named if name not in FIELDS]
    if unknown:
        raise NotALine(f"no field {unknown[0]!r}; there are {', '.join(FIELDS)}")
    return template


def put(form: str, template: str) -> int:
    """Prints the line, or with a pipe from i3status one in front of each of its own."""
    status = quick.files(os.environ)[2]
    if form == "i3status" and _is_piped():
        return _beside_i3status(status, template)
    quick.put(line(form, template, read(status, quick.now())))
    return 0


def read(status: str, now: int) -> dict[str, str]:
    """The fields that the daemon has written beside `status`, with `stale` and a stale `level`."""
    path = f"{status.removesuffix('.txt')}.fields"
    known: dict[str, str] = {}
    fresh = False
    try:
        with open(path, "rb", buffering=0) as file:
            fresh = abs(now - os.fstat(file.fileno()).st_mtime_ns // 1_000_000) < _FRESH
            said = (file.read(_LARGEST) or b"").decode("utf-8", "replace")
    except OSError:
        said = ""
    for row in said.split("\n"):
        name, _, words = row.partition(" ")
        if name in FIELDS and words:
            known[name] = "".join(char if char.isprintable() else "\ufffd" for char in words)
    known.setdefault("line", _NO_DATA)
    known["stale"] = "" if fresh else "~"
    if not fresh:
        known["level"] = "stale"
    return known


def line(form: str, template: str, known: dict[str, str]) -> str:
    """The line as the program wants it: coloured from 80 %, faint where it is stale."""
    if form == "waybar":
        return _waybar(template, known)
    said, level = _filled(template, known, _ESCAPES.get(form, str)), known.get("level", "ok")
    if form == "i3status":
        return _block(said, level)
    if form == "tmux" and level in _TMUX:
        return f"#[{_TMUX[level]}]{said}#[default]"
    if form == "polybar" and level in _COLOURS:
        return f"%{{F{_COLOURS[level]}}}{said}%{{F-}}"
    return said


def _filled(template: str, known: dict[str, str], escaped: "Callable[[str], str]") -> str:
    """The template with its fields; the sign of what is stale in front where it has none itself."""
    parts, marked = [], False
    for text, name, width in _pieces(template):
        parts.append(text)
        if name is not None:
            shown = known.get(name, "" if name == "stale" else UNKNOWN)
            parts.append(escaped(format(shown, width)))
            marked |= name == "stale"
    return ("" if marked else known["stale"]) + "".join(parts)


def _pieces(template: str) -> "Iterator[tuple[str, str | None, str]]":
    """(text, the field after it or None, its width and side as `format` takes them).

    Raises ValueError.
    """
    from _string import formatter_parser  # type: ignore[import-not-found]

    for text, name, width, conversion in formatter_parser(template):
        if conversion:
            raise ValueError(f"!{conversion} is not known")
        if width:
            format("", width)
        yield text, name, width or ""


def _pango(text: str) -> str:
    for sign, written in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(sign, f"&{written};")
    return text


_ESCAPES: "dict[str, Callable[[str], str]]" = {
    "tmux": lambda text: text.replace("#", "##"),
    "polybar": lambda text: text.replace("%{", "% {"),
    "waybar": _pango,
}


def _waybar(template: str, known: dict[str, str]) -> str:
    """A line of JSON: text and tooltip are Pango markup, `class` is for the user's style.css."""
    parts = [_pango(part) for part in known["line"].split(" · ")]
    if known["stale"]:
        parts.append("stale; to go on: costtop start")
    said = {
        "text": _filled(template, known, _pango),
        "tooltip": "\n".join(parts),
        "class": known.get("level", "ok"),
    }
    rows = [f'"{name}": {quick.quoted(words)}' for name, words in said.items()]
    if known.get("percent", "").isdecimal():
        rows.append(f'"percentage": {min(int(known["percent"]), 100)}')
    return f"{{{', '.join(rows)}}}"


def _block(said: str, level: str) -> str:
    """A block of the i3bar protocol, whose text is plain."""
    colour = f', "color": "{_COLOURS[level]}"' if level in _COLOURS else ""
    return f'{{"name": "costtop", "full_text": {quick.quoted(said)}{colour}}}'


def _is_piped() -> bool:
    import stat

    try:
        return stat.S_ISFIFO(os.fstat(0).st_mode)
    except OSError:
        return False


def _beside_i3status(status: str, template: str) -> int:
    """Puts the block first in each line of i3status until that ends; alone where none came."""
    row = b""
    try:
        for row in sys.stdin.buffer:
            sys.stdout.buffer.write(_joined(row, read(status, quick.now()), template))
            sys.stdout.buffer.flush()
    except (BrokenPipeError, KeyboardInterrupt):
        return 0  # the bar has gone
    if not row:
        quick.put(line("i3status", template, read(status, quick.now())))
    return 0


def _joined(row: bytes, known: dict[str, str], template: str) -> bytes:
    start = row.lstrip(b", ")
    if start[:2] == b"[{":
        at = row.index(b"[") + 1
        return row[:at] + line("i3status", template, known).encode() + b"," + row[at:]
    if start[:1] in (b"{", b"["):
        return row  # the head of the protocol
    return f"{_filled(template, known, str)} | ".encode() + row  # i3status as plain text
