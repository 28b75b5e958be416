import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, PriceVariant, Provider

from costtop.model import Call, Tokens
from costtop.pricing.book import PriceBook
from costtop.pricing.override import overrides

TODAY = int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp() * 1000)
KNOWN = [
    ("anthropic", "claude-opus-5", "", "", ""),
    ("anthropic", "claude-opus-4-6", "", "fast", "us"),
    ("openai", "gpt-5.6-sol", "batch", "", ""),
    ("deepseek", "deepseek-v4-pro", "", "", ""),
    ("", "no-such-model", "", "", ""),
]


class CountedSnapshot(DataSnapshot):
    """A real price list that counts how often it is looked into."""

    def __init__(self) -> None:
        self.looks = 0
        super().__init__(providers=get_snapshot().providers, from_auto_update=False)

    def __getattribute__(self, name: str) -> Any:
        if name == "providers":
            self.__dict__["looks"] = self.__dict__.get("looks", 0) + 1
        return super().__getattribute__(name)


def test_the_price_list_is_looked_into_once_for_each_model_and_tier() -> None:
    snapshot = CountedSnapshot()
    book = PriceBook(snapshot=snapshot)
    for provider, model, tier, speed, geo in KNOWN:
        book.rates(provider, model, TODAY, 10, tier, speed, geo)
    looks = snapshot.looks
    for step in range(2_000):
        for provider, model, tier, speed, geo in KNOWN:
            at = TODAY - step * 43_200_000
            book.rates(provider, model, at, step * 1_000, tier, speed, geo)
            book.why(provider, model, at, tier, speed, geo)
    assert snapshot.looks == looks


def test_an_answer_from_memory_is_the_answer_of_a_new_book() -> None:
    warm = PriceBook()
    moments = [TODAY, TODAY - 300 * 86_400_000, 0, TODAY + 2 * 3_600_000]
    for provider, model, tier, speed, geo in KNOWN:
        for at in moments:
            for size in (0, 200_000, 200_001, 272_001):
                warm.rates(provider, model, TODAY, 0, tier, speed, geo)
                fresh = PriceBook().rates(provider, model, at, size, tier, speed, geo)
                assert warm.rates(provider, model, at, size, tier, speed, geo) == fresh


def test_cards_survive_json_and_restore_without_a_look_into_the_list() -> None:
    book = PriceBook()
    for provider, model, tier, speed, geo in KNOWN:
        book.rates(provider, model, TODAY, 10, tier, speed, geo)
    snapshot = CountedSnapshot()
    restored = PriceBook(snapshot=None)
    assert restored.restore(json.loads(json.dumps(book.export())))
    restored._snapshot = snapshot
    looks = snapshot.looks
    for provider, model, tier, speed, geo in KNOWN:
        for at in (TODAY, 0, TODAY + 7_200_000):
            asked = (provider, model, at, 250_000, tier, speed, geo)
            assert restored.rates(*asked) == book.rates(*asked)
    assert snapshot.looks == looks


def test_a_restored_book_prices_without_importing_genai_prices() -> None:
    book = PriceBook()
    book.rates("anthropic", "claude-opus-5", TODAY, 10)
    code = (
        "import json, sys\n"
        "from costtop.pricing.book import PriceBook\n"
        "book = PriceBook()\n"
        "assert book.restore(json.loads(sys.stdin.read()))\n"
        f"assert book.rates('anthropic', 'claude-opus-5', {TODAY}, 10).input == 5_000_000\n"
        "assert 'genai_prices' not in sys.modules, 'imported'\n"
        "assert book.rates('', 'gpt-5', 0, 10) and 'genai_prices' in sys.modules\n"
    )
    told = json.dumps(book.export()).encode()
    done = subprocess.run(
        [sys.executable, "-c", code], input=told, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_cards_of_other_lists_or_damaged_cards_are_not_restored() -> None:
    book = PriceBook()
    book.rates("anthropic", "claude-opus-5", TODAY, 10)
    exported = json.loads(json.dumps(book.export()))
    mine = overrides({"price": [{"model": "a", "per_million": {"input": 1, "output": 1}}]})
    assert not PriceBook(mine).restore(exported)
    assert not PriceBook(fallback={"m": {}}).restore(exported)
    assert not PriceBook().restore(None)
    exported["cards"][0][-1][0][0][1][0][1][0][1][0] = -5  # a negative rate
    assert not PriceBook().restore(exported)
    assert not PriceBook().restore({**exported, "cards": [["a", "b"]]})


@pytest.mark.parametrize(
    "model", ["", "__proto__", "constructor", "x" * 10_000, "<synthetic>", "\x1b[31m", "a b", "🜏"]
)
@pytest.mark.parametrize("provider", ["", "anthropic", "__proto__", "y" * 10_000])
def test_hostile_names_are_unpriced_and_raise_nothing(provider: str, model: str) -> None:
    book = PriceBook()
    call = Call(b"k" * 16, "test", "s", model, Tokens(input=10), TODAY, provider=provider)
    assert book.price(call) == (None, None, ())
    assert book.why(provider, model, TODAY)


@pytest.mark.parametrize("at", [-(2**60), -1, 0, 2**60])
def test_impossible_times_and_sizes_raise_nothing(at: int) -> None:
    book = PriceBook()
    for model in ("claude-opus-4-6", "deepseek-v4-pro"):
        assert book.rates("", model, at, 2**62) is not None
        assert book.rates("", model, at, 0) is not None


def test_made_up_names_do_not_fill_the_memory() -> None:
    empty = DataSnapshot(providers=[], from_auto_update=False)
    book = PriceBook(snapshot=empty)
    for number in range(10_000):
        assert book.rates("", f"made-up-{number}", TODAY, 10) is None
    assert book.count() == len(book.export()["cards"]) <= 4096
    assert not empty._provider_misses


def test_an_updated_list_can_be_used_instead_of_the_installed_one() -> None:
    def only(one: Provider) -> bool:
        return one.id == "anthropic"

    updated = DataSnapshot(list(filter(only, get_snapshot().providers)), from_auto_update=True)
    book = PriceBook(snapshot=updated)
    assert book.rates("", "gpt-5", TODAY, 10) is None
    rates = book.rates("", "claude-opus-5", TODAY, 10)
    assert rates is not None
    assert f"+{updated.timestamp:%Y-%m-%d}" in rates.card
    assert book.edition() != PriceBook().edition()


def test_a_dated_name_takes_the_undated_price_only_where_it_is_not_listed_itself() -> None:
    flex = PriceVariant({"service_tier": "flex"}, ModelPrice(input_mtok=Decimal(1)))
    models = [
        ModelInfo(
            id=name,
            match=ClauseEquals(name),
            prices=ModelPrice(input_mtok=Decimal(2), output_mtok=Decimal(2)),
            price_variants=variants,
        )
        for name, variants in (("acme-1", [flex]), ("acme-1-2026-01-01", None))
    ]
    seller = Provider(id="openai", name="Acme", api_pattern="x", models=models)
    book = PriceBook(snapshot=DataSnapshot([seller], from_auto_update=False))
    unlisted = book.rates("openai", "acme-1-2026-09-09", TODAY, 10, "flex")
    assert unlisted is not None
    assert unlisted.input == 1_000_000
    assert book.rates("openai", "acme-1-2026-01-01", TODAY, 10) is not None
    listed = book.rates("openai", "acme-1-2026-01-01", TODAY, 10, "flex")
    assert listed is not None
    assert (listed.input, listed.floor) == (1_000_000, True)  # half of its own two dollars
