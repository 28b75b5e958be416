"""Hosts: the machines of a fleet: their last words, clocks, what each spends, what holds them."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType

from costtop.durations import short
from costtop.queries.live.view import FleetHost
from costtop.tui.backend import Backend
from costtop.tui.draw.figures import cash, some
from costtop.tui.draw.ink import Span, line
from costtop.tui.host import host_of
from costtop.tui.list.shown_rows import CellLook, Column
from costtop.tui.screens.bindings import BACK_KEYS
from costtop.tui.screens.tabbed import Tabbed

_SKEWED = 2_000  # ms off that people are shown in another ink
_BEHIND = 10_000  # ms of what it had not shipped


def _ink(one: FleetHost, usual: str = "text") -> str:
    return "dim" if one.silent else usual


def _seen(one: FleetHost, look: CellLook) -> Span:
    if not one.seen:
        return Span("never", "dim")
    ago = short(max(look.at - one.seen, 0))
    return Span(f"silent {ago}" if one.silent else f"{ago} ago", "warn" if one.silent else "text")


def _lag(one: FleetHost, look: CellLook) -> Span:
    return Span(short(one.lag), "warn" if one.lag >= _BEHIND else _ink(one))


def _skew(one: FleetHost, look: CellLook) -> Span:
    words = f"{one.skew / 1000:+.1f}s" if one.seen else "-"
    return Span(words, "warn" if abs(one.skew) >= _SKEWED else _ink(one))


def _today(one: FleetHost, look: CellLook) -> Span:
    return Span(cash(one.today, floor=one.floor), _ink(one, "strong"))


def _text(read: Callable[[FleetHost], str]) -> Callable[[FleetHost, CellLook], Span]:
    return lambda one, look: Span(read(one), _ink(one))


COLUMNS: tuple[Column[FleetHost], ...] = (
    Column(
        "host",
        "HOST",
        10,
        0,
        lambda one, _: Span(one.name, _ink(one, "strong")),
        name=True,
        measured=True,
        stages=((1, 30),),
    ),
    Column("team", "TEAM", 6, 3, _text(lambda one: one.team), measured=True, stages=((2, 20),)),
    Column("seen", "LAST WORD", 11, 0, _seen, align=">"),
    Column("lag", "LAG", 4, 4, _lag, align=">"),
    Column("skew", "SKEW", 6, 4, _skew, align=">"),
    Column(
        "version",
        "VERSION",
        8,
        6,
        _text(lambda one: one.version or "-"),
        measured=True,
        stages=((4, 14),),
    ),
    Column("running", "LIVE", 4, 2, _text(lambda one: str(one.running or "-")), align=">"),
    Column(
        "burn",
        "$/h",
        7,
        1,
        _text(lambda one: cash(one.burn) if one.burn else "-"),
        align=">",
        measured=True,
        stages=((3, 10),),
    ),
    Column("today", "$ TODAY", 8, 1, _today, align=">", measured=True, stages=((3, 12),)),
    Column("unpriced", "UNPRICED", 8, 6, _text(lambda one: str(one.unpriced or "-")), align=">"),
    Column(
        "held",
        "HELD BY",
        8,
        4,
        lambda one, _: Span(one.held or "-", "warn" if one.held else "dim"),
        measured=True,
        stages=((5, 40),),
    ),
)


class HostsScreen(Tabbed[FleetHost, tuple[()]]):
    """The machines; Enter goes to the sessions of the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *BACK_KEYS,
        Binding("enter", "sessions", "Its sessions", id="host_sessions"),
    ]
    keys = (("Enter", "Sessions", "sessions"),)
    below = ("said",)

    def __init__(self, tab: int) -> None:
        super().__init__(tab, COLUMNS, lambda one: f"{one.team}/{one.name}")

    def reading(self, backend: Backend, now: int) -> Callable[[], tuple[()]]:
        """Nothing: the snapshot has all of it."""
        return lambda: ()

    def picture(self, read: tuple[()]) -> None:
        """The list, and what silence means."""
        snapshot = host_of(self).snapshot
        self.table.show(snapshot.hosts, CellLook(snapshot.at, zone=snapshot.zone))
        quiet = sum(one.silent for one in snapshot.hosts)
        if not snapshot.hosts:
            self.show("said", [line((" one machine alone; a fleet: costtop --fleet", "dim"))])
        elif quiet:
            words = f" {some(quiet, 'host')} silent: sums that miss what may be spent there carry ≥"
            self.show("said", [line((words, "dim"))])
        else:
            self.show("said", [])

    async def action_sessions(self) -> None:
        """The list of sessions, filtered to those of the machine under the cursor."""
        if (one := self.table.selected) is not None:
            await host_of(self).show_sessions(f'host="{one.name}"')
