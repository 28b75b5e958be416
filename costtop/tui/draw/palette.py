"""The inks: every colour and weight that text on the screen can have, and costtop's own two themes.

The stylesheet arranges; here is the one table of inks, because a table cell must not cost a style
lookup. Colours are names of the theme's own, so every theme of Textual fits. A severity never has
colour alone: a sign stands beside it, and without colours what is red is reversed (SCREEN.md A.3).
"""

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

Inks = Mapping[str, Style]
"""The style of each ink on one background."""

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
    panel="#1f2730",
    dark=True,
    variables={"block-cursor-background": "#2b5f92", "block-cursor-foreground": "#ffffff"},
)
LIGHT = Theme(
    name="costtop-light",
    primary="#1d6fd1",
    secondary="#4a6fa5",
    accent="#0b7a87",
    success="#1a7f37",
    warning="#8a5a00",
    error="#c4202c",
    foreground="#1f2933",
    background="#fcfdfd",
    surface="#f2f5f7",
    panel="#e3e9ee",
    dark=False,
    variables={"block-cursor-background": "#1d6fd1", "block-cursor-foreground": "#ffffff"},
)


class Ink(NamedTuple):
    """Names of a theme's colours; "/60" mixes a colour into what is below; "" is the pane's own."""

    text: str = "foreground"
    ground: str = ""
    weight: str = ""  # as Rich writes it: "bold reverse"


COLOURED = {
    "text": Ink(),
    "dim": Ink("foreground/60"),
    "strong": Ink(weight="bold"),
    "good": Ink("success"),
    "accent": Ink("accent"),
    "warn": Ink("warning", weight="bold"),
    "bad": Ink("error", weight="bold"),
    "title": Ink("foreground", "panel", "bold"),
    "lamp": Ink("background", "warning", "bold"),
    "head": Ink("background", "success", "bold"),
    "sorted": Ink("background", "accent", "bold"),
    "cursor": Ink("block-cursor-foreground", "block-cursor-background", "bold"),
    "key": Ink(weight="bold"),
    "label": Ink("accent", "panel"),
    "tab": Ink("foreground/70"),
    "tab-on": Ink("accent", weight="bold"),
    "tagged": Ink("warning", weight="bold"),
    "meter-good": Ink("success"),
    "meter-accent": Ink("accent"),
    "meter-warn": Ink("warning"),
    "meter-bad": Ink("error", weight="bold"),
    "heat-0": Ink("foreground/40", "panel"),
    "heat-1": Ink("foreground", "success/25"),
    "heat-2": Ink("foreground", "success/45"),
    "heat-3": Ink("background", "success/70"),
    "heat-4": Ink("background", "success", "bold"),
}
_BLACK_ON_WHITE = Ink("#000000", "#ffffff", "bold")
MONO = COLOURED | {
    "bad": _BLACK_ON_WHITE,
    "meter-bad": _BLACK_ON_WHITE,
    "lamp": _BLACK_ON_WHITE,
    "cursor": _BLACK_ON_WHITE,
    "head": Ink(weight="bold underline"),
    "sorted": _BLACK_ON_WHITE,
    "label": Ink(weight="underline"),
    "tab-on": Ink(weight="bold underline"),
    "tagged": Ink(weight="bold underline"),
} | {f"heat-{level}": Ink() for level in range(5)}  # fmt: skip
ANSI = COLOURED | {
    "text": Ink("ansi_default"),
    "dim": Ink("ansi_default", weight="dim"),
    "strong": Ink("ansi_default", weight="bold"),
    "title": Ink("ansi_default", weight="bold reverse"),
    "lamp": Ink("ansi_black", "ansi_yellow"),
    "head": Ink("ansi_black", "ansi_green"),
    "sorted": Ink("ansi_black", "ansi_cyan"),
    "cursor": Ink("ansi_bright_white", "ansi_blue", "bold"),
    "key": Ink("ansi_default", weight="bold"),
    "label": Ink("ansi_black", "ansi_cyan"),
    "tab": Ink("ansi_default", weight="dim"),
    "heat-0": Ink("ansi_default", weight="dim"),
    "heat-1": Ink("ansi_green", weight="dim"),
    "heat-2": Ink("ansi_green"),
    "heat-3": Ink("ansi_black", "ansi_green"),
    "heat-4": Ink("ansi_black", "ansi_bright_green"),
}


def inks_on(
    background: Color, variables: Mapping[str, str], table: Mapping[str, Ink]
) -> dict[str, Style]:
    """Every ink of the table as a style on `background`, in a theme's colours."""

    def colour(name: str, below: Color) -> Color:
        if not name:
            return below
        name, _, part = name.partition("/")
        found = Color.parse(variables.get(name, name))
        return below.blend(found, int(part) / 100, alpha=1.0) if part else found

    styles = {}
    for name, ink in table.items():
        ground = colour(ink.ground, background)
        text = colour(ink.text, ground)
        styles[name] = Style.from_color(text.rich_color, ground.rich_color) + Style.parse(
            ink.weight or "none"
        )
    return styles
