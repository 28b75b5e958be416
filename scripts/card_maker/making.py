"""Works the rate cards of common models out of the installed genai-prices, into the package's data.

`scripts/rate_cards` is run whenever genai-prices is updated; a test compares the file with what the
list says. With it an import of these models needs no look into that list, which is dear to load.
"""

import json
from pathlib import Path
from typing import Any

from genai_prices import __version__
from genai_prices.data_snapshot import DataSnapshot, get_snapshot

from costtop.pricing.book import FORM
from costtop.pricing.cards import exact
from costtop.pricing.listed import listed_card

PATH = Path(__file__).resolve().parents[2] / "costtop/pricing/shipped_cards.json"
_SELLERS = (
    "anthropic", "openai", "google", "x-ai", "deepseek", "moonshotai", "minimax", "zai",
    "mistral", "github-copilot",
)  # fmt: skip
_MODIFIERS = (
    ("", "", ""), ("batch", "", ""), ("flex", "", ""), ("priority", "", ""), ("fast", "", ""),
    ("", "fast", ""), ("", "", "us"), ("batch", "", "us"),
)  # fmt: skip
# Names as agents write them that the list knows by their beginning only.
_DATED = (
    "claude-3-5-haiku-20241022", "claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022",
    "claude-3-7-sonnet-20250219", "claude-3-haiku-20240307", "claude-3-opus-20240229",
    "claude-haiku-4-5-20251001", "claude-opus-4-1-20250805", "claude-opus-4-20250514",
    "claude-opus-4-5-20251101", "claude-sonnet-4-20250514", "claude-sonnet-4-5-20250929",
)  # fmt: skip


def made() -> dict[str, Any]:
    """What the file is to hold: {"form", "genai-prices", "cards", "models"}.

    `models` is {seller: {name: {"tier|speed|geo": index of the card}}}; seller "" is the maker.
    """
    snapshot = get_snapshot()
    cards: dict[str, int] = {}
    models: dict[str, dict[str, dict[str, int]]] = {}
    for seller in ("", *_SELLERS):
        for name in _names(snapshot, seller):
            found = _of_model(snapshot, seller, name, cards)
            if found:
                models.setdefault(seller, {})[name] = found
    plain = [json.loads(card) for card in cards]
    return {"form": FORM, "genai-prices": __version__, "cards": plain, "models": models}


def _names(snapshot: DataSnapshot, seller: str) -> list[str]:
    """What the seller's models may be called; of "" all makers' models."""
    makers = [one for one in snapshot.providers if one.id in ((seller,) if seller else _SELLERS)]
    found = set(_DATED)
    for model in (model for maker in makers for model in maker.models):
        found |= {model.id.lower(), *_literals(model.match)}
    return sorted(found)


def _literals(clause: Any) -> list[str]:
    """Whole names that stand in a clause, and beginnings that may be whole names."""
    parts = getattr(clause, "or_", None)
    if parts:
        return [name for part in parts for name in _literals(part)]
    told = getattr(clause, "equals", None) or getattr(clause, "starts_with", None)
    return [told.lower()] if told else []


def _of_model(
    snapshot: DataSnapshot, seller: str, name: str, cards: dict[str, int]
) -> dict[str, int]:
    """The model's cards by tier, speed and place; adds those that are new to `cards`."""
    found = {}
    for modifiers in _MODIFIERS:
        card = listed_card(snapshot, seller, name, *modifiers)
        if card is not None and exact(card):
            number = cards.setdefault(json.dumps(card), len(cards))
            found["|".join(modifiers)] = number
    return found


def written(told: dict[str, Any]) -> str:
    """The file's text: a line a card and a line a model, so that a change can be read."""
    cards = ",\n".join(f"  {_short(card)}" for card in told["cards"])
    sellers = []
    for seller, models in told["models"].items():
        lines = ",\n".join(f"   {json.dumps(name)}:{_short(models[name])}" for name in models)
        sellers.append(f"  {json.dumps(seller)}:{{\n{lines}\n  }}")
    models = ",\n".join(sellers)
    head = f' "form":{json.dumps(told["form"])},\n "genai-prices":"{told["genai-prices"]}",\n'
    return f'{{\n{head} "cards":[\n{cards}\n ],\n "models":{{\n{models}\n }}\n}}\n'


def _short(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
