"""The inks: every colour and weight that text can have, and costtop's own two themes.

Brightness is amount, hue is judgement: `h0` to `h6` are one hue from dim to bright, amber says
look and red says act. The stylesheet arranges; here is the one table of inks, because a table cell
must not cost a style lookup. Colours are names of the theme's own, so every theme of Textual fits.
A severity never has colour alone: a sign stands beside it, and without colours what is red is
reversed (SCREEN.md A.3).
"""

from collections.abc import Iterator, Mapping

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from costtop.named_tuples import NamedTuple

DARK = Theme(
    name="costtop-dark",
    primary="#5aa9e6",
    secondary="#8fb8de",
    accent="#4cc9d8",
    success="#6cc47f",
    warning="#f2b84b",
    error="#ff6b6b",
    foreground="#d3dce4",
    background="#0f1317",
    surface="#151b21",
    panel="#1a2129",
    dark=True,
    variables={
        "block-cursor-background": "#1f4a63",
        "block-cursor-foreground": "#ffffff",
        "strongest": "#ffffff",
        "brightest": "#a8eef2",
        "lit": "#cdf3f5",
        "hot": "#ff9d9d",
    },
)
LIGHT = Theme(
    name="costtop-light",
    primary="#1d6fd1",
    secondary="#4a6fa5",
    accent="#086e7a",
    success="#1a7f37",
    warning="#8a5a00",
    error="#c4202c",
    foreground="#1f2933",
    background="#fcfdfd",
    surface="#f2f5f7",
    panel="#e6ecf0",
    dark=False,
    variables={
        "block-cursor-background": "#cfe6f5",
        "block-cursor-foreground": "#000000",
        "strongest": "#000000",
        "brightest": "#06525c",
        "lit": "#00323a",
        "hot": "#b0101c",
    },
)
_OTHERWISE = {  # in the themes of others
    "strongest": "foreground",
    "brightest": "accent",
    "lit": "foreground",
    "hot": "error",
}


class Ink(NamedTuple):
    """Names of a theme's colours; "/60" mixes a colour into what is below; "" is the pane's own."""

    text: str = "foreground"
    ground: str = ""
    weight: str = ""  # as Rich writes it: "bold reverse"


Table = dict[str, Ink]
COLOURED: Table = {
    "text": Ink(),
    "dim": Ink("foreground/65"),
    "strong": Ink("strongest", weight="bold"),
    "rule": Ink("foreground/25"),
    "track": Ink("foreground/11"),
    "h0": Ink("accent/25"),
    "h1": Ink("accent/38"),
    "h2": Ink("accent/52"),
    "h3": Ink("accent/67"),
    "h4": Ink("accent/82"),
    "h5": Ink("accent"),
    "h6": Ink("brightest"),
    "lit": Ink("lit"),
    "good": Ink("success"),
    "accent": Ink("accent"),
    "warn": Ink("warning", weight="bold"),
    "bad": Ink("error", weight="bold"),
    "hot": Ink("hot", weight="bold"),
    "flare": Ink("error", weight="bold"),  # red of a bar, not of a word
    "title": Ink("strongest", "panel", "bold"),
    "lamp": Ink("background", "warning", "bold"),
    "lamp-bad": Ink("background", "error", "bold"),
    "head": Ink("foreground/65"),
    "sorted": Ink("accent", weight="bold"),
    "cursor": Ink("block-cursor-foreground", "block-cursor-background", "bold"),
    "key": Ink("strongest", "panel", "bold"),
    "label": Ink("accent", "panel"),
    "tab": Ink("foreground/65"),
    "tab-on": Ink("strongest", weight="bold underline"),
    "tagged": Ink("warning", weight="bold"),
    "heat-0": Ink("foreground/40", "panel"),
    "heat-1": Ink("foreground", "accent/20"),
    "heat-2": Ink("foreground", "accent/38"),
    "heat-3": Ink("background", "accent/67"),
    "heat-4": Ink("background", "accent", "bold"),
}
_GROUNDS = {"panel": "panel", "cursor": "block-cursor-background", "alarm": "error/11"}
_BLACK_ON_WHITE = Ink("#000000", "#ffffff", "bold")
MONO: Table = (
    COLOURED
    | {f"h{level}": Ink() for level in range(6)}
    | {f"heat-{level}": Ink() for level in range(5)}
    | {
        "h6": Ink(weight="bold"),
        "rule": Ink(weight="dim"),
        "track": Ink(weight="dim"),
        "hot": Ink(weight="bold"),
        "flare": Ink(weight="bold"),
        "bad": _BLACK_ON_WHITE,
        "lamp": _BLACK_ON_WHITE,
        "lamp-bad": _BLACK_ON_WHITE,
        "cursor": _BLACK_ON_WHITE,
        "head": Ink(weight="underline"),
        "sorted": Ink(weight="bold underline"),
        "label": Ink(weight="underline"),
        "tagged": Ink(weight="bold underline"),
    }
)
_PLAIN = Ink("ansi_default")
_CYAN = Ink("ansi_cyan")
ANSI: Table = COLOURED | {
    "text": _PLAIN,
    "dim": Ink("ansi_default", weight="dim"),
    "strong": Ink("ansi_default", weight="bold"),
    "rule": Ink("ansi_bright_black"),
    "track": Ink("ansi_bright_black"),
    "h0": Ink("ansi_bright_black"),
    **{f"h{level}": _CYAN for level in range(1, 5)},
    "h5": Ink("ansi_bright_cyan"),
    "h6": Ink("ansi_bright_white"),
    "lit": Ink("ansi_bright_white"),
    "hot": Ink("ansi_bright_red", weight="bold"),
    "flare": Ink("ansi_bright_red"),
    "title": Ink("ansi_default", weight="bold"),
    "lamp": Ink("ansi_black", "ansi_yellow"),
    "lamp-bad": Ink("ansi_black", "ansi_red"),
    "head": Ink("ansi_default", weight="dim"),
    "sorted": Ink("ansi_cyan", weight="bold"),
    "cursor": Ink("ansi_bright_white", "ansi_blue", "bold"),
    "key": Ink("ansi_default", weight="bold"),
    "label": _CYAN,
    "tab": Ink("ansi_default", weight="dim"),
    "tab-on": Ink("ansi_default", weight="bold underline"),
    "heat-0": Ink("ansi_default", weight="dim"),
    "heat-1": Ink("ansi_cyan", weight="dim"),
    "heat-2": _CYAN,
    "heat-3": Ink("ansi_black", "ansi_cyan"),
    "heat-4": Ink("ansi_black", "ansi_bright_cyan"),
}


