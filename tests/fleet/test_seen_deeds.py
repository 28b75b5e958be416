"""A fleet's list says of a session that was ended from afar by whom, as its machine's own does."""

import uuid

import psycopg
import pytest

from costtop.durations import now_ms
from costtop.fleet.ship_to_server import answer
from tests.fleet.fleet import call, session
from tests.fleet.test_mirror import Reader, anna  # noqa: F401

_ASK = b"SELECT costtop.command(%s::uuid, '', 'a', %s, 'kill', '{\"rung\": \"TERM\"}', 'desk')"


@pytest.mark.parametrize("by_short_id", [False, True])
def test_who_ended_a_session_stands_in_its_row_and_a_refusal_does_not(
    fleet,
    anna: Reader,  # noqa: F811
    by_short_id: bool,
) -> None:
    now = now_ms()
    of_two = [session(0, last=now), session(1, last=now)]
    fleet.ship("a", [call(1, at=now), call(2, of=1, at=now)], sessions=of_two)
    fleet.admin.execute("SELECT costtop.allow('oscar', 'red')")
    rows = anna.rows()
    assert {row.why for row in rows.values()} == {""}
    url = fleet.server.url(fleet.database, "oscar", fleet.port)
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as oscar:
        for number, state in enumerate(("done", "refused")):
            own = f"claude-code/s{number}"
            short = rows[f"claude-code/a:s{number}"].short_id
            one = str(uuid.uuid4())
            oscar.execute(_ASK, (one, short if by_short_id else own))
            assert answer(fleet.link("a"), one, state, "SIGTERM: it exited") == state
    for _ in range(2):  # what was brought once is brought no second time
        rows = anna.rows()
        assert rows["claude-code/a:s0"].why.startswith("killed by oscar from desk ")
        assert rows["claude-code/a:s1"].why == ""
    deeds = anna.asked("SELECT deed, session, detail FROM deeds")
    assert deeds == [("kill up to TERM", "claude-code/a:s0", "SIGTERM: it exited")]
