"""Money as int nano-dollars: reads amounts, writes them out. It does not price calls.

Sums of ints are exact; floats never hold money below the screen.
"""

from decimal import Decimal, InvalidOperation

from costtop.errors import CosttopError
from costtop.model import NANO

_LARGEST = 10**9 * NANO  # a billion dollars: more is a mistake in the input


class NotMoney(CosttopError):
    """The text is not an amount of dollars."""


def parse(text: str | int | float) -> int:
    """Nano-dollars of "$20", "20.5" or 20.5; raises NotMoney for anything else."""
    try:
        dollars = Decimal(str(text).strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise NotMoney(f"{text!r} is not an amount of dollars; write it as $12.50") from None
    if not dollars.is_finite() or abs(dollars) * NANO > _LARGEST:
        raise NotMoney(f"{text!r} is out of range for an amount of dollars")
    return int((dollars * NANO).to_integral_value())


def from_dollars(dollars: float | Decimal) -> int:
    """Nano-dollars of a number that a log reported; the float's shortest decimal form counts."""
    return int(
        (
            Decimal(repr(dollars) if isinstance(dollars, float) else dollars) * NANO
        ).to_integral_value()
    )


def exact(nanos: int) -> str:
    """The amount with all nine digits, as JSON carries it: 1246198150 -> "1.246198150"."""
    sign = "-" if nanos < 0 else ""
    whole, part = divmod(abs(nanos), NANO)
    return f"{sign}{whole}.{part:09d}"


def dollars(nanos: int | None, *, floor: bool = False, places: int = 2) -> str:
    """The amount for people: "12.35"; "?" when unknown, "≥12.35" when it is a floor."""
    if nanos is None:
        return "?"
    scale = 10 ** (9 - places)
    rounded = (abs(nanos) + scale // 2) // scale
    whole, part = divmod(rounded, 10**places)
    sign = "-" if nanos < 0 and rounded else ""
    return f"{'≥' if floor else ''}{sign}{whole:,}.{part:0{places}d}"
