"""The dollar gate of the mechanisms: what they have cost so far, and will. It detects nothing."""

from costtop.detect.rules.rule import Moment
from costtop.money import NANO

_REALISED = NANO // 25  # $0.04: below that a mechanism is a hunch


def projected(at: Moment, realised: int, rate: float) -> int | None:
    """Excess at the probable end of the session, None while it is not worth an alert.

    `rate` is the excess of one more turn; peers say how many turns are probably left.
    """
    middle = at.peers.median()
    if realised < max(_REALISED, 3 * middle // 100):
        return None
    total = realised + int(rate * at.peers.residual(at.session.turns))
    return total if total >= max(at.settings.floor, middle // 4) else None
