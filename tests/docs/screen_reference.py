"""What is made of the page of the screen: keys from the bindings, signs from the legend."""

from collections.abc import Iterator

from textual.app import App
from textual.binding import Binding, BindingType

from costtop.tui.screens import alerts, budgets, days, hosts, session, setup, spending, tasks, why
from costtop.tui.screens.bindings import APP_KEYS, BACK_KEYS, TOP_KEYS
from costtop.tui.screens.legend import LEGEND, LegendLine

_SCREENS: tuple[tuple[str, list[BindingType]], ...] = (
    ("The list of sessions", TOP_KEYS),
    ("Everywhere", APP_KEYS),
    ("All numbered screens but the first", BACK_KEYS),
    ("Features, models", spending.SpendingScreen.BINDINGS),
    ("Tasks", tasks.TasksScreen.BINDINGS),
    ("Days", days.DaysScreen.BINDINGS),
    ("Alerts", alerts.AlertsScreen.BINDINGS),
    ("Budgets", budgets.BudgetsScreen.BINDINGS),
    ("Hosts", hosts.HostsScreen.BINDINGS),
    ("A session", session.SessionScreen.BINDINGS),
    ("Why", why.WhyScreen.BINDINGS),
    ("Setup", setup.SetupScreen.BINDINGS),
)
_COLOURS = {
    "bad": "red",
    "warn": "amber",
    "accent": "cyan",
    "tagged": "amber",
    "dim": "grey",
    "rule": "grey",
    "h5": "cyan, by amount",
    "lit": "bright",
}


def screen() -> Iterator[str]:
    """The lines, in Markdown."""
    yield from _keys()
    yield from _signs()


def _keys() -> Iterator[str]:
    yield from ("## Keys", "")
    app: App[None] = App()
    for title, bindings in _SCREENS:
        rows: dict[str, list[str]] = {}
        for one in bindings:
            assert isinstance(one, Binding)
            if one.description:
                keys = rows.setdefault(f"{one.description} | {_id(one)}", [])
                shown = " ".join(map(app.get_key_display, Binding.make_bindings([one])))
                keys += [key for key in dict.fromkeys(shown.split()) if key not in keys]
        if rows:
            yield from (f"### {title}", "", "| key | does | name in `[keys]` |", "|---|---|---|")
            yield from (f"| {' '.join(map(_code, keys))} | {does} |" for does, keys in rows.items())
            yield ""


def _id(binding: Binding) -> str:
    return f"`{binding.id}`" if binding.id else "–"


def _signs() -> Iterator[str]:
    yield from ("## Signs, scales and columns", "")
    place = ""
    for one in LEGEND:
        if one.place != place:
            yield from ([""] if place else [])
            place = one.place
            yield from (f"### {place}", "", "| sign | colour | says |", "|---|---|---|")
        says = one.says.replace("|", "\\|").replace("*", "\\*")
        yield f"| {_code(one.sign)} | {_colour(one)} | {says} |"
    yield ""


def _colour(one: LegendLine) -> str:
    """Of signs of several colours the legend draws the first; the page says none."""
    many = " " in one.sign and one.sign.split()[0] in "▲!" and len(one.sign.split()[1]) == 1
    return "" if many else _COLOURS.get(one.ink, "")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")
