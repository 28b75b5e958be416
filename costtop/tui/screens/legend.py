"""The legend: every sign, scale and column of the screens, and what "usual" means."""

from costtop.named_tuples import NamedTuple
from costtop.shown import currency
from costtop.tui.draw.ink import Line, line, wrapped
from costtop.tui.list.columns import COLUMNS

_SIGNS = 18  # cells before what a sign says
_USUAL = (
    "the median of finished sessions like it: of its feature, else of its agent, else of all;"
    " of five at least"
)


class LegendLine(NamedTuple):
    """A sign or a title, what it says, under which heading it stands, and its ink."""

    sign: str
    says: str
    place: str
    ink: str = "strong"


def _of(place: str, *entries: tuple[str, str] | tuple[str, str, str]) -> tuple[LegendLine, ...]:
    return tuple(LegendLine(entry[0], entry[1], place, *entry[2:]) for entry in entries)


LEGEND: tuple[LegendLine, ...] = (
    *_of(
        "Before a session",
        ("!", "act: a critical alert about it is open; its row is tinted", "bad"),
        ("▲", "look: a warning about it is open", "warn"),
        ("*", "tagged: k and m act on all that are", "tagged"),
        ("▶", "running", "accent"),
        ("∙", "idle: its process may still be there", "dim"),
        ("‖", "paused", "warn"),
        ("✕", "killed", "bad"),
        ("(blank)", "ended", "dim"),
        ("?", "its model has no price", "warn"),
        ("●", "marked: watched", "accent"),
        ("⚑", "marked: runaway", "bad"),
        ("✓", "marked: fine", "dim"),
        ("├ └", "a subagent of the session above"),
        ("+2", "two subagents that are not shown: * or t shows them"),
        ("▼ ▶", "a group, open and folded, with the sums of its sessions", "accent"),
    ),
    *_of(
        "Above the list",
        ("● live 0.4 s", "the daemon reads, and is so far behind the logs"),
        ("○", "no daemon runs: nothing new is read", "warn"),
        ("! 1 runaway", "sessions that ask to act, seen or not, and what they burn", "bad"),
        ("3 unpriced", "calls of today without a price", "warn"),
        ("+0.12 e7c", "the latest call of all, for ten seconds"),
        ("■■■···", "spent of the budget, up to 125 %; amber from 80 %, red from 100 %"),
        ("┼ ┿", "a tier of the budget, ahead and passed"),
        ("~", "a forecast; in brackets the interval that holds in four of five cases"),
        ("burn", "dollars an hour of all sessions, now"),
        ("▲2.1x usual", "against the median of the hours with spend of the last 28 days"),
        ("HELD", "a budget or a stop holds sessions back; O lets them pass", "warn"),
        ("alerts ●4", "so many alerts are open"),
    ),
    *_of(
        "The day",
        ("█ ▒ ░", "what was spent an hour, on a root scale: brighter the more", "h5"),
        ("red", "the part of sessions that an alert had been told of; ▒ without colours", "bad"),
        ("lit", "the session under the cursor; ░ without colours", "lit"),
        ("┊", "midnight, or when a tier of the day's budget was reached"),
        ("┈ 5.9 fits", "the burn that the rest of the day's budget allows until midnight"),
        ("▲ ✕", "an alert was told; a session was killed", "warn"),
        ("─ ┬ │ ┴ └", "axes, and the rules between the parts of the screen", "rule"),
    ),
    *_of(
        "Figures",
        ("≥", "at least: part of it has no price, or is not told"),
        ("?", "not known"),
        ("-", "nothing"),
        ("…", "cut off"),
        ("4.6k 2M 1G", "thousands, millions, thousand millions"),
        ("12s 3h21 4d02", "seconds; hours and minutes; days and hours"),
        ("▽ △", "sorted by this column, falling or rising"),
        ("▲50 % ▼7 % ±0 %", "against the span before; new: nothing was spent then"),
    ),
    *_of(
        "Scales",
        ("▁▂▃▄▅▆▇", "by minute or day; one logarithmic scale for all rows; blank is nothing"),
        ("━━╸", "a share of the whole, or of the dearest"),
        ("━ ╸ ╺", "parts of a sum: each begins where the one above ends"),
        ("┤ ┴", "cost so far from $0; where an alert fired"),
        ("· ░ ▒ ▓ █", "a day: nothing spent, then by quarters of the days with spend"),
        ("$/h", "now: what was spent ten minutes ago weighs half"),
        ("usual", _USUAL),
    ),
    *_of(
        "Alerts and tasks",
        ("! ▲ ·", "critical, warning, notice", "warn"),
        ("✓ … ✗", "told; on its way; failed"),
        ("▶ ✓ ✗", "a task goes on, is completed, is given up"),
        ("×3 ✗1", "so many tools asked for at once; so many of them failed"),
        ("→", "from the first to the latest; or: what came of it"),
        ("← ⏎", "keys: an arrow, Enter"),
    ),
    *_of("Columns of the sessions", *((c.title.format(30), c.about) for c in COLUMNS if c.title)),
    *_of(
        "Columns of the other lists",
        ("$ SPENT OF", "dollars; spent, and of how much"),
        ("SHARE", "its part of the sum of the list"),
        ("COST", "its cost as a stroke, beside the dearest of the list"),
        ("±BEFORE", "against the span before"),
        ("TREND 14 d", "cost by day"),
        ("SESS", "sessions; SESSIONS where there is room"),
        ("$/SESS", "median cost of a session"),
        ("p90/50", "how many times dearer a dear session is than a median one"),
        (
            "TASKS $/TASK",
            "completed tasks, by an answer or as [tasks] says; what one costs (Tasks has the rest)",
        ),
        ("$/M", "dollars of a million tokens, all kinds together"),
        ("IN OUT THINK", "tokens in, out, and of those out the ones of reasoning"),
        ("TOKENS", "in and out"),
        ("TOOK", "from its first call to its end"),
        ("FINISHED WHEN", "the clock for today, the date before"),
        ("TIME TOOLS", "of a call: when, and what it asked for"),
        ("STATE TASK", "of a task: how it stands, and its name"),
        ("FEATURE DAY", "what the row sums up; g groups by something else"),
        ("WHAT", "what fired, as it stands now; ABOUT what"),
        ("TOLD", "in how many messages, and whom they went to: told 3x: phone, log"),
        ("N", "alerts of one incident: each rule and severity that was found of a session"),
        ("BUDGET SCOPE", "its name, and what it covers; PERIOD: how long, RESETS: when anew"),
        ("50 · 80 · 100 %", "the tiers, where they are as usual"),
        ("ACTION", "what it does at 100 %, or where it says"),
        ("SETTING VALUE", "of the setup"),
        ("WINDOW PLAN HOME", "of a plan: five hours, a week; its name; the agent's folder"),
        ("USED READ", "how full it is, ~ with what was spent since; how old the reading is"),
        ("AT THIS PACE", "when it is full, or how much sooner it is reset"),
        ("%/h $ PER %", "per cents an hour; what one per cent costs in API dollars"),
    ),
    *_of(
        "Typed and clicked",
        (
            "cost>5 age>2h",
            "filter by an amount: > >= < <= =; dollars, k, M, %, m, h and d are understood",
        ),
        ("model~opus", "by a pattern; feature=checkout by the whole text"),
        ("!idle", "turned round; a word alone: a state, or any name"),
        ("mouse", "a head sorts, a row selects, again opens; Shift-drag selects text"),
    ),
)


def legend(wanted: str, width: int) -> list[Line]:
    """The entries that hold the text, under their headings, in lines of `width` cells."""
    lines: list[Line] = []
    place = None
    for one in LEGEND:
        if wanted not in f"{one.sign} {one.says} {one.place}".casefold():
            continue
        if one.place != place:
            place = one.place
            lines += [(), line((place, "accent"))]
        first, *more = wrapped(one.says, max(width - _SIGNS, 20))
        sign = currency.headed(one.sign) if one.place != "Typed and clicked" else one.sign
        lines.append(line("  ", (f"{sign:<16}", one.ink), first))
        lines += [line(" " * _SIGNS + words) for words in more]
    return lines
