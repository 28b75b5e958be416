"""Sums in another currency: for people alone, and never what programs, budgets or alerts say."""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop import money
from costtop.config import load
from costtop.errors import ConfigError
from costtop.money import NANO
from costtop.paths import find
from costtop.queries import shown_currency
from costtop.queries.shown_currency import NoRateError
from costtop.shown import currency
from costtop.shown.currency import Currency
from costtop.tui.draw.figures import bill, cash, cash_of
from costtop.tui.list.columns import chosen
from costtop.tui.list.row_lines import RowLines
from costtop.tui.list.shown_rows import Shown
from tests.e2e.instance import Instance, claude_line, claude_log

SESSION = "c0ffee00-1111-4111-8111-111111111111"
EURO = Currency("EUR", 920_000_000)
NOON = 1_795_435_200_000  # 2026-11-23 12:00 UTC
BUDGET = '[[budget]]\nname = "daily"\namount = "$20"\n'


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    one = Instance(home)
    lines = [claude_line(SESSION, number, output=40_000) for number in range(4)]
    one.append(claude_log(SESSION), "".join(lines))
    yield one
    with contextlib.suppress(AssertionError):
        one.stop()
    one.kill9()


def configured(instance: Instance, display: str) -> None:
    instance.configure(f"[display]\n{display}\n{BUDGET}")
    instance.cli("scan")


@given(nanos=st.integers(-(10**15), 10**15), rate=st.integers(1, 10**13))
def test_a_sum_is_converted_to_the_nearest_unit(nanos: int, rate: int) -> None:
    exactly = Decimal(nanos) * rate / NANO
    found = Currency("EUR", rate).converted(nanos)
    assert abs(found - exactly) <= Decimal("0.5")
    assert Currency("EUR", rate).converted(-nanos) == -found


def test_figures_have_the_sign_and_the_digits_of_the_currency() -> None:
    assert EURO.amount(12_345_000_000) == "€11.36"
    assert EURO.amount(12_345_000_000, floor=True) == "≥€11.36"
    assert EURO.amount(None) == "?"
    assert EURO.figure(10_000, places=4) == "0.0000"
    assert Currency("JPY", 151_300_000_000).amount(12_345_000_000) == "¥1,868"
    assert Currency("CHF", 880_000_000).amount(NANO) == "CHF 0.88"
    assert Currency("CHF", 880_000_000).label == "¤ is CHF at 0.88"
    assert EURO._replace(dated="2026-11-20").label == "€ at 0.92 of 2026-11-20"
    assert (currency.DOLLARS.label, currency.DOLLARS.amount(NANO)) == ("", "$1.00")


def test_what_is_of_a_budget_stays_in_dollars() -> None:
    with currency.showing(EURO):
        assert (cash(NANO), bill(NANO), cash_of(NANO, 20 * NANO)) == ("0.92", "€0.92", "1.00")
        assert bill(10**6 * NANO) == "€920,000"
        assert bill(None) == "?"
        assert currency.headed("COST $") == "COST €"
        assert money.bill(NANO) == "$1.00"
    assert (cash(NANO), bill(NANO), currency.headed("$/h")) == ("1.00", "$1.00", "$/h")


def test_a_table_is_drawn_anew_in_another_currency() -> None:
    drawn = RowLines[Shown]()
    drawn.set_columns(chosen(("session", "cost")), "cost", True)
    assert drawn.refit(120)
    assert (drawn.is_fitted_to(120), drawn.refit(120)) == (True, False)
    with currency.showing(EURO):
        assert not drawn.is_fitted_to(120)
        assert drawn.refit(120)
        assert "€TOTAL" in "".join(span.text for span in drawn.head())


