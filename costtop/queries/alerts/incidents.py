"""Alerts as people are told of them: all of one session as one incident, as it stands now.

The alerts keep what was true at their moment; what an incident costs and how many times the usual
that is are those of now, with the multiple of the telling beside it. It tells nobody.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from costtop.analysis import why
from costtop.analysis.why import Standing
from costtop.model import SEVERITIES, Cause, Letter
from costtop.money import dollars
from costtop.named_tuples import NamedTuple
from costtop.store.alerts import alert_reads, standings
from costtop.store.alerts.alert_reads import Alert, Delivery

_STATES = ("open", "acknowledged", "resolved", "history")
_GONE = frozenset({"sent", "screen", "digested"})
_WAITING = frozenset({"pending", "held"})


class Incident(NamedTuple):
    """What is told as one: the alerts of one session, or one alert of a budget."""

    id: str  # of its first alert
    head: Alert  # the most severe that stands, the latest of them
    rows: tuple[Alert, ...]  # all, oldest first
    deliveries: tuple[Delivery, ...]  # each message to each endpoint once, oldest first
    now: Standing | None  # of its session

    @property
    def told(self) -> int:
        """In how many messages."""
        return sum(one.voiced for one in self.rows)

    @property
    def pushed(self) -> int | None:
        """When it was first told, ms UTC."""
        return min((one.pushed for one in self.rows if one.pushed is not None), default=None)

    @property
    def severity(self) -> str:
        """The highest of its alerts."""
        return max((one.severity for one in self.rows), key=_rank)

    @property
    def state(self) -> str:
        """open while any of them is."""
        return min((one.state for one in self.rows), key=_STATES.index)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """That of its session now, then those that its alerts named; the first found first."""
        now = [self.now.cause] if self.now and self.now.cause else []
        named = [one.cause for one in self.rows if one.cause is not None]
        return tuple(dict.fromkeys([*now, *named]))

    @property
    def cost(self) -> int | None:
        """Nano-dollars so far."""
        if self.now is not None:
            return self.now.cost
        return self.head.cost if self.head.cost_now is None else self.head.cost_now


def folded(
    alerts: Iterable[Alert],
    sent: Mapping[int, Sequence[Delivery]],
    stand: Mapping[str, Standing],
) -> list[Incident]:
    """The incidents of these alerts, the one with the latest alert first."""
    groups: dict[str, list[Alert]] = {}
    for one in sorted(alerts, key=lambda each: each.row):
        groups.setdefault(one.incident or one.id, []).append(one)
    found = [_incident(name, rows, sent, stand) for name, rows in groups.items()]
    return sorted(found, key=lambda one: one.rows[-1].row, reverse=True)


def _incident(
    name: str,
    rows: Sequence[Alert],
    sent: Mapping[int, Sequence[Delivery]],
    stand: Mapping[str, Standing],
) -> Incident:
    head = max(rows, key=lambda one: (one.state in {"open", "acknowledged"}, _rank(one.severity)))
    messages = {each.message: each for one in rows for each in sent.get(one.row, ())}
    deliveries = tuple(messages[key] for key in sorted(messages))
    return Incident(name, head, tuple(rows), deliveries, stand.get(head.session))


def stood(db: sqlite3.Connection, alerts: Iterable[Alert]) -> dict[str, Standing]:
    """Where the alerts' sessions stand now; those of which that was never kept are missing."""
    found = standings.of(db, (one.session for one in alerts))
    return {session: why.decoded(text) for session, text in found.items()}


def title(one: Incident) -> str:
    """What it is about, what that costs and how many times the usual it is now, and why."""
    now = one.now
    if now is None or not one.head.session:
        return one.head.title
    head = one.head.title.partition(": ")[0]
    others = [why.CAUSES[cause] for cause in one.causes if cause != now.cause]
    about = ", ".join(dict.fromkeys([why.driver(now), *others]))
    times = f", {why.times(now.ratio)} the usual" if now.ratio >= why.TELLING else ""
    cost = f"${dollars(now.cost)}"
    if one.head.title.startswith(f"{head}: value "):  # a plan covers it
        cost = f"value {cost} (plan)"
    return f"{head}: {cost}{times} ({about}){_when_told(one, now)}"


def _when_told(one: Incident, now: Standing) -> str:
    """The multiple of its first telling, where it was another than that of now."""
    first = next((each for each in one.rows if each.pushed is not None), None)
    ratio = first.evidence.get("ratio") if first else None
    if not isinstance(ratio, int | float) or ratio < why.TELLING:
        return ""
    then = why.times(ratio)
    return "" if then == why.times(now.ratio) else f", {then} when it was told"


def told_words(one: Incident) -> str:
    """How it was told: "told 3x: phone, log"; "not told"."""
    if not one.told:
        return "not told"
    latest = {each.label: each.state for each in one.deliveries}
    parts = [_fate(label, state) for label, state in latest.items()]
    return f"told {one.told}x: {', '.join(parts) or 'nobody listens'}"


def _fate(label: str, state: str) -> str:
    if state in _GONE:
        return label
    return f"{label} waits" if state in _WAITING else f"{label} failed"


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


DigestLine = tuple[str, str]
"""(severity, title) of one subject."""


def digested(db: sqlite3.Connection, letters: Sequence[Letter]) -> list[DigestLine]:
    """One line for each subject of the letters, the oldest first, as it stands now.

    A session that grew while letters were held is one line, with the cost and the multiple of now;
    of a budget's period the highest tier speaks. "" is the severity of an end.
    """
    groups: dict[str, list[Letter]] = {}
    rows: dict[str, Alert] = {}
    for letter in letters:
        row = alert_reads.by_id(db, letter.alerts[0]) if letter.alerts else None
        name = letter.token if row is None else _subject(row, ended=not letter.severity)
        if row is not None:
            rows[name] = row
        groups.setdefault(name, []).append(letter)
    return [_line(db, same, rows.get(name)) for name, same in groups.items()]


def _subject(row: Alert, *, ended: bool) -> str:
    about = row.incident if row.session else f"{row.rule} {row.budget} {row.period}"
    return f"{about} {'ended' if ended else ''}"


def _line(db: sqlite3.Connection, letters: Sequence[Letter], row: Alert | None) -> DigestLine:
    worst = max(reversed(letters), key=lambda one: _rank(one.severity))
    if row is None or not row.session or not worst.severity:
        return worst.severity, worst.title
    rows = alert_reads.of_incident(db, row.incident)
    [whole] = folded(rows, {}, stood(db, rows))
    return worst.severity, title(whole)
