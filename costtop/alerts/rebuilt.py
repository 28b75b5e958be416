"""Says that the database was found damaged and has been rebuilt: an alert. It looks at nothing."""

from costtop import money
from costtop.durations import iso
from costtop.model import Finding


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
