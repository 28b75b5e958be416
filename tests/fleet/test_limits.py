"""What a batch may not hold: it is refused whole, and nothing of it is written."""

import psycopg
import pytest

from costtop.fleet.ship_to_server import LIMIT, TOO_MANY_NAMES
from tests.fleet.fleet import NOON, call, session

LONG = "x" * 201
CHECK, MISSING, RANGE = "23514", "23502", "22003"


def _everything(fleet):
    tables = "calls keys minutes spend sessions names".split()
    told = {table: fleet.rows(f"SELECT count(*) FROM costtop.{table}")[0] for table in tables}
    return told, fleet.sums(), fleet.rows("SELECT acked, names_new FROM costtop.hosts")


@pytest.mark.parametrize(
    ("calls", "sessions", "code"),
    [
        ([call(i) for i in range(2001)], None, LIMIT),
        ([call(1), call(2, feature=LONG)], None, LIMIT),
        ([call(1)], [session(0, project=LONG)], LIMIT),
        ([call(1)], [session(0, session=LONG)], LIMIT),
        ([call(1)], [session(0, root=LONG)], LIMIT),
        ([call(1)], [session(0), *(session(i) for i in range(2000))], LIMIT),
        ([call(1), call(2), call(1, cost=5)], None, LIMIT),
        ([call(1), call(2, cost=10_000_000_000_001)], None, CHECK),
        ([call(1), call(2, computed=10_000_000_000_001)], None, CHECK),
        ([call(1), call(2, reported=-1)], None, CHECK),
        ([call(1), call(2, input=-1)], None, CHECK),
        ([call(1), call(2, key=b"short")], None, CHECK),
        ([call(1), call(2, at=-1)], None, CHECK),
        ([call(1), call(2, at=None)], None, MISSING),
        ([call(1), call(2, of=7)], [session(0)], MISSING),
        ([call(1), call(2, of=-1)], [session(0)], MISSING),
        ([call(1), call(2, output=2**31)], None, RANGE),
    ],
    ids=(
        "rows feature project session root sessions key-twice cost computed reported tokens"
        " short-key no-time-yet no-time other-session session-0 huge-tokens"
    ).split(),
)
def test_a_batch_beyond_a_limit_writes_nothing(fleet, calls, sessions, code):
    fleet.ship("a", [call(9)], upto=1)
    before = _everything(fleet)
    with pytest.raises(psycopg.Error) as refused:
        fleet.ship("a", calls, sessions=sessions, upto=2)
    assert refused.value.sqlstate == code
    assert _everything(fleet) == before


def test_a_batch_at_its_limits_is_taken(fleet):
    most = [call(i, at=NOON + i * 1000) for i in range(1999)]
    dearest = call(1999, cost=10_000_000_000_000, feature="é" * 200)
    assert fleet.ship("a", [*most, dearest]).added == 2000


def test_columns_of_different_length_are_refused(fleet):
    db = fleet.link("a")
    with pytest.raises(psycopg.Error) as refused:
        db.execute(
            b"SELECT costtop.ingest(1, 1, '{x}', '{1}', '{s}', '{}', '{}', '{}', '{}', '{}', '{}',"
            b" '{}', '{}', '{}', %s, '{1}', '{1}', '{1}', '{1}', '{1}', '{1}', '{1}', '{1}', '{1}',"
            b" '{1}', '{1}', '{1}', '{1}', '{1}', '{1}', '{1}', '{}')",
            ([b"0" * 16, b"1" * 16],),
        )
    assert refused.value.sqlstate == LIMIT


def test_a_host_brings_ten_thousand_new_names_a_day_and_no_more(fleet):
    def named(first, many):
        names = iter(range(first, first + many))
        return [
            session(0, **{field: f"n{next(names)}" for field in ("user", "project", "feature")})
            for _ in range(many // 3)
        ]

    fleet.ship("a", sessions=named(0, 4998))
    fleet.ship("a", sessions=named(0, 4998))  # known ones are not new
    fleet.ship("a", sessions=named(4998, 4998))
    with pytest.raises(psycopg.Error) as refused:
        fleet.ship("a", sessions=named(9996, 300))
    assert refused.value.sqlstate == TOO_MANY_NAMES
    fleet.ship("b", sessions=named(9996, 300))  # another host has its own ten thousand
    fleet.admin.execute("UPDATE costtop.hosts SET names_day = names_day - 1")
    assert fleet.ship("a", sessions=named(20_000, 300)).added == 0
