"""The command palette: everything that has a key on the present screen, by its name. It does none.

Textual's own palette shows them; `:` and Ctrl+P open it.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from textual.app import App, SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen

_LEFT_OUT = {"app.command_palette", "command_palette", "quit", "app.focus_next",
             "app.focus_previous", "screen.copy_text"}  # fmt: skip


def listed(app: App[Any], screen: Screen[Any]) -> Iterator[SystemCommand]:
    """The commands of a screen and of everywhere, each once; quitting comes last."""
    found = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and binding.action not in _LEFT_OUT:
            does = partial(_run, app, binding.action, active.node)
            keys = app.get_key_display(binding)
            found[binding.description] = SystemCommand(binding.description, keys, does)
    yield from found.values()
    yield SystemCommand("Quit", "q F10", app.action_quit)


async def _run(app: App[Any], action: str, node: DOMNode) -> None:
    await app.run_action(action, default_namespace=node)
