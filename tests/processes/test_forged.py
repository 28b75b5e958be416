"""Evidence is the kernel's: what any process can write is a hint, whoever it names."""

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest

from costtop.control.protocol import Kill
from costtop.daemon.commands.guard import Guard
from costtop.errors import Refused
from costtop.processes.evidence.agents import is_agent
from costtop.processes.evidence.evidence_nouns import PeerReport, ProcessClaim, Wanted
from costtop.processes.evidence.search import search
from costtop.processes.inspect import linux
from costtop.receive.caller import Caller

MANY = 200
_TERMINAL = 'exec -a kitty "$0" "${@:1}"'


def wanted(session, **facts):
    facts.setdefault("cwd", os.getcwd())
    return Wanted(f"claude-code/{session}", "claude-code", (session,), **facts)


def forge(root, pid, session, **more):
    """A file that names a process for a session, perfect in every word."""
    now = linux.glance(pid)
    entry = {"pid": pid, "sessionId": session, "procStart": str(now.start), "cwd": os.getcwd(),
             "startedAt": linux.born(now.start), "kind": "interactive", **more}  # fmt: skip
    (root / "sessions").mkdir(parents=True, exist_ok=True)
    (root / f"sessions/{pid}.json").write_text(json.dumps(entry))


@pytest.fixture
def crowd(tmp_path):
    """Programs of the user's that are nobody's agent, in all kinds of folders."""
    made = [
        subprocess.Popen(["sleep", "60"], cwd=tmp_path if n % 2 else os.getcwd())
        for n in range(MANY)
    ]
    yield made
    for one in made:
        one.kill()
    for one in made:
        one.wait()


async def test_of_two_hundred_processes_named_by_forged_files_none_is_signalled(
    hand, root, crowd, all_steps
):
    # Names of its own: the search sees the machine, with the agents of tests that run beside this.
    sessions = [wanted(f"forged-{os.getpid()}-{n}") for n in range(MANY)]
    for one, process in zip(sessions, crowd, strict=True):
        forge(root, process.pid, one.ids[0])
    hand.holder.take(sessions, search(sessions, [root]))
    for one in sessions:
        assert hand.holder.find(one.session).confidence in {"", "weak"}
        for asker in (None, os.getpid()):
            for act in (hand.actions.kill, hand.actions.pause):
                assert (await all_steps(act(one.session, asker)))[-1].outcome == "refused"
    await asyncio.sleep(0.1)
    assert all(one.poll() is None and linux.glance(one.pid).state == "S" for one in crowd)


async def test_nor_by_logs_and_by_files_of_the_older_name(hand, root, crowd, all_steps):
    here, sessions = os.getcwd(), []
    for number, process in enumerate(crowd):
        source = ("claude-code", "costtop", "codex")[number % 3]
        name, cwd = f"h{number}", os.readlink(f"/proc/{process.pid}/cwd")
        sessions.append(
            Wanted(f"{source}/{name}", source, (name,), cwd=cwd, hint=process.pid, last=1 << 50)
        )
        forge(root, process.pid, name)
        (root / f"sessions/{process.pid}.json").rename(root / f"sessions/pid-{process.pid}.json")
    hand.holder.take(sessions, search(sessions, [root]))
    assert {one.cwd for one in sessions} > {here}
    for one in sessions:
        for act in (hand.actions.kill, hand.actions.pause):
            assert (await all_steps(act(one.session, os.getpid())))[-1].outcome == "refused"
    await asyncio.sleep(0.1)
    assert all(one.poll() is None and linux.glance(one.pid).state == "S" for one in crowd)


async def test_a_forged_file_does_not_take_a_session_from_the_process_that_its_hook_named(
    stage, hand, root, look
):
    pid = stage.start("name=agent", program=stage.program("claude"))
    chain = ((pid, linux.glance(pid).start),)
    hand.holder.report(PeerReport("claude-code/aaaa", "hook", chain, "claude-code"))
    victim = stage.start("name=victim", program=stage.program("claude"))
    forge(root, victim, "aaaa")
    found = look(wanted("aaaa"))[0]
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "exact", "")


