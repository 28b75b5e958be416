"""Who may say what over the socket: an agent's children may only look, and all deeds are told."""

import getpass
import json
import os
import socket
import stat
from typing import get_args

import pytest

from costtop.control import client, protocol
from costtop.control.protocol import Command, Override, encode
from costtop.daemon.commands.obey import command_of, decoded
from costtop.errors import CosttopError
from tests.patience import PATIENCE, until


@pytest.fixture
def python(house):
    """How an agent starts costtop in its shell."""
    import sys

    return f"{sys.executable} -P -m costtop"


@pytest.mark.parametrize(
    "order",
    ["kill claude-code/rival --yes", "pause claude-code/rival", "mark asker --as fine",
     "budget set loose 9999", "override", "alerts silence --rule median_5x", "stop"],
)  # fmt: skip
def test_a_process_of_an_agent_may_not_command(house, python, order, tmp_path):
    house.start()
    rival = house.agent(session="rival", calls=1)
    rival.says("idle")
    go = tmp_path / "go"
    agent = house.agent(session="asker", calls=3, every=0.2, then=f"{python} {order}", go=go)
    house.known("claude-code/asker")
    go.touch()
    agent.says("tool")
    said = next(line for line in agent.said if line.startswith("tool"))
    assert "may only look" in said and said.startswith("tool 1")
    assert rival.process.poll() is None and rival.state == "S"
    assert house.run("status").returncode == 0
    assert not house.paths.budgets.exists()
    assert not house.answers("SELECT * FROM overrides") and not house.answers("SELECT * FROM deeds")


def test_nor_before_costtop_has_found_out_which_session_it_is(house, python):
    house.start()
    order = f"{python} budget set loose 9999"
    agent = house.agent(session="asker", calls=3, every=0.01, then=order)
    agent.says("tool")
    said = next(line for line in agent.said if line.startswith("tool"))
    assert "may only look" in said and said.startswith("tool 1")
    assert not house.paths.budgets.exists()


def test_a_process_of_an_agent_may_look(house, python):
    house.start()
    agent = house.agent(session="asker", calls=3, every=2.2, then=f"{python} kill asker --dry-run")
    agent.says("tool 0")


def test_another_terminal_may_command_and_is_named(house):
    house.start()
    agent = house.agent(session="s1", calls=400, every=0.5)
    house.known("claude-code/s1")
    assert house.run("mark", "s1", "--as", "watch").returncode == 0
    ((by,),) = house.answers("SELECT by FROM deeds")
    assert by.startswith(f"{getpass.getuser()} (pid ") and "costtop" in by
    assert agent.process.poll() is None


def test_one_that_does_not_stay_for_the_answer_is_not_obeyed(house):
    """Who asked is read of a process; one that has gone could have been anybody's."""
    house.start()
    child = os.fork()
    if child == 0:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(house.paths.socket))
            peer.sendall(encode(Override()) * 50)
        os._exit(0)
    os.waitpid(child, 0)
    assert client.ask(house.paths.socket, protocol.Scan())
    assert len(house.answers("SELECT * FROM overrides")) < 50  # most came after it had gone


def test_a_read_only_daemon_changes_nothing_but_looks(house):
    house.start("--read-only")
    agent = house.agent(session="s1", calls=400, every=0.5)
    house.known("claude-code/s1")
    for order in (["pause", "s1"], ["mark", "s1"], ["override"], ["stop", "s1"],
                  ["budget", "set", "x", "$5"]):  # fmt: skip
        ran = house.run(*order)
        assert ran.returncode != 0 and "read-only" in ran.stderr, order
    assert "SIGKILL" in house.run("kill", "s1", "-n").stdout
    assert agent.state == "S" and not house.answers("SELECT * FROM deeds")


def test_the_socket_is_the_users_alone(house):
    house.start()
    found = house.paths.socket
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700


def test_a_kill_goes_on_after_the_daemon_was_killed(house):
    """K9: a kill intent is gone on with where the process is the same and it is fresh."""
    house.start()
    agent = house.agent(session="dead3", calls=400, every=0.5, stubborn="yes")
    house.known("claude-code/dead3")
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(house.paths.socket))
        peer.sendall(encode(protocol.Kill("claude-code/dead3", by="ana")))
        until(lambda: house.answers("SELECT 1 FROM intents"))
        house.kill_daemon()
    assert agent.process.poll() is None
    house.start()
    assert agent.gone() != 0
    until(lambda: not house.answers("SELECT 1 FROM intents WHERE done IS NULL"))
    bys = [by for (by,) in house.answers("SELECT by FROM deeds WHERE deed LIKE 'kill%'")]
    assert bys == ["ana, gone on with after a restart"]


