"""The currency in which people read sums: dollars, or another at one rate.

JSON, CSV, exports, budgets, alerts and messages are in dollars, always, and say `$`. A process
shows one currency, as it has one locale: what prints for people sets it (`queries.
shown_currency`), the daemon never does.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from costtop import money
from costtop.money import NANO
from costtop.named_tuples import NamedTuple

KEY = "currency"  # meta: what `told` makes of the config, "" for dollars
_SIGNS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "ILS": "₪",
    "TRY": "₺",
    "UAH": "₴",
    "VND": "₫",
    "PHP": "₱",
    "NGN": "₦",
    "THB": "฿",
    "KZT": "₸",
    "CRC": "₡",
}
_WHOLE = frozenset({"JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "PYG"})
CODES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP"
    " BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP"
    " GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR"
    " KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK"
    " MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR"
    " SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS"
    " UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)


class Currency(NamedTuple):
    """What sums are shown in: `rate` is nano-units for a dollar."""

    code: str = "USD"
    rate: int = NANO
    dated: str = ""  # the day of the rate, where a file tells it

    @property
    def sign(self) -> str:
        """What stands before an amount."""
        return _SIGNS.get(self.code, f"{self.code} ")

    @property
    def mark(self) -> str:
        """The same in one cell, for heads of columns."""
        return _SIGNS.get(self.code, "¤")

    @property
    def label(self) -> str:
        """What has to be known of the sums, once a page; "" for dollars: "€ at 0.92"."""
        if self.code == "USD":
            return ""
        rate = money.exact(self.rate).rstrip("0").removesuffix(".")
        name = self.mark if self.code in _SIGNS else f"{self.mark} is {self.code}"
        return f"{name} at {rate}{f' of {self.dated}' if self.dated else ''}"

    def converted(self, nanos: int) -> int:
        """The amount in nano-units, rounded half up."""
        whole = (2 * abs(nanos) * self.rate + NANO) // (2 * NANO)
        return -whole if nanos < 0 else whole

    def figure(self, nanos: int | None, *, floor: bool = False, places: int = 2) -> str:
        """A sum for people without its sign, as `money.dollars` writes it."""
        if self.code == "USD" or nanos is None:
            return money.dollars(nanos, floor=floor, places=places)
        if self.code in _WHOLE and places <= 2:
            return money.dollars(self.converted(nanos), floor=floor, places=0).partition(".")[0]
        return money.dollars(self.converted(nanos), floor=floor, places=places)

    def amount(self, nanos: int | None, *, floor: bool = False, places: int = 2) -> str:
        """A sum for people with its sign: "€11.36", "≥€11.36", "€-0.20"; "?" where unknown."""
        if nanos is None:
            return "?"
        return f"{'≥' if floor else ''}{self.sign}{self.figure(nanos, places=places)}"


DOLLARS = Currency()


class _Shown:
    """What this process shows, and what a part of it shows for a while."""

    def __init__(self) -> None:
        self.currency = DOLLARS
        self.here: ContextVar[Currency | None] = ContextVar("currency", default=None)


_shown = _Shown()


def show(currency: Currency) -> None:
    """This process shows sums in it from now on."""
    _shown.currency = currency


@contextmanager
def showing(currency: Currency) -> Iterator[None]:
    """What is worded in this block alone, by this thread, is in it: a line of the daemon's."""
    token = _shown.here.set(currency)
    try:
        yield
    finally:
        _shown.here.reset(token)


def shown() -> Currency:
    """What is shown here."""
    return _shown.here.get() or _shown.currency


def figure(nanos: int | None, *, floor: bool = False, places: int = 2) -> str:
    """A sum as this process shows it, without its sign."""
    return shown().figure(nanos, floor=floor, places=places)


def amount(nanos: int | None, *, floor: bool = False, places: int = 2) -> str:
    """A sum as this process shows it, with its sign."""
    return shown().amount(nanos, floor=floor, places=places)


def headed(text: str) -> str:
    """A head or a title with the sign of what is shown: "COST $" becomes "COST €"."""
    mark = shown().mark
    return text if mark == "$" else text.replace("$", mark)


def told(code: str, rate: float, rates: str) -> str:
    """The config's `[display]` as the store keeps it for readers; "" for dollars."""
    if code == "USD":
        return ""
    return f"{code} {rate!r}" if rate else f"{code} @{os.path.abspath(os.path.expanduser(rates))}"
