"""The corpus of plans' windows: what its cases tell, and whether what was found is right."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from costtop.durations import MINUTE
from costtop.queries.plans.plan_windows import PlanWindow

FOLDER = Path(__file__).with_name("corpus")
ROLLOUTS: dict[str, Any] = json.loads((FOLDER / "rollouts.json").read_text())
CASES: dict[str, Any] = json.loads((FOLDER / "status_lines.json").read_text())
LINES = [json.loads(line) for line in (FOLDER / "status_lines.jsonl").read_text().splitlines()]


def moment(text: str) -> int:
    """ISO 8601 to ms UTC."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def check(found: tuple[PlanWindow, ...], case: dict[str, Any]) -> None:
    """Each window as it was written down by hand, and no other one."""
    assert [one.title for one in found] == [one["window"] for one in case["windows"]]
    for one, right in zip(found, case["windows"], strict=True):
        assert one.plan == (right.get("plan") or "")
        assert one.read == right["used"]
        assert one.resets == (moment(right["resets"]) if right["resets"] else None)
        _check_end(one, right, moment(case["now"]))


def _check_end(one: PlanWindow, right: dict[str, Any], now: int) -> None:
    """To a tenth of the window; where it survives, how long it would have lasted beyond."""
    near = one.minutes * MINUTE / 10
    if right.get("full"):
        assert one.full == pytest.approx(moment(right["full"]), abs=near)
        assert one.earliest is not None and now <= one.earliest <= one.full
        assert one.latest is None or one.full <= one.latest
    elif "full" in right:
        assert one.full is None
    if right.get("would_fill"):
        assert one.resets is not None and one.spare is not None
        assert one.resets + one.spare == pytest.approx(moment(right["would_fill"]), abs=near)
