"""The screen of a fleet: HOST and TEAM, a tab of its machines, what a silent one does to sums."""

import pytest

from costtop.queries.live.view import FleetHost, Snapshot
from costtop.sum_floors import Floor
from costtop.tui.list import arrange
from costtop.tui.list.filter import parse
from tests.tui.plain_svg import plain_svg
from tests.tui.stage import STILL, played
from tests.tui.test_snapshots import compare
from tests.tui.values import AT as NOW
from tests.tui.values import row, snapshot

NANO = 10**9
QUIET = Floor(silent=1)
OWN = ("flags", "session", "host", "team", "project", "agent", "model", "cost", "rate", "why")
SIZES = ((80, 24), (120, 40), (200, 60))


def host(name: str, team: str, **said: object) -> FleetHost:
    return FleetHost(
        name=name, team=team, version="1.4.0", seen=NOW - 400, silent=False, skew=20, lag=300,
        running=1, burn=3 * NANO, today=12 * NANO, short=Floor(), calls=40, unpriced=0,
    )._replace(**said)  # fmt: skip


def fleet() -> Snapshot:
    """Three machines of two teams, one silent for three minutes with a session that was live."""
    hosts = (
        host("ann-laptop", "payments"),
        host("ci-1", "payments", held="nightly", lag=12_000),
        host("eve-mac", "platform", silent=True, seen=NOW - 190_000, short=QUIET, skew=-4_100),
    )
    rows = tuple(
        row(f"{one.name}:s{n}", host=one.name, tags=f'{{"team": "{one.team}"}}', short_id=f"s{n}",
            floor=one.silent, short=one.short, why="host silent 3m" if one.silent else "")
        for n, one in enumerate(hosts)
    )  # fmt: skip
    return snapshot(rows)._replace(
        hosts=hosts, budgets=(), today=36 * NANO, today_floor=True, today_short=QUIET
    )


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["fleet", "hosts"])
async def test_a_view_of_a_fleet_is_as_it_was(name: str, size: tuple[int, int]) -> None:
    async with played(fleet(), size, STILL._replace(columns=OWN)) as play:
        if name == "hosts":
            await play.press("8")
            await play.settle()
        play.app.clear_notifications()  # that other screens have no store here
        await play.settle()
        shown = f"{name}-{size[0]}x{size[1]}"
        compare(shown, "txt", play.text + "\n")
        if size == (120, 40):
            compare(shown, "svg", plain_svg(play.app.export_screenshot(title="costtop")))


async def test_what_misses_a_silent_machine_is_a_floor_everywhere() -> None:
    async with played(fleet(), (120, 40), STILL._replace(columns=OWN)) as play:
        assert "1 silent" in play.lines[0]
        assert "≥$36.00" in play.text
        assert "≥" in play.row_of("eve-mac")
        assert "host silent 3m" in play.row_of("eve-mac")
        assert "≥" not in play.row_of("ann-laptop")


async def test_a_kill_names_the_machine_what_it_accepts_and_what_it_answers() -> None:
    shown = fleet()
    hosts = (shown.hosts[0]._replace(accepts="mark stop"), shown.hosts[1]._replace(accepts="-"),
             shown.hosts[2])  # fmt: skip
    async with played(shown._replace(hosts=hosts), (120, 40), STILL._replace(columns=OWN)) as play:
        play.stage.asked = "asked ann-laptop: it answers or lets it be"
        await play.press("k")
        await play.settle()
        assert "on ann-laptop accepts mark, stop" in play.text
        assert "ann-laptop does not accept kill ([fleet] accept there)" in play.text
        assert "costtop asks you to type it" not in play.text  # a pid of another machine
        await play.press("4", "enter")
        await play.settle()
        assert not play.stage.commands  # it would only be refused
        await play.press("1", "enter")
        await play.settle()
        (command,) = play.stage.commands
        assert (command.do, command.session) == ("stop-session", "claude-code/ann-laptop:s0")
        await play.until(lambda: "asked ann-laptop" in play.text)


@pytest.mark.parametrize(
    ("name", "says"),
    [("ci-1", "on ci-1 accepts nothing of others"), ("eve-mac", "on eve-mac has not said what")],
)
async def test_a_mark_names_the_machine_too(name: str, says: str) -> None:
    shown = fleet()
    hosts = (shown.hosts[0], shown.hosts[1]._replace(accepts="-"), shown.hosts[2])
    rows = tuple(one for one in shown.sessions if one.host == name)
    shown = shown._replace(hosts=hosts, sessions=rows)
    async with played(shown, (120, 40), STILL._replace(columns=OWN)) as play:
        await play.press("m")
        await play.settle()
        assert says in play.text
        assert ("no word for 3m" in play.text) == (name == "eve-mac")


async def test_the_tab_of_hosts_is_there_for_a_fleet_alone() -> None:
    async with played(fleet()) as play:
        await play.press("8")
        await play.settle()
        assert "silent 3m" in play.row_of("eve-mac")
        assert "nightly" in play.row_of("ci-1")
        await play.press("enter")
        await play.settle()
        assert "ann-laptop" in play.text
        assert "s1" not in play.order("s0", "s1")
    async with played() as play:
        assert "hosts" not in play.text
        await play.press("8")
        await play.settle()
        assert "costtop --fleet" in play.text


def test_sessions_are_kept_grouped_and_sorted_by_host_and_team() -> None:
    now = fleet()
    kept = [one for one in now.sessions if parse("team=payments").keeps(one, NOW)]
    assert [one.host for one in kept] == ["ann-laptop", "ci-1"]
    assert [parse("host=ci-1").keeps(one, NOW) for one in now.sessions] == [0, 1, 0]
    groups = {"host": {"ann-laptop", "ci-1", "eve-mac"}, "team": {"payments", "platform"}}
    for by, heads in groups.items():
        shown = arrange.arranged(now.sessions, arrange.View(group=by), parse(""), NOW)
        assert {one.row.session for one in shown if one.members} == heads
    shown = arrange.arranged(now.sessions, arrange.View(sort="host", falling=True), parse(""), NOW)
    assert [one.row.host for one in shown] == ["eve-mac", "ci-1", "ann-laptop"]
