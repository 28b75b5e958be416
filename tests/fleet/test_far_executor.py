"""Commands of operators to hosts, on the server: who may, how long, once; what is kept of it."""

import json
import uuid

import psycopg
import pytest

from costtop.durations import running_ms
from costtop.fleet import logins
from costtop.fleet.ship_to_server import accept, answer

VERBS = ("mark", "unmark", "silence", "stop", "pause", "resume", "kill")


class Oscar:
    """Operators of team red: connections by login, and how a command is asked."""

    def __init__(self, fleet):
        self.fleet = fleet
        fleet.admin.execute("SELECT costtop.allow('oscar', 'red')")
        self.links = {}

    def db(self, login="oscar"):
        if login not in self.links:
            url = self.fleet.server.url(self.fleet.database, login, self.fleet.port)
            self.links[login] = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        return self.links[login]

    def asks(self, host="a", session="claude-code/s0", verb="kill", *, by="oscar", **said):
        """(id, (state, answer, left_ms))."""
        made = {"id": str(uuid.uuid4()), "team": "", "given": {}, "on": "desk"} | said
        row = self.db(by).execute(
            b"SELECT * FROM costtop.command(%s::uuid, %s, %s, %s, %s, %s::jsonb, %s)",
            (made["id"], made["team"], host, session, verb, json.dumps(made["given"]), made["on"]),
        ).fetchone()  # fmt: skip
        return made["id"], row

    def hears(self, command, by="oscar"):
        return self.db(by).execute(
            b"SELECT state, answer FROM costtop.outcome(%s::uuid)", (command,)
        ).fetchone()  # fmt: skip


@pytest.fixture
def red(fleet):
    made = Oscar(fleet)
    yield made
    for each in made.links.values():
        each.close()


def _deeds(fleet):
    return fleet.rows(
        "SELECT host, session, verb, asked_by, asked_on, state, detail"
        " FROM costtop.deeds ORDER BY id"
    )


def test_a_command_rides_in_every_answer_to_its_host_until_that_has_answered(red):
    fleet = red.fleet
    one, (state, _, left) = red.asks(given={"rung": "TERM"})
    assert (state, left) == ("asked", 45_000)  # three heartbeats
    before = running_ms()
    (heard,) = fleet.ask("a")
    assert before < heard.pop("until") <= before + 45_000 + 2_000
    assert 0 < heard.pop("left_ms") <= 45_000
    assert heard == {
        "id": one, "session": "claude-code/s0", "verb": "kill", "given": {"rung": "TERM"},
        "by": "oscar", "asked_on": "desk",
    }  # fmt: skip
    assert [x["id"] for x in fleet.ship("a").news["commands"]] == [one]
    assert [x["id"] for x in fleet.beat("a").news["commands"]] == [one]
    assert fleet.ask("b") == fleet.ask("c") == []
    assert answer(fleet.link("a"), one, "done", "INT: it exited") == "done"
    assert fleet.ask("a") == []
    assert red.hears(one) == ("done", "INT: it exited")
    told = ("a", "claude-code/s0", "kill", "oscar", "desk")
    assert _deeds(fleet) == [
        (*told, "asked", '{"rung": "TERM"}'), (*told, "done", "INT: it exited"),
    ]  # fmt: skip


def test_the_first_answer_stands_and_a_command_that_was_asked_twice_is_one(red):
    fleet = red.fleet
    one, _ = red.asks()
    assert red.asks(id=one)[1][0] == "asked"
    assert len(fleet.ask("a")) == 1
    assert answer(fleet.link("a"), one, "refused", "another pid") == "refused"
    assert answer(fleet.link("a"), one, "done", "again") == "refused"
    assert red.asks(id=one)[1][:2] == ("refused", "another pid")
    assert len(_deeds(fleet)) == 2


@pytest.mark.parametrize("other", [{"session": "x/y"}, {"verb": "stop"}, {"host": "b"}])
def test_an_id_that_another_command_has_is_refused(red, other):
    one, _ = red.asks()
    with pytest.raises(psycopg.Error) as told:
        red.asks(id=one, **other)
    assert told.value.sqlstate == "CT004"
    assert len(_deeds(red.fleet)) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"verb": "shell"}, {"verb": ""}, {"verb": None}, {"session": ""}, {"session": "s" * 201},
        {"session": "a\nb"}, {"session": "a\x1b[2J"}, {"session": None}, {"given": ["list"]},
        {"given": {"note": "n" * 1001}}, {"on": "x" * 201}, {"on": "a\rb"},
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused_and_kept_nowhere(red, bad):
    with pytest.raises(psycopg.Error) as told:
        red.asks(**bad)
    assert told.value.sqlstate == "CT004"
    assert red.fleet.rows("SELECT count(*) FROM costtop.commands") == [0]
    assert _deeds(red.fleet) == []


