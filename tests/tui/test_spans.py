"""The list over other spans, and the way into it from the lines of the other screens."""

import pytest

from costtop.paths import Paths
from tests.tui.stage import opened


@pytest.mark.parametrize("tab", ["2", "3", "5"])
async def test_enter_on_a_line_shows_the_sessions_that_add_up_to_it(fleet_paths: Paths, tab: str):
    async with opened(fleet_paths, tab) as play:
        await play.until(lambda: play.app.screen.table.selected is not None)
        if tab == "5":
            await play.press("down")  # a past day
        selected = play.app.screen.table.selected
        sums = selected if tab == "5" else selected.sums
        await play.press("enter")
        await play.until(lambda: " reading …" not in play.text and "p period  Esc all" in play.text)
        await play.settle()
        shown = [one.row for one in play.app.screen.table.rows]
        live = {row.key: row.called for row in play.app.snapshot.sessions}
        assert all(row.short_id for row in shown)  # the name that it has in every other list
        assert all(row.called == live.get(row.key, row.called) for row in shown)
        assert (len(shown), sum(row.cost for row in shown)) == (sums.sessions, sums.cost)
        assert f"{sums.cost / 10**9:,.2f}" in play.line_of("p period")
        await play.press("escape")
        await play.until(lambda: "2 features" in play.text)
        assert play.app.screen.span.within is None
        assert play.app.at is None


async def test_p_goes_through_the_spans_and_f3_twice_through_all_history(fleet_paths: Paths):
    async with opened(fleet_paths) as play:
        for span in ("today", "7 days", "30 days", "month", "all"):
            await play.press("p")
            await play.until(lambda span=span: f"1 sessions  {span} · " in play.text
                             and "reading …" not in play.text)  # fmt: skip
        everything = len(play.app.screen.table.rows)
        await play.press("p")
        await play.until(lambda: "2 features" in play.text)
        assert len(play.app.screen.table.rows) < everything
        await play.press("f3", *"dedup", "f3")
        await play.until(lambda: "all · " in play.text and "reading …" not in play.text)
        found = len(play.app.screen.table.rows)
        assert 70 < found < everything
        await play.press("escape")
        await play.until(lambda: "2 features" in play.text)
