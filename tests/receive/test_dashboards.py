"""The alert rules and the dashboard of docs/prometheus ask for series and labels that are told."""

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from costtop.cli.main import whole_parser
from costtop.daemon.status.counters import Counters
from costtop.daemon.status.own_health import OwnHealth
from costtop.daemon.status.prometheus import answer
from costtop.queries.live.view import BudgetMeter
from costtop.queries.plans.billed_now import BilledNow
from costtop.queries.plans.plan_windows import PlanWindow
from costtop.queries.totals import Total, Totals
from costtop.store.alerts.alert_reads import EndpointState
from costtop.store.db import open_reader, open_writer

pytest.importorskip("prometheus_client", reason="needs the extra metrics")

FOLDER = Path(__file__).parents[2] / "docs" / "prometheus"
PAGE = FOLDER.with_name("metrics.md")
GIVEN = {"instance", "job"}  # by Prometheus itself
NOW = 1_800_000_000_000
HEALTH = OwnHealth(
    "1",
    NOW,
    5,
    NOW,
    True,
    9,
    1,
    ("full",),
    "disk-full",
    (("otlp", True),),
    frozenset({"a"}),
    fleet={"reachable": True},
)
METER = BudgetMeter("b", "day", 1, False, 2, (80,), NOW)
WINDOW = PlanWindow(
    agent="claude-code", home="/h", plan="max", limit="", title="5h", minutes=300, at=NOW,
    resets=NOW, read=5.0,
)  # fmt: skip


@pytest.fixture
def families(tmp_path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """The type and the labels of every family that can be told, by its name."""
    path = tmp_path / "costtop.db"
    open_writer(path).close()
    with closing(open_reader(path)) as db:
        found = Totals(db).read(NOW)
    one = Total("f", "m", "p", 1, 0, 0, 100, 1, 0, 0, 1, 0, 1, 100)
    letters = [EndpointState("a", "ok", 0, 0, 0, None, "", 0, 0)]
    full = found._replace(totals=[one], billed=BilledNow((), 1, 1, 1, 1), budgets=(METER,),
                          plans=(WINDOW,), endpoints=letters, alerts=["warning"])  # fmt: skip
    text = answer(full, Counters(), HEALTH, NOW).decode()
    kinds = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    series = re.findall(r"^(\w+)(?:\{(.*)\})? ", text, re.MULTILINE)
    labels = {name: frozenset(re.findall(r'(\w+)="', told)) for name, told in series}
    assert set(labels) == {name for name, _ in kinds}, "a family without a series"
    return {name: (kind, labels[name]) for name, kind in kinds}


def test_the_page_of_metrics_has_every_one_with_its_type_and_labels(
    families: dict[str, tuple[str, frozenset[str]]],
) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == len({name for name, *_ in rows})
    said = {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert said == families


def _rules() -> list[str]:
    """The expressions, folded ones as one line each."""
    text = (FOLDER / "alerts.yml").read_text()
    found = re.findall(r"^ {8}expr: (.*(?:\n {10}.*)*)", text, re.MULTILINE)
    assert len(found) == text.count("- alert:") > 5
    return [" ".join(one.split()) for one in found]


def _panels() -> list[str]:
    board = json.loads((FOLDER / "dashboard.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def test_every_series_and_label_that_is_asked_for_is_told(
    families: dict[str, tuple[str, frozenset[str]]],
) -> None:
    for asked in (*_rules(), *_panels()):
        names = set(re.findall(r"\bcosttop_\w+", asked))
        assert names <= set(families), asked
        assert names or asked.startswith("up{"), asked
        for labels in re.findall(r"by \(([^)]*)\)", asked):
            known = GIVEN.union(*(families[name][1] for name in names))
            assert set(labels.split(", ")) <= known, asked


def test_commands_that_an_alert_names_exist() -> None:
    text = (FOLDER / "alerts.yml").read_text()
    named = re.findall(r"costtop ((?:[a-z]+|--by [a-z]+)(?: (?:[a-z]+|--by [a-z]+))?)\"", text)
    assert {"doctor", "budget list", "why today", "report --by model"} <= set(named)
    for words in named:
        whole_parser().parse_args(words.split())


def test_the_variable_of_the_dashboard_and_its_panels_fit() -> None:
    board = json.loads((FOLDER / "dashboard.json").read_text())
    assert {one["name"] for one in board["templating"]["list"]} == {"datasource", "instance"}
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    cells = [
        (x + dx, y + dy) for x, y, wide, high in places for dx in range(wide) for dy in range(high)
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24
    assert all('instance=~"$instance"' in asked for asked in _panels())


def test_only_what_falls_is_asked_for_as_it_is() -> None:
    """A counter by itself is of no use: it begins at what the store holds."""
    for asked in (*_rules(), *_panels()):
        for name in re.findall(r"costtop_\w+_total", asked):
            assert re.search(rf"(rate|increase)\({name}[{{\[]", asked), asked