@pytest.mark.parametrize(
    ("display", "said"),
    [
        ('currency = "EUR"', "needs rate (such as 0.92)"),
        ('currency = "EUR"\nrate = 0.0', "needs rate (such as 0.92)"),
        ('currency = "EUR"\nrate = -1.0', "more than 0"),
        ('currency = "EUR"\nrate = nan', "more than 0"),
        ('currency = "EUR"\nrate = 0.9\nrates = "x"', "one of them"),
        ('currency = "eur"\nrate = 0.9', "did you mean EUR"),
        ('currency = "euro"\nrate = 0.9', "a currency by its code"),
        ('currency = "USD"\nrate = 0.9', "dollars need no rate"),
        ('curency = "EUR"', "currency"),
    ],
)
def test_a_mistake_says_what_to_write(home: Path, display: str, said: str) -> None:
    place = find().config
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.write_text(f"[display]\n{display}\n")
    with pytest.raises(ConfigError, match=re.escape(said)):
        load(find())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-01 0.90\n2026-11-23,0.92\n2026-11-24;0.99\n", ("2026-11-23", "0.92")),
        (
            "date,rate\n# old\n2026-11-22\t0.91\n2026-13-45 7\n2026-11-23 x\n",
            ("2026-11-22", "0.91"),
        ),
        ("2026-11-05 0.95\n2026-11-02 0.90\n", ("2026-11-05", "0.95")),
        ("2026-11-24 0.92\n", None),
        ("2026-11-20 -3\n2026-11-20 0\n\xff\n", None),
        ("", None),
    ],
)
def test_the_newest_rate_of_a_file_holds(
    tmp_path: Path, text: str, found: tuple[str, str] | None
) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text)
    told = currency.told("EUR", 0.0, str(path))
    if found is None:
        with pytest.raises(NoRateError, match=r"2026-11-23 0\.92"):
            shown_currency.read(told, NOON)
        assert shown_currency.known(told, NOON) == currency.DOLLARS
    else:
        assert shown_currency.read(told, NOON) == Currency("EUR", money.parse(found[1]), found[0])


def test_people_read_it_and_programs_do_not(instance: Instance) -> None:
    instance.cli("scan")
    commands = (
        *("report --by day --json", "report --by session --csv", "review --json", "alerts"),
        *("why today --json", "export sessions", "budget list", "check"),
    )
    before = [instance.cli(*words.split(), code=None) for words in commands]
    cost = Decimal(instance.report("total")["total"]["cost_usd"])
    assert "$" in instance.cli("report")
    configured(instance, 'currency = "EUR"\nrate = 0.5')
    half = f"{cost / 2:.4f}"
    report = instance.cli("report", "--by", "day")
    assert ("COST €" in report, half in report) == (True, True)
    assert "€ at 0.5; budgets, alerts and JSON are in $" in report
    for command in ("report", "review"):
        page = instance.cli(command, "today", "--html", "-")
        page = page.replace(f"${cost:.2f} of $20.00", "")  # what the budget stands at
        assert (f"€{cost / 2:.2f}" in page, f"${cost:.2f}" in page) == (True, False)
    once = instance.cli("--once", "--all")
    assert f"today €{cost / 2:.2f}" in once
    assert "(€ at 0.5)" in once
    assert f"budget daily: ${cost:.2f} of $20.00" in once
    why = instance.cli("why", "today")
    assert (f"€{cost / 2:.2f}" in why, "$" in why.replace("are in $", "")) == (True, False)
    after = [instance.cli(*words.split(), code=None) for words in commands]
    for words, one, other in zip(commands, before, after, strict=True):
        if words not in ("budget list", "check"):  # there was no budget
            assert _timeless(one) == _timeless(other), words
    assert all("€" not in text for text in after)


def _timeless(text: str) -> str:
    return re.sub(r"\d\d:\d\d:\d\d[.\dZ]*|\d\d:\d\d", "", text)


def test_a_missing_file_of_rates_is_dollars_and_a_word_of_the_doctor(instance: Instance) -> None:
    configured(instance, 'currency = "EUR"\nrates = "~/rates.txt"')
    assert "COST $" in instance.cli("report")
    said = instance.cli("doctor", code=1)
    assert f"! [no-rate] cannot read the rates in {instance.home}/rates.txt: No such file" in said
    assert "sums are shown in dollars" in said
    (instance.home / "rates.txt").write_text("2020-01-01 0.5\n")
    assert "COST €" in instance.cli("report")
    assert "sums are shown in EUR at 0.500000000 of 2020-01-01" in instance.cli("doctor", code=1)


def test_status_bars_say_it_and_what_the_daemon_writes_down_does_not(instance: Instance) -> None:
    instance.configure(f'[display]\ncurrency = "EUR"\nrate = 0.5\n{BUDGET.replace("20", "1")}')
    instance.start()
    cost = Decimal(instance.report("total")["total"]["cost_usd"])
    line = instance.paths.line.read_text()
    assert f"today €{cost / 2:.2f}" in line
    told = json.dumps({"session_id": SESSION})
    ran = subprocess.run(
        [sys.executable, "-m", "costtop", "statusline"], input=told, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert f"session €{cost / 2:.2f}" in ran.stdout
    assert "€" not in instance.cli("alerts", "--json")
    assert "€" not in instance.cli("--once", "--json")
