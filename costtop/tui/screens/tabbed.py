"""The skeleton of the numbered screens but the first: head, tabs, a list, keys, reading anew."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult

from costtop.durations import SECOND
from costtop.queries.live.view import Snapshot
from costtop.queries.spending.spending import SPANS
from costtop.tui.backend import Backend
from costtop.tui.draw.changed_cells import SparingScreen
from costtop.tui.draw.ink import Line, facts
from costtop.tui.draw.key_bar import keybar
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import Column
from costtop.tui.screens.bindings import BACK_KEYS
from costtop.tui.widgets.header import tabs, titled
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.table import Table

Row = TypeVar("Row")
Read = TypeVar("Read")


class Tabbed(SparingScreen, Generic[Row, Read]):
    """A list of `Row`s under head and tabs, drawn from what was `Read` last.

    A screen gives `reading` and `picture`; it reads again when its reading is `again` old.
    """

    BINDINGS: ClassVar = BACK_KEYS
    keys: ClassVar[tuple[tuple[str, str, str], ...]] = ()  # of its own, between help and back
    above: ClassVar[tuple[str, ...]] = ()  # panes between the tabs and the list
    below: ClassVar[tuple[str, ...]] = ()  # panes under the list
    again: ClassVar[int] = 5 * SECOND
    newest_first: ClassVar[bool] = False

    def __init__(self, tab: int, columns: Sequence[Column[Row]], key: Callable[[Row], str]) -> None:
        """`key` names a row for good."""
        super().__init__()
        self.tab, self.span = tab, SPANS[1]
        self.latest: Read | None = None  # what was read last
        self._columns, self._key = columns, key
        self._read_at = 0

    def reading(self, backend: Backend, now: int) -> Callable[[], Read]:
        """What is to be read for the screen as it stands; it is called in a thread."""
        raise NotImplementedError

    def picture(self, read: Read) -> None:
        """Draws what was read."""
        raise NotImplementedError

    def right(self) -> Line:
        """What is switched on, at the right of the tabs."""
        return ()

    @property
    def table(self) -> Table[Row]:
        """The list."""
        return self.query_one("#rows", Table)

    def compose(self) -> ComposeResult:
        """Head, tabs, the list between its panes, keys."""
        for name in ("head", "tabs", *self.above):
            yield Pane(name)
        yield Table[Row](self._key, name="rows")
        for name in self.below:
            yield Pane(name)
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot."""
        self.table.set_columns(self._columns)
        self.table.newest_first = self.newest_first
        self.table.focus()
        self.watch(self.app, "snapshot", self._snapped)

    def _snapped(self, snapshot: Snapshot) -> None:
        if snapshot.at and abs(snapshot.at - self._read_at) >= self.again:
            self.read()
        self.draw()

    def read(self) -> None:
        """Reads anew, and draws when that is done."""
        host = host_of(self)
        now = self._read_at = host.snapshot.at
        host.look(self, self.reading(host.backend, now), self._take)

    def _take(self, read: Read) -> None:
        self.latest = read
        self.draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self.draw()

    @on(Table.Moved)
    def draw(self) -> None:
        """Draws all of it."""
        host, width = host_of(self), self.size.width
        keys = (("F1", "Help", "app.help"), *self.keys)
        keys = (*keys, ("Esc", "Back", "app.tab(1)"), ("F10", "Quit", "app.quit"))
        self.show("head", titled(host.snapshot, host.mood, self.size))
        self.show("tabs", [tabs(self.tab, host.snapshot, self.right(), width)])
        self.show("keys", [keybar(keys, width)])
        if self.latest is not None:
            self.picture(self.latest)

    def show(self, pane: str, lines: Sequence[Line]) -> None:
        """Puts lines into one of the panes; what has no room goes fact by fact."""
        width = self.size.width
        self.query_one(f"#{pane}", Pane).show([facts(one, width) for one in lines])

    def action_span(self, by: int) -> None:
        """Another period; for screens with `SPAN_KEYS`."""
        self.span = SPANS[(SPANS.index(self.span) + by) % len(SPANS)]
        self.read()

    async def show_session(self, key: str) -> None:
        """The list of sessions, filtered to the session with this key."""
        name = key.partition("/")[2]
        await host_of(self).show_sessions(f'session="{name}"')
