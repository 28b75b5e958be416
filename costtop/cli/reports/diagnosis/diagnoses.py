"""What `costtop doctor` finds, each by a code that stays, and what to type about it.

A code never changes its meaning: scripts and docs/troubleshooting.md go by it, which has a section
for each. Whether something is found is for those to say who look.
"""

from collections.abc import Mapping
from typing import Any

from costtop.named_tuples import NamedTuple

ADVICE: Mapping[str, str] = {
    "backup-failed": "costtop backup",
    "budget-unheld": "costtop hooks status",
    "channel-broken": "costtop config edit",
    "channel-failing": "costtop alerts test",
    "channel-untried": "costtop alerts test",
    "channel-wrong": "costtop config edit",
    "config-kept": "costtop config check",
    "config-wrong": "costtop config check",
    "cost-drift": "costtop report --by agent",
    "daemon-crashed": "costtop start",
    "daemon-down": "costtop start",
    "daemon-silent": "costtop status",
    "daemon-trouble": "costtop status",
    "disk-broken": "costtop backup --list",
    "disk-full": "costtop status",
    "file-open": "",
    "fleet-away": "costtop fleet status",
    "fleet-child": "costtop fleet status",
    "fleet-clock": "costtop fleet status",
    "fleet-detail": "costtop config edit",
    "fleet-full": "costtop fleet status",
    "fleet-refused": "costtop fleet status",
    "fleet-row": "costtop fleet status --json",
    "fleet-schema": "costtop fleet migrate",
    "fleet-steward": "costtop fleet status",
    "fleet-strays": "costtop fleet status",
    "fleet-trouble": "costtop fleet status",
    "fleet-twin": "costtop fleet status",
    "fleet-unsafe": "costtop config edit",
    "folder-away": "costtop status",
    "folder-open": "",
    "gate-broken": "costtop hooks status",
    "gate-old": "costtop hooks status",
    "gate-silent": "costtop hooks status",
    "gate-untrusted": "costtop hooks status",
    "heartbeat-failed": "costtop config edit",
    "home-remote": "costtop config path",
    "line-half": "costtop scan",
    "lines-unreadable": "costtop doctor --json",
    "listener-closed": "costtop config edit",
    "locked": "costtop status",
    "log-refused": "costtop doctor --json",
    "logs-unread": "costtop config edit",
    "model-guessed": "costtop report --by model",
    "model-unpriced": "costtop config edit",
    "no-descriptors": "costtop status",
    "no-logs": "costtop doctor --json",
    "no-memory": "costtop status",
    "no-rate": "costtop config edit",
    "otel-failed": "costtop config edit",
    "prices-old": "costtop config edit",
    "prices-refused": "costtop config show --origin",
    "processes-hidden": "",
    "read-only": "costtop config path",
    "repository-unread": "costtop report --by pr",
    "store-gone": "costtop start",
    "store-rebuilt": "costtop backup --list",
    "store-unusable": "costtop backup --list",
    "sums-floor": "costtop report --by model",
    "watch-polling": "costtop status",
    "window-untold": "costtop hooks status",
}
"""By code: the command that mends it or shows more; "" where what is found names its own."""


class Diagnosis(NamedTuple):
    """One thing that was found."""

    code: str
    said: str  # one line for people
    more: str = ""  # the command, where it is not that of the code
    wrong: bool = True  # False: to be known, but costtop sees and tells all it can

    @property
    def do(self) -> str:
        """What to type; "" where only a hand can mend it."""
        return self.more or ADVICE.get(self.code, "")

    def tree(self) -> dict[str, Any]:
        """As JSON carries it."""
        return {"code": self.code, "problem": self.wrong, "said": self.said, "do": self.do or None}


def note(code: str, said: str, more: str = "") -> Diagnosis:
    """What is no problem, but to be known."""
    return Diagnosis(code, said, more, wrong=False)


def coded(line: str, code: str, *, found: object = True) -> str:
    """A line for people that ends with its code, where there is something to look up."""
    return f"{line}  [{code}]" if found else line
