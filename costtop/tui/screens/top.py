"""The list of sessions, ranked and live: the first question, who is spending."""

from collections.abc import Sequence
from operator import attrgetter
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from costtop.queries.live.view import SessionRow, Snapshot
from costtop.queries.sessions.spent_sessions import SpentSessions, Within
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.dialogs.kill import ask_kill
from costtop.tui.dialogs.mark import ask_mark
from costtop.tui.dialogs.session_actions import root_key, show_transcript, targets
from costtop.tui.dialogs.silence import Silenced, ask_silence
from costtop.tui.draw.changed_cells import SparingScreen
from costtop.tui.draw.key_bar import TOP_BAR, TOP_MORE, keybar
from costtop.tui.host import Host, host_of
from costtop.tui.list import filter as filters
from costtop.tui.list.arrange import GROUPS, View, neighbour, resorted
from costtop.tui.list.columns import chosen, sighted
from costtop.tui.list.frame_memory import FrameMemory
from costtop.tui.list.shown_rows import Shown, ground, settled
from costtop.tui.list.span_list import EVERYWHERE, SpanList
from costtop.tui.screens.bindings import TOP_KEYS
from costtop.tui.widgets import header
from costtop.tui.widgets.around_list import Prompts, first_run
from costtop.tui.widgets.burn_pane import BurnPane
from costtop.tui.widgets.incidents_pane import IncidentsPane
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.session_pane import Rest, SessionPane
from costtop.tui.widgets.session_pane_lines import aside_width, heading, hint
from costtop.tui.widgets.table import Table


