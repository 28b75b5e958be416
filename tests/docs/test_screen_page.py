"""The page of the screen leaves out no screen; `test_documented` says that it is fresh."""

import importlib
import pkgutil

from textual.binding import Binding
from textual.screen import Screen

from costtop.tui import screens
from costtop.tui.screens.legend import LEGEND
from tests.docs.blocks import ROOT
from tests.docs.screen_reference import _SCREENS

PAGE = (ROOT / "docs/screen.md").read_text()
_OWN_KEYS = {"HelpScreen", "Tabbed"}  # the help's say what they do; the skeleton's are listed


def test_the_keys_of_every_screen_stand_on_the_page() -> None:
    listed = {id(bindings) for _, bindings in _SCREENS}
    left_out = []
    for module in pkgutil.iter_modules(screens.__path__, f"{screens.__name__}."):
        for one in vars(importlib.import_module(module.name)).values():
            ours = isinstance(one, type) and issubclass(one, Screen) and "BINDINGS" in vars(one)
            ours = ours and one.__module__ == module.name  # dialogs are imported; they say theirs
            if ours and id(one.BINDINGS) not in listed and one.__name__ not in _OWN_KEYS:
                left_out.append(one.__name__)
    assert left_out == []


def test_the_name_of_every_key_can_be_looked_up() -> None:
    names = [one.id for _, keys in _SCREENS for one in keys if isinstance(one, Binding) and one.id]
    assert len(names) > 60
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_every_sign_of_the_legend_stands_on_the_page_once_a_heading() -> None:
    assert all(f"### {one.place}\n" in PAGE for one in LEGEND)
    assert PAGE.count("\n| `") >= len(LEGEND)
