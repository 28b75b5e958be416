"""In which currency people read sums, by what the store was told: a rate, or a file of rates."""

import sqlite3
from datetime import UTC, datetime

from costtop.money import NANO
from costtop.shown import currency
from costtop.shown.currency import DOLLARS, Currency
from costtop.store import meta

_LARGEST_FILE = 1 << 20  # bytes
_DATE = 10  # characters of 2026-11-28
_LIMIT = 10**7


class NoRateError(Exception):
    """There is no rate to convert by; the text says why and what to do."""


def use(text: str, now: int) -> Currency:
    """This process shows what a store was told."""
    found = known(text, now)
    currency.show(found)
    return found


def known(text: str, now: int) -> Currency:
    """What a store was told; dollars where there is no rate, as `doctor` says."""
    try:
        return read(text, now)
    except NoRateError:
        return DOLLARS


def use_of(db: sqlite3.Connection, now: int) -> Currency:
    """The same, of an open store."""
    return use(meta.get(db, currency.KEY), now)


def said() -> list[str]:
    """What stands below a page of sums: at which rate they are, and what is not; [] of dollars."""
    label = currency.shown().label
    return [f"{label}; budgets, alerts and JSON are in $."] if label else []


def read(text: str, now: int) -> Currency:
    """The currency that a store was told, at `now` (ms UTC); raises NoRateError."""
    code, _, how = text.partition(" ")
    if not code:
        return DOLLARS
    if not how.startswith("@"):
        return Currency(code, _rate(how) or NANO)
    day = f"{datetime.fromtimestamp(now / 1000, UTC):%F}"
    dated, rate = _newest(how[1:], day)
    return Currency(code, rate, dated)


def _rate(text: str) -> int:
    """Nano-units for a dollar; 0 for what is no rate."""
    from decimal import Decimal, InvalidOperation  # who reads sums in dollars needs none

    try:
        rate = Decimal(text)
    except InvalidOperation:
        return 0
    if not rate.is_finite() or not 0 < rate < _LIMIT:
        return 0
    return int((rate * NANO).to_integral_value())


def _newest(path: str, day: str) -> tuple[str, int]:
    """(its day, the rate) of the last line of a file that is not of a later day than `day`."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST_FILE).splitlines()
    except OSError as error:
        raise NoRateError(f"cannot read the rates in {path}: {error.strerror}") from None
    found = ("", 0)
    for line in lines:
        date, rest = line.strip()[:_DATE], line.strip()[_DATE:]
        rate = _rate(rest.strip(" \t,;=")) if _is_date(date) else 0
        if rate and found[0] <= date <= day:
            found = date, rate
    if not found[1]:
        raise NoRateError(f"{path} has no rate up to {day}; write lines such as: {day} 0.92")
    return found


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007  (a day, no moment)
    except ValueError:
        return False
    return True