class TopScreen(SparingScreen):
    """Sessions ranked by what they cost."""

    BINDINGS: ClassVar = TOP_KEYS

    def __init__(self) -> None:
        super().__init__()
        # Kept at hand: a query costs more than what most of them draw.
        self.table = Table[Shown](attrgetter("key"), name="sessions", token=settled, ground=ground)
        self._panes = {name: Pane(name) for name in ("head", "tabs", "empty", "hint")}
        self._burn, self._incidents = BurnPane("burn"), IncidentsPane("incidents")
        self._aside, self._below = SessionPane("aside", beside=True), SessionPane("below")
        self._prompts = Prompts()
        self.view = View()
        self.kept = filters.parse("")
        self._frozen: Snapshot | None = None  # what the list shows
        self._memory = FrameMemory()
        self.span = SpanList()
        self._rest = Rest(self, self._looked)  # each key of a run would be read
        self._order: tuple[str, bool] | None = None  # of the live list, where another is shown

    @property
    def host(self) -> Host:
        """The app."""
        return host_of(self)

    def compose(self) -> ComposeResult:
        """Head, tabs, list, pane, hint or prompt, keys."""
        panes = self._panes
        yield panes["head"]
        yield self._burn
        yield panes["tabs"]
        with Horizontal(id="middle"):
            yield self.table
            yield panes["empty"]
            yield self._aside
        yield self._below
        yield self._incidents
        yield panes["hint"]
        yield self._prompts
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot and mood."""
        self.view = self.host.settings.view()
        self.table.on_top = True  # as htop's: whoever has not moved it asks who is dearest
        self._prompt("")
        self.watch(self.app, "snapshot", self._changed, init=False)
        self.watch(self.app, "mood", self._changed, init=False)

    @on(events.Resize)
    @on(events.ScreenResume)
    def _seen_anew(self) -> None:
        self.draw()

    def _changed(self) -> None:
        if self.is_current:
            self.draw()

    # -- drawing -------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draws the app's snapshot as the user wants to see it."""
        snapshot = self.host.snapshot
        if self.host.mood.frozen_since is not None and self._frozen is not None:
            snapshot = self._frozen
        self._frozen = snapshot
        self._memory.calls.look(snapshot)
        self._read_span()
        sessions = self.span.rows(snapshot)
        live = self.host.at is None and self.span.within is None
        rows = self._memory.arranged(snapshot, sessions, self.view, self.kept, is_live=live)
        empty = not snapshot.sessions and self.span.within is None
        self.table.display, self._panes["empty"].display = not empty, empty
        if empty:
            self._panes["empty"].show(first_run(snapshot))
        past = self.host.at is not None and not self.host.mood.playing
        keys, value = sighted(self.host.settings.columns, self.view.sort), bool(snapshot.billed)
        columns = chosen(keys, past=past, value=value)
        self.table.set_columns(columns, self.view.sort, self.view.falling)
        look = self._memory.look(snapshot, self.view.group, self.host.settings.columns)
        if past:
            costs = [row.cost for row in sessions]
            look = look._replace(whole=sum(costs), top=max(costs, default=0))
        self.table.show(rows, look)
        self._draw_selected()
        self._draw_head()

    def _read_span(self) -> None:
        host = self.host
        if (within := self.span.due(host.snapshot)) is not None:
            backend, now = host.backend, host.snapshot.at
            host.look(self, lambda: backend.spent_sessions(within, now), self._spent, "span")

    def _spent(self, read: SpentSessions) -> None:
        self.span.take(read)
        self.draw()

    def _draw_head(self) -> None:
        app, snapshot = self.host, self.host.snapshot
        self.set_class(header.is_tiny(self.size), "tiny")
        meters, latest = app.settings.meters, self._memory.calls.latest
        self._panes["head"].show(header.head(snapshot, app.mood, self.size, meters, latest))
        self._draw_tabs()
        self.query_one("#keys", Pane).show([keybar(TOP_BAR, self.size.width, TOP_MORE)])

    def _draw_tabs(self) -> None:
        """The rule above the list: screens, what narrows the list, whose the pane beside it is."""
        app, beside = self.host, self._width_beside()
        burns = app.at is None or app.mood.playing
        value = bool(app.snapshot.billed)
        right = header.switched_on(self.view, self.kept, self.size.width, burns=burns, value=value)
        row = heading(self._looked_at(), beside) if beside else ()
        said, width = self.span.said(), self.size.width - beside
        tabs = header.spanned(said, width) if said else header.tabs(1, app.snapshot, right, width)
        self._panes["tabs"].show([(*tabs, *row)])

    def _width_beside(self) -> int:
        return aside_width(self.size.width) if self._aside.display else 0

    def _draw_selected(self) -> None:
        """The hint line and the pane: both of the session under the cursor."""
        row, snapshot = self._looked_at(), self.host.snapshot
        key = root_key(row) if row else ""
        marked = self.view.tagged
        tagged = [one.called for one in snapshot.sessions if one.key in marked] if marked else []
        for glance in (self._aside, self._below):
            glance.about(row, key)
        told = self._incidents.look(self._width_beside())
        told = told or self._aside.display or self._below.display
        shown = bool(tagged) or (row is not None and not told)
        self._panes["hint"].display = shown and not self._prompts.is_open
        self._panes["hint"].show([hint(row, tagged, snapshot.at, self.size.width)])
        self._burn.about(key, filters.rate(self.kept, snapshot.sessions, snapshot.at))

    def _row(self) -> SessionRow | None:
        shown = self.table.selected
        return None if shown is None or shown.members else shown.row

    def _looked_at(self) -> SessionRow | None:
        """The session under the cursor, of an open group its first: the panes stay as they are."""
        shown = self.table.selected
        if shown is not None and shown.members and not shown.folded:
            following = self.table.following
            return None if following is None else following.row
        return self._row()

    def set_view(self, **changes: object) -> None:
        """Changes how the list is seen."""
        self.view = self.view._replace(**changes)  # type: ignore[arg-type]
        self.draw()

    # -- the list ------------------------------------------------------------------------------

    @on(IncidentsPane.Read)
    def _looked(self) -> None:
        self._draw_selected()
        self._draw_tabs()

    @on(Table.Moved)
    def _moved(self) -> None:
        self._rest.moved()

    @on(Table.HeadClicked)
    def _head_clicked(self, message: Table.HeadClicked) -> None:
        self.action_sort_by(message.column)

    @on(Table.Opened)
    def action_detail(self) -> None:
        """Opens the session under the cursor; a group opens or folds."""
        if (row := self._row()) is not None:
            self.host.show_session(row)
        else:
            self.action_turn()

    def action_sort_by(self, column: str) -> None:
        """Sorts by a column, or turns it round when it is the one already."""
        self.view = resorted(self.view, column)
        self._memory.forget_order()  # asked for: all of it, at once
        self.draw()

    def action_sort_next(self, step: int) -> None:
        """Sorts by the neighbouring column."""
        columns = chosen(self.host.settings.columns)
        self.action_sort_by(neighbour(columns, self.view.sort, step))

    def action_switch(self, what: str) -> None:
        """Turns one of the view's switches: `falling`, `hides_idle` or `hides_ended`."""
        self.set_view(**{what: not getattr(self.view, what)})

    def action_sort(self) -> None:
        """Asks for the column to sort by."""
        columns = [column for column in chosen(self.host.settings.columns) if column.sort]
        choices = [Choice(c.key, " ", f"{c.label:<16} {c.about}") for c in columns]
        self.app.push_screen(Choose("Sort by", choices, start=self.view.sort), self._sorted)

    def _sorted(self, answer: Chosen | None) -> None:
        if answer and answer.id != self.view.sort:
            self.action_sort_by(answer.id)

    def action_tree(self) -> None:
        """Shows subagents under their session, or not."""
        self.set_view(tree=not self.view.tree, turned=frozenset())

    def action_turn(self) -> None:
        """Opens or folds the row under the cursor."""
        if (shown := self.table.selected) is not None:
            self.set_view(turned=self.view.turned ^ {shown.key})

    def action_group(self) -> None:
        """The next way to group."""
        following = GROUPS[(GROUPS.index(self.view.group) + 1) % len(GROUPS)]
        self.set_view(group=following, turned=frozenset())

    def action_meters(self) -> None:
        """Shows or hides the meters."""
        settings = self.host.settings
        self.host.settings = settings._replace(meters=not settings.meters)
        self.draw()

    def action_pane(self) -> None:
        """Shows or hides the pane below the list."""
        for glance in (self._aside, self._below):
            glance.wanted = not glance.wanted
        self._draw_selected()

    def action_follow(self) -> None:
        """The list scrolls with the selected session, or not."""
        self.table.follows = not self.table.follows
        self.host.say("following the cursor" if self.table.follows else "not following")

    def action_tag(self) -> None:
        """Tags the row under the cursor and steps on, as htop does."""
        shown = self.table.selected
        if shown is not None and not shown.members and not shown.row.agent:
            self.set_view(tagged=self.view.tagged ^ {shown.key})
        self.table.action_move(1)

    def action_untag(self) -> None:
        """Lets all tags go."""
        self.set_view(tagged=frozenset())

    def action_copy(self) -> None:
        """The session's id into the terminal's clipboard."""
        if (row := self._row()) is not None:
            self.app.copy_to_clipboard(row.session)
            self.host.say(f"copied {row.session}")

    def action_transcript(self) -> None:
        """The folder of the session's log, or where it is."""
        if (row := self._row()) is not None:
            show_transcript(self, row)

    # -- filter and search ---------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A slash that is typed into the filter is a slash."""
        return action != "filter" or not isinstance(self.focused, Input)

    def action_filter(self) -> None:
        """Opens the filter's line."""
        self._prompt("filter")

    def action_search(self) -> None:
        """Opens the search's line; asked for there, it looks through all history."""
        line_ = self.query_one("#search", Input)
        if self.focused is line_ and line_.value:
            self._prompt("")
            self.keep(EVERYWHERE + line_.value)
        else:
            self._prompt("search")

    def _prompt(self, wanted: str) -> None:
        """Opens one of the two lines in place of the hint; "" closes both."""
        self._panes["hint"].display = not wanted
        self._prompts.open(wanted, self.table)

    def keep(self, text: str) -> None:
        """Filters by `text`, as if it had been typed."""
        self.query_one("#filter", Input).value = text

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.span.search(event.value)
        self.kept = filters.parse(event.value.removeprefix(EVERYWHERE))
        self.draw()

    @on(Input.Changed, "#search")
    def _search_typed(self) -> None:
        self._prompts.seek(self.table, 0, 1)

    @on(Input.Submitted)
    def _typed(self) -> None:
        self._prompt("")

    def action_again(self, step: int) -> None:
        """The next match of the search, or the one before."""
        self._prompts.seek(self.table, step, step)

    def action_clear(self) -> None:
        """Esc: closes the prompt and clears filter and search, then the span."""
        self._prompt("")
        if not self.kept.text and not self.query_one("#search", Input).value:
            self._live_again()
        self._prompts.clear()

    def _live_again(self) -> None:
        """Back to the live list of now."""
        if self.span.within is not None:
            self.span.show(None)
            sort, falling = self._order or (self.view.sort, self.view.falling)
            self._order = None
            self.set_view(sort=sort, falling=falling)
        if self.host.at is not None:
            self.host.travel(None)

    def action_span(self, by: int) -> None:
        """The sessions of another span."""
        self.span.step(by)
        self.draw()

    def spent(self, within: Within) -> None:
        """The sessions that a line of another screen sums up."""
        if self.span.within is None:
            self._order = self.view.sort, self.view.falling
        self.span.show(within)
        self.set_view(sort="cost", falling=True)

    def action_user(self) -> None:
        """Only the sessions of the user under the cursor, or everybody's again."""
        row = self._row()
        if self.kept.text.startswith("user="):
            self.keep("")
        elif row is not None:
            self.keep(f'user="{row.user or "(none)"}"')

    # -- deeds ---------------------------------------------------------------------------------

    def targets(self) -> Sequence[SessionRow]:
        """The tagged sessions, else the one under the cursor: never a row number."""
        return targets(self.host.snapshot.sessions, self.view.tagged, self._row())

    def action_kill(self) -> None:
        """Asks how to end the targets."""
        ask_kill(self, self.targets())

    def action_mark(self) -> None:
        """Asks what to say of the targets."""
        ask_mark(self, self.targets())

    def action_silence(self) -> None:
        """Asks for how long the alerts of the session under the cursor are silent."""
        if (row := self._row()) is not None:
            ask_silence(self, Silenced(session=root_key(row), name=row.called))
