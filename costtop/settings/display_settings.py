"""What the config says of how sums are shown: `[display]`, checked. It reads no file."""

import difflib
import math

import msgspec

from costtop.config_mistakes import Mistake
from costtop.shown.currency import CODES


class Display(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The currency in which people read sums, and what a dollar is worth in it."""

    currency: str = "USD"
    rate: float = 0.0
    rates: str = ""


def check(display: Display) -> None:
    """A known currency, and one way to convert to it; raises Mistake."""
    if display.currency not in CODES:
        near = difflib.get_close_matches(display.currency.upper(), sorted(CODES), 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise Mistake(("display", "currency"), f'a currency by its code, such as "EUR"{meant}')
    if display.rate and not (0 < display.rate < math.inf):
        raise Mistake(("display", "rate"), "what a dollar is worth, more than 0, such as 0.92")
    if display.currency == "USD":
        if display.rate not in (0.0, 1.0) or display.rates:
            raise Mistake(("display",), "dollars need no rate; name a currency besides")
        return
    if bool(display.rate) == bool(display.rates):
        remedy = (
            f"{display.currency} needs rate (such as 0.92) or rates (a file of days with rates)"
        )
        raise Mistake(("display",), f"{remedy}, one of them")
