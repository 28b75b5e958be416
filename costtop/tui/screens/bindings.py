"""The keys of every screen, of numbered ones, of the list of sessions; each has an id to remap."""

from textual.binding import Binding, BindingType

from costtop.tui.widgets.header import TABS, tab_key

APP_KEYS: list[BindingType] = [
    Binding("q,f10", "quit", "Quit", id="quit", key_display="q F10"),
    Binding("ctrl+c", "quit", "Quit", priority=True, show=False, id="interrupt"),
    Binding("ctrl+z", "suspend_process", "Suspend", priority=True, id="suspend"),
    Binding("f1,question_mark,h", "help", "Help", id="help", key_display="F1 ? h"),
    Binding("z,Z", "freeze", "Freeze the screen", id="freeze", key_display="z"),
    Binding("plus", "faster(1)", "Refresh less often", id="slower"),
    Binding("d", "delay", "Type the refresh in seconds", id="delay"),
    Binding("minus", "faster(-1)", "Refresh more often", id="faster"),
    *(
        Binding(str(tab_key(n)), f"tab({n})", name, id=f"tab_{n}")
        for n, name in enumerate(TABS, start=1)
    ),
    Binding("exclamation_mark", "tab(6)", "Newest alert", id="newest_alert", key_display="!"),
    Binding("O", "lift", "Let pass what is held back", id="lift"),
    Binding("f8,b", "tab(7)", "Budgets", id="budgets", key_display="F8 b"),
    Binding("f2,S", "setup", "Setup", id="setup", key_display="F2 S"),
    Binding("ctrl+l", "repaint", "Draw again", id="repaint"),
    Binding("colon,ctrl+p", "command_palette", "Commands", id="palette", key_display=": ^p"),
]
TAB_KEYS: list[BindingType] = [
    Binding("tab", "app.turn(1)", "Next screen", id="next_tab", key_display="Tab"),
    Binding("shift+tab", "app.turn(-1)", "Screen before", id="previous_tab", key_display="S-Tab"),
]
BACK_KEYS: list[BindingType] = [
    *TAB_KEYS,
    Binding("escape,backspace", "app.tab(1)", "Back to the sessions", id="back", key_display="Esc"),
]
SPAN_KEYS: list[BindingType] = [
    Binding("p", "span(1)", "Next period", id="next_span"),
    Binding("P", "span(-1)", "Period before", id="previous_span"),
]
TOP_KEYS: list[BindingType] = [
    *TAB_KEYS,
    Binding("enter", "detail", "Open the session", id="detail"),
    Binding("k,f9", "kill", "End it, after a question", id="kill", key_display="k F9"),
    Binding("m,f7", "mark", "Mark it", id="mark", key_display="m F7"),
    Binding("s", "silence", "Silence its alerts", id="silence"),
    # Priority: they act before the next key is looked at: what is typed ahead goes into the line.
    Binding("slash,backslash,f4", "filter", "Filter", id="filter", key_display="/ F4 \\",
            priority=True),
    Binding("f3", "search", "Search", id="search", key_display="F3", priority=True),
    Binding("n", "again(1)", "Next match", id="search_next"),
    Binding("shift+f3,f15", "again(-1)", "Match before", id="search_before", key_display="S-F3"),
    Binding("escape", "clear", "Clear filter and search, then the period", id="clear",
            key_display="Esc"),
    Binding("p", "span(1)", "Sessions of the next period", id="next_span"),
    Binding("u", "user", "Only this user's", id="user"),
    Binding("P", "sort_by('rate')", "Sort by $/h", id="sort_rate"),
    Binding("M", "sort_by('cost')", "Sort by $ total", id="sort_cost"),
    Binding("T", "sort_by('age')", "Sort by age", id="sort_age"),
    Binding("percent_sign", "sort_by('share')", "Sort by share of budget", id="sort_share",
            key_display="%"),
    Binding("N", "sort_by('session')", "Sort by name", id="sort_name"),
    Binding("I,r", "switch('falling')", "Turn the order round", id="invert", key_display="I r"),
    Binding("left", "sort_next(-1)", "Sort by the column before", id="sort_before"),
    Binding("right", "sort_next(1)", "Sort by the next column", id="sort_after"),
    Binding("f6,less_than_sign,greater_than_sign", "sort", "Choose the sort column", id="sort",
            key_display="F6 < >"),
    Binding("f5,t", "tree", "Tree of subagents", id="tree", key_display="F5 t"),
    Binding("asterisk", "turn", "Open or fold this one", id="turn", key_display="*"),
    Binding("space,c", "tag", "Tag", id="tag", key_display="Space c"),
    Binding("U", "untag", "Untag all", id="untag"),
    Binding("F", "follow", "Keep the cursor in view", id="follow"),
    Binding("g", "group", "Group by project, feature, user, host, team", id="group"),
    Binding("i", "switch('hides_idle')", "Hide idle ones", id="hide_idle"),
    Binding("H", "switch('hides_ended')", "Hide ended ones", id="hide_ended"),
    Binding("number_sign", "meters", "Hide meters and day", id="meters", key_display="#"),
    Binding("e", "pane", "Hide the pane below", id="pane"),
    Binding("left_square_bracket", "app.step_day(-1)", "A day back", id="past", key_display="["),
    Binding("right_square_bracket", "app.step_day(1)", "A day on, or now", id="future",
            key_display="]"),
    Binding("y", "copy", "Copy the session's id", id="copy"),
    Binding("o", "transcript", "Open its transcript's folder", id="transcript"),
]  # fmt: skip
