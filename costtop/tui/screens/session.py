"""One session: its curve, where its dollars went, its calls, its peers."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding

from costtop.durations import SECOND, short
from costtop.queries.alerts.alert_list import Alerts
from costtop.queries.live.view import SessionRow, Snapshot
from costtop.queries.sessions.session import CallLine, SessionDetail
from costtop.tui.dialogs.kill import ask_kill
from costtop.tui.dialogs.mark import ask_mark
from costtop.tui.dialogs.session_actions import root_key, show_transcript
from costtop.tui.dialogs.silence import Silenced, ask_silence
from costtop.tui.draw.changed_cells import SparingScreen
from costtop.tui.draw.figures import bill, share, short_model, short_place, si, some
from costtop.tui.draw.ink import Line, facts, line
from costtop.tui.draw.key_bar import keybar
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook
from costtop.tui.widgets.cause_table import TIMELINE, causes, compared, sent
from costtop.tui.widgets.cause_table import deeds as done
from costtop.tui.widgets.curve import curve
from costtop.tui.widgets.header import titled
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.table import Table

_AGAIN = 2 * SECOND  # between two readings of a session that moves
_KEYBAR = (
    ("Esc", "Back", "screen.dismiss"),
    ("F1", "Help", "app.help"),
    ("F7", "Mark", "screen.mark"),
    ("F9", "Kill", "screen.kill"),
    ("s", "Silence", "screen.silence"),
    ("e", "Calls/all", "screen.expand"),
    ("y", "Copy", "screen.copy"),
    ("F10", "Quit", "app.quit"),
)


class SessionScreen(SparingScreen):
    """The session of a row, followed by its key."""

    BINDINGS: ClassVar = [
        Binding("escape,backspace", "dismiss", "Back", id="back", key_display="Esc"),
        Binding("k,f9", "kill", "End it, after a question", id="kill", key_display="k F9"),
        Binding("m,f7", "mark", "Mark it", id="mark", key_display="m F7"),
        Binding("s", "silence", "Silence its alerts", id="silence"),
        Binding("e,l", "expand", "Calls only, or all", id="expand", key_display="e l"),
        Binding("y", "copy", "Copy its id", id="copy"),
        Binding("o", "transcript", "Open its transcript's folder", id="transcript"),
    ]

    def __init__(self, row: SessionRow) -> None:
        super().__init__()
        self._row = row
        self._detail: SessionDetail | None = None
        self._alerts: Alerts | None = None
        self._read_at, self._read_of = 0, (-1, -1)
        self._expanded = False

    def compose(self) -> ComposeResult:
        """Title, figures and curve, ledger, calls, keys."""
        yield Pane("head")
        yield Pane("facts")
        yield Pane("causes")
        yield Table[CallLine](lambda call: f"{call.at}/{call.total}/{call.agent}", name="calls")
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot."""
        table = self.query_one("#calls", Table)
        table.set_columns(TIMELINE)
        table.newest_first = True
        table.focus()
        self.watch(self.app, "snapshot", self._snapped)

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw()

    def on_screen_resume(self) -> None:
        """Another screen was in front."""
        self._draw()

    def _snapped(self, snapshot: Snapshot) -> None:
        for row in snapshot.sessions:
            if row.key == root_key(self._row):
                self._row = row
        moved = (self._row.calls, self._row.cost)
        if moved != self._read_of and abs(snapshot.at - self._read_at) >= _AGAIN:
            self._read_at, self._read_of = snapshot.at, moved
            key, now, host = root_key(self._row), snapshot.at, host_of(self)
            backend = host.backend
            host.look(
                self, lambda: (backend.session(key, now), backend.alerts(key, now)), self._take
            )
        if self.is_current:
            self._draw()

    def _take(self, read: tuple[SessionDetail | None, Alerts]) -> None:
        self._detail, self._alerts = read
        self._draw()

    def _marks(self) -> list[tuple[int, str]]:
        """When its alerts fired, for the axis of the curve."""
        lines = self._alerts.lines if self._alerts else ()
        return [(one.alert.at, f"▲ {one.alert.rule.replace('_', ' ')}") for one in lines]

    def _draw(self) -> None:
        host, (width, height) = host_of(self), self.size
        if not width:
            return
        snapshot = host.snapshot
        self.query_one("#head", Pane).show(titled(snapshot, host.mood, self.size))
        self.query_one("#keys", Pane).show([keybar(_KEYBAR, width)])
        figures = _figures(self._row, snapshot.at, self._detail.gate if self._detail else None)
        causes_, detail = [], self._detail
        if detail is not None and not self._expanded:
            plot = max(min((height - 20) // 2, 8), 3)
            marks = self._marks()
            figures += [(), *curve(detail.curve, width - 1, plot, snapshot.zone, marks=marks)]
            causes_ = self._ledger(detail, snapshot, width, height)
        self.query_one("#facts", Pane).show([facts(one, width) for one in figures])
        self.query_one("#causes", Pane).show([facts(one, width) for one in causes_])
        if detail is not None:
            top = max((call.cost or 0 for call in detail.calls), default=0)
            look = CellLook(snapshot.at, top, snapshot.zone)
            self.query_one("#calls", Table).show(detail.calls[::-1], look)

    def _ledger(
        self, detail: SessionDetail, snapshot: Snapshot, width: int, height: int
    ) -> list[Line]:
        ink = "bad" if self._row.severity == "critical" else "warn"
        bars = causes(detail, width - 2, ink) if height >= 30 else []
        lines = [(), *bars, *compared(detail, width - 2)]
        if height >= 30:
            lines += sent(self._alerts, snapshot.at, snapshot.zone)[:3]
            lines += done(detail, snapshot.at, snapshot.zone)[:2]
        return [(*line(" "), *one) for one in lines]

    # -- deeds ---------------------------------------------------------------------------------

    def action_kill(self) -> None:
        """Asks how to end it."""
        ask_kill(self, [self._row])

    def action_mark(self) -> None:
        """Asks what to say of it."""
        ask_mark(self, [self._row])

    def action_silence(self) -> None:
        """Asks for how long its alerts are silent."""
        ask_silence(self, Silenced(session=root_key(self._row), name=self._row.called))

    def action_expand(self) -> None:
        """The calls alone, or everything."""
        self._expanded = not self._expanded
        self._draw()

    def action_copy(self) -> None:
        """The session's id into the terminal's clipboard."""
        self.app.copy_to_clipboard(self._row.session)
        host_of(self).say(f"copied {self._row.session}")

    def action_transcript(self) -> None:
        """The folder of its log, or where it is."""
        show_transcript(self, self._row)

    @on(Table.Opened)
    def _opened(self) -> None:
        self.action_expand()


def _figures(row: SessionRow, now: int, gate: int | None) -> list[Line]:
    """Whose it is, what it costs, why, and whether a gate can hold it."""
    name = row.called
    names = (row.title, *map(short_place, (row.project, row.feature, row.branch)))
    place = " · ".join(dict.fromkeys(part for part in names if part))
    who = " @ ".join(part for part in (row.user, row.host) if part)
    pid = f"pid {row.pid}" if row.pid else "process not known exactly"
    held = "" if row.state == "ended" else _gate(gate, now)
    where = [part for part in (who, pid, held, row.cwd) if part]
    full = f"   {row.session}" if name != row.session else ""
    state = (row.state, {"running": "good", "paused": "accent"}.get(row.state, "dim"))
    marked = (f"   marked {row.mark}" if row.mark else "", "accent")
    lines = [
        line((f" {name} ", "strong"), state, f"   {place}", (full, "dim")),
        line(f" {row.source} {short_model(row.model)}", *((f"   {one}", "dim") for one in where)),
        _costs(row),
        line((f" {_times(row, now)}", "dim"), marked),
    ]
    if row.why:
        sign, ink = ("!", "bad") if row.severity == "critical" else ("▲", "warn")
        lines.append(line((f" {sign} {row.why}", ink)))
    return lines


def _gate(at: int | None, now: int) -> str:
    """Whether its hook asks costtop: without one only pause and kill hold it."""
    if at is None:
        return ""
    return f"gate called {short(now - at)} ago" if at else "no gate"


def _costs(row: SessionRow) -> Line:
    floor = f"   {row.unpriced} calls without a price" if row.unpriced else ""
    asked = f"{some(row.calls, 'call')}   {some(row.errors, 'error')}"
    used = f"   {asked}   {si(row.tokens)} tokens"
    cached = f"   {share(row.cache)} from the cache{floor}"
    cost = bill(row.short.known(row.cost), floor=row.floor)
    if row.billed is not None:
        cost += f" value, billed {bill(row.billed)}"
    return line(" ", (cost, "strong"), f"   {bill(row.short.known(row.rate))}/h now", used, cached)


def _times(row: SessionRow, now: int) -> str:
    began = f"began {short(now - row.started)} ago" if row.started else "start unknown"
    return began + (f", last call {short(now - row.last)} ago" if row.last else "")
