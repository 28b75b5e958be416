"""What is told of a fleet's machines: one that fell silent while it spent, one without prices.

And what they leave to the steward to tell of their sessions.

Pure: the same hosts and clock give the same findings. Who is told is decided in `alerts.choose`.
"""

from collections.abc import Iterable, Sequence

from costtop.durations import MINUTE, short
from costtop.fleet import edge_alerts
from costtop.fleet.steward_rows import HostSeen, Row
from costtop.model import Finding, Severity
from costtop.money import exactly

QUIET, UNPRICED = "host_quiet", "host_unpriced"
_WORDS = 3  # heartbeats missed before a host counts as silent
_LEAST = 2 * MINUTE  # ms: a restart of its daemon is no silence
_OFTEN = 20  # per cent of a host's calls of today that may have no price


def findings(hosts: Sequence[HostSeen], said: Iterable[tuple[str, str]], now: int) -> list[Finding]:
    """What is true of hosts now; what is over of those `said`: (rule, host) that are open."""
    found = [one for host in hosts for one in _judged(host, now)]
    true = {(one.rule, one.period) for one in found}
    over = [_over(rule, host, now) for rule, host in said if (rule, host) not in true]
    return found + over


def _judged(host: HostSeen, now: int) -> list[Finding]:
    found = []
    if host.quiet_ms > max(_LEAST, _WORDS * host.idle_ms) and host.spent > 0:
        found.append(_quiet(host, now))
    if host.unpriced * 100 > _OFTEN * host.calls > 0:
        found.append(_unpriced(host, now))
    return found


def _quiet(host: HostSeen, now: int) -> Finding:
    for_long = short(host.quiet_ms)
    why = f"{host.name} said nothing for {for_long}, and spent ${exactly(host.spent)} in the half"
    why += " hour before: what it spends now is in no sum of the fleet"
    return Finding(
        QUIET,
        "warning",
        now,
        f"host {host.name}: silent for {for_long} while spending",
        why + ".",
        period=host.name,
        cost=host.spent,
        evidence=(("host", host.name), ("team", host.team), ("quiet_ms", host.quiet_ms)),
    )


def _unpriced(host: HostSeen, now: int) -> Finding:
    part = f"{host.unpriced} of {host.calls} calls today"
    why = f"{part} of {host.name} have no price there, and are in no sum: costtop doctor, on it"
    return Finding(
        UNPRICED,
        "notice",
        now,
        f"host {host.name}: {part} have no price",
        why + ".",
        period=host.name,
        evidence=(("host", host.name), ("team", host.team), ("unpriced", host.unpriced)),
    )


def _over(rule: str, host: str, now: int) -> Finding:
    words = "speaks again" if rule == QUIET else "has prices again"
    said = f"{host} {words}."
    severity: Severity = "warning" if rule == QUIET else "notice"
    return Finding(rule, severity, now, f"host {said[:-1]}", said, period=host, resolved=True)


def of_sessions(rows: Iterable[Row]) -> list[Finding]:
    """Of alerts that a host would have told; `host_name` is that of the row's host.

    What it kept back itself (a silence, history) is not told here either.
    """
    return [_left(row) for row in rows if row["told"] is not None]


def _left(row: Row) -> Finding:
    title, why = edge_alerts.words(row["host_name"], row)
    return Finding(
        rule=row["rule"],
        severity=row["severity"],
        at=row["happened"],
        title=title,
        why=why,
        session=edge_alerts.session_of(row["host_name"], row["session"]),
        turn=row["turn"],
        cost=row["cost"],
        excess=row["excess"],
        cause=row["cause"],
        feature=row["feature"],
        user=row["usr"],
        resolved=row["state"] == "resolved",
    )
