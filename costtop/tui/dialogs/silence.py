"""The silence dialog: what not to be told of, and for how long."""

from typing import Any
from zoneinfo import ZoneInfo

from textual.screen import Screen

from costtop import periods
from costtop.control.protocol import BeginSilence
from costtop.durations import HOUR
from costtop.files import user_name
from costtop.named_tuples import NamedTuple
from costtop.tui.dialogs.choice import Choice, Choose, Chosen
from costtop.tui.draw.ink import Line, line
from costtop.tui.host import host_of

LENGTHS = (
    Choice("cancel", "0", "Cancel"),
    Choice("1h", "1", "for an hour"),
    Choice("8h", "8", "for eight hours"),
    Choice("day", "t", "until tomorrow"),
    Choice("grows", "g", "until it has grown by half"),
    Choice("ever", "f", "for good"),
)


class Silenced(NamedTuple):
    """What would be silent; empty text matches all."""

    session: str = ""
    rule: str = ""
    feature: str = ""
    budget: str = ""
    name: str = ""  # what people call the session

    def words(self) -> str:
        """For people."""
        session = self.name or self.session
        values = (session, self.rule, self.feature, self.budget)
        parts = [f"{n} {v}" for n, v in zip(self._fields, values, strict=False) if v]
        return ", ".join(parts) or "all alerts"


def ask_silence(screen: Screen[Any], about: Silenced) -> None:
    """Opens the dialog and carries the answer out."""
    host = host_of(screen)

    def done(answer: Chosen | None) -> None:
        now, zone = host.snapshot.at, host.snapshot.zone
        command = command_of(answer, about, now, zone, user_name()) if answer else None
        if command is not None:
            host.do(command, f"silent: {about.words()}")

    screen.app.push_screen(silence_dialog(about), done)


def silence_dialog(about: Silenced) -> Choose:
    """Asks for how long; the cursor stands on Cancel."""
    lines: list[Line] = [(), line("  ", (about.words(), "strong"))]
    return Choose("Silence", LENGTHS, lines, start="cancel", note="a note, if you like")


def command_of(
    answer: Chosen, about: Silenced, now: int, zone: str, by: str
) -> BeginSilence | None:
    """The command of an answer given at `now`, None for Cancel."""
    if answer.id == "cancel":
        return None
    spans = {"1h": HOUR, "8h": 8 * HOUR, "day": periods.end_of("day", now, ZoneInfo(zone)) - now}
    span = spans.get(answer.id)
    grows = 50 if answer.id == "grows" else None
    ever = answer.id == "ever"
    return BeginSilence(*about[:4], span=span, grows=grows, note=answer.note, by=by, ever=ever)