def test_two_agents_in_one_folder_are_no_ones_exactly_while_only_a_log_names_one(stage, hand, look):
    pid = stage.start("name=agent", program=stage.program("gemini"))
    stage.start("name=second", program=stage.program("gemini"))
    one = Wanted("gemini-cli/g", "gemini-cli", ("g",), cwd=os.getcwd(), hint=pid)
    assert look(one)[0].confidence == "strong"
    stage.end_of("second")
    stage.ended("second")
    assert look(one)[0].confidence == "exact"


async def test_costtop_by_itself_acts_on_nothing_that_is_merely_strong(
    stage, hand, look, all_steps
):
    pid = stage.start("name=agent", program=stage.program("gemini"))
    stage.start("name=second", program=stage.program("gemini"))
    look(Wanted("gemini-cli/g", "gemini-cli", ("g",), cwd=os.getcwd(), hint=pid))
    by_itself = await all_steps(hand.actions.pause("gemini-cli/g"))
    assert by_itself[-1].outcome == "refused" and "by itself" in by_itself[-1].what
    assert (await all_steps(hand.actions.pause("gemini-cli/g", os.getpid())))[-1].success
    os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    "argv",
    [
        ("claude",),
        ("/home/ana/.local/bin/claude", "--resume"),
        ("node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"),
        ("/usr/bin/node", "--max-old-space-size=4096", "/opt/bin/claude", "-p"),
    ],
)
def test_an_agent_is_known_by_its_program(argv):
    assert is_agent(argv, "claude-code")


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("vim", "claude"),
        ("python3", "/home/claude/report.py"),
        ("tail", "-f", "/x/claude.log"),
        ("grep", "claude"),
        ("node", "/srv/app.js", "claude"),
        ("codex",),
    ],
)
def test_a_program_that_only_speaks_of_an_agent_is_none(argv):
    assert not is_agent(argv, "claude-code")


# ------------------------------------------------------------------- nobody is locked out by a file


def test_no_file_puts_a_terminal_inside_an_agent(stage, hand, root, look):
    shell = stage.start("name=shell", "child=name=costtop")
    for named in (shell, 1, os.getpid(), os.getppid()):
        forge(root, named, "aaaa")
        look(wanted("aaaa"))
        hand.vitals.refresh()
        guard = Guard(hand.holder, hand.vitals)
        guard.check(Kill("claude-code/aaaa"), Caller(stage.pids["costtop"], os.getuid()))
        (root / f"sessions/{named}.json").unlink()


def test_what_runs_in_an_agent_that_the_kernel_shows_may_only_look(stage, hand, root, look):
    program = stage.program("claude")
    stage.start("name=agent", f"claude={root},aaaa", "child=name=tool", program=program)
    assert look(wanted("aaaa"))[0].confidence == "exact"
    guard = Guard(hand.holder, hand.vitals)
    with pytest.raises(Refused, match="may only look"):
        guard.check(Kill("claude-code/aaaa"), Caller(stage.pids["tool"], os.getuid()))


@pytest.mark.parametrize("confidence", ["weak", "strong", "exact"])
def test_shells_the_system_and_what_costtop_runs_under_are_never_held(stage, hand, confidence):
    shell = subprocess.Popen(
        ["bash", "--norc", "-i"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    terminal = stage.start("name=kitty", program=["bash", "-c", _TERMINAL, *stage.program("it")])
    others = [terminal]
    if os.getuid() == 0:
        others.append(stage.start("name=other", "uid=65534"))
    try:
        for pid in (1, shell.pid, os.getpid(), os.getppid(), *others):
            claim = ProcessClaim(
                "claude-code/aaaa", pid, linux.glance(pid).start, confidence, "it says so"
            )
            hand.holder.take([wanted("aaaa")], [claim])
            assert hand.holder.handle("claude-code/aaaa") is None
            assert hand.holder.find("claude-code/aaaa").refusal
    finally:
        shell.kill()
        shell.communicate()


def test_a_renamed_program_is_not_believed_to_be_an_agent(stage, look, root, tmp_path):
    pid = stage.start("name=other", program=[sys.executable, *stage.program("tool")[1:]])
    forge(root, pid, "aaaa")
    found = look(wanted("aaaa", cwd=str(tmp_path)))[0]
    assert found.process is None
    assert "nothing that the kernel shows confirms it" in found.refusal