def names() -> Iterator[str]:
    """The names of all inks on each ground."""
    for ground in ("", *_GROUNDS):
        yield from (f"{own}@{ground}" if ground else own for own in COLOURED)


class Inks(dict[str, Style]):
    """The styles of a table's inks on one background, in a theme's colours; made when asked for.

    "accent" is an ink, "h3/bad" one with another's colour behind it, "dim@cursor" one on the
    ground of the cursor's row; grounds are panel, cursor and alarm.
    """

    def __init__(self, background: Color, variables: Mapping[str, str], table: Table) -> None:
        super().__init__()
        self._background, self._variables, self._table = background, variables, table

    def __missing__(self, name: str) -> Style:
        own, _, ground = name.partition("@")
        own, _, behind = own.partition("/")
        made = self[name] = self._style(self._ink(own, ground), ground, behind)
        return made

    def _ink(self, own: str, ground: str) -> Ink:
        """The ink, with what a table of few colours makes of the cursor's row."""
        ink = self._table[own]
        if ground == "cursor" and self._table is MONO:
            return _BLACK_ON_WHITE
        if ground == "cursor" and self._table is ANSI and ink.text in _HARD_ON_BLUE:
            return Ink("ansi_bright_white", weight=ink.weight.replace("dim", ""))
        return ink

    def _style(self, ink: Ink, ground: str, behind: str) -> Style:
        below = self._background
        if ground == "cursor" and self._table is ANSI:
            below = Color.parse("ansi_blue")
        elif ground and self._table is COLOURED:
            below = self._colour(_GROUNDS[ground], below)
        text_on = self._colour(ink.ground, below)
        text = self._colour(ink.text, text_on)
        if behind:
            text_on = self._colour(self._table[behind].text, below)
        weight = Style.parse(ink.weight or "none")
        return Style.from_color(text.rich_color, text_on.rich_color) + weight

    def _colour(self, name: str, below: Color) -> Color:
        if not name:
            return below
        name, _, part = name.partition("/")
        found = self._variables.get(name) or self._variables.get(_OTHERWISE.get(name, name), name)
        colour = Color.parse(found)
        return below.blend(colour, int(part) / 100, alpha=1.0) if part else colour


_HARD_ON_BLUE = {"ansi_default", "ansi_bright_black", "ansi_cyan"}
