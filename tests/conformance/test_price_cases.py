"""The price cases of FORMATS (d), each as a line of a log that is read, priced and reported."""

from typing import Any

import pytest

from tests.conformance.pipeline import SPOOL, append, spread, total
from tests.conformance.rows import own
from tests.pricing.test_price_cases import CASES

WORDS = {"tier": "service_tier", "searches": "web_searches"}


def as_line(case: Any, name: str = "r") -> dict[str, Any]:
    """The case's call in costtop's own log format."""
    call = case[1]
    counts = {f"{kind}_tokens": used for kind, used in call.tokens._asdict().items()}
    rest = {
        WORDS.get(part, part): getattr(call, part)
        for part in ("provider", "model", "tier", "speed", "geo", "searches")
    }
    return own(name, **{**counts, **rest, "ts": call.at})


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_the_case_costs_what_its_price_list_says(case: Any) -> None:
    append(f"{SPOOL}/a.jsonl", as_line(case))
    row = total()
    assert row["cost_usd"].replace(".", "").lstrip("0") == str(case[2])
    assert (row["floor"], row["calls"]) == (False, 1)


def test_all_cases_together_cost_the_sum_of_each() -> None:
    append(f"{SPOOL}/a.jsonl", *(as_line(case, f"r{n}") for n, case in enumerate(CASES)))
    expected = sum(case[2] for case in CASES)
    assert total()["cost_usd"] == f"{expected // 10**9}.{expected % 10**9:09d}"
    assert sum(calls for _, calls in spread("model").values()) == len(CASES)


def test_ten_thousand_calls_of_three_microdollars_cost_exactly_three_cents() -> None:
    lines = [
        own(f"r{n}", model="claude-sonnet-4-5", input_tokens=1, output_tokens=0)
        for n in range(10_000)
    ]
    append(f"{SPOOL}/a.jsonl", *lines)
    assert total()["cost_usd"] == "0.030000000"
