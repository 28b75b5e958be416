"""The keys that work on every screen. What they do stands in `app`."""

from textual.binding import Binding, BindingType

from costtop.tui.widgets.header import TABS

APP_KEYS: list[BindingType] = [
    Binding("q,f10", "quit", "Quit", id="quit", key_display="q F10"),
    Binding("ctrl+c", "quit", "Quit", priority=True, show=False, id="interrupt"),
    Binding("ctrl+z", "suspend_process", "Suspend", priority=True, id="suspend"),
    Binding("f1,question_mark,h", "help", "Help", id="help", key_display="F1 ? h"),
    Binding("z,Z", "freeze", "Freeze the screen", id="freeze", key_display="z"),
    Binding("plus", "faster(1)", "Refresh less often", id="slower"),
    Binding("d", "delay", "Type the refresh in seconds", id="delay"),
    Binding("minus", "faster(-1)", "Refresh more often", id="faster"),
    *(Binding(str(n), f"tab({n})", name, id=f"tab_{n}") for n, name in enumerate(TABS, start=1)),
    Binding("exclamation_mark", "newest_alert", "Newest alert", id="newest_alert", key_display="!"),
    Binding("O", "lift", "Let pass what is held back", id="lift"),
    Binding("f8,b", "tab(7)", "Budgets", id="budgets", key_display="F8 b"),
    Binding("f2,S", "setup", "Setup", id="setup", key_display="F2 S"),
    Binding("ctrl+l", "repaint", "Draw again", id="repaint"),
    Binding("colon,ctrl+p", "command_palette", "Commands", id="palette", key_display=": ^p"),
]
