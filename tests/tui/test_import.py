"""While logs of long ago are read the lamp says so, and nothing of them passes for news."""

import pytest

from costtop.queries.live.daemon_health import pulse
from costtop.queries.live.view import Pulse
from costtop.tui.list.latest_calls import LatestCalls
from costtop.tui.widgets.spending_table import change
from tests.tui.stage import played
from tests.tui.values import AT, MINUTE, dollars, row, snapshot


def said(active: bool, total: int) -> Pulse:
    work = {"active": active, "done_bytes": total // 2, "total_bytes": total}
    return pulse({"pid": 1, "import": work})


@pytest.mark.parametrize(
    ("active", "total", "lamp"),
    [
        (True, 300_000_000, "importing 50 %"),
        (True, 0, "looking for logs …"),
        (True, 40_000, "live 0.0 s"),  # what a few agents have just written
        (False, 0, "live 0.0 s"),
    ],
)
async def test_the_lamp_says_importing_while_there_is_an_import(
    active: bool, total: int, lamp: str
) -> None:
    async with played(snapshot(pulse=said(active, total))) as play:
        assert lamp in play.lines[0]


def test_a_log_that_is_read_late_has_no_latest_call() -> None:
    calls = LatestCalls()
    calls.look(snapshot((row("old", cost=dollars(1), last=AT - 60 * MINUTE), row("new"))))
    grown = (row("old", cost=dollars(3), last=AT - 50 * MINUTE), row("new", cost=dollars(2)))
    calls.look(snapshot(grown)._replace(at=AT + 1_000))
    assert calls.get("claude-code/old") is None
    assert calls.get("claude-code/new") is not None
    assert calls.latest == "+0.50 new"


def test_a_change_of_many_times_is_a_multiple_and_fits_its_column() -> None:
    told = {now: change(dollars(now), dollars(1)).text for now in (1, 1.5, 9.9, 10, 166, 10**6)}
    assert told == {
        1: "±0 %", 1.5: "▲50 %", 9.9: "▲890 %", 10: "▲10x", 166: "▲166x", 10**6: "▲9999x"
    }  # fmt: skip
    assert change(dollars(1), dollars(100)).text == "▼99 %"