def test_a_kill_of_a_process_that_went_meanwhile_is_given_up(house):
    house.start()
    agent = house.agent(session="dead4", calls=400, every=0.5, stubborn="yes")
    house.known("claude-code/dead4")
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(house.paths.socket))
        peer.sendall(encode(protocol.Kill("claude-code/dead4", by="ana")))
        until(lambda: house.answers("SELECT 1 FROM intents"))
        house.kill_daemon()
    agent.process.kill()
    agent.gone()
    other = house.agent(session="s2", calls=400, every=0.5)
    house.start()
    until(lambda: house.answers("SELECT 1 FROM deeds WHERE deed = 'kill given up'"))
    assert other.process.poll() is None


@pytest.mark.parametrize("form", get_args(Command), ids=lambda form: form.do)
def test_every_command_survives_the_wire(form):
    kinds = {name: kind for name, kind in form.__annotations__.items() if not hasattr(form, name)}
    some = {name: 7 if kind is int else (*get_args(kind), "x")[0] for name, kind in kinds.items()}
    command = form(**some)
    assert command_of(decoded(encode(command))) == command
    with pytest.raises(TypeError):
        form(unknown=1, **vars(command))


def test_commands_are_equal_only_within_a_kind():
    assert protocol.Pause("a/s") == protocol.Pause("a/s") != protocol.Pause("a/t")
    assert protocol.Pause("a/s") != protocol.Resume("a/s")


def test_the_wire_form_stays_as_scripts_write_it():
    verbs = "ping stop scan mark unmark pause resume kill plan stop-session override hook run"
    more = "run-end ack silence unsilence reload reprice budget-set budget-remove"
    more += " backup restore forget compact ask-far"
    assert {form.do for form in get_args(Command)} == {*verbs.split(), *more.split()}
    assert json.loads(encode(protocol.Kill("a/s", by="ana"))) == {
        "do": "kill", "session": "a/s", "rung": "KILL", "by": "ana", "typed": None
    }  # fmt: skip
    set_budget = {"do": "budget-set", "name": "daily", "amount": "$5", "tiers": [90], "x": 1}
    assert command_of(set_budget) == protocol.SetBudget("daily", "$5", tiers=(90,))


@pytest.mark.parametrize(
    "tree",
    [{"do": "kill"}, {"do": "kill", "session": 3}, {"do": "kill", "session": "x", "rung": "HUP"},
     {"do": "override", "span": "long"}, {"do": "nothing"}, {"do": None},
     {"do": "kill", "session": "x", "typed": "1"}],
)  # fmt: skip
def test_a_command_that_is_not_understood_is_refused_in_one_line(tree):
    with pytest.raises(CosttopError) as refused:
        command_of(tree)
    assert "\n" not in str(refused.value)


def test_a_kill_under_way_is_answered_though_the_configuration_is_read_anew(house):
    house.start()
    agent = house.agent(session="dead5", calls=400, every=0.5, stubborn="yes")
    house.known("claude-code/dead5")
    with socket.socket(socket.AF_UNIX) as peer, socket.socket(socket.AF_UNIX) as other:
        peer.settimeout(PATIENCE)
        peer.connect(str(house.paths.socket))
        peer.sendall(encode(protocol.Kill("claude-code/dead5", by="ana")))
        until(lambda: house.answers("SELECT 1 FROM intents"))
        other.settimeout(PATIENCE)
        other.connect(str(house.paths.socket))
        other.sendall(encode(protocol.Reload()) + encode(protocol.Ping()))
        assert json.loads(peer.makefile("rb").readline())["ok"]
        words = other.makefile("rb")
        assert json.loads(words.readline())["ok"] and json.loads(words.readline())["ok"]
        other.sendall(encode(protocol.Ping()))  # the same connection, after it was read anew
        assert json.loads(words.readline())["ok"]
    assert agent.gone() != 0
    assert house.answers("SELECT deed FROM deeds") == [("kill up to KILL",)]
