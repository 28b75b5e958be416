"""What budgets say carries `≥` by the rule of every other sum, whatever the reason is."""

from pathlib import Path

import pytest

from costtop.durations import MINUTE
from costtop.model import Call, FloorReason, Tokens
from costtop.money import NANO
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from tests.daemon.stream import BUDGETS, Life

NOON = 1_795_176_000_000  # 2026-11-20T12:00:00Z


def priced(nth: int, dollars: float, *short: FloorReason) -> Priced:
    call = Call(
        nth.to_bytes(16), "test", "s", "m", Tokens(1000, output=10), NOON + nth * MINUTE,
        placeholder="placeholder" in short, unreadable="unreadable" in short,
    )  # fmt: skip
    cost = None if {"unpriced", "unreadable"} & {*short} else round(dollars * NANO)
    return Priced(
        call, cost, cost, None, tuple(one for one in short if one in ("tier", "modality"))
    )


def told(folder: Path, *calls: Priced) -> tuple[str, bool]:
    """(what was said of the daily budget, whether the list shows its sum as a floor)."""
    life = Life(folder / "costtop.db", NOON)
    meta.put(life.db, {"budgets": meta.encode_budgets(BUDGETS)})
    for nth, call in enumerate(calls):
        at = NOON + nth * MINUTE
        read = Reading("test", b"log", "{}", "{}", 0, False, [call], [], [], [], [])
        life.commit(read, at)
    said = "SELECT why FROM alerts WHERE budget = 'daily' AND rule = 'budget_tier'"
    ((why,),) = life.db.execute(said).fetchall()
    meters = Live(life.db).take(NOON + MINUTE, Pulse(running=False)).budgets
    life.end()
    return str(why), next(one.floor for one in meters if one.name == "daily")


@pytest.mark.parametrize("reason", ["unpriced", "placeholder", "unreadable", "tier", "modality"])
def test_a_tier_that_is_reached_says_that_the_sum_is_a_floor(
    tmp_path: Path, reason: FloorReason
) -> None:
    why, shown = told(tmp_path, priced(1, 5, reason), priced(2, 31))
    assert "spent ≥$" in why and shown


def test_what_may_hide_at_most_half_a_per_cent_makes_no_floor_of_it(tmp_path: Path) -> None:
    many = [priced(nth, 0.1) for nth in range(3, 303)]
    why, shown = told(tmp_path, priced(1, 0.05, "placeholder"), *many)
    assert "≥" not in why and not shown
