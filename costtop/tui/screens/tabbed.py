"""What all numbered screens share: head, tabs, keys, and the way between them. It reads nothing."""

from typing import TYPE_CHECKING, Any, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from costtop.tui.draw.ink import Line
from costtop.tui.widgets.header import TABS, tabs, title
from costtop.tui.widgets.keybar import keybar
from costtop.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp

TAB_KEYS: list[BindingType] = [
    Binding("tab", "app.turn(1)", "Next screen", id="next_tab"),
    Binding("shift+tab", "app.turn(-1)", "Previous screen", id="previous_tab"),
]
BACK_KEYS: list[BindingType] = [
    *TAB_KEYS,
    Binding("escape,backspace", "app.tab(1)", "Back to the sessions", id="back", key_display="Esc"),
]
AGAIN = 5_000  # ms between two readings of a screen that is no frame


def screen_of(number: int) -> Screen[Any]:
    """A new screen for a tab from 2 on."""
    from costtop.tui.screens import alerts, budgets, days, spending, tasks

    match TABS[number - 1]:
        case "Features":
            return spending.SpendingScreen(spending.FEATURES)
        case "Models":
            return spending.SpendingScreen(spending.MODELS)
        case "Tasks":
            return tasks.TasksScreen()
        case "Days":
            return days.DaysScreen()
        case "Alerts":
            return alerts.AlertsScreen()
        case _:
            return budgets.BudgetsScreen()


def costtop_of(screen: Screen[Any]) -> "CosttopApp":
    """The app, by its own type."""
    return cast("CosttopApp", screen.app)


def frame(
    screen: Screen[Any], number: int, right: Line, keys: tuple[tuple[str, str, str], ...]
) -> None:
    """Draws title, tabs and keys of a numbered screen into its panes."""
    app, width = costtop_of(screen), screen.size.width
    screen.query_one("#head", Pane).show([title(app.snapshot, app.mood, width)])
    screen.query_one("#tabs", Pane).show([tabs(number, app.snapshot, right, width)])
    screen.query_one("#keys", Pane).show([keybar(keys, width)])
