"""Setup: theme, refresh, columns and their order: how things look, nothing else.

Every change is seen at once and written to screen.toml when the screen is left.
"""

from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from costtop.named_tuples import NamedTuple
from costtop.tui.draw.ink import Span, line
from costtop.tui.host import host_of
from costtop.tui.list.columns import COLUMNS
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.preferences import FASTEST, SLOWEST, THEMES, Preferences
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.table import Table

T = TypeVar("T")
_DELAYS = (FASTEST, 0.5, 1.0, 2.0, 5.0, SLOWEST)
_SWITCHES = (
    ("meters", "Meters", "of today and the month, above it"),
    ("tree", "Tree", "subagents below it when it starts"),
    ("hides_idle", "Hide idle", "sessions, when it starts"),
    ("hides_ended", "Hide ended", "sessions, when it starts"),
    ("vim", "vim keys", "j k g G move; K and F9 end a session"),
)


class Choosable(NamedTuple):
    """One line of the setup: a value to step through, or a column to show."""

    key: str
    name: str
    value: str
    about: str


LINES: tuple[Column[Choosable], ...] = (
    Column("name", "SETTING", 18, 0, lambda c, look: Span(c.name, "strong")),
    Column("value", "VALUE", 14, 0, lambda c, look: Span(c.value, "accent")),
    Column("about", "", 20, 1, lambda c, look: Span(c.about, "dim"), grow=60),
)


class SetupScreen(ModalScreen[None]):
    """Steps through settings with the arrows."""

    BINDINGS: ClassVar = [
        Binding("escape,q,f2", "leave", "Keep it", id="leave", key_display="Esc"),
        Binding("right,space,enter", "step(1)", "Next value", id="step_on", key_display="→ Space"),
        Binding("left", "step(-1)", "Value before", id="step_back"),
        Binding("plus", "shift(-1)", "Column further left", id="shift_left"),
        Binding("minus", "shift(1)", "Column further right", id="shift_right"),
    ]

    def __init__(self, settings: Preferences) -> None:
        super().__init__()
        self.settings = settings

    def compose(self) -> ComposeResult:
        """A list of settings and a line of keys."""
        with Vertical(classes="dialog"):
            yield Pane("about")
            yield Table[Choosable](lambda one: one.key, name="settings")
            yield Pane("foot", classes="foot")

    def on_mount(self) -> None:
        """Shows all of it."""
        table = self.query_one("#settings", Table)
        table.set_columns(LINES)
        table.focus()
        keys = "←→ change   + - move a column   Esc keep it"
        self.query_one("#foot", Pane).show([line((keys, "dim"))])
        self._draw()

    def _draw(self) -> None:
        self.query_one("#settings", Table).show(listed(self.settings), CellLook())
        self._say()

    @on(Table.Moved)
    def _say(self) -> None:
        """Above the list, in full, what the line under the cursor is."""
        one: Choosable | None = self.query_one("#settings", Table).selected
        said = f"   {one.name}: {one.about}" if one else ""
        self.query_one("#about", Pane).show([line(("Setup", "strong"), (said, "dim"))])

    @on(Table.Opened)
    def _opened(self) -> None:
        self.action_step(1)

    def action_step(self, by: int) -> None:
        """Another value for the line under the cursor."""
        selected = self.query_one("#settings", Table).selected
        if selected is not None:
            self._use(stepped(self.settings, selected.key, by))

    def action_shift(self, by: int) -> None:
        """Moves the column under the cursor."""
        selected = self.query_one("#settings", Table).selected
        if selected is not None:
            self._use(shifted(self.settings, selected.key, by))

    def _use(self, settings: Preferences) -> None:
        self.settings = settings
        host_of(self).apply(settings)
        self._draw()

    def action_leave(self) -> None:
        """Keeps it, on disk too."""
        host_of(self).remember(self.settings)
        self.dismiss()


def listed(settings: Preferences) -> list[Choosable]:
    """All settings with their present values: looks, switches, then columns in their order."""
    lines = [
        Choosable("theme", "Theme", settings.theme, "ansi-dark: the terminal's colours"),
        Choosable("delay", "Refresh", f"{settings.delay:.1f} s", "between two frames"),
    ]
    for key, name, about in _SWITCHES:
        lines.append(Choosable(key, name, "yes" if getattr(settings, key) else "no", about))
    by_key = {column.key: column for column in COLUMNS}
    shown = [by_key[key] for key in settings.columns]
    hidden = [column for column in COLUMNS if column.key not in settings.columns]
    for column in (*shown, *hidden):
        value = "shown" if column.key in settings.columns else "-"
        name = column.label or "(signs)"
        lines.append(Choosable(f"column:{column.key}", name, value, column.about))
    return lines


def stepped(settings: Preferences, key: str, by: int) -> Preferences:
    """The settings with the next value of that line."""
    if key == "theme":
        return settings._replace(theme=_next(THEMES, settings.theme, by))
    if key == "delay":
        return settings._replace(delay=_next(_DELAYS, settings.delay, by))
    column = key.removeprefix("column:")
    if column == key:
        return Preferences(**{**settings._asdict(), key: not getattr(settings, key)})
    if column not in settings.columns:
        return settings._replace(columns=(*settings.columns, column))
    kept = tuple(one for one in settings.columns if one != column)
    return settings._replace(columns=kept or settings.columns)


def shifted(settings: Preferences, key: str, by: int) -> Preferences:
    """The settings with a column moved; as they were where it cannot move."""
    columns, column = list(settings.columns), key.removeprefix("column:")
    if column not in columns:
        return settings
    at = columns.index(column)
    to = min(max(at + by, 0), len(columns) - 1)
    columns.insert(to, columns.pop(at))
    return settings._replace(columns=tuple(columns))


def _next(values: tuple[T, ...], value: T, by: int) -> T:
    at = values.index(value) if value in values else -1 if by > 0 else 0
    return values[(at + by) % len(values)]
