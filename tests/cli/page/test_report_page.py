"""`report --html` and `review --html`: the figures of the reports, in a page that loads nothing."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.cli.reports.page import page_colours
from costtop.daemon.jobs.scan_once import scan
from costtop.durations import DAY, HOUR, iso, now_ms
from tests.cli.page import parsed
from tests.plans.rollouts import rollout, window

Run = Callable[..., str]
PLAN = '[[plan]]\nname = "Claude <Max>"\nagent = "claude"\nprice = "$310"\n'
BUDGET = '[[budget]]\nname = "daily & more"\nperiod = "day"\namount = "$5"\n'
HOSTILE = (
    "<script>document.title='ran'</script>", "<img src=x onerror=document.title='ran'>",
    "\"><svg onload=document.title='ran'>", "</style><h1>x</h1>", "</script><b>", "a&amp;b",
    "\u202egpj.exe\u202c", "\u05d0\u05d1\u05d2", "x\x1b[31m\x07\x00y", "'onfocus='x",
)  # fmt: skip


def spent(*lines: dict[str, Any], config: str = "") -> None:
    """A store in which these calls of a program were made."""
    found = paths.find()
    found.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    if config:
        found.config.parent.mkdir(parents=True, exist_ok=True)
        found.config.write_text(config)
    with open(found.spool / "a.jsonl", "a", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    scan(found)


def call(at: int, nth: int = 0, **more: Any) -> dict[str, Any]:
    return {"ts": iso(at), "session": f"s{nth}", "id": f"{at}-{nth}", "model": "claude-opus-4-6",
            "input_tokens": 12_345 + nth, "output_tokens": 333 + nth, "feature": f"f{nth % 3}",
            **more}  # fmt: skip


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def typed(*arguments: str) -> str:
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    return typed


@pytest.fixture
def fortnight(run: Run) -> Run:
    now = now_ms()
    lines = [call(now - back * DAY - hour * HOUR, back + hour) for back in range(14)
             for hour in range(3)]  # fmt: skip
    lines.append(call(now - HOUR, 50, model="of-no-price"))
    spent(*lines, config=PLAN + BUDGET)
    return run


def cents(text: str) -> Decimal:
    """What a cell says, whether it is a floor or not."""
    return Decimal(text.lstrip("≥").replace(",", ""))


def rounded(exact: str, to: str = "0.0001") -> Decimal:
    return Decimal(exact).quantize(Decimal(to), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("by", "anchor"), [("day", "time"), ("feature", "features"), ("model", "models")]
)
def test_a_table_has_the_rows_and_sums_of_the_report(fortnight: Run, by: str, anchor: str):
    tree = json.loads(fortnight("report", "last 10 days", "--by", by, "--json"))
    html = fortnight("report", "last 10 days", "--html", "-")
    rows = parsed.table(parsed.section(parsed.page(html), anchor))
    told = {row[by.upper()]: row for row in rows}
    for row in (*tree["rows"], tree["total"]):
        shown = next(told[name] for name in told if name.split()[0] == row["key"])
        if shown["VALUE $"] != "?":
            assert cents(shown["VALUE $"]) == rounded(row["cost_usd"])
        assert cents(shown["BILLED $"]) == rounded(row["billed_usd"])
        assert shown["SESSIONS"] == str(row["sessions"])
        assert ("≥" in shown["VALUE $"] or shown["VALUE $"] == "?") == row["floor"]
    assert (
        len([row for row in rows if not row[by.upper()].startswith("plan ")])
        == len(tree["rows"]) + 1
    )


def test_sessions_have_their_sums_and_their_curves_end_at_them(fortnight: Run):
    tree = json.loads(fortnight("report", "7d", "--by", "session", "--json"))
    html = fortnight("report", "7d", "--html", "-")
    part = parsed.section(parsed.page(html), "sessions")
    rows = {row["SESSION"]: row for row in parsed.table(part)}
    for row in tree["rows"]:
        shown = rows[row["short"]]["VALUE $"]
        assert shown == "?" or cents(shown) == rounded(row["cost_usd"])
    assert cents(rows["total"]["VALUE $"]) == rounded(tree["total"]["cost_usd"])
    costs = {row["short"]: rounded(row["cost_usd"], "0.01") for row in tree["rows"]}
    cards = [one for one in part.all("li") if one.attributes.get("class") == "card"]
    assert len(cards) == 6
    for card in cards:
        figure = next(one for one in card.all("span") if one.attributes.get("class") == "cost")
        assert Decimal(figure.text.removeprefix("$")) == costs[card.one("code").text]


def test_causes_add_up_to_the_sessions_that_they_are_of(fortnight: Run):
    total = json.loads(fortnight("report", "7d", "--json"))["total"]
    html = fortnight("report", "7d", "--html", "-")
    part = parsed.section(parsed.page(html), "causes")
    *causes, avoidable, whole = parsed.table(part)
    assert cents(whole["COST $"]) == rounded(total["cost_usd"])
    assert abs(sum(cents(row["COST $"]) for row in causes) - cents(whole["COST $"])) < Decimal(
        "0.001"
    )
    assert "(100 % of it all)" in part.text
    assert cents(avoidable["COST $"]) <= cents(whole["COST $"])


def test_another_key_filters_and_a_comparison_stand_on_the_page_too(fortnight: Run):
    typed = ("report", "3d", "--by", "user,project", "--feature", "f1", "--against", "before")
    tree = json.loads(fortnight(*typed, "--json"))
    root = parsed.page(fortnight(*typed, "--html", "-"))
    rows = parsed.table(parsed.section(root, "asked"))
    assert {"USER", "PROJECT", "BEFORE $", "CHANGE"} <= rows[0].keys()
    assert cents(rows[-1]["VALUE $"]) == rounded(tree["total"]["cost_usd"])
    assert "only feature f1" in root.one("header").text
    assert not [one for one in root.all("section") if one.attributes["id"] == "budgets"]


def test_of_a_day_hours_are_told_apart(fortnight: Run):
    root = parsed.page(fortnight("report", "today", "--html", "-"))
    assert parsed.section(root, "time").one("h2").text == "By hour"


def test_budgets_and_the_price_of_a_plan_stand_there_as_text(fortnight: Run):
    html = fortnight("report", "7d", "--html", "-")
    root = parsed.page(html)
    assert "daily & more" in parsed.section(root, "budgets").text
    assert "of $5.00 a day" in parsed.section(root, "budgets").text
    assert "plan Claude <Max> $310/mo" in parsed.section(root, "features").text


def test_a_review_is_a_page_with_its_verdicts(fortnight: Run):
    plain = fortnight("review", "14d")
    root = parsed.page(fortnight("review", "14d", "--html", "-"))
    verdicts = parsed.section(root, "dearer").text
    asked = plain.partition("Does work get dearer?")[2].splitlines()[1:4]
    for line in asked:
        feature, _, said = line.strip().partition(": ")
        assert feature in verdicts and said in verdicts
    rows = parsed.table(parsed.section(root, "features"))
    assert [row["FEATURE"] for row in rows][-1] == "all"
    assert rows[-1]["SPENT $"] == plain.partition("\nall")[2].split()[0]


def test_an_empty_store_has_a_page_too(run: Run):
    spent(call(now_ms() - 40 * DAY))
    root = parsed.page(run("report", "today", "--html", "-"))
    assert "No spend." in parsed.section(root, "time").text


def checked(root: parsed.Node) -> None:
    """What a checker of accessibility asks of a page, as far as no browser is needed."""
    ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    assert root.one("html").attributes["lang"] == "en"
    assert root.one("title").text
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(list(root.all(landmark))) == 1, landmark
    levels = [int(one.name[1]) for one in root.all("h1", "h2", "h3", "h4")]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    for link in root.all("a"):
        assert link.attributes["href"][1:] in ids
    for one in root.all("section"):
        assert one.attributes["aria-labelledby"] in ids
    for one in root.all("table"):
        assert one.one("caption").text
        assert all(head.attributes["scope"] == "col" for head in one.one("thead").all("th"))
        for row in one.one("tbody").all("tr"):
            assert row.one("th").attributes["scope"] == "row"
        wrap = one.parent
        assert (wrap.attributes["tabindex"], wrap.attributes["role"]) == ("0", "region")
        assert wrap.attributes["aria-label"]
    for one in root.all("svg"):
        hidden = one.attributes.get("aria-hidden") == "true"
        assert hidden or (one.attributes["role"] == "img" and one.attributes["aria-label"])
    named = {one.attributes["for"] for one in root.all("label")}
    assert all(one.attributes["id"] in named for one in root.all("input"))


def closed(html: str, root: parsed.Node) -> None:
    """Nothing is loaded, and nothing runs but the page's own style and script."""
    assert not re.search(r"https?:|//[a-z]|url\((?!#)|@import", html)
    for one in root.all():
        assert not {"src", "srcset", "style", "srcdoc", "action", "data"} & one.attributes.keys()
        assert not [name for name in one.attributes if name.startswith("on")]
        assert "xlink:href" not in one.attributes
    policy = next(
        one.attributes["content"] for one in root.all("meta")
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    )  # fmt: skip
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for name in ("style", "script"):
        (own,) = root.all(name)
        digest = b64encode(sha256(own.text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("command", ["report", "review"])
def test_a_page_is_accessible_and_closed(fortnight: Run, command: str):
    html = fortnight(command, "last 10 days", "--html", "-")
    root = parsed.page(html)
    checked(root)
    closed(html, root)


def test_hostile_names_are_text(run: Run):
    now = now_ms()
    spent(
        *(
            call(now - nth * HOUR, nth, feature=name, project=name, model=name, user=name,
                 session=f"{nth}{name}")
            for nth, name in enumerate(HOSTILE)
        )
    )  # fmt: skip
    html = run("report", "7d", "--by", "user", "--html", "-")
    root = parsed.page(html)
    checked(root)
    closed(html, root)
    assert not {"img", "b", "iframe"} & {one.name for one in root.all()}
    text = root.text
    assert HOSTILE[0] in text and HOSTILE[3] in text
    assert not set(text) & {"\x1b", "\x07", "\x00", "\u202e"}


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [page_colours.LIGHT, page_colours.DARK], ids=["light", "dark"])
def test_words_and_shapes_stand_out_enough(colours: dict[str, str]):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for word, ground in page_colours.READ:
        assert contrast(colours[word], colours[ground]) >= 4.5, (word, ground)
    for shape, ground in page_colours.SEEN:
        assert contrast(colours[shape], colours[ground]) >= 3, (shape, ground)


def test_both_looks_have_the_same_colours_and_the_sheet_uses_no_other():
    assert page_colours.LIGHT.keys() == page_colours.DARK.keys()
    css = (Path(page_colours.__file__).parent / "page.css").read_text()
    used = set(re.findall(r"var\(--([\w-]+)\)", css))
    assert used == page_colours.LIGHT.keys()
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", css)) <= {"#fff", "#bbb"}  # on paper


def test_a_year_stays_small(run: Run):
    now = now_ms()
    lines = [
        call(now - day * DAY - hour * HOUR, 4 * day + hour, feature=f"feature-{(day + hour) % 60}")
        for day in range(365)
        for hour in range(4)
    ]
    spent(*lines)
    html = run("report", "365d", "--html", "-")
    assert len(html.encode()) < 500_000
    root = parsed.page(html)
    assert len(parsed.table(parsed.section(root, "time"))) == 366
    assert parsed.table(parsed.section(root, "features"))[-2]["FEATURE"] == "other"


def test_sums_are_in_the_users_currency_and_budgets_in_dollars(run: Run):
    euros = '[display]\ncurrency = "EUR"\nrate = 0.5\n'
    spent(*(call(now_ms() - nth * HOUR, nth) for nth in range(3)), config=BUDGET + euros)
    total = json.loads(run("report", "7d", "--json"))["total"]
    root = parsed.page(run("report", "7d", "--html", "-"))
    half = rounded(str(Decimal(total["cost_usd"]) / 2), "0.01")
    assert root.one("dl").one("dd").text == f"€{half}"
    assert "€ at 0.5" in parsed.section(root, "time").text
    for anchor in ("time", "features", "models", "sessions", "causes"):
        part = parsed.section(root, anchor)
        assert "COST €" in part.text and "COST $" not in part.text, anchor
    assert "of $5.00 a day" in parsed.section(root, "budgets").text


def test_plan_windows_stand_with_their_words_and_those_before(run: Run):
    now = now_ms()
    for nth, back in enumerate((14, 8, 1)):
        ends = now - back * HOUR + 3 * HOUR
        limits = {
            "primary": window(20 + nth, 300, ends),
            "secondary": window(60 + nth, 10080, now + DAY),
        }
        rollout(Path.home(), nth + 1, now - back * HOUR, [limits, limits])
    scan(paths.find())
    (five, _) = [line for line in run("--once").splitlines() if line.startswith("  plan ")]
    part = parsed.section(parsed.page(run("report", "7d", "--html", "-")), "plans")
    names = [one.text for one in part.all("h3")]
    assert names == ["5h", "week"]
    assert five.removeprefix("  plan 5h ").strip() in part.text
    assert "Before: 20 %, 21 %" in part.text
    past = parsed.page(run("report", "--since", "9d", "--until", "2d", "--html", "-"))
    assert "plans" not in {one.attributes["id"] for one in past.all("section")}
