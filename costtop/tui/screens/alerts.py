"""What fired, on what evidence, who was told, and what is silent."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import Binding

from costtop.control.protocol import Acknowledge, EndSilence
from costtop.durations import SECOND
from costtop.files import user_name
from costtop.model import Silence
from costtop.queries.alerts.alert_list import Alert, AlertLine, Alerts, Delivery
from costtop.queries.live.view import Snapshot
from costtop.tui.backend import Backend
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.dialogs.silence import Silenced, ask_silence
from costtop.tui.draw.figures import bill, cash, moment
from costtop.tui.draw.ink import Line, Span, line, rule, wrapped
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.tabbed import Tabbed
from costtop.tui.widgets.table import Table

_SEVERITIES = {"critical": ("!", "bad"), "warning": ("▲", "warn"), "notice": ("·", "dim")}
_WAS = " when it was told"
_DELIVERED = dict.fromkeys(("sent", "screen", "digested"), ("✓", "good"))
_DELIVERED |= dict.fromkeys(("pending", "held"), ("…", "accent"))


def _sign(one: AlertLine, look: CellLook) -> Span:
    sign, ink = _SEVERITIES.get(one.incident.severity, (" ", "dim"))
    return Span(sign, ink if one.incident.state == "open" else "dim")


def _when(one: AlertLine, look: CellLook) -> Span:
    return Span(moment(one.incident.rows[0].at, look.at, look.zone), "dim")


def _title(one: AlertLine, look: CellLook) -> Span:
    title = _what(one)
    if one.incident.state != "open":
        return Span(title, "dim")
    ink = _SEVERITIES.get(one.incident.severity, ("", "text"))[1]
    return Span(title, "text" if ink == "dim" else ink)


def _what(one: AlertLine) -> str:
    """What is unusual, now, and how far it was when somebody was told."""
    if not one.alert.session or not one.why:
        return one.title.partition(": ")[2] or one.title
    told = one.title.rpartition(", ")[2]
    return one.why + (f" · {told.removesuffix(_WAS)} when told" if told.endswith(_WAS) else "")


def _about(one: AlertLine, look: CellLook) -> Span:
    return Span(one.short_id or one.alert.budget or one.alert.feature or "-")


def _count(one: AlertLine, look: CellLook) -> Span:
    return Span(str(len(one.incident.rows)), "dim")


def _cost(one: AlertLine, look: CellLook) -> Span:
    return Span("-" if one.incident.cost is None else cash(one.incident.cost))


def _told(one: AlertLine, look: CellLook) -> Span:
    if not one.incident.told:
        return Span(one.told, "dim")
    return Span(one.told, "bad" if "failed" in one.told else "good")


COLUMNS: tuple[Column[AlertLine], ...] = (
    Column("sign", "", 1, 0, _sign),
    Column("when", "WHEN", 5, 1, _when, measured=True, stages=((1, 12),)),
    Column("about", "ABOUT", 8, 1, _about, name=True, id=21, measured=True,
           stages=((1, 21),)),
    Column("title", "WHAT", 25, 0, _title, facts=True, stages=((3, 999),)),
    Column("count", "N", 2, 4, _count, align=">"),
    Column("cost", "$", 7, 3, _cost, align=">", measured=True, stages=((1, 10),)),
    Column("state", "STATE", 8, 6, lambda a, _: Span(a.incident.state, "dim"), measured=True,
           stages=((1, 12),)),
    Column("told", "TOLD", 18, 2, _told, measured=True, stages=((2, 40),)),
)  # fmt: skip


class AlertsScreen(Tabbed[AlertLine, Alerts]):
    """The latest incidents, one line each, the newest first."""

    BINDINGS: ClassVar = [
        Binding("a", "acknowledge", "Acknowledge", id="acknowledge"),
        Binding("s", "silence", "Silence", id="silence"),
        Binding("u", "unsilence", "End a silence", id="unsilence"),
        Binding("x", "resolved", "Hide resolved ones", id="resolved"),
        Binding("enter", "session", "Its session", id="session"),
    ]
    keys = (
        ("a", "Ack", "screen.acknowledge"),
        ("s", "Silence", "screen.silence"),
        ("u", "Unsilence", "screen.unsilence"),
        ("x", "Hide resolved", "screen.resolved"),
        ("⏎", "Session", "screen.session"),
    )
    below = ("evidence",)
    again = 2 * SECOND
    newest_first = True

    def __init__(self, tab: int) -> None:
        super().__init__(tab, COLUMNS, lambda one: one.incident.id)
        self._hides = False  # resolved ones

    def reading(self, backend: Backend, now: int) -> Callable[[], Alerts]:
        """Those of all sessions."""
        return lambda: backend.alerts("", now)

    def right(self) -> Line:
        """What is hidden."""
        return line(("no resolved  ", "dim")) if self._hides else ()

    def picture(self, read: Alerts) -> None:
        """The list, and what stands behind the one under the cursor."""
        snapshot = host_of(self).snapshot
        rows = [one for one in read.lines if not self._hides or one.incident.state != "resolved"]
        self.table.show(rows, CellLook(snapshot.at, 0, snapshot.zone))
        one, width = self.table.selected, self.size.width
        behind = [rule(line("evidence"), (), width), *evidence(one, read, snapshot, width)]
        self.show("evidence", behind[: max(self.size.height - 10, 0)])

    def _selected(self) -> Alert | None:
        one = self.table.selected
        return one.alert if one else None

    def action_acknowledge(self) -> None:
        """The alert under the cursor has been seen."""
        if (alert := self._selected()) is not None:
            command = Acknowledge(alert.id, user_name())
            host_of(self).do(command, f"acknowledged {alert.id}", self.read)

    def action_silence(self) -> None:
        """Asks for how long what the alert is about is silent."""
        if (one := self.table.selected) is not None:
            session, budget = one.alert.session, one.alert.budget
            ask_silence(self, Silenced(session=session, budget=budget, name=one.short_id))

    def action_unsilence(self) -> None:
        """Asks which silence to end."""
        silences = self.latest.silences if self.latest else ()
        if not silences:
            host_of(self).say("nothing is silent")
            return
        choices = [Choice("cancel", "0", "Cancel")]
        choices += [Choice(str(one.id), str(one.id), _silent(one)) for one in silences]
        self.app.push_screen(Choose("End a silence", choices, start="cancel"), self._unsilenced)

    def _unsilenced(self, answer: Chosen | None) -> None:
        if answer is not None and answer.id != "cancel":
            command = EndSilence(int(answer.id), user_name())
            host_of(self).do(command, "the silence has ended", self.read)

    def action_resolved(self) -> None:
        """Shows or hides what is over."""
        self._hides = not self._hides
        self.draw()

    @on(Table.Opened)
    async def action_session(self) -> None:
        """The list of sessions, filtered to the alert's."""
        alert = self._selected()
        if alert is not None and alert.session:
            await self.show_session(alert.session)


