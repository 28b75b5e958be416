"""`costtop kill HOST:SESSION` and its like: asked for through the daemon, waited for, and told."""

import json
import sys
import threading
import time

import pytest

from costtop.cli.control.far_deeds import FarSession, address
from costtop.fleet import ship_to_server
from tests.fleet.machines import Machine

DIRECT = pytest.mark.parametrize("fleet", ["direct"], indirect=True)
POOLED = pytest.mark.parametrize("fleet", ["pool"], indirect=True)


@pytest.fixture
def desk(fleet, tmp_path):
    """A machine of an operator, which ships nothing itself."""
    fleet.admin.execute("SELECT costtop.allow('oscar', 'red')")
    made = Machine(tmp_path / "desk", fleet)
    made.join(operator="oscar")
    yield made
    made.end()


class Owner:
    """The machine that is asked, played by its words to the server."""

    def __init__(self, fleet, state, why, host="a"):
        self.heard = []
        link = fleet.connect(host)

        def play():
            while not (found := ship_to_server.ask(link)["commands"]):
                time.sleep(0.05)
            self.heard += found
            if state:
                ship_to_server.answer(link, found[0]["id"], state, why)
            link.close()

        self._thread = threading.Thread(target=play, daemon=True)
        self._thread.start()

    def end(self):
        self._thread.join(30)
        (one,) = self.heard
        return {name: one[name] for name in ("session", "verb", "given", "by", "asked_on")}


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("desk:7b4acd3", ("desk", "", "7b4acd3")),
        ("desk@red:codex/a:b", ("desk", "red", "codex/a:b")),
        ("codex/desk:5ab", ("desk", "", "codex/5ab")),
        ("@desk:5ab", ("desk", "", "5ab")),
        ("7b4acd3", None), ("codex/7b4acd3", None), (":7b4acd3", None), ("desk:", None),
        ("desk:@", None),
    ],
)  # fmt: skip
def test_an_address_is_a_host_and_a_session_of_it(typed, named):
    assert address(typed) == (FarSession(*named) if named else None)


@DIRECT
def test_a_command_is_asked_waited_for_and_told(desk):
    fleet = desk.fleet
    desk.start()
    owner = Owner(fleet, "done", "SIGINT to 7: it exited")
    ran = desk.run("kill", "a:claude-code/s0", "--up-to", "TERM")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "a:claude-code/s0: asked for: kill; waits for that machine's answer",
        "a:claude-code/s0: SIGINT to 7: it exited",
    ]
    assert owner.end() == {"session": "claude-code/s0", "verb": "kill", "given": {"rung": "TERM"},
                           "by": "oscar", "asked_on": "desk"}  # fmt: skip
    ((by, deed, session, detail),) = desk.deeds()
    assert (deed, session) == ("kill on another machine", "")
    assert detail == "a:claude-code/s0: done: SIGINT to 7: it exited"
    assert "(pid " in by

    Owner(fleet, "refused", 'that machine does not accept "stop"')
    ran = desk.run("stop", "a@red:s0", "--note", "enough")
    assert ran.returncode == 1
    assert ran.stderr == 'costtop: a@red:s0: refused by a: that machine does not accept "stop"\n'

    owner = Owner(fleet, "refused", "no such session")
    ran = desk.run("mark", "a:s0", "--as", "runaway", "--json")
    assert (ran.returncode, json.loads(ran.stdout)) == (1, {"schema": 1, "answers": [
        {"host": "a", "team": None, "session": "s0", "short": None, "verb": "mark",
         "state": "refused", "answer": "no such session"}]})  # fmt: skip
    assert owner.end()["given"] == {"kind": "runaway"}

    owner = Owner(fleet, "done", "silence 1 has begun")
    ran = desk.run("alerts", "silence", "--session", "a:s0", "--for", "2h")
    assert ran.returncode == 0
    assert owner.end()["given"] == {"span": 7_200_000}


@POOLED
def test_what_cannot_be_asked_says_why(desk):
    fleet = desk.fleet
    desk.start()
    ran = desk.run("kill", "c:s0")  # of team blue
    assert ran.returncode == 1
    assert ran.stderr.endswith("no host c in a team that oscar may command\n")
    assert "SELECT" not in ran.stderr

    fleet.rows("UPDATE costtop.hosts SET idle_ms = 300 RETURNING 1")
    ran = desk.run("pause", "a:s0")  # nobody answers
    assert ran.returncode == 1
    assert "expired: it did not answer in time, and begins nothing any more" in ran.stderr
    assert desk.run("kill", "a:s0", "--dry-run").returncode == 2
    assert desk.run("kill", "a:s0", "here").returncode == 2
    assert desk.run("kill", "a:s0", "--pid", "7").returncode == 2

    asked = fleet.rows("SELECT count(*) FROM costtop.commands")
    agent = desk.agent(session="asker", calls=3, every=0.1,
                       then=f"{sys.executable} -P -m costtop kill a:s0")  # fmt: skip
    agent.says("tool 1")
    assert any("may only look" in line for line in agent.said)
    assert fleet.rows("SELECT count(*) FROM costtop.commands") == asked
    desk.join(operator="anna")
    fleet.admin.execute("SELECT costtop.allow('anna', 'red')")
    assert "may not command sessions of the fleet" in desk.run("kill", "a:s0").stderr


@DIRECT
def test_without_an_operator_s_url_an_address_says_what_to_set(desk):
    desk.configure("")
    desk.start()
    ran = desk.run("kill", "a:s0")
    assert ran.returncode == 1
    assert "a:s0 is a session on another machine: set operator_url_file in [fleet]" in ran.stderr
    ran = desk.run("kill", "s0")
    assert ran.returncode == 3


@DIRECT
def test_a_deed_on_a_session_here_answers_in_the_same_form(desk):
    desk.start()
    desk.run("record", "--session", "s0", "--model", "gpt-5", "--input-tokens", "1",
             "--output-tokens", "2")  # fmt: skip
    ran = desk.run("mark", "s0", "--as", "fine", "--json")
    (one,) = json.loads(ran.stdout)["answers"]
    assert (ran.returncode, one["state"], one["host"]) == (0, "done", None)
    assert one["session"] == "costtop/s0" and one["answer"].endswith("is marked fine")
    ran = desk.run("resume", "s0", "--json")
    (one,) = json.loads(ran.stdout)["answers"]
    assert (ran.returncode, one["state"]) == (1, "failed")
    assert json.loads(desk.run("stop", "s0", "--json").stdout)["answers"][0]["verb"] == "stop"
