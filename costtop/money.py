"""Money as int nano-dollars: reads amounts, writes them out. It does not price calls.

Sums of ints are exact; floats never hold money below the screen.
"""

from typing import TYPE_CHECKING

from costtop.errors import CosttopError

if TYPE_CHECKING:  # only what is written out by people, or not to be told by a float, needs it
    from decimal import Decimal

NANO = 1_000_000_000  # nano-dollars in a dollar
_PLAIN = 1e6  # dollars up to which floats stand closer to each other than nano-dollars
_LARGEST = 10**9 * NANO  # a billion dollars: more is a mistake in the input


class NotMoney(CosttopError):
    """The text is not an amount of dollars."""


def parse(text: str | int | float) -> int:
    """Nano-dollars of "$20", "20.5" or 20.5; raises NotMoney for anything else."""
    from decimal import Decimal, InvalidOperation

    try:
        dollars = Decimal(str(text).strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise NotMoney(f"{text!r} is not an amount of dollars; write it as $12.50") from None
    if not dollars.is_finite() or abs(dollars) * NANO > _LARGEST:
        raise NotMoney(f"{text!r} is out of range for an amount of dollars")
    return int((dollars * NANO).to_integral_value())


def from_dollars(dollars: "float | Decimal") -> int:
    """Nano-dollars of a number that a log reported; the float's shortest decimal form counts."""
    if isinstance(dollars, float) and abs(dollars) < _PLAIN:
        nanos = round(dollars * NANO)
        if nanos / NANO == dollars:
            return nanos  # nearly always: no other amount of nine digits is the same float
    from decimal import Decimal

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


def exactly(nanos: int) -> str:
    """An amount that somebody set, with as many digits as it has: "20.00", "0.004", "12.505"."""
    whole, _, part = exact(nanos).partition(".")
    return f"{int(whole):,}.{part.rstrip('0').ljust(2, '0')}"


def beside(nanos: int | None, amount: int, *, floor: bool = False) -> str:
    """A sum beside the amount that it is a part of, for people: "0.0035" beside 0.004.

    Cents, and below ten of them enough digits that three of the amount's count.
    """
    places = max(2, 12 - len(str(abs(amount)))) if abs(amount) < NANO // 10 else 2
    digits = dollars(nanos, floor=floor, places=min(9, places))
    whole, dot, part = digits.partition(".")
    return f"{whole}{dot}{part.rstrip('0').ljust(2, '0')}" if dot else digits


def bill(nanos: int | None, *, floor: bool = False, of: int = NANO, places: int = 2) -> str:
    """The amount with its sign: "$12.35", "≥$12.35" where it is a floor, "?" where unknown.

    `of` is the amount that it is a part of: beside a small one it has more digits.
    """
    if nanos is None:
        return "?"
    digits = dollars(nanos, places=places) if places != 2 else beside(nanos, of)
    return f"{'≥' if floor else ''}${digits}"


def dollars(nanos: int | None, *, floor: bool = False, places: int = 2) -> str:
    """The amount for people: "12.35"; "?" when unknown, "≥12.35" when it is a floor."""
    if nanos is None:
        return "?"
    scale = 10 ** (9 - places)
    rounded = (abs(nanos) + scale // 2) // scale
    whole, part = divmod(rounded, 10**places)
    sign = "-" if nanos < 0 and rounded else ""
    return f"{'≥' if floor else ''}{sign}{whole:,}.{part:0{places}d}"
