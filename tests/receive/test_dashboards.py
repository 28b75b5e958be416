"""The alert rules and the dashboard of docs/prometheus ask for series and labels that are told."""

import json
import re
from contextlib import closing
from pathlib import Path

import pytest

from costtop.cli.main import whole_parser
from costtop.daemon.status.prometheus import exposition
from costtop.queries.plans.billed_now import BilledNow
from costtop.queries.totals import Total, Totals
from costtop.store.db import open_reader, open_writer

pytest.importorskip("prometheus_client", reason="needs the extra metrics")

FOLDER = Path(__file__).parents[2] / "docs" / "prometheus"
GIVEN = {"instance", "job"}  # by Prometheus itself
LABELS = set("feature model provider kind reason budget period agent plan home window".split())


@pytest.fixture
def told(tmp_path: Path) -> set[str]:
    """The names of all families, also of those without a series."""
    path = tmp_path / "costtop.db"
    open_writer(path).close()
    with closing(open_reader(path)) as db:
        found = Totals(db).read(1_800_000_000_000)
    one = Total("f", "m", "p", 1, 0, 0, 100, 1, 0, 0, 1, 0, 1, 100)
    full = found._replace(totals=[one], billed=BilledNow((), 1, 1, 1, 1))
    text = exposition(full).decode()
    return {words.split(" ")[2] for words in text.splitlines() if words.startswith("# TYPE")}


def _rules() -> list[str]:
    """The expressions, folded ones as one line each."""
    text = (FOLDER / "alerts.yml").read_text()
    found = re.findall(r"^ {8}expr: (.*(?:\n {10}.*)*)", text, re.MULTILINE)
    assert len(found) == text.count("- alert:") > 5
    return [" ".join(one.split()) for one in found]


def _panels() -> list[str]:
    board = json.loads((FOLDER / "dashboard.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def test_every_series_and_label_that_is_asked_for_is_told(told: set[str]) -> None:
    for asked in (*_rules(), *_panels()):
        names = set(re.findall(r"\bcosttop_\w+", asked))
        assert names <= told, asked
        assert names or asked.startswith("up{"), asked
        for labels in re.findall(r"by \(([^)]*)\)", asked):
            assert set(labels.split(", ")) <= LABELS | GIVEN, asked


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
