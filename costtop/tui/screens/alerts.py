"""What fired, on what evidence, who was told, and what is silent. It decides and tells nothing."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from costtop.control.protocol import Acknowledge, EndSilence
from costtop.files import user_name
from costtop.model import Silence
from costtop.queries.alerts.alert_list import Alert, AlertLine, Alerts, Delivery
from costtop.queries.live.view import Snapshot
from costtop.tui.dialogs.choice import Answer, Choice, Choose
from costtop.tui.dialogs.session_actions import ask_silence
from costtop.tui.dialogs.silence import About
from costtop.tui.draw.figures import cash, moment, short_session
from costtop.tui.draw.ink import Line, Span, line, wrapped
from costtop.tui.list.columns import Column, Look
from costtop.tui.screens.tabbed import BACK_KEYS, costtop_of, frame
from costtop.tui.widgets.pane import Pane
from costtop.tui.widgets.table import Table

_AGAIN = 2_000  # ms
_KEYBAR = (
    ("F1", "Help", "app.help"), ("a", "Ack", "screen.acknowledge"),
    ("s", "Silence", "screen.silence"), ("u", "Unsilence", "screen.unsilence"),
    ("x", "Hide resolved", "screen.resolved"), ("⏎", "Session", "screen.session"),
    ("Esc", "Back", "app.tab(1)"), ("F10", "Quit", "app.quit"),
)  # fmt: skip
_SEVERITIES = {"critical": ("!!", "bad"), "warning": ("! ", "warn"), "notice": ("· ", "dim")}
_DELIVERED = {"sent": ("✓", "good"), "screen": ("✓", "good"), "digested": ("✓", "good"),
              "pending": ("…", "accent"), "held": ("…", "accent")}  # fmt: skip


def _sign(one: AlertLine, look: Look) -> Span:
    sign, ink = _SEVERITIES.get(one.alert.severity, ("  ", "dim"))
    return Span(sign, ink if one.alert.state == "open" else "dim")


def _title(one: AlertLine, look: Look) -> Span:
    if one.alert.state != "open":
        return Span(one.alert.title, "dim")
    ink = _SEVERITIES.get(one.alert.severity, ("", "text"))[1]
    return Span(one.alert.title, "text" if ink == "dim" else ink)


def _about(one: AlertLine, look: Look) -> Span:
    session = short_session(one.alert.session.partition("/")[2])
    return Span(session or one.alert.budget or "-")


def _cost(one: AlertLine, look: Look) -> Span:
    cost = one.alert.cost if one.alert.cost_now is None else one.alert.cost_now
    return Span("-" if cost is None else cash(cost))


def _told(one: AlertLine, look: Look) -> Span:
    signs = "".join(_DELIVERED.get(sent.state, ("✗", "bad"))[0] for sent in one.deliveries)
    return Span(signs or "-", "bad" if "✗" in signs else "good" if "✓" in signs else "dim")


COLUMNS: tuple[Column[AlertLine], ...] = (
    Column("sign", "", 2, 0, _sign),
    Column("when", "WHEN", 12, 1,
           lambda a, look: Span(moment(a.alert.at, look.at, look.zone), "dim")),
    Column("about", "ABOUT", 9, 1, _about, grow=9),
    Column("title", "WHAT", 30, 0, _title, grow=90),
    Column("rule", "RULE", 13, 4, lambda a, look: Span(a.alert.rule, "dim"), grow=4),
    Column("cost", "$", 8, 2, _cost, align=">"),
    Column("state", "STATE", 12, 2, lambda a, look: Span(a.alert.state, "dim")),
    Column("told", "TOLD", 5, 3, _told),
)  # fmt: skip


class AlertsScreen(Screen[None]):
    """The latest alerts, the newest first."""

    BINDINGS: ClassVar = [
        *BACK_KEYS,
        Binding("a", "acknowledge", "Acknowledge", id="acknowledge"),
        Binding("s", "silence", "Silence", id="silence"),
        Binding("u", "unsilence", "End a silence", id="unsilence"),
        Binding("x", "resolved", "Hide resolved ones", id="resolved"),
        Binding("enter", "session", "Its session", id="session"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._alerts: Alerts | None = None
        self._hides = False
        self._read_at = 0

    def compose(self) -> ComposeResult:
        """Head, tabs, list, evidence, keys."""
        yield Pane("head")
        yield Pane("tabs")
        yield Table[AlertLine](lambda one: one.alert.id, name="rows")
        yield Pane("evidence")
        yield Pane("keys", base="label")

    def on_mount(self) -> None:
        """Follows the app's snapshot."""
        self.query_one("#rows", Table).set_columns(COLUMNS)
        self.query_one("#rows", Table).newest_first = True
        self.query_one("#rows", Table).focus()
        self.watch(self.app, "snapshot", self._snapped)

    def _snapped(self, snapshot: Snapshot) -> None:
        if snapshot.at and abs(snapshot.at - self._read_at) >= _AGAIN:
            self._read()
        self._draw()

    def _read(self) -> None:
        app = costtop_of(self)
        now = self._read_at = app.snapshot.at
        app.look(self, lambda: app.world.alerts("", now), self._take)

    def _take(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._draw()

    def on_resize(self) -> None:
        """Draws to the new size."""
        self._draw()

    @on(Table.Moved)
    def _draw(self) -> None:
        right = line(("no resolved  ", "dim")) if self._hides else ()
        frame(self, 6, right, _KEYBAR)
        if self._alerts is None:
            return
        snapshot, table = costtop_of(self).snapshot, self.query_one("#rows", Table)
        lines = self._alerts.lines
        rows = [one for one in lines if not self._hides or one.alert.state != "resolved"]
        table.show(rows, Look(snapshot.at, 0, snapshot.zone))
        behind = evidence(table.selected, self._alerts, snapshot, self.size.width)
        self.query_one("#evidence", Pane).show(behind[: max(self.size.height - 10, 0)])

    def _selected(self) -> Alert | None:
        line_ = self.query_one("#rows", Table).selected
        return line_.alert if line_ else None

    def action_acknowledge(self) -> None:
        """The alert under the cursor has been seen."""
        alert = self._selected()
        if alert is not None:
            app = costtop_of(self)
            app.do(Acknowledge(alert.id, user_name()), f"acknowledged {alert.id}", self._read)

    def action_silence(self) -> None:
        """Asks for how long what the alert is about is silent."""
        alert = self._selected()
        if alert is not None:
            about = About(alert.session, "", "", alert.budget)
            ask_silence(costtop_of(self), about)

    def action_unsilence(self) -> None:
        """Asks which silence to end."""
        silences = self._alerts.silences if self._alerts else ()
        if not silences:
            costtop_of(self).say("nothing is silent")
            return
        choices = [Choice("cancel", "0", "Cancel")]
        choices += [Choice(str(one.id), str(one.id), _silent(one)) for one in silences]
        self.app.push_screen(Choose("End a silence", choices, start="cancel"), self._unsilenced)

    def _unsilenced(self, answer: Answer | None) -> None:
        if answer is not None and answer.id != "cancel":
            command = EndSilence(int(answer.id), user_name())
            costtop_of(self).do(command, "the silence has ended", self._read)

    def action_resolved(self) -> None:
        """Shows or hides what is over."""
        self._hides = not self._hides
        self._draw()

    @on(Table.Opened)
    async def action_session(self) -> None:
        """The list of sessions, filtered to the alert's."""
        alert = self._selected()
        if alert is not None and alert.session:
            name = alert.session.partition("/")[2]
            await costtop_of(self).show_sessions(f'session="{name}"')


def evidence(one: AlertLine | None, alerts: Alerts, snapshot: Snapshot, width: int) -> list[Line]:
    """What stands behind an alert: the sentence, the numbers, the deliveries; what is silent."""
    lines: list[Line] = []
    if one is None:
        lines.append(line((" no alert: nothing unusual was seen", "dim")))
    else:
        lines += [line((f" {part}", "strong")) for part in wrapped(one.alert.why, width - 2, 2)]
        lines += [line((f" {part}", "dim")) for part in wrapped(_numbers(one), width - 2, 2)]
        lines += [_delivered(sent, snapshot) for sent in one.deliveries]
        if not one.deliveries:
            lines.append(line((f" not told: {one.alert.reason}", "dim")))
        if one.alert.acked_by:
            lines.append(line((f" acknowledged by {one.alert.acked_by}", "dim")))
    lines += [line((f" silent: {_silent(silence)}", "accent")) for silence in alerts.silences[:3]]
    if alerts.failing:
        lines.append(line((f" ! does not answer: {', '.join(alerts.failing)}", "warn")))
    return lines


def _numbers(one: AlertLine) -> str:
    parts = [f"{name} {value}" for name, value in one.evidence]
    if one.alert.turn is not None:
        parts.insert(0, f"turn {one.alert.turn}")
    if one.alert.excess is not None:
        parts.append(f"excess ${cash(one.alert.excess)}")
    return " · ".join(parts) or one.alert.rule


def _delivered(sent: Delivery, snapshot: Snapshot) -> Line:
    sign, ink = _DELIVERED.get(sent.state, ("✗", "bad"))
    tries = f", {sent.attempts} tries" if sent.attempts > 1 else ""
    error = f": {sent.error}" if sent.error else ""
    when = moment(sent.sent_at or sent.made, snapshot.at, snapshot.zone)
    return line((f" {sign} ", ink), f"{sent.label} ", (f"{sent.state} {when}{tries}{error}", "dim"))


def _silent(one: Silence) -> str:
    named = (("session", one.session), ("rule", one.rule), ("feature", one.feature),
             ("budget", one.budget))  # fmt: skip
    what = ", ".join(f"{name} {value}" for name, value in named if value)
    until = f" until it grows by {one.grows} %" if one.grows else ""
    return f"{what}{until} by {one.by or '?'} {one.note}".strip()
