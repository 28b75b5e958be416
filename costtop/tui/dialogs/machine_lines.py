"""What a dialog of a fleet's screen says of the machines that would be asked."""

from collections.abc import Sequence

from costtop.durations import short
from costtop.queries.live.view import FleetHost, SessionRow, Snapshot
from costtop.tui.draw.ink import Line, line


def machines_of(rows: Sequence[SessionRow], snapshot: Snapshot) -> list[FleetHost]:
    """The machines of these sessions; none where the screen is of this machine alone."""
    named = {row.host for row in rows}
    return [one for one in snapshot.hosts if one.name in named]


def machine_line(one: FleetHost, now: int) -> Line:
    """Which machine, what it accepts, and since when it has been silent."""
    accepts = ", ".join(one.accepts.split()) or "has not said what it accepts"
    if one.accepts == "-":
        accepts = "accepts nothing of others ([fleet] accept there)"
    elif one.accepts:
        accepts = f"accepts {accepts}"
    quiet = f" · no word for {short(now - one.seen)}" if one.silent else ""
    ink = "warn" if one.accepts == "-" else "dim"
    return line("  on ", (one.name, "strong"), (f" {accepts}", ink), (quiet, "warn"))
