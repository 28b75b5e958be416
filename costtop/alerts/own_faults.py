"""Says what is wrong with costtop itself: it cannot see costs, its database was rebuilt.

That is an alert too. It looks at nothing itself.
"""

from costtop import money
from costtop.durations import MINUTE, iso, words
from costtop.model import Finding
from costtop.named_tuples import NamedTuple

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


def fleet_away(since: int, why: str, now: int) -> Finding:
    """A warning that nothing has reached the fleet's server since then, ms UTC."""
    return Finding(
        "fleet_away",
        "warning",
        now,
        f"fleet: unreachable since {iso(since)[:16]}Z",
        f"{why}. This machine goes on by itself; what it counts meanwhile is sent later.",
        period="now",
    )


def fleet_back(now: int) -> Finding:
    """The end of it, for the caller to give whether or not it was told."""
    return Finding(
        "fleet_away",
        "warning",
        now,
        "fleet: reachable again",
        "What was counted meanwhile is being sent.",
        period="now",
        resolved=True,
    )


def rebuilt(
    *, why: str, at: int, backup: str, lost_calls: int, lost_cost: int, spoilt: int
) -> Finding:
    """Critical where something could not be found again. `at` is when it began, ms UTC."""
    lost = _lost(lost_calls, lost_cost, spoilt)
    begun = f"the backup {backup}" if backup else "nothing, for there was no whole backup"
    return Finding(
        "store",
        "critical" if lost else "warning",
        at,
        f"store: the database is rebuilt; {why}",
        f"{why}. It was rebuilt from {begun}, from the logs and from the intake journal."
        f" {lost or 'Everything that was stored has been found again.'}",
        period=iso(at),
    )


def _lost(calls: int, cost: int, spoilt: int) -> str:
    said = []
    if calls:
        said.append(
            f"{calls} call{'s' * (calls != 1)} (${money.exact(cost)}) could not be found again:"
            " their logs have gone since the last backup."
        )
    if spoilt:
        said.append(f"{spoilt} lines of the intake journal could not be read.")
    return " ".join(said)
