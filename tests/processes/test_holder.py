"""What processes report of themselves, and what is held: limits, vitals, sandboxes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.processes.evidence.evidence_nouns import PeerReport, Wanted
from costtop.processes.inspect import linux
from costtop.processes.inspect.inspector import lineage
from costtop.receive.caller import caller_of

ACTOR = Path(__file__).with_name("actor.py")


def claude(session, **facts):
    facts.setdefault("cwd", os.getcwd())
    return Wanted(f"claude-code/{session}", "claude-code", (session,), **facts)


def program(tmp_path, name):
    """The actor under an agent's name, run by Python as a script."""
    path = tmp_path / name
    path.write_text(ACTOR.read_text())
    return [sys.executable, str(path)]


def test_a_hook_reports_the_agent_above_its_shell(stage, hand, tmp_path):
    command = program(tmp_path, "claude")
    pid = stage.start("name=agent", "child=name=hook", program=command)
    chain = lineage(stage.pids["hook"])
    assert chain[0][0] == pid
    report = PeerReport("claude-code/x", "hook", chain, "claude-code")
    found = hand.holder.report(report)
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "exact", "")
    assert hand.holder.ends("claude-code/x")


def test_a_stranger_that_called_a_hook_once_does_not_end_the_session_with_itself(stage, hand):
    pid = stage.start("name=stranger")
    chain = ((pid, linux.glance(pid).start),)
    found = hand.holder.report(PeerReport("claude-code/x", "hook", chain, "claude-code"))
    assert found.confidence == "strong" and not hand.holder.ends("claude-code/x")


def test_a_hook_report_that_is_old_leads_nowhere_near_the_users_shell(stage, hand):
    me = linux.glance(os.getppid())
    chain = ((2**22 - 1, 5), (me.pid, me.start))
    found = hand.holder.report(PeerReport("claude-code/x", "hook", chain, "claude-code"))
    assert found.refusal


def test_after_a_hook_of_the_next_session_the_former_is_refused(stage, hand, look, root):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    chain = ((pid, linux.glance(pid).start),)
    for session in ("aaaa", "bbbb"):
        hand.holder.report(PeerReport(f"claude-code/{session}", "hook", chain, "claude-code"))
    former, found = look(claude("aaaa"), claude("bbbb"))
    assert "gone on to session claude-code/bbbb" in former.refusal
    assert (found.process.pid, found.refusal) == (pid, "")


def test_the_peer_of_a_socket_is_held_by_the_kernels_own_handle(stage, hand, tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        code = "import socket,sys,time;s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])"
        code += ";print('ready peer',__import__('os').getpid(),flush=True);time.sleep(60)"
        pid = stage.start("name=peer", program=[sys.executable, "-ISc", code, str(tmp_path / "s")])
        connection, _ = server.accept()
        with connection:
            peer = caller_of(connection)
    assert (peer.pid, peer.uid) == (pid, os.getuid())
    start = linux.glance(pid).start
    report = PeerReport("costtop/p", "peer", ((peer.pid, start),), hint=pid)
    found = hand.holder.report(report, os.pidfd_open(pid))
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "exact", "")


def test_a_process_that_sends_many_sessions_is_refused_for_each(stage, hand):
    pid = stage.start("name=server")
    chain = ((pid, linux.glance(pid).start),)
    for session in ("costtop/a", "costtop/b"):
        hand.holder.report(PeerReport(session, "peer", chain))
    assert "costtop/b" in hand.holder.find("costtop/a").refusal


def test_two_agents_whose_hooks_tell_of_one_session_are_refused_until_one_has_gone(
    stage, hand, look
):
    pids = [stage.start(f"name={n}", program=stage.program("claude")) for n in ("one", "two")]
    for pid in pids:
        chain = ((pid, linux.glance(pid).start),)
        found = hand.holder.report(PeerReport("claude-code/aaaa", "hook", chain, "claude-code"))
    assert all(str(pid) in found.refusal for pid in pids)
    assert look(claude("aaaa"))[0].refusal == found.refusal
    stage.end_of("one")
    stage.ended("one")
    found = look(claude("aaaa"))[0]
    assert (found.process.pid, found.confidence, found.refusal) == (pids[1], "exact", "")


# ------------------------------------------------------------------------------------- the holder


def test_no_more_processes_are_held_than_the_limit(stage, hand_of):
    hand = hand_of(limit=2)
    before = len(os.listdir("/proc/self/fd"))
    pids = [stage.start(f"name=n{number}") for number in range(3)]
    opened = len(os.listdir("/proc/self/fd"))
    for number, pid in enumerate(pids):
        hand.take(pid, f"costtop/{number}")
    assert "holds 2 others already" in hand.holder.find("costtop/2").refusal
    assert len(os.listdir("/proc/self/fd")) == opened + 2
    os.kill(pids[0], 9)
    stage.ended("n0")
    hand.take(pids[2], "costtop/2")
    assert hand.holder.find("costtop/2").refusal == ""
    hand.holder.close()
    assert len(os.listdir("/proc/self/fd")) == opened > before


def test_vitals_tell_program_folder_memory_and_children(stage, hand):
    session = hand.take(stage.start("name=agent", "child=name=one"))
    hand.vitals.refresh()
    hand.vitals.refresh()
    info = hand.vitals.info(session)
    assert info.program.endswith("actor.py")
    assert info.cwd == os.getcwd()
    assert info.children == 1
    assert info.rss > 1_000_000
    assert info.cpu is not None


def test_a_sandbox_that_hides_processes_is_named_and_makes_evidence_weak(stage, root, tmp_path):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    code = f"""
import json
from pathlib import Path
from costtop.processes.evidence.evidence_nouns import Wanted
from costtop.processes.holder import Holder
from costtop.processes.evidence.search import blindness, search
wanted = [Wanted("claude-code/aaaa", "claude-code", ("aaaa",), cwd={os.getcwd()!r})]
holder = Holder()
holder.take(wanted, search(wanted, [Path({str(root)!r})]))
found = holder.find("claude-code/aaaa")
print(json.dumps([blindness(), found.process and found.process.pid, found.confidence]))
"""
    command = ["unshare", "-U", "--map-current-user", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip("user namespaces are not allowed here")
    blind, handle, confidence = json.loads(done.stdout)
    assert "PrivateUsers" in blind
    assert (handle, confidence) == (pid, "weak")
