"""Says when costtop cannot see costs: that is an alert too. It looks at nothing itself."""

from typing import NamedTuple

from costtop.durations import MINUTE, words
from costtop.model import Finding

SCAN_AFTER = 10 * MINUTE  # ms without a successful scan


class Health(NamedTuple):
    """What the daemon knows of its own sight; times ms UTC."""

    started: int
    last_scan: int | None  # the latest scan that went through
    roots: int  # folders that exist and should be readable
    readable: int  # of them
    store: str = ""  # why writes fail, "" where they do not
    fault: str = ""  # what else of the machine keeps costtop from its work


def blind(health: Health, now: int) -> Finding | None:
    """A critical finding while no number can be trusted; None while costtop sees.

    A start counts as a scan, so that a clock set back or a long sleep is no blindness: after a
    sleep the caller rescans before it asks.
    """
    why = _why(health, now)
    if not why:
        return None
    return Finding("blind", "critical", now, f"blind: {why}", f"{why}.", period="now")


def sees_again(health: Health, now: int) -> Finding | None:
    """The end of it, for the caller to give after a blindness was told; None while blind."""
    if _why(health, now):
        return None
    return Finding(
        "blind",
        "critical",
        now,
        "blind: costs are seen again",
        "What was written meanwhile is read and counted now.",
        period="now",
        resolved=True,
    )


def _why(health: Health, now: int) -> str:
    if health.store:
        return f"the database cannot be written ({health.store})"
    if health.fault:
        return f"costtop cannot go on ({health.fault})"
    if health.roots and not health.readable:
        many = "the only folder of logs" if health.roots == 1 else f"all {health.roots} folders"
        return f"no log can be read, {many} cannot be opened"
    since = max(health.started, health.last_scan or 0)
    if now - since > SCAN_AFTER:
        return f"no scan of the logs has succeeded for {words(now - since)}"
    return ""
