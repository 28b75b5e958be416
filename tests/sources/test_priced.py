"""What the golden logs name is priced, or it is known why not: no model is missed by its name."""

import pytest

from costtop.model import Call
from costtop.pricing.book import PriceBook
from costtop.sources.registry import SOURCES
from tests.sources.fork_trees import random_id
from tests.sources.golden import chunks, files, folded
from tests.sources.lines import calls, events, reply

# Models that no public list prices, and calls whose log does not name the model.
UNPRICED = {
    "coder-model", "qwen3-coder-plus", "qwen3-coder-30b", "qwen3-coder", "unknown", "my-model",
    "openai/REDACTED", "gateway", "grok-4.5-mini",
}  # fmt: skip
BOOK = PriceBook()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_golden_model_is_priced_unless_no_list_knows_it(source):
    for path, file in files(source.name):
        for call in folded(source, chunks(source, path, file.read_bytes())):
            if not isinstance(call, Call) or not (call.tokens.input or call.tokens.output):
                continue
            cost, rates, _ = BOOK.price(call)
            assert (cost is None) == (call.model in UNPRICED), (call.provider, call.model)
            assert rates is None or cost


@pytest.mark.parametrize(
    ("said", "short"),
    [
        ({"inference_geo": "global", "speed": "standard"}, ()),
        ({"inference_geo": "not_available"}, ()),
        ({"inference_geo": "us"}, ()),
        ({"inference_geo": "eu"}, ("tier",)),
        ({"speed": "turbo"}, ("tier",)),
        ({"speed": "fast"}, ("tier",)),
        ({"service_tier": "express"}, ("tier",)),
    ],
)
@pytest.mark.parametrize("source", ["claude-code", "api-responses"])
def test_what_no_list_prices_is_a_floor_at_the_base_price(source, said, short):
    line = reply(random_id("msg_01", 1), usage=said, model="claude-sonnet-4-5")
    body = {**line["message"], "type": "message"}
    (call,) = calls(events(source, line if source == "claude-code" else body))
    cost, _, missing = BOOK.price(call)
    tenths = 11 if said.get("inference_geo") == "us" else 10
    assert (cost, missing) == ((3 * 300 + 50 * 1500) * tenths, short)
