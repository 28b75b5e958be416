"""The dollar gate of the mechanisms: what they have cost so far, and will. It detects nothing."""

from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import NANO

_REALISED = NANO // 25  # $0.04: below that a mechanism is a hunch


def projected(
    course: Course, view: View, settings: Settings, realised: int, rate: float
) -> int | None:
    """Excess at the probable end of the session, None while it is not worth an alert.

    `rate` is the excess of one more turn; peers say how many turns are probably left.
    """
    usual = view.usual()
    middle = usual.median if usual else 0
    if realised < max(_REALISED, 3 * middle // 100):
        return None
    total = realised + int(rate * view.residual(course.turns))
    return total if total >= max(settings.floor, middle // 4) else None
