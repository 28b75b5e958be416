"""The newest incidents below the list: when, which session, why, what to do. Read now and then."""

from textual.message import Message

from costtop.durations import SECOND
from costtop.queries.alerts.alert_list import AlertLine, Alerts
from costtop.queries.live.view import SessionRow, Snapshot
from costtop.tui.draw.figures import cash, clock, short_place
from costtop.tui.draw.ink import Line, Span, cut, fit, line, rule, spread, whole, width_of
from costtop.tui.host import host_of
from costtop.tui.widgets.pane import Pane

_ONE, _THREE = 15, 30  # lines of the window from which one, or a rule and three, are shown
_NARROW, _WIDE, _WIDEST = 60, 100, 140  # cells from which there is more to say
_FACTS = 48  # cells of why, where there is more to say
_AGAIN = 5 * SECOND
_SIGNS = {"critical": ("!", "bad"), "warning": ("▲", "warn"), "notice": ("·", "dim")}
_HINTS = {"critical": "k ends it", "warning": "s silences"}
_KEPT = 3


class IncidentsPane(Pane):
    """The last incidents that somebody was told of."""

    class Read(Message):
        """Other incidents may be shown now."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._alerts: Alerts | None = None
        self._read_at = 0
        self._of: tuple[int, int] = (-1, -1)

    def look(self, beside: int = 0) -> bool:
        """Shows them as the window has room; True where one line stands in place of the hint.

        `beside` is the width of what stands at the right of the list: its line ends in the rule.
        """
        size, host = self.screen.size, host_of(self)
        many = size.height >= _THREE
        if size.height < _ONE or size.width < _NARROW or host.at is not None:
            self.show([])
            return False
        self._read(host.snapshot)
        open_ones = [one for one in self._told() if one.incident.state == "open"]
        found = self._told()[:_KEPT] if many else open_ones[:1]
        wanted = {one.alert.session for one in found}
        rows = {row.key: row for row in host.snapshot.sessions if row.key in wanted}
        at, width = host.snapshot, size.width
        named = max((len(_name(one)) for one in found), default=0)
        lines = [_drawn(one, rows.get(one.alert.session), at, width, named) for one in found]
        if many and lines:
            title = _title(len(open_ones), len(self._told()), size.width)
            lines.insert(0, _joined(title, size.width - beside if beside else -1))
        self.show(lines)
        return bool(lines) and not many

    def _told(self) -> list[AlertLine]:
        return [one for one in self._alerts.lines if one.incident.told] if self._alerts else []

    def _read(self, snapshot: Snapshot) -> None:
        of = snapshot.rev, snapshot.alerts_open
        if of == self._of or not snapshot.rev or 0 <= snapshot.at - self._read_at < _AGAIN:
            return
        self._of, self._read_at = of, snapshot.at
        host, now = host_of(self), snapshot.at
        host.look(self.screen, lambda: host.backend.alerts("", now), self._take, "incidents")

    def _take(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self.post_message(self.Read())


def _title(open_ones: int, told: int, width: int) -> Line:
    right = line((f"{open_ones} open  ", "warn" if open_ones else "dim"), (f"{told} all", "dim"))
    return rule(line("incidents"), right, width)


def _joined(title: Line, at: int) -> Line:
    """The rule with the end of the line above it in its cell `at`."""
    spans, left = [], at
    for span in title:
        if 0 <= left < len(span.text) and span.text[left] == "─":
            text = span.text[:left] + "┴" + span.text[left + 1 :]
            spans.append(span._replace(text=text))
        else:
            spans.append(span)
        left -= len(span.text)
    return tuple(spans)


def _name(one: AlertLine) -> str:
    return one.short_id or one.alert.budget or one.alert.feature or "-"


def _drawn(
    one: AlertLine, row: SessionRow | None, snapshot: Snapshot, width: int, named: int
) -> Line:
    """One incident in one line; what does not fit goes fact by fact."""
    incident, alert = one.incident, one.alert
    stands = incident.state == "open"
    sign, ink = _SIGNS.get(incident.severity, _SIGNS["notice"])
    left = line(
        (f" {clock(incident.rows[0].at, snapshot.zone, '%H:%M')} ", "dim"),
        (sign, ink if stands else "dim"),
        (f" {fit(_name(one), named)} ", "strong" if stands else "dim"),
    )
    if width >= _WIDE:
        names = (row.project, row.feature) if row is not None else ()
        places = dict.fromkeys(short_place(name) for name in names if name)
        left += line((fit("·".join(places), 20) + " ", "text" if stands else "dim"))
    right, hint = _told(one, row, width), _hint(one, stands, width)
    why = row.why if row is not None and row.why else one.why  # as its row says it, in this frame
    said = why if alert.session else one.title.partition(": ")[2] or one.title
    room = width - width_of((*left, *right, *hint)) - 1
    room = max(min(room, _FACTS) if right else room, 0)
    text = cut(line((whole(said, room), ink if stands else "dim")), room)
    return cut(spread((*left, *text, Span(" "), *right), hint, width), width)


def _told(one: AlertLine, row: SessionRow | None, width: int) -> Line:
    """Its rate and who was told."""
    if width < _WIDEST:
        return ()
    rate = f"{cash(row.rate)}/h" if row is not None and row.rate else ""
    return line((f"{rate:>12}", "text"), (f"   {fit(one.told, 30)} ", "dim"))


def _hint(one: AlertLine, stands: bool, width: int) -> Line:
    """What a key would do about it."""
    if width < _WIDE or not one.alert.session:
        return ()
    hint = _HINTS.get(one.incident.severity, "") if stands else one.incident.state
    return line((f"{hint:>12} ", "accent" if hint == "k ends it" else "dim"))
