"""What is told of a plan's window: how full, when it will be, and what to stop, as one line."""

import shlex
from zoneinfo import ZoneInfo

import pytest

from costtop.alerts import choose, plan_wording
from costtop.alerts.plan_wording import Filler
from costtop.durations import HOUR, MINUTE, iso
from costtop.model import Finding, Notification

UTC = ZoneInfo("UTC")
NOON = 1_795_003_200_000 // (24 * HOUR) * 24 * HOUR + 12 * HOUR
AT = NOON + 10 * MINUTE
SPARE = "18 min before it would be full at your pace"
AB = Filler("claude-code/ab12", 31.2, "x", lives=True)
CD = Filler("claude-code/cd34", 12.0, "", lives=False)


def told(budget: str = "five", **more: object) -> Notification:
    evidence = {
        "window": "5h",
        "account": "claude-code",
        "percent": 80.0,
        "read_at": iso(AT),
        "full_at": iso(AT + 28 * MINUTE),
        "resets_at": iso(NOON + HOUR),
        **more,
    }
    finding = Finding(
        "budget_tier",
        "warning",
        AT,
        f"budget {budget}: 80 % of the 5h window of claude-code",
        "the 5h window of claude-code is 80 % full at 12:10.",
        budget=budget,
        period="p",
        tier=80,
        evidence=tuple((name, value) for name, value in evidence.items() if value is not None),
    )  # type: ignore[arg-type]
    name = choose.identity(finding)
    return Notification("a1b2c3", name, choose.subject(finding), finding, "first", speaks=True)


def test_one_line_says_all() -> None:
    said = plan_wording.message(told(), [AB, CD], AT, UTC, holds=True)
    assert said.title == "[costtop] budget five: 80 % of the 5h window of claude-code"
    assert said.body == (
        "5h window 80 % at 12:10, full ~12:38 at your pace, resets 13:00; most by claude-code/ab12"
        " (31 points, feature x): stop it with costtop kill ab12\n"
        "Passed 80 %, as the agent told it: no estimate is in it.\n"
        "Then claude-code/cd34 (12 points).\n"
        "costtop kill ab12 · costtop explain ab12 · costtop override five · costtop budget list"
        " · costtop alerts ack a1b2c3"
    )
    assert said.short.endswith("claude-code. costtop kill ab12")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"full_at": iso(AT)}, "5h window 80 % at 12:10, full, resets 13:00"),
        ({"full_at": None, "resets_at": None}, "5h window 80 % at 12:10"),
        (
            {"full_at": None, "outlasts_reset_by_seconds": 1080},
            f"5h window 80 % at 12:10, resets 13:00, which is {SPARE}",
        ),
    ],
)
def test_what_is_not_known_is_not_said(more: dict[str, object], words: str) -> None:
    said = plan_wording.message(told(**more), [], AT, UTC, holds=False)
    assert said.body.splitlines()[0] == words
    assert "override" not in said.body and "kill" not in said.body


def test_what_has_ended_is_named_and_what_still_runs_is_to_be_stopped() -> None:
    said = plan_wording.message(told(), [CD, AB], AT, UTC, holds=False)
    most = "most by claude-code/cd34 (12 points), of what still runs claude-code/ab12 (31 points,"
    assert f"{most} feature x): stop it with costtop kill ab12" in said.body
    assert "costtop kill ab12 · " in said.body.splitlines()[-1]


@pytest.mark.parametrize("name", ["x; rm -rf y", "$(touch pwned)", "--all", "a b", "@everyone"])
def test_every_hint_is_one_command_whatever_a_budget_is_called(name: str) -> None:
    said = plan_wording.message(told(name), [AB], AT, UTC, holds=True)
    for hint in said.body.splitlines()[-1].split(" · "):
        words = shlex.split(hint)
        assert words[0] == "costtop" and words[1] in {
            "kill",
            "explain",
            "override",
            "budget",
            "alerts",
        }
        if words[1] == "override":
            assert words[2:] in ([name], ["--", name])


def test_the_end_of_a_window_says_so() -> None:
    over = told()
    over = over._replace(finding=over.finding._replace(resolved=True, why="the window was reset."))
    said = plan_wording.over(over)
    assert said.title.startswith("[costtop] resolved budget five: 80 %")
    assert said.body.startswith("The window was reset.\n")
