"""Spends of one session, priced by the token."""

import pytest

from costtop.analysis import ledger
from costtop.model import Call, Rates, Spend, Tokens

RATES = Rates(5_000_000, 500_000, 6_250_000, 10_000_000, 25_000_000, 0, "test")


@pytest.fixture
def session():
    """A function from (at, Tokens, …) rows to spends of one session."""

    def made(*rows, rates=RATES, model="m"):
        spends = []
        for nth, (at, tokens, *more) in enumerate(rows):
            what = more[0] if more else {}
            call = Call(
                nth.to_bytes(16, "big"),
                "test",
                what.get("session", "s"),
                what.get("model", model),
                tokens,
                at,
                agent=what.get("agent", ""),
                searches=what.get("searches", 0),
            )
            own = what.get("rates", rates)
            cost = what.get("cost")
            if cost is None and own is not None:
                cost = ledger.full_price(tokens, own) + call.searches * own.search
            spends.append(Spend(call, "test/s", cost, own, at))
        return spends

    return made


@pytest.fixture
def tokens():
    return Tokens
