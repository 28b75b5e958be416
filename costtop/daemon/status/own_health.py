"""How costtop itself is, as gauges of /metrics: faults, lateness, channels that do not deliver.

It is told also where the database cannot be read: then most of all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from costtop.durations import MINUTE
from costtop.named_tuples import NamedTuple
from costtop.store.alerts.alert_reads import EndpointState
from costtop.world_faults import Kind

KINDS: tuple[Kind, ...] = get_args(Kind)
_LATELY = MINUTE  # ms: an older lag says nothing of now
_SEVERITIES = ("notice", "warning", "critical")


class OwnHealth(NamedTuple):
    """What the daemon knows of itself at one moment; times in ms UTC, spans in ms."""

    version: str
    started: int
    lag: int  # from a write to its commit, of what was read last
    lag_at: int  # when that was read
    importing: bool
    left: int  # bytes of an import that are still to be read
    bad_lines: int
    faults: tuple[Kind, ...]  # one for each task that waits
    trouble: str  # the code of the worst, by which `costtop doctor` explains it; "" is none
    listeners: tuple[tuple[str, bool], ...]  # what is served, and whether its port is open
    endpoints: frozenset[str] = frozenset()  # labels of the config
    fleet: Mapping[str, Any] | None = None  # how its server is reached, where there is one


def families(health: OwnHealth, now: int) -> Iterator[Any]:
    """Every family that needs no database."""
    from prometheus_client.core import GaugeMetricFamily

    about = GaugeMetricFamily(
        "costtop_info", "Always 1; its label is the version", labels=["version"]
    )
    about.add_metric([health.version], 1)
    yield about
    lag = health.lag if now - health.lag_at < _LATELY else 0
    words = "When the daemon began, seconds since 1970"
    yield _gauge("costtop_start_timestamp_seconds", words, health.started / 1000)
    words = "From a write to a log to its commit, of the last minute"
    yield _gauge("costtop_read_lag_seconds", words, lag / 1000)
    yield _gauge("costtop_import_active", "1 while logs of before are read", health.importing)
    words = "Of those logs, what is still to be read"
    yield _gauge("costtop_import_left_bytes", words, health.left)
    words = "Lines of logs that could not be read, in the files that there are"
    yield _gauge("costtop_unreadable_lines", words, health.bad_lines)
    words = "1 for the worst that is wrong, by the code that doctor explains; none where nothing is"
    yield _by("costtop_trouble", words, "code", ((one, 1) for one in (health.trouble,) if one))
    words = "Tasks of the daemon that wait for a fault of the machine to end, by its kind"
    yield _by("costtop_faults", words, "kind", ((one, health.faults.count(one)) for one in KINDS))
    words = "1 while its port is open"
    yield _by("costtop_listener_up", words, "listener", health.listeners)
    if health.fleet is not None:
        yield from _of_fleet(health.fleet)


def _of_fleet(said: Mapping[str, Any]) -> Iterator[Any]:
    """Of the way to the fleet's server, only where this machine ships to one."""
    words = "1 while the fleet's server takes what this machine counts"
    yield _gauge("costtop_fleet_up", words, bool(said.get("reachable") and not said.get("trouble")))
    words = "For how long something that changed has waited to be sent to the fleet"
    yield _gauge("costtop_fleet_lag_seconds", words, said.get("lag_ms", 0) / 1000)
    words = "Rows that wait to be sent to the fleet, counted up to 100,000"
    yield _gauge("costtop_fleet_waiting_rows", words, said.get("waiting", 0))
    words = "Rows that the fleet's server does not take"
    yield _gauge("costtop_fleet_refused_rows", words, said.get("aside", 0))


def unread(*, no: int) -> Any:
    """Whether the database could be read for this answer: `no` is 1 where not."""
    return _gauge(
        "costtop_store_unreadable", "1 where totals are left out: no database to read", no
    )


def delivery(
    health: OwnHealth, endpoints: Sequence[EndpointState], severities: Sequence[str]
) -> Iterator[Any]:
    """Channels that a message was tried for, and the alerts that are open, by severity."""
    from prometheus_client.core import GaugeMetricFamily

    known = [one for one in endpoints if one.label in health.endpoints]
    words = "0 while messages to it fail, else 1; none before the first message"
    yield _by(
        "costtop_channel_up", words, "channel", ((one.label, one.state == "ok") for one in known)
    )
    words = "Messages that wait for a channel, and that were given up"
    letters = GaugeMetricFamily("costtop_channel_letters", words, labels=["channel", "state"])
    for one in known:
        letters.add_metric([one.label, "waiting"], one.waiting)
        letters.add_metric([one.label, "lost"], one.lost)
    yield letters
    counted = ((one, severities.count(one)) for one in _SEVERITIES)
    yield _by("costtop_open_alerts", "Alerts that are open", "severity", counted)


def _gauge(name: str, words: str, value: float) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, words, value=float(value))


def _by(name: str, words: str, label: str, rows: Iterable[tuple[str, int | bool]]) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in rows:
        family.add_metric([key], float(value))
    return family
