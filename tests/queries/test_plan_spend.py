"""Who filled a window, on what: of several accounts, of a limit for one model, by feature."""

import json
from contextlib import closing

import pytest

from costtop.cli.main import main
from costtop.daemon.jobs.scan_once import scan
from costtop.durations import HOUR, MINUTE, now_ms
from costtop.paths import find
from costtop.plan_reading import PlanReading
from costtop.plans import shares
from costtop.queries.plans import plan_spend, plan_windows
from costtop.store.db import open_reader, open_writer
from costtop.store.names import Names
from costtop.store.plans import plan_readings
from tests.plans.rollouts import ID, rollout, window

FIVE = 300


def read(now):
    scan(find())
    with closing(open_reader(find().database)) as db:
        return plan_windows.read(db, now)


def test_each_account_counts_its_own_sessions(home, monkeypatch):
    now = now_ms()
    rising = [{"primary": window(20 + n, FIVE, now + HOUR)} for n in range(11)]
    rollout(home, 1, now - 30 * MINUTE, rising)
    rollout(home, 2, now - 30 * MINUTE, rising, folder="work")
    rollout(home, 3, now - 30 * MINUTE, [{}] * 11, folder="work")
    monkeypatch.setenv("CODEX_HOME", str(home / "work"))
    scan(find())
    monkeypatch.delenv("CODEX_HOME")
    mine, works = sorted(read(now), key=lambda one: one.home)
    assert [part.session for part in mine.sessions] == [f"codex/{ID}1"]
    assert {part.session for part in works.sessions} == {f"codex/{ID}2", f"codex/{ID}3"}
    assert works.point == pytest.approx(2 * mine.point, rel=0.01)


def test_a_limit_of_one_model_counts_that_model_alone(home):
    now = now_ms()
    rollout(home, 1, now - HOUR, [{"primary": window(20 + n, FIVE, now + HOUR)} for n in range(20)])
    scan(find())
    known = PlanReading("codex", str(home / ".codex"), "", "", FIVE, 0.0, now + HOUR, 0)
    with closing(open_writer(find().database)) as db, db:
        for n in range(10):
            told = known._replace(at=now - HOUR + n * 4 * MINUTE, used=5.0 + n)
            mine, other = told._replace(limit="GPT 5.5"), told._replace(limit="bengalfox")
            plan_readings.put(db, Names(), [mine, other])
    found = {one.limit: one for one in read(now)}
    assert [part.session for part in found["GPT 5.5"].sessions] == [f"codex/{ID}1"]
    unknown = found["bengalfox"]
    assert (unknown.read, unknown.sessions, unknown.models) == (14, (), ())
    assert (unknown.elsewhere, unknown.point, unknown.estimated) == (None, None, False)


@pytest.mark.parametrize(
    ("model", "limit", "does"),
    [
        ("claude-opus-4-6", "opus", True),
        ("gpt-5.3-codex-spark", "GPT-5.3-Codex-Spark", True),
        ("gpt-5.3-codex", "GPT-5.3-Codex-Spark", False),
        ("claude-opus-4-6", "sonnet", False),
        ("claude-opus-4-6", "...", False),
    ],
)
def test_a_limits_name_names_a_model(model, limit, does):
    assert plan_spend.is_of(model, limit) is does


def test_per_cents_by_model_and_feature_are_those_of_sessions(home, capsys):
    now = now_ms()
    for nth in (1, 2):
        steps = [{"primary": window(20 + n, FIVE, now + HOUR)} for n in range(20)]
        rollout(home, nth, now - HOUR, steps)
    (one,) = read(now)
    points = sum(part.points for part in one.sessions)
    assert one.features == (("app", pytest.approx(points)),)
    assert one.models == (("gpt-5.5", pytest.approx(points)),)
    main(["status", "--json"])
    (told,) = json.loads(capsys.readouterr().out)["plans"]
    assert told["models"] == [{"model": "gpt-5.5", "percent": round(points, 2)}]
    assert told["elsewhere_percent"] == round(one.elsewhere, 2)
    main(["status"])
    assert "  plan 5h 39 % resets " in capsys.readouterr().out


def test_what_a_session_spent_for_shares_its_per_cents():
    parts = [(1, "a", 30), (1, "b", 10), (2, "b", 7)]
    assert shares.split({1: 8.0, 2: 3.0, 3: 1.0}, parts) == {"a": 6.0, "b": 5.0, "": 1.0}
