import json
from datetime import UTC, datetime
from typing import Any

from costtop.pricing.book import PriceBook
from costtop.pricing.cards import Change, changes
from costtop.pricing.override import overrides

TODAY = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)


def exported(*prices: dict[str, Any]) -> Any:
    book = PriceBook(overrides({"price": list(prices)}))
    for model in ("acme-1", "acme-2"):
        book.rates("acme", model, TODAY, 10)
    return json.loads(json.dumps(book.export()))


def price(model: str, dollars: float, **more: Any) -> dict[str, Any]:
    return {"model": model, "per_million": {"input": dollars, "output": dollars}, **more}


def test_equal_books_have_no_changes() -> None:
    book = exported(price("acme-1", 1))
    assert changes(book, book, TODAY) == ()


def test_each_rate_that_differs_is_told_with_before_and_after() -> None:
    found = changes(exported(price("acme-1", 1)), exported(price("acme-1", 1.5)), TODAY)
    assert {change.kind for change in found} == {
        "input", "cache_read", "cache_write", "cache_write_1h", "output",
    }  # fmt: skip
    key = ("acme", "acme-1", "", "", "")
    assert found[0] == Change(key, -1, "input", 1_000_000, 1_500_000)
    assert not any(change.is_suspect() for change in found)


def test_more_than_five_times_dearer_or_cheaper_is_suspect() -> None:
    def suspects(before: float, after: float) -> bool:
        old, new = exported(price("acme-1", before)), exported(price("acme-1", after))
        return any(change.is_suspect() for change in changes(old, new, TODAY))

    assert not suspects(1, 5)
    assert suspects(1, 5.01)
    assert not suspects(5, 1)
    assert suspects(5.01, 1)
    assert suspects(1, 0)


def test_a_price_that_appears_or_vanishes_is_suspect() -> None:
    known, unknown = exported(price("acme-1", 1)), exported()
    for old, new in ((known, unknown), (unknown, known)):
        found = changes(old, new, TODAY)
        assert found
        assert all(change.is_suspect() for change in found if change.kind != "search")


def test_a_new_band_is_compared_with_what_such_requests_paid_before() -> None:
    above = {"tokens": 200_000, "per_million": {"input": 9, "output": 1}}
    found = changes(exported(price("acme-1", 1)), exported(price("acme-1", 1, above=above)), TODAY)
    key = ("acme", "acme-1", "", "", "")
    assert found[0] == Change(key, 200_000, "input", 1_000_000, 9_000_000)


def test_only_prices_in_force_at_the_time_are_compared() -> None:
    later = exported(
        price("acme-1", 1, until="2027-01-01"), price("acme-1", 9, **{"from": "2027-01-01"})
    )
    assert changes(exported(price("acme-1", 1)), later, TODAY) == ()
    year = 365 * 86_400_000
    assert changes(exported(price("acme-1", 1)), later, TODAY + year) != ()
