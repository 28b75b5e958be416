"""Screens that are left sooner than they go."""

from costtop.paths import Paths
from tests.tui.stage import opened


async def test_a_dialog_that_is_left_twice_before_it_has_gone_leaves_the_list(fleet_paths: Paths):
    async with opened(fleet_paths, "m") as play:
        app, dialog = play.app, play.app.screen
        below = app.screen_stack[-2]
        dialog.dismiss()
        dialog.dismiss()
        await play.until(lambda: app.screen is below and "9f767c4" in play.text)
