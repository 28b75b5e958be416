"""The rate cards that are shipped say what genai-prices says, and spare its loading."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from card_maker.making import PATH, made, written
from genai_prices.data_snapshot import get_snapshot

from costtop.daemon.shipped_prices import installed, look
from costtop.model import Call, Tokens
from costtop.pricing.book import PriceBook, Shipped
from costtop.pricing.cards import from_plain
from costtop.pricing.listed import listed_card
from costtop.pricing.override import overrides

ROOT = Path(__file__).resolve().parents[2]
TODAY = 1_795_000_000_000
KNOWN = [
    ("", "claude-sonnet-4-5-20250929", "", "", ""),
    ("anthropic", "claude-opus-5", "standard", "standard", "not_available"),
    ("anthropic", "claude-opus-4-6", "", "fast", ""),
    ("anthropic", "claude-opus-4-6", "batch", "", "us"),
    ("openai", "gpt-5-codex", "", "", ""),
    ("openai", "gpt-5.5", "flex", "", ""),
    ("google", "gemini-2.5-pro", "", "", ""),
    ("", "grok-4", "", "", ""),
    ("deepseek", "deepseek-v4-pro", "", "", ""),
]


def test_the_shipped_file_is_what_the_installed_list_gives() -> None:
    told = made()
    assert PATH.read_text(encoding="utf-8") == written(told), "run scripts/rate_cards"
    assert json.loads(written(told)) == told


def test_each_shipped_card_is_the_one_that_the_list_gives_for_its_name() -> None:
    told, snapshot = json.loads(PATH.read_text()), get_snapshot()
    for seller, models in told["models"].items():
        for name, variants in models.items():
            for modifiers, number in variants.items():
                card = listed_card(snapshot, seller, name, *modifiers.split("|"))
                assert from_plain(told["cards"][number]) == card


@pytest.mark.parametrize("known", KNOWN)
def test_a_book_with_shipped_cards_prices_as_one_without(known: tuple[str, ...]) -> None:
    provider, model, tier, speed, geo = known
    ours, listed = PriceBook(shipped=look), PriceBook()
    for at in (TODAY, TODAY - 300 * 86_400_000, 0, TODAY + 2 * 3_600_000):
        for size in (0, 128_001, 200_000, 200_001, 272_001):
            asked = (provider, model, at, size, tier, speed, geo)
            assert ours.rates(*asked) == listed.rates(*asked)
    assert ours.why(provider, model, TODAY, tier, speed, geo) == listed.why(
        provider, model, TODAY, tier, speed, geo
    )
    assert ours.export() == listed.export()


def test_own_prices_and_refreshed_lists_go_before_shipped_cards() -> None:
    told = {"price": [{"model": "gpt-5-codex", "per_million": {"input": 7, "output": 9}}]}
    call = Call(b"k" * 16, "t", "s", "gpt-5-codex", Tokens(input=1_000_000), TODAY)
    assert PriceBook(overrides(told), shipped=look).price(call)[0] == 7_000_000_000
    empty = type(get_snapshot())(providers=[], from_auto_update=True)
    book = PriceBook(shipped=look)
    assert book.price(call)[0] is not None
    book.renew(empty)
    assert book.price(call)[0] is None
    assert PriceBook(snapshot=empty, shipped=look).price(call)[0] is None


def test_cards_of_another_list_are_not_used() -> None:
    asked: list[str] = []

    def of_another() -> Shipped:
        asked.append("once")
        return Shipped(installed(), None)

    book = PriceBook(shipped=of_another)
    for known in KNOWN:
        provider, model, *modifiers = known
        at = (provider, model, TODAY, 10, *modifiers)
        assert book.rates(*at) == PriceBook().rates(*at)
    assert asked == ["once"]


def test_the_version_is_the_one_that_python_says(tmp_path: Path) -> None:
    from importlib.metadata import version

    assert installed() == version("genai-prices")
    (tmp_path / "genai_prices").mkdir()
    (tmp_path / "genai_prices-9.8.7.dist-info").mkdir()
    code = "from costtop.daemon.shipped_prices import look; print(look())"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told == "Shipped(version='9.8.7', told=None)\n"


def test_an_import_of_known_models_does_not_load_the_price_list(tmp_path: Path) -> None:
    logs = tmp_path / "home/.claude/projects/p"
    logs.mkdir(parents=True)
    usage = {"input_tokens": 10, "output_tokens": 20, "service_tier": "standard"}
    for n, model in enumerate(("claude-sonnet-4-5-20250929", "claude-opus-5", "gpt-5")):
        message = {"id": f"msg_{n}", "role": "assistant", "model": model, "usage": usage}
        line = {"type": "assistant", "sessionId": f"s{n}", "requestId": f"r{n}", "uuid": f"u{n}",
                "timestamp": "2026-11-20T10:00:00Z", "message": message}  # fmt: skip
        (logs / f"{n}.jsonl").write_text(json.dumps(line) + "\n")
    code = (
        "import sys\nfrom costtop.cli.main import main\nmain(['scan'])\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    home = {"HOME": str(tmp_path / "home"), "COSTTOP_HOME": str(tmp_path / "state")}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **home, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "calls 3" in ran.stdout, ran.stderr
    assert "unpriced 0" in ran.stdout
    assert "genai_prices" not in ran.stderr.split()
    assert "importlib.metadata" not in ran.stderr.split()
