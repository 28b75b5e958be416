"""All keys, those of the screen that asked first, as a list and as commands of the palette."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import ActiveBinding, Binding
from textual.containers import Vertical, VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from costtop.named_tuples import NamedTuple
from costtop.tui.draw.ink import Line, line
from costtop.tui.screens.legend import legend
from costtop.tui.widgets.pane import Pane

# true, but not ours to tell
_TEXTUALS = {"app.focus_next", "app.focus_previous", "screen.copy_text"}
_NO_COMMANDS = {"app.command_palette", "command_palette", "quit", *_TEXTUALS}


class Key(NamedTuple):
    """A key, what it does, and under which heading it stands."""

    keys: str
    does: str
    place: str


class HelpScreen(ModalScreen[None]):
    """The keys that worked on the screen below; on its second page, the legend."""

    BINDINGS: ClassVar = [
        Binding("escape", "dismiss", "Close", id="close", key_display="Esc", priority=True),
        Binding("f1,tab", "turn", "Keys, or what signs mean", id="legend", priority=True),
        Binding("down", "scroll(1)", "Down", show=False),
        Binding("up", "scroll(-1)", "Up", show=False),
        Binding("pagedown", "scroll(15)", "Page down", show=False),
        Binding("pageup", "scroll(-15)", "Page up", show=False),
    ]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        self._keys = keys_of(below)
        self._signs = False  # the second page: what signs and columns mean

    def compose(self) -> ComposeResult:
        """A field to type into above the list."""
        with Vertical(classes="dialog"):
            yield Input(id="search")
            with VerticalScroll(can_focus=False):
                yield Pane("list")

    def on_mount(self) -> None:
        """Shows all of them."""
        self._show()

    def on_resize(self) -> None:
        """Wraps to the new size."""
        self.call_after_refresh(self._show)

    def on_input_changed(self) -> None:
        """Narrows the list."""
        self._show()

    def action_turn(self) -> None:
        """The keys, or what signs and columns mean."""
        self._signs = not self._signs
        self.query_one(VerticalScroll).scroll_home(animate=False)
        self._show()

    def action_scroll(self, lines: int) -> None:
        """Scrolls the list while the field keeps the focus."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _show(self) -> None:
        field = self.query_one(Input)
        wanted, other = field.value.casefold(), "keys" if self._signs else "signs and columns"
        field.placeholder = f"type to narrow; F1 {other}; Esc closes"
        kept = [key for key in self._keys if wanted in f"{key.keys} {key.does}".casefold()]
        pane = self.query_one("#list", Pane)
        pane.show(legend(wanted, pane.size.width) if self._signs else listed(kept))


def listed(keys: Iterable[Key]) -> list[Line]:
    """The keys under their headings."""
    lines: list[Line] = []
    place = None
    for key in keys:
        if key.place != place:
            place = key.place
            lines += [(), line((place, "accent"))]
        lines.append(line("  ", (f"{key.keys:<18}", "strong"), key.does))
    return lines


def keys_of(screen: Screen[object]) -> list[Key]:
    """The active keys: the screen's own, its focused list's, then those of everywhere."""
    found: dict[tuple[str, str], list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        shown = screen.app.get_key_display(binding)
        if binding.description and binding.action not in _TEXTUALS:
            keys = found.setdefault((_place(active, screen), binding.description), [])
            keys += [one for one in shown.split() if one not in keys]
    order = ("This screen", "Lists", "Everywhere")
    rows = [Key(" ".join(keys), does, place) for (place, does), keys in found.items()]
    return sorted(rows, key=lambda key: order.index(key.place))


def _place(active: ActiveBinding, screen: Screen[object]) -> str:
    if active.node is screen:
        return "This screen"
    return "Everywhere" if active.node is screen.app else "Lists"


def commands(app: App[Any], screen: Screen[Any]) -> Iterator[SystemCommand]:
    """What has a key on a screen and everywhere, each once, for Textual's palette."""
    found = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and binding.action not in _NO_COMMANDS:
            does = partial(_run, app, binding.action, active.node)
            keys = app.get_key_display(binding)
            found[binding.description] = SystemCommand(binding.description, keys, does)
    yield from found.values()
    yield SystemCommand("Quit", "q F10", app.action_quit)


async def _run(app: App[Any], action: str, node: DOMNode) -> None:
    await app.run_action(action, default_namespace=node)