def evidence(one: AlertLine | None, alerts: Alerts, snapshot: Snapshot, width: int) -> list[Line]:
    """What stands behind an alert: the sentence, the numbers, the deliveries; what is silent."""
    lines: list[Line] = []
    if one is None:
        lines.append(line((" no alert: nothing unusual was seen", "dim")))
    else:
        lines.append(line((f" now: {one.why}", "accent")) if one.incident.now else ())
        lines += [line((f" {part}", "strong")) for part in wrapped(one.alert.why, width - 2, 2)]
        lines += [_found(row, snapshot) for row in one.incident.rows if row is not one.alert]
        listed = [each.title for each in alerts.lines if _under(each, one)]
        lines += [line((" listed under it: ", "dim"), title) for title in listed[:6]]
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


def _under(one: AlertLine, common: AlertLine) -> bool:
    """Whether an incident is listed under what many sessions have in common."""
    return any(row.under == common.alert.id for row in one.incident.rows)


def _found(row: Alert, snapshot: Snapshot) -> Line:
    """Another rule or severity of the same incident."""
    when = moment(row.at, snapshot.at, snapshot.zone)
    turn = f" at turn {row.turn}" if row.turn is not None else ""
    name = row.rule.replace("_", " ")
    return line((f" {when} ", "dim"), f"{name} ", (f"{row.severity}{turn}, {row.state}", "dim"))


def _numbers(one: AlertLine) -> str:
    parts = [f"{name} {value}" for name, value in one.evidence]
    if one.alert.turn is not None:
        parts.insert(0, f"turn {one.alert.turn}")
    if one.alert.excess is not None:
        parts.append(f"excess {bill(one.alert.excess)}")
    return " · ".join(parts) or one.alert.rule


def _delivered(sent: Delivery, snapshot: Snapshot) -> Line:
    sign, ink = _DELIVERED.get(sent.state, ("✗", "bad"))
    tries = f", {sent.attempts} tries" if sent.attempts > 1 else ""
    error = f": {sent.error}" if sent.error else ""
    when = moment(sent.sent_at or sent.made, snapshot.at, snapshot.zone)
    return line((f" {sign} ", ink), f"{sent.label} ", (f"{sent.state} {when}{tries}{error}", "dim"))


def _silent(one: Silence) -> str:
    named = ((name, getattr(one, name)) for name in ("session", "rule", "feature", "budget"))
    what = ", ".join(f"{name} {value}" for name, value in named if value)
    until = f" until it grows by {one.grows} %" if one.grows else ""
    return f"{what}{until} by {one.by or '?'} {one.note}".strip()
