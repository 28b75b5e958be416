"""A kill from one machine to another: two daemons in two homes, an agent's process, one server."""

import pytest

from tests.fleet.machines import Machine
from tests.fleet.wire import Wire
from tests.patience import PATIENCE, until

SESSION = "5f1c1a52-7d1e-4c57-9d3c-2f6a1b8e9c01"
ADDRESS = f"a:claude-code/{SESSION}"
ALL = 'accept = ["mark", "silence", "stop", "pause", "kill"]\n'


@pytest.fixture
def wire(fleet):
    made = Wire(fleet.port)
    yield made
    made.close()


@pytest.fixture
def two(fleet, wire, tmp_path):
    """`desk`, an operator's, and `a`, whose words to the server go over a wire that can be cut."""
    fleet.admin.execute("SELECT costtop.allow('oscar', 'red')")
    desk, owner = (Machine(tmp_path / name, fleet) for name in ("desk", "a"))
    desk.join(operator="oscar")
    owner.join(host="a", port=wire.port, more=ALL)
    yield desk, owner
    for each in (desk, owner):
        each.end()


def _works(owner):
    """An agent at work there, whose process the daemon knows."""
    agent = owner.agent(session=SESSION, calls=4000, every=0.3)
    owner.known(f"claude-code/{SESSION}")
    return agent


def _server(owner):
    return owner.fleet.rows("SELECT verb, state FROM costtop.deeds ORDER BY id")


@pytest.mark.parametrize("fleet", ["pool"], indirect=True)
def test_a_kill_reaches_the_agent_of_another_machine_and_stands_in_three_journals(two):
    desk, owner = two
    owner.start()
    desk.start()
    agent = _works(owner)
    ran = desk.run("mark", ADDRESS, "--as", "runaway", "--note", "loops")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert agent.process.poll() is None
    ran = desk.run("kill", ADDRESS)
    assert (ran.returncode, ran.stderr) == (0, "")
    agent.gone()
    assert f"SIGINT to {agent.process.pid}" in ran.stdout
    assert owner.answers("SELECT kind, by, note FROM marks") == [
        ("runaway", "oscar@fleet from desk", "loops")
    ]
    assert [(by, deed) for by, deed, *_ in owner.deeds()] == [
        ("oscar@fleet from desk", "mark runaway"), ("oscar@fleet from desk", "kill up to KILL"),
    ]  # fmt: skip
    assert [deed for _, deed, *_ in desk.deeds()] == [
        "mark on another machine", "kill on another machine",
    ]  # fmt: skip
    assert owner.fleet.rows("SELECT verb, state FROM costtop.deeds ORDER BY id") == [
        ("mark", "asked"), ("mark", "done"), ("kill", "asked"), ("kill", "done"),
    ]  # fmt: skip
    until(lambda: "kill up to KILL" in owner.told and "oscar\uff20fleet from desk" in owner.told)
    until(lambda: "kill on another machine" in desk.told)


@pytest.mark.parametrize("fleet", ["direct"], indirect=True)
def test_a_machine_asks_each_second_while_a_session_calls_though_its_process_is_not_known(
    two, wire
):
    _, owner = two
    owner.start()
    owner.seen()
    assert not wire.asks
    agent = owner.agent(session=SESSION, calls=1, every=0.1, exit="yes")
    agent.gone()
    until(lambda: wire.asks >= 2)
    assert not owner.daemon_said()["processes"]


@pytest.mark.parametrize("fleet", ["direct"], indirect=True)
def test_over_a_cut_network_a_command_expires_and_nothing_is_done_afterwards(two, wire):
    desk, owner = two
    owner.start()
    desk.start()
    agent = _works(owner)
    owner.seen()
    wire.down = True
    owner.fleet.rows("UPDATE costtop.hosts SET idle_ms = 500 RETURNING 1")  # 1.5 s to live
    ran = desk.run("kill", ADDRESS)
    assert ran.returncode == 1
    assert "expired: it did not answer in time" in ran.stderr
    owner.fleet.rows("UPDATE costtop.hosts SET idle_ms = 15000 RETURNING 1")
    wire.down = False
    assert desk.run("mark", ADDRESS).returncode == 0  # it is heard again
    assert agent.process.poll() is None
    assert [deed for _, deed, *_ in owner.deeds()] == ["mark watch"]


@pytest.mark.parametrize("fleet", ["direct"], indirect=True)
def test_a_daemon_that_dies_before_its_answer_leaves_has_done_it_once_and_answers(two, wire):
    desk, owner = two
    owner.start()
    desk.start()
    agent = _works(owner)
    wire.cut_next("before", b"costtop.answer", goes_down=True)
    asks = desk.begin("kill", ADDRESS)
    agent.gone()
    until(lambda: wire.cuts)
    owner.kill_daemon()
    again = owner.agent(session=SESSION, calls=4000, every=0.3)  # the same session, resumed
    wire.down = False
    owner.start()
    said, complained = asks.communicate(timeout=PATIENCE)
    assert (asks.returncode, complained) == (0, "")
    assert f"SIGINT to {agent.process.pid}" in said
    assert again.process.poll() is None
    assert _server(owner) == [("kill", "asked"), ("kill", "done")]
    assert len(owner.deeds()) == 1


@pytest.mark.parametrize("fleet", ["direct"], indirect=True)
def test_what_a_machine_does_not_accept_it_refuses_and_a_lost_answer_goes_again(two, wire):
    desk, owner = two
    owner.join(host="a", port=wire.port, more='accept = ["stop"]\nhourly = 1\n')
    owner.start()
    desk.start()
    agent = _works(owner)
    ran = desk.run("kill", ADDRESS)
    assert (ran.returncode, 'does not accept "kill"' in ran.stderr) == (1, True)
    assert owner.fleet.rows("SELECT accepts FROM costtop.hosts WHERE name = 'a'") == [["stop"]]
    wire.cut_next("after", b"costtop.answer")  # the server has it, and nobody here knows
    assert desk.run("stop", ADDRESS).returncode == 0
    ran = desk.run("stop", ADDRESS)
    assert (ran.returncode, "this machine takes 1 of stop" in ran.stderr) == (1, True)
    assert agent.process.poll() is None
    until(lambda: not owner.answers("SELECT 1 FROM far_commands WHERE told IS NULL"))
    assert _server(owner) == [
        ("kill", "asked"), ("kill", "refused"), ("stop", "asked"), ("stop", "done"),
        ("stop", "asked"), ("stop", "refused"),
    ]  # fmt: skip