def test_only_operators_of_the_host_s_team_command_and_each_hears_of_its_own(red):
    fleet = red.fleet
    fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
    fleet.admin.execute("SELECT costtop.allow('stella', 'red')")
    for who in ("anna", "stella", "sam", "costtop_host_a"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            red.asks(by=who)
    for host in ("c", "no-such"):  # of another team, or of none: the same words
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=f"no host {host} in a team"):
            red.asks(host)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        red.asks("a", team="blue")
    fleet.admin.execute("SELECT costtop.disallow('oscar', 'red')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        red.asks()
    assert _deeds(fleet) == []


def test_who_reads_a_team_commands_nothing_there_though_an_operator_of_another(red):
    fleet = red.fleet
    for team, right in (("blue", "reader"), ("red", "operator"), ("red", "steward")):
        logins.grant(fleet.admin, "oscar", team, right)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no host c in a team"):
        red.asks("c")
    red.asks("a")
    logins.grant(fleet.admin, "oscar", "red", "reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no host a in a team"):
        red.asks("a")


def test_a_host_answers_its_own_commands_alone(red):
    fleet = red.fleet
    one, _ = red.asks()
    for other in "bc":
        assert answer(fleet.link(other), one, "done", "forged") is None
    assert answer(fleet.link("a"), str(uuid.uuid4()), "done", "forged") is None
    with pytest.raises(psycopg.Error) as told:
        answer(fleet.link("a"), one, "asked", "")
    assert told.value.sqlstate == "CT004"
    assert red.hears(one) == ("asked", "")
    assert len(_deeds(fleet)) == 1


def test_a_host_name_of_two_teams_has_to_be_said_with_its_team(red):
    fleet = red.fleet
    fleet.admin.execute("SELECT costtop.allow('oscar', 'blue')")
    fleet.admin.execute("SELECT costtop.enrol('a', 'blue', 'costtop_host_e')")
    with pytest.raises(psycopg.Error, match="host of several teams"):
        red.asks("a")
    red.asks("a", team="blue")
    assert fleet.ask("a") == []
    assert fleet.rows("SELECT t.name FROM costtop.commands c JOIN costtop.teams t ON t.id = c.team"
                      ) == ["blue"]  # fmt: skip


def test_a_command_is_over_after_three_heartbeats_and_a_late_answer_is_kept_all_the_same(red):
    fleet = red.fleet
    one, _ = red.asks()
    fleet.rows("UPDATE costtop.commands SET expires = expires - 45001 RETURNING 1")
    assert fleet.ask("a") == []
    assert red.hears(one) == ("expired", "")
    assert answer(fleet.link("a"), one, "done", "it was in time") == "done"
    assert red.hears(one) == ("done", "it was in time")


def test_twenty_commands_wait_for_a_host_and_no_more(red):
    for _ in range(20):
        red.asks()
    with pytest.raises(psycopg.Error, match="20 commands wait for a already"):
        red.asks()
    red.asks("b")
    assert len(red.fleet.ask("a")) == 20
    red.fleet.rows("UPDATE costtop.commands SET expires = 0 RETURNING 1")
    red.asks()  # those are over
    assert len(red.fleet.ask("a")) == 1


def test_deeds_are_only_added_to_and_outlive_their_host(red):
    fleet = red.fleet
    red.asks()
    fleet.admin.execute("UPDATE costtop.deeds SET asked_by = 'nobody'")
    fleet.admin.execute("DELETE FROM costtop.deeds")
    assert [row[3] for row in _deeds(fleet)] == ["oscar"]
    fleet.rows("SELECT costtop.forget('a', 'red')")
    assert fleet.rows("SELECT count(*) FROM costtop.commands") == [0]
    assert len(_deeds(fleet)) == 1


def test_an_operator_reads_the_commands_and_deeds_of_its_teams_and_writes_none(red):
    fleet = red.fleet
    fleet.admin.execute("SELECT costtop.allow('anna', 'blue')")
    one, _ = red.asks()
    for who, seen in (("oscar", 1), ("anna", 0)):
        for table in ("commands", "deeds"):
            db = red.db(who)
            assert db.execute(f"SELECT count(*) FROM costtop.{table}".encode()).fetchone() == (
                seen,
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(f"DELETE FROM costtop.{table}".encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        red.db().execute(b"UPDATE costtop.commands SET state = 'done' WHERE id = %s", (one,))


def test_a_host_says_what_it_accepts_and_no_word_that_is_none(red):
    fleet = red.fleet
    accepts = "SELECT accepts FROM costtop.hosts ORDER BY name"
    accept(fleet.link("a"), ["mark", "kill"])
    accept(fleet.link("b"), [])
    assert fleet.rows(accepts) == [["mark", "kill"], [], None]
    for bad in (["shell"], ["mark"] * 6, [None]):
        with pytest.raises(psycopg.Error):
            accept(fleet.link("a"), bad)
    assert red.db().execute(accepts.encode()).fetchall() == [(["mark", "kill"],), ([],)]
