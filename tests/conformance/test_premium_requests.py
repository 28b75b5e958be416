"""Premium requests of GitHub Copilot CLI: a count beside the cost, as its log states it."""

import json
from pathlib import Path

import pytest

from costtop.cli.main import main

_AT = "2026-11-20T10:{:02d}:00.000Z"


def _line(minute: int, kind: str, **data: object) -> str:
    return json.dumps(
        {"type": kind, "id": f"e{minute}", "timestamp": _AT.format(minute), "data": data}
    )


def _write(home: Path, *lines: str) -> None:
    log = home / ".copilot" / "session-state" / "s-premium" / "events.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
    assert main(["scan"]) == 0


def _told(capsys: pytest.CaptureFixture[str]) -> tuple[float | None, str]:
    capsys.readouterr()
    assert main(["explain", "s-premium", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert main(["explain", "s-premium"]) == 0
    return tree["premium_requests"], capsys.readouterr().out


def _message(minute: int) -> str:
    return _line(
        minute, "assistant.message", messageId=f"m{minute}", model="gpt-5.1", outputTokens=9
    )


def test_the_latest_count_of_a_session_stands_beside_its_cost(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(home, _line(1, "session.start", sessionId="s-premium"), _message(2))
    premium, page = _told(capsys)
    assert premium is None
    assert "premium requests" not in page
    _write(home, _line(3, "session.usage_checkpoint", totalPremiumRequests=0.33, totalNanoAiu=5))
    assert _told(capsys)[0] == 0.33
    shutdown = _line(5, "session.shutdown", totalPremiumRequests=1.33, modelMetrics={})
    _write(home, _message(4), shutdown, shutdown)
    premium, page = _told(capsys)
    assert premium == 1.33  # cumulative: neither added up nor taken twice
    assert "1.33 premium requests, by the agent's own count" in page


@pytest.mark.parametrize("odd", [None, True, "3", -1, 10**12, [1]])
def test_what_is_no_count_is_not_told(
    home: Path, capsys: pytest.CaptureFixture[str], odd: object
) -> None:
    told = _line(3, "session.shutdown", totalPremiumRequests=odd, modelMetrics={})
    _write(home, _line(1, "session.start", sessionId="s-premium"), _message(2), told)
    assert _told(capsys)[0] is None
