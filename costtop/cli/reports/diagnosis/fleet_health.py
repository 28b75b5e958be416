"""What `costtop doctor` says of the fleet: by the daemon's word, whose child asks the server."""

from collections.abc import Mapping
from typing import Any

from costtop.cli.reports.diagnosis.diagnoses import ADVICE, Diagnosis, note
from costtop.durations import MINUTE, words

_SKEW = 2 * MINUTE  # ms that a clock may be beside the server's
_BRIEF = MINUTE // 2  # ms: a server that is away for a moment is no problem


def problems(fleet: Mapping[str, Any], now: int) -> list[Diagnosis]:
    """What keeps this machine from shipping; `fleet` is the status file's."""
    said, since = str(fleet.get("trouble", "")), fleet.get("unreachable_since")
    code = str(fleet.get("code", "")) or "fleet-child"
    if not said or (code == "fleet-away" and since is not None and now - since < _BRIEF):
        return []
    return [Diagnosis(code if code in ADVICE else "fleet-trouble", said)]


def notes(fleet: Mapping[str, Any]) -> list[Diagnosis]:
    """What is to be known besides."""
    found = []
    if aside := fleet.get("aside"):
        said = f"{aside} rows are set aside: the fleet's server does not take them"
        found.append(note("fleet-row", said))
    if abs(skew := fleet.get("skew_ms", 0)) >= _SKEW:
        side = "ahead of" if skew > 0 else "behind"
        said = f"this machine's clock is {words(abs(skew))} {side} that of the fleet's server"
        found.append(note("fleet-clock", said))
    if strays := fleet.get("strays"):
        found.append(note("fleet-strays", f"{strays} rows of the fleet stand in no partition"))
    return found


def words_of(fleet: Mapping[str, Any]) -> list[str]:
    """How it stands, in a line; none without a fleet."""
    if "reachable" not in fleet:
        return []
    named = f"{fleet['host']}, team {fleet['team']}" if fleet.get("host") else "not heard of yet"
    how = "reachable" if fleet["reachable"] else "out of reach"
    waits = f"{fleet['waiting']} rows wait" if fleet.get("waiting") else "nothing waits"
    return [f"fleet: {named}; its server is {how}; {waits}", *held(fleet)]


def held(fleet: Mapping[str, Any]) -> list[str]:
    """What of the fleet's budgets holds this machine's agents back, a line each."""
    return [f"{one['budget']} holds agents here: {one['why']}" for one in fleet.get("holds", ())]
