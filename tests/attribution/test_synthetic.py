"""Thirty branches, made with real git: every dollar on its pull request, or shown as on none."""

import json
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.daemon.jobs.scan_once import scan
from costtop.durations import DAY
from tests.attribution.synthetic_repository import Synthetic

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    home: Path = tmp_path_factory.mktemp("synthetic")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("HOME", home), ("COSTTOP_HOME", home / "costtop")):
            patch.setenv(name, str(value))
        patch.setenv("TZ", "UTC")
        patch.delenv("CLAUDE_CONFIG_DIR", raising=False)
        found = Synthetic(home, int(time.time() * 1000) - 6 * DAY)
        for nth in found.grow():
            if nth % 6 == 1:  # as a daemon looks while a worktree is there, which is removed soon
                scan(paths.find())
        scan(paths.find())
        yield found


@pytest.fixture(autouse=True)
def at_home(made: Synthetic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("COSTTOP_HOME", str(made.home / "costtop"))


def rows(capsys: pytest.CaptureFixture[str], *asked: str) -> dict[str, dict[str, Any]]:
    assert main(["report", "--json", *asked]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert sum(nano(one) for one in tree["rows"]) == nano(tree["total"])
    return {one["key"]: one for one in tree["rows"]}


def nano(row: dict[str, Any]) -> int:
    return int(row["cost_usd"].replace(".", ""))


def expected(made: Synthetic) -> Counter[str]:
    """What each pull request cost, by the calls that were made for it."""
    db = sqlite3.connect(paths.find().database)
    costs = [row[0] for row in db.execute("SELECT cost FROM calls ORDER BY at")]
    found: Counter[str] = Counter()
    for cost, truth in zip(costs, made.truth, strict=True):
        found[truth.pull or "(unattributed)"] += cost
    return found


def test_nearly_every_dollar_is_on_the_right_pull_request_and_the_sum_is_exact(
    made: Synthetic, capsys: pytest.CaptureFixture[str]
) -> None:
    got, right = rows(capsys, "--by", "pr"), expected(made)
    hit = sum(min(nano(row), right[key]) for key, row in got.items())
    assert hit >= 0.95 * sum(right.values())
    wrong = sum(
        max(0, nano(row) - right[key]) for key, row in got.items() if key != "(unattributed)"
    )
    assert wrong == 0
    assert "acme/shop#101" in got and "acme/shop!105" in got
    assert sum(nano(row) for row in got.values()) == sum(right.values())


def test_merged_ones_have_their_time_and_their_price_by_both_denominators(
    made: Synthetic, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--json", "--by", "pr", "--top", "3"]) == 0
    tree = json.loads(capsys.readouterr().out)
    merged, right = tree["merged_pull_requests"], expected(made)
    whole = sum(right.values())
    attributed = whole - nano({"cost_usd": merged["unattributed_usd"]})
    assert merged["merged"] == 25  # of thirty branches five are open, with two requests each
    assert nano({"cost_usd": merged["spend_usd"]}) == whole
    assert nano({"cost_usd": merged["attributed_usd"]}) == attributed < whole
    assert nano({"cost_usd": merged["cost_per_merged_usd"]}) == round(whole / 25)
    assert nano({"cost_usd": merged["attributed_per_merged_usd"]}) == round(attributed / 25)
    about = tree["rows"][0]["pull_request"]
    assert about["repository"] == "acme/shop" and about["merged_at"] > "2023"
    assert main(["report", "--by", "pr"]) == 0
    assert "25 merged: $" in capsys.readouterr().out


def test_every_day_and_every_commit_add_up_to_the_same(
    made: Synthetic, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = sum(expected(made).values())
    for by in ("commit", "day,pr", "pr,branch", "ticket", "branch", "pr,commit"):
        assert sum(nano(row) for row in rows(capsys, "--by", by).values()) == whole, by
    commits = rows(capsys, "--by", "commit", "--pr", "acme/shop#102")
    named = [key for key in commits if key.startswith("acme/shop@")]
    assert len(named) == 1  # two commits, amended, rebased and squashed into one
    tickets = rows(capsys, "--by", "ticket")
    assert {"SHOP-2", "SHOP-8", "(none)"} <= set(tickets)


def test_git_is_not_asked_again_where_nothing_has_moved(
    made: Synthetic, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = sqlite3.connect(paths.find().database)
    before = db.execute("SELECT read_at, state FROM repositories").fetchall()
    scan(paths.find())
    assert db.execute("SELECT read_at, state FROM repositories").fetchall() == before
    made.git("update-ref", "refs/heads/another", "main")
    scan(paths.find())
    assert db.execute("SELECT state FROM repositories").fetchone()[0] != before[0][1]
