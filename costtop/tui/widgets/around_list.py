"""What stands around the list: the lines to filter and search by, and what an empty list shows."""

from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from costtop.queries.live.view import Snapshot, SourceSeen
from costtop.tui.draw.figures import bill
from costtop.tui.draw.ink import Line, line
from costtop.tui.list.arrange import sought
from costtop.tui.list.shown_rows import Shown
from costtop.tui.widgets.table import Table

_BAR = 30
_NAMED = 4  # tools named that were not found


def first_run(snapshot: Snapshot) -> list[Line]:
    """The places that were looked at, what was found there, the import, the next keys."""
    if not snapshot.at:
        return []  # nothing is known yet
    found = any(source.found and source.files for source in snapshot.sources)
    head = (
        "Nothing was spent in the last day."
        if found
        else "No spend seen yet. Looking for sessions in:"
    )
    lines = [(), line("  ", (head, "strong")), ()]
    lines += _looked(snapshot.sources)
    if not snapshot.sources:
        lines.append(line("  ", ("the daemon has not said yet where it looks", "dim")))
    lines += _progress(snapshot)
    keys = (("7", "set a daily budget"), ("5", "past days"), ("?", "all keys"), ("q", "quit"))
    offered = [part for key, does in keys for part in ((key, "accent"), f" {does}    ")]
    doctor = (("costtop doctor", "strong"), (" tells which paths were read and why", "dim"))
    return [
        *lines,
        (),
        line("  ", ("Next   ", "dim"), *offered),
        line("  ", ("See it move      ", "dim"), ("costtop demo", "strong")),
        line("  ", ("Nothing found?   ", "dim"), *doctor),
    ]


def _looked(sources: tuple[SourceSeen, ...]) -> list[Line]:
    """What was found, a line a folder; the best known of the others; how many more there are."""
    found = [source for source in sources if source.found]
    tools = {_tool(source) for source in found}
    missing: dict[str, SourceSeen] = {}
    for source in sources:
        if _tool(source) not in tools:
            missing[_tool(source)] = source  # the later folder is the usual one
    named = list(missing.values())[:_NAMED]
    lines = [_source(source, "✓", "good", f"{source.files} files") for source in found]
    lines += [_source(source, "✗", "dim", "not found") for source in named]
    if more := len(missing) - len(named):
        lines.append(line("  ", (f"✗ and {more} more tools, none of them found", "dim")))
    return lines


def _source(source: SourceSeen, sign: str, ink: str, said: str) -> Line:
    title = f" {_tool(source):<18} "
    return line("  ", (sign, ink), title, (f"{source.folder:<40} ", "dim"), (said, ink))


def _tool(source: SourceSeen) -> str:
    """The tool's name without which of its logs it is."""
    return source.title.partition(",")[0]


def _progress(snapshot: Snapshot) -> list[Line]:
    pulse = snapshot.pulse
    if not pulse.running:
        return [
            (),
            line("  ", ("The daemon is not running: ", "warn"), ("costtop start", "strong")),
        ]
    if not pulse.importing or pulse.import_total <= 0:
        return []
    part = min(pulse.import_done / pulse.import_total, 1.0)
    done = round(part * _BAR)
    month = f"{bill(snapshot.month, floor=snapshot.month_floor)} this month so far"
    bar = (("█" * done, "accent"), ("░" * (_BAR - done), "dim"))
    return [(), line("  Importing history  ", *bar, f"  {part * 100:.0f}%   {month}")]


class Prompts(Widget):
    """Two lines, both closed at first."""

    DEFAULT_CSS = "Prompts { height: auto; }"

    def compose(self) -> ComposeResult:
        """The filter's and the search's."""
        asked = "cost>5 model~opus !idle"
        yield Input(placeholder=asked, classes="prompt", id="filter", compact=True)
        yield Input(placeholder="search", classes="prompt", id="search", compact=True)

    def open(self, wanted: str, otherwise: Widget) -> None:
        """Opens one of the two and goes there; "" closes both and goes to `otherwise`.

        At once, not at the next idle moment: what is typed ahead must not fall on the list's keys.
        """
        for prompt in self.query(Input):
            prompt.display = prompt.id == wanted
        self.screen.set_focus(self.query_one(f"#{wanted}", Input) if wanted else otherwise)

    @property
    def is_open(self) -> bool:
        """Whether one of them is."""
        return any(prompt.display for prompt in self.query(Input))

    def clear(self) -> None:
        """Nothing is filtered or searched."""
        for prompt in self.query(Input):
            prompt.value = ""

    def seek(self, table: Table[Shown], first: int, step: int) -> None:
        """Puts the cursor on the nearest row, from `first` rows on, whose names hold the text."""
        text = self.query_one("#search", Input).value.casefold()
        found = sought(table.rows, table.cursor_key, text, first, step)
        if found:
            table.select(found)
