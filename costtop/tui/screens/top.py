"""The list of sessions, ranked and live: the first question, who is spending. It sums nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Input

from costtop.snapshot.view import SessionRow, Snapshot
from costtop.tui import filter as filters
from costtop.tui.arrange import GROUPS, View, arranged
from costtop.tui.columns import Look, Shown, chosen
from costtop.tui.ink import Line, line
from costtop.tui.screens.choose import Answer, Choice, Choose
from costtop.tui.screens.tabbed import TAB_KEYS
from costtop.tui.spark import scale
from costtop.tui.widgets.facts import hint
from costtop.tui.widgets.first_run import first_run
from costtop.tui.widgets.header import meters, one_line, tabs, title
from costtop.tui.widgets.keybar import keybar
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.table import Table

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp

_TINY = (40, 8)  # cells: below it one line and the list
_NO_METERS = 15  # lines: below it the head is one line

KEYBAR = (
    ("F1", "Help", "app.help"), ("F2", "Setup", "app.setup"), ("F3", "Search", "screen.search"),
    ("F4", "Filter", "screen.filter"), ("F5", "Tree", "screen.tree"), ("F6", "Sort", "screen.sort"),
    ("F7", "Mark", "screen.mark"), ("F8", "Budget", "app.tab(7)"), ("F9", "Kill", "screen.kill"),
    ("F10", "Quit", "app.quit"),
)  # fmt: skip


class TopScreen(Screen[None]):
    """Sessions ranked by what they cost."""

    BINDINGS: ClassVar = [
        *TAB_KEYS,
        Binding("enter", "detail", "Open the session", id="detail"),
        Binding("k,f9", "kill", "End it, after a question", id="kill", key_display="k F9"),
        Binding("m,f7", "mark", "Mark it", id="mark", key_display="m F7"),
        Binding("slash,backslash,f4", "filter", "Filter", id="filter", key_display="/ F4 \\"),
        Binding("escape", "clear", "Clear filter and search", id="clear", key_display="Esc"),
        Binding("P", "sort_by('rate')", "Sort by $/h", id="sort_rate"),
        Binding("M", "sort_by('cost')", "Sort by $ total", id="sort_cost"),
        Binding("T", "sort_by('age')", "Sort by age", id="sort_age"),
        Binding("N", "sort_by('session')", "Sort by name", id="sort_name"),
        Binding("I,r", "invert", "Turn the order round", id="invert", key_display="I r"),
        Binding("left", "sort_next(-1)", "Sort by the column before", id="sort_before"),
        Binding("right", "sort_next(1)", "Sort by the next column", id="sort_after"),
        Binding("f6,less_than_sign,greater_than_sign", "sort", "Choose the sort column", id="sort",
                key_display="F6 < >"),
        Binding("f5,t", "tree", "Tree of subagents", id="tree", key_display="F5 t"),
        Binding("asterisk", "turn", "Open or fold this one", id="turn", key_display="*"),
        Binding("space,c", "tag", "Tag", id="tag", key_display="Space c"),
        Binding("U", "untag", "Untag all", id="untag"),
        Binding("F", "follow", "Keep the cursor in view", id="follow"),
        Binding("g", "group", "Group by project, feature, user", id="group"),
        Binding("i", "hide_idle", "Hide idle ones", id="hide_idle"),
        Binding("H", "hide_ended", "Hide ended ones", id="hide_ended"),
        Binding("number_sign", "meters", "Hide the meters", id="meters", key_display="#"),
        Binding("y", "copy", "Copy the session's id", id="copy"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.view = View()
        self.kept = filters.parse("")
        self._frozen: Snapshot | None = None  # what the list shows

    @property
    def costtop(self) -> "CosttopApp":
        """The app, by its own type."""
        return cast("CosttopApp", self.app)

    def compose(self) -> ComposeResult:
        """Head, tabs, list, hint or prompt, keys."""
        yield Pane("head")
        yield Pane("tabs")
        yield Table[Shown](lambda shown: shown.key, name="sessions")
        yield Pane("empty")
        yield Pane("hint")
        asked = "cost>5 model~opus !idle"
        yield Input(placeholder=asked, classes="prompt", id="filter", compact=True)
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot and mood."""
        settings = self.costtop.settings
        self.view = View(
            settings.sort, settings.falling, settings.tree, settings.group,
            settings.hides_idle, settings.hides_ended,
        )  # fmt: skip
        self.table.focus()
        self.watch(self.app, "snapshot", self._snapped, init=False)
        self.watch(self.app, "mood", self._mood_changed, init=False)

    @property
    def table(self) -> Table[Shown]:
        """The list."""
        return self.query_one("#sessions", Table)

    def on_resize(self) -> None:
        """Other things fit now."""
        self.draw()

    def on_screen_resume(self) -> None:
        """Another screen was in front."""
        self.draw()

    def _snapped(self, snapshot: Snapshot) -> None:
        if self.is_current:
            self.draw()

    def _mood_changed(self) -> None:
        if self.is_current:
            self.draw()

    def draw(self) -> None:
        """Draws the app's snapshot as the user wants to see it."""
        snapshot = self.costtop.snapshot
        self._draw_head()
        if self.costtop.mood.frozen_since is not None and self._frozen is not None:
            snapshot = self._frozen
        self._frozen = snapshot
        rows = arranged(snapshot.sessions, self.view, self.kept, snapshot.at)
        empty = not snapshot.sessions
        self.table.display, self.query_one("#empty").display = not empty, empty
        if empty:
            self.query_one("#empty", Pane).show(first_run(snapshot))
        top = scale(row.trend for row in snapshot.sessions)
        self.table.set_columns(
            chosen(self.costtop.settings.columns), self.view.sort, self.view.falling
        )
        self.table.show(rows, Look(snapshot.at, top, snapshot.zone))
        self._draw_hint()

    def _draw_head(self) -> None:
        snapshot, (width, height) = self.costtop.snapshot, self.size
        tiny = width < _TINY[0] or height < _TINY[1]
        self.set_class(tiny, "tiny")
        if tiny:
            head = [one_line(snapshot, width)]
        else:
            head = [title(snapshot, self.costtop.mood, width)]
            if height >= _NO_METERS and self.costtop.settings.meters:
                head += meters(snapshot, width)
        self.query_one("#head", Pane).show(head)
        self.query_one("#tabs", Pane).show([tabs(1, snapshot, self._switched_on(), width)])
        self.query_one("#keys", Pane).show([keybar(KEYBAR, width)])

    def _switched_on(self) -> Line:
        view, parts = self.view, []
        if self.kept.terms:
            parts.append(("FILTER ", "warn"))
            parts.append((self.kept.text + "  ", "text"))
        if view.group:
            parts.append((f"by {view.group}  ", "accent"))
        for is_on, word in ((view.hides_idle, "no idle"), (view.hides_ended, "no ended")):
            if is_on:
                parts.append((word + "  ", "dim"))
        return line(*parts)

    def _draw_hint(self) -> None:
        selected = self.table.selected
        tagged = sorted(self.view.tagged)
        row = selected.row if selected else None
        self.query_one("#hint", Pane).show([hint(row, tagged, self.costtop.snapshot.at)])

    def set_view(self, **changes: object) -> None:
        """Changes how the list is seen."""
        self.view = self.view._replace(**changes)  # type: ignore[arg-type]
        self.draw()

    # -- the list ------------------------------------------------------------------------------

    @on(Table.Moved)
    def _moved(self) -> None:
        self._draw_hint()

    @on(Table.HeadClicked)
    def _head_clicked(self, message: Table.HeadClicked) -> None:
        self.action_sort_by(message.column)

    @on(Table.Opened)
    def action_detail(self) -> None:
        """Opens the session under the cursor; a group opens or folds."""
        from costtop.tui.screens.session import SessionScreen

        shown = self.table.selected
        if shown is None:
            return
        if shown.members:
            self.action_turn()
        else:
            self.app.push_screen(SessionScreen(shown.row))

    def action_sort_by(self, column: str) -> None:
        """Sorts by a column, or turns it round when it is the one already."""
        known = next((c for c in chosen((column,)) if c.sort), None)
        if known is None:
            return
        falling = not self.view.falling if column == self.view.sort else known.falling
        self.set_view(sort=column, falling=falling)

    def action_sort_next(self, step: int) -> None:
        """Sorts by the neighbouring column."""
        keys = [column.key for column in chosen(self.costtop.settings.columns) if column.sort]
        at = keys.index(self.view.sort) if self.view.sort in keys else 0
        self.action_sort_by(keys[(at + step) % len(keys)])

    def action_invert(self) -> None:
        """Turns the order round."""
        self.set_view(falling=not self.view.falling)

    def action_sort(self) -> None:
        """Asks for the column to sort by."""
        columns = [column for column in chosen(self.costtop.settings.columns) if column.sort]
        choices = [Choice(c.key, " ", f"{c.title:<16} {c.about}") for c in columns]
        self.app.push_screen(Choose("Sort by", choices, start=self.view.sort), self._sorted)

    def _sorted(self, answer: Answer | None) -> None:
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

    def action_hide_idle(self) -> None:
        """Shows or hides idle sessions."""
        self.set_view(hides_idle=not self.view.hides_idle)

    def action_hide_ended(self) -> None:
        """Shows or hides ended sessions."""
        self.set_view(hides_ended=not self.view.hides_ended)

    def action_meters(self) -> None:
        """Shows or hides the meters."""
        self.costtop.settings = self.costtop.settings._replace(
            meters=not self.costtop.settings.meters
        )
        self.draw()

    def action_follow(self) -> None:
        """The list scrolls with the selected session, or not."""
        self.table.follows = not self.table.follows
        self.costtop.say("following the cursor" if self.table.follows else "not following")

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
        if (shown := self.table.selected) is not None:
            self.app.copy_to_clipboard(shown.row.session)
            self.costtop.say(f"copied {shown.row.session}")

    # -- filter --------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Opens the filter's line."""
        self._open_prompt(True)

    def _open_prompt(self, is_open: bool) -> None:
        prompt = self.query_one("#filter", Input)
        prompt.set_class(is_open, "-open")
        self.query_one("#hint").display = not is_open
        (prompt if is_open else self.table).focus()

    def keep(self, text: str) -> None:
        """Filters by `text`, as if it had been typed."""
        self.query_one("#filter", Input).value = text

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        self.kept = filters.parse(event.value)
        self.draw()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._open_prompt(False)

    def action_clear(self) -> None:
        """Esc: closes the filter's line and clears the filter."""
        self._open_prompt(False)
        self.query_one("#filter", Input).value = ""

    # -- deeds ---------------------------------------------------------------------------------

    def targets(self) -> Sequence[SessionRow]:
        """The tagged sessions, else the one under the cursor: never a row number."""
        rows = {row.key: row for row in self.costtop.snapshot.sessions}
        tagged = [rows[key] for key in sorted(self.view.tagged) if key in rows]
        shown = self.table.selected
        if tagged or shown is None or shown.members:
            return tagged
        root = f"{shown.row.source}/{shown.row.session}"
        return [rows.get(root, shown.row)]

    def action_kill(self) -> None:
        """Asks how to end the targets."""
        from costtop.tui.screens.deeds import ask_kill

        ask_kill(self.costtop, self.targets())

    def action_mark(self) -> None:
        """Asks what to say of the targets."""
        from costtop.tui.screens.deeds import ask_mark

        ask_mark(self.costtop, self.targets())
