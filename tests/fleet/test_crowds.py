"""What a host is told in a large fleet: to gather longer, and to come again less often."""

from tests.patience import until

_MANY = (
    "INSERT INTO costtop.hosts (team, name, role, seen) SELECT t.id, 'm' || g, 'm' || g, %s"
    " FROM costtop.teams t, generate_series(1, %s) g WHERE t.name = 'red' RETURNING 1"
)
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


def _told(fleet):
    answer = fleet.beat("a")
    return answer.window_ms, answer.idle_ms


def test_the_more_machines_there_are_the_longer_each_gathers(fleet):
    assert _told(fleet) == (250, 15_000)
    for many, window in ((60, 1000), (540, 601 * 2), (2400, 3001 * 2)):
        fleet.rows(_MANY.replace("'m'", f"'m{many}-'"), fleet.rows(_NOW)[0], many)
        until(lambda window=window: _told(fleet)[0] == window)
    assert _told(fleet)[1] == 60_000
    assert fleet.rows("SELECT active FROM costtop.meta") == [3001]
    fleet.admin.execute("UPDATE costtop.hosts SET seen = 0 WHERE name <> 'a'")
    assert until(lambda: _told(fleet) == (250, 15_000))
