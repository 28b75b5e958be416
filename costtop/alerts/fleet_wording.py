"""Words of messages about a whole fleet: they name machines, and what to type from anywhere."""

from collections.abc import Sequence

from costtop.model import Finding
from costtop.money import NANO, beside


def budget(told: Sequence[str], finding: Finding, spenders: Sequence[tuple[str, int]]) -> list[str]:
    """The lines of a fleet's budget, from those of any: fact, what was passed, why, and so on.

    `spenders` are (host, nano-dollars), the dearest first.
    """
    whole = finding.amount or NANO
    hosts = ", ".join(f"{host} ${beside(cost, whole)}" for host, cost in spenders)
    return [
        f"Fleet: {told[0]}",
        *told[1:3],
        *([f"Dearest hosts: {hosts}."] if spenders else []),
        "costtop --fleet · costtop report --fleet --by host · costtop alerts list --fleet",
    ]


def host(finding: Finding) -> list[str]:
    """The lines of what was found of a machine."""
    return [finding.why, "costtop fleet status · costtop --fleet"]
