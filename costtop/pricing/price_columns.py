"""Prices of many calls at once, by columns: as `PriceBook.price` gives each of them."""

from collections.abc import Sequence
from itertools import compress, pairwise
from operator import is_not

from costtop.columnar.call_columns import CallColumns
from costtop.model import FloorReason, Rates
from costtop.named import NamedTuple
from costtop.pricing.book import PriceBook
from costtop.pricing.charge import charges


class PriceColumns(NamedTuple):
    """The fields of `Price`, a column each."""

    computed: list[int | None]
    rates: list[Rates | None]
    short: list[tuple[FloorReason, ...]]


def prices(book: PriceBook, calls: CallColumns) -> PriceColumns:
    """What each call costs by the lists.

    Plain calls in a row that have the same rates are charged together, all others one by one.
    """
    found = PriceColumns([None] * calls.size, _rates(book, calls), [()] * calls.size)
    plain = [rest.is_plain for rest in calls.rests]
    for start, stop in _runs(found.rates):
        rates = found.rates[start]
        if rates is None or rates.floor:
            apart: Sequence[int] = range(start, stop)
        else:
            tokens = [column[start:stop] for column in calls.tokens]
            found.computed[start:stop] = charges(tokens, rates)
            apart = [] if all(plain) else _not_plain(calls, plain, start, stop)
        for n in apart:
            price = book.price(calls.item(n))
            found.computed[n], found.rates[n], found.short[n] = price
    return found


def _rates(book: PriceBook, calls: CallColumns) -> list[Rates | None]:
    pages = [book.page((kind.provider, kind.model, *kind[6:])) for kind in calls.kinds]
    asked = [pages[kind] for kind in calls.kind]
    first, largest = min(calls.at, default=0), max(calls.tokens[0], default=0)
    if all(page.since <= first and largest <= page.upto for page in pages):
        return [page.newest for page in asked]
    each = zip(asked, calls.at, calls.tokens[0], strict=True)
    return [page.rates(at, size) for page, at, size in each]


def _runs(rates: Sequence[Rates | None]) -> list[tuple[int, int]]:
    """(start, stop) of stretches with the same rates."""
    turns = compress(range(1, len(rates)), map(is_not, rates[1:], rates))
    return [*pairwise([0, *turns, len(rates)])] if rates else []


def _not_plain(calls: CallColumns, plain: list[bool], start: int, stop: int) -> list[int]:
    return [n for n in range(start, stop) if not plain[calls.rest[n]]]
