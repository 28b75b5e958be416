"""Stored calls as the detectors get them, made from a few words."""

import pytest

from costtop.model import Call, Context, Rates, Spend, Tokens
from costtop.money import NANO

START = 1_795_000_000_000  # 2026-11-18
RATES = Rates(3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000, 0, "test")  # $3 a million


class Log:
    """Writes calls of sessions in order; each has its own key."""

    def __init__(self) -> None:
        self.count = 0

    def spend(self, session, at, dollars=None, **what):
        """One stored call; `dollars` sets its cost outright, else the tokens are priced."""
        self.count += 1
        tokens = what.pop("tokens", Tokens(1000, 0, 0, 0, 100))
        source = what.pop("source", "test")
        root = what.pop("root", f"{source}/{session}")
        feature = what.pop("feature", "")
        rates = what.pop("rates", RATES)
        seen = what.pop("seen", at)
        unpriced = what.pop("unpriced", False)
        call = Call(
            what.pop("key", self.count.to_bytes(16, "big")),
            source,
            session,
            what.pop("model", "claude-sonnet-4-5"),
            tokens,
            at,
            context=Context(**what.pop("context", {})),
            **what,
        )
        cost = price(tokens, rates) if dollars is None else round(dollars * NANO)
        return Spend(call, root, None if unpriced else cost, rates, seen, feature)


def price(tokens, rates):
    short = tokens.cache_write - tokens.cache_write_1h
    plain = tokens.input - tokens.cache_read - tokens.cache_write
    pico = plain * rates.input + tokens.cache_read * rates.cache_read + short * rates.cache_write
    pico += tokens.cache_write_1h * rates.cache_write_1h + tokens.output * rates.output
    whole, rest = divmod(pico, 1000)
    return whole + (rest > 500 or (rest == 500 and whole % 2))


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def start():
    return START
