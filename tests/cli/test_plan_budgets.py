"""Budgets that watch windows of plans as scripts and people see them: codes, lists, replay."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from costtop import paths
from costtop.daemon.jobs.scan_once import scan
from costtop.daemon.status.prometheus import exposition
from costtop.queries.spending import budget_periods
from costtop.queries.totals import Totals
from costtop.store.db import open_reader
from costtop.tui.draw.ink import plain
from costtop.tui.list.shown_rows import CellLook
from costtop.tui.screens.budgets import COLUMNS, past
from tests.cli.test_report import run

__all__ = ["run"]  # the fixture
NOW = int(time.time())
FIVE = """
[[budget]]
name = "five"
period = "plan:5h"
tiers = [50, 80]
action = "gate"
act_at = 90
"""


@pytest.fixture(autouse=True)
def configured(home: Path) -> None:
    (home / "costtop").mkdir(exist_ok=True, mode=0o700)
    (home / "costtop" / "config.toml").write_text(f'timezone = "UTC"\n{FIVE}')


def rollout(home: Path, *told: tuple[int, float, int], agent: str = ".codex") -> None:
    """A rollout of Codex with readings of five hours: (s ago, per cent, s to the reset)."""
    log = home / agent / "sessions/2026/11/20" / f"rollout-2026-11-20T10-00-00-{_ID}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    lines = [_event(told[0][0], "session_meta", {"id": _ID, "cwd": "/app", "source": "cli"})]
    lines.append(_event(told[0][0], "turn_context", {"cwd": "/app", "model": "gpt-5.6-sol"}))
    for nth, (ago, used, left) in enumerate(told, start=1):
        window = {"used_percent": used, "window_minutes": 300, "resets_at": NOW + left}
        usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
        whole = {name: count * nth for name, count in usage.items()}
        info = {"total_token_usage": whole, "last_token_usage": usage}
        limits = {"plan_type": "plus", "primary": window}
        payload = {"type": "token_count", "info": info, "rate_limits": limits}
        lines.append(_event(ago, "event_msg", payload))
    log.write_text("\n".join(lines) + "\n")
    scan(paths.find())


_ID = "019f9000-0000-7000-8000-000000000001"


def _event(ago: int, kind: str, payload: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(NOW - ago, UTC).isoformat(timespec="milliseconds")
    return json.dumps({"timestamp": at.replace("+00:00", "Z"), "type": kind, "payload": payload})


@pytest.mark.parametrize(
    ("used", "left", "code", "tier"),
    [(40, 3600, 0, None), (82, 3600, 10, 80), (90, 3600, 11, 80), (97, -10, 0, None)],
)
def test_the_code_says_how_a_window_stands(
    home: Path, run: Any, used: float, left: int, code: int, tier: int | None
) -> None:
    rollout(home, (600, used / 2, left), (60, used, left))
    got, out, _ = run("check", "--json")
    (one,) = json.loads(out)["budgets"]
    over = left < 0
    assert (got, one["tier"], one["used_percent"]) == (code, tier, None if over else used)
    assert (one["spent_usd"], one["amount_usd"], one["windows"][0]["was_reset"]) == (
        (None, None, over)
    )
    assert run("budget", "list", "--check")[0] == code
    said = run("check")[1]
    assert ("not read since" in said and "holds nobody" in said) is over
    row = run("budget", "list")[1].splitlines()[1].split()
    assert row[:5] == ["five", "plan:5h", "-", "-", "?" if over else str(used)]


def test_a_window_that_nobody_told_of_cannot_be_known(home: Path, run: Any) -> None:
    scan(paths.find())
    code, out, _ = run("check")
    assert code == 30 and "no agent has told of such a window (plan:5h)" in out
    rollout(home, (60, 40, 3600))
    said = run("budget", "set", "w", "--period", "plan:week")[1]
    assert "no agent has told of such a window yet; there are plan:5h" in said


def test_each_account_has_its_line_in_lists_frames_and_metrics(home: Path, run: Any) -> None:
    rollout(home, (7200, 20, 10800), (60, 82, 10800))
    frame = run("--once")[1]
    assert "budget five: 82 % of the 5h window of codex, resets " in frame
    with closing(open_reader(paths.find().database)) as db:
        metrics = exposition(Totals(db).read(NOW * 1000)).decode()
        lines = budget_periods.read(db, NOW * 1000, ZoneInfo("UTC"))
    assert 'costtop_budget_ratio{budget="five",period="plan:5h"} 0.82' in metrics
    assert "costtop_budget_usd{" not in metrics
    (line,) = lines
    cells = {column.key: column.cell(line, CellLook(NOW * 1000)) for column in COLUMNS}
    assert cells["part"].text.strip() == "82 %"  # type: ignore[union-attr]
    assert cells["action"].text == "gate at 90"  # type: ignore[union-attr]


def test_past_windows_stand_below_the_list(home: Path) -> None:
    hour = 3600
    rollout(
        home,
        (14 * hour, 30, -9 * hour),
        (10 * hour, 71, -9 * hour),
        (8 * hour, 5, -4 * hour),
        (5 * hour, 44, -4 * hour),
        (hour, 10, 3 * hour),
    )
    with closing(open_reader(paths.find().database)) as db:
        (line,) = budget_periods.read(db, NOW * 1000, ZoneInfo("UTC"))
    assert line.past == (7100, 4400)
    shown = [plain(one) for one in past(line, 80)]
    assert "10 % of the 5h window of codex" in shown[0]
    assert shown[2].startswith(" 2 windows ago") and shown[2].endswith("71 %")


def test_replay_tells_what_a_budget_of_windows_would_have_said(home: Path, run: Any) -> None:
    hour = 3600
    rollout(
        home,
        (14 * hour, 30, -9 * hour),
        (12 * hour, 55, -9 * hour),
        (10 * hour, 85, -9 * hour),
        (8 * hour, 60, -4 * hour),
        (hour, 10, 3 * hour),
    )
    told = json.loads(run("alerts", "replay", "--since", "2d", "--json")[1])["alerts"]
    assert [(one["tier"], one["state"]) for one in reversed(told)] == [
        (50, "resolved"),
        (80, "resolved"),
        (50, "resolved"),
    ]
    assert not json.loads(
        run("alerts", "replay", "--since", "2d", "--source", "gemini-cli", "--json")[1]
    )["alerts"]
    tried = run("alerts", "replay", "--since", "2d", "--json", "--set", "budget.five.tiers=80")[1]
    assert [one["tier"] for one in json.loads(tried)["alerts"]] == [80]


def test_without_a_plan_a_budget_of_dollars_is_as_it_was(home: Path, run: Any) -> None:
    (home / "costtop" / "config.toml").write_text('[[budget]]\nname = "daily"\namount = 20\n')
    scan(paths.find())
    (one,) = json.loads(run("check", "--json")[1])["budgets"]
    assert one["amount_usd"] == "20.000000000"
    assert not one.keys() & {"windows", "used_percent"}
