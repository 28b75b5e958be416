"""Which process is behind a session: right or refused. Fake agents are real processes."""

import json
import os

import pytest

from costtop.processes.evidence.evidence_nouns import Wanted
from costtop.processes.inspect import linux

# Of this run alone: what a process carries names its session also for tests beside us.
NAME = f"eeee-{os.getpid()}"


def claude(session, **facts):
    facts.setdefault("cwd", os.getcwd())
    return Wanted(f"claude-code/{session}", "claude-code", (session,), **facts)


def codex(session, log, **facts):
    return Wanted(f"codex/{session}", "codex", (session,), logs=(str(log),), **facts)


# ---------------------------------------------------------------------------------- Claude Code


def test_claude_code_names_its_process_exactly(stage, look, root, tmp_path):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    stage.start("name=other", f"claude={root},bbbb", cwd=tmp_path)
    (found,) = look(claude("aaaa"))
    assert found.process.pid == pid
    assert found.confidence == "exact"
    assert found.refusal == ""
    assert "start time agrees" in found.evidence


def test_the_older_form_of_the_file_is_read_too(stage, look, root):
    pid = stage.start("name=agent", program=stage.program("claude"))
    start = linux.glance(pid).start
    entry = {"session_id": "aaaa", "pid": pid, "procStart": start}
    write(root / f"sessions/pid-{pid}.json", entry)
    assert look(claude("aaaa"))[0].process.pid == pid


def test_a_file_left_behind_never_names_the_next_owner_of_the_number(stage, look, root):
    pid = stage.start("name=victim")
    start = linux.glance(pid).start
    entry = {"pid": pid, "sessionId": "aaaa", "procStart": start - 1, "cwd": os.getcwd()}
    write(root / f"sessions/{pid}.json", {**entry, "startedAt": linux.born(start) + 300})
    (found,) = look(claude("aaaa"))
    assert found.process is None
    assert found.refusal


def test_without_a_start_time_a_process_younger_than_the_file_is_refused(stage, look, root):
    pid = stage.start("name=victim", program=stage.program("claude"))
    born = linux.born(linux.glance(pid).start)
    entry = {"pid": pid, "sessionId": "aaaa", "startedAt": born - 60_000, "cwd": os.getcwd()}
    write(root / f"sessions/{pid}.json", entry)
    assert look(claude("aaaa", cwd=""))[0].process is None
    write(root / f"sessions/{pid}.json", {**entry, "startedAt": born + 300})
    assert look(claude("aaaa", cwd=os.getcwd()))[0].confidence == "strong"


@pytest.mark.parametrize(
    "entry", [b"", b"[]", b"{", b'{"sessionId": 5}', b'{"sessionId": "aaaa", "pid": 1}', b"\xff"]
)
def test_a_broken_or_foreign_file_says_nothing(stage, look, root, entry):
    pid = stage.start("name=agent")
    (root / "sessions").mkdir(parents=True)
    (root / f"sessions/{pid}.json").write_bytes(entry)
    os.mkfifo(root / "sessions/1234.json")
    (root / "sessions/5678.json").symlink_to("/etc/passwd")
    assert look(claude("aaaa"))[0].process is None


def test_a_background_session_is_left_to_its_supervisor(stage, look, root):
    stage.start("name=agent", f"claude={root},aaaa,bg")
    (found,) = look(claude("aaaa"))
    assert "claude stop aaaa" in found.refusal


def test_after_clear_the_newest_session_of_the_folder_is_meant(stage, look, root):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    here = os.getcwd()
    old = claude("aaaa", cwd=here, started=1000, last=2000)
    new = claude("bbbb", cwd=here, started=3000, last=4000)
    former, found = look(old, new)
    assert found.process.pid == pid
    assert found.confidence == "strong"
    assert found.refusal == ""
    assert "may have gone on to bbbb" in former.evidence
    assert former.confidence == "strong"


def test_after_clear_nothing_is_guessed_where_two_share_the_folder(stage, look, root):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    stage.start("name=second", f"claude={root},cccc")
    here = os.getcwd()
    old = claude("aaaa", cwd=here, started=1000, last=2000)
    new = claude("bbbb", cwd=here, started=3000, last=4000)
    former, found = look(old, new)
    assert found.process is None
    assert (former.process.pid, former.confidence) == (pid, "exact")


def test_a_session_whose_own_process_ended_is_not_given_to_an_older_one(stage, look, root, hand):
    stage.start("name=agent", f"claude={root},aaaa")
    here = os.getcwd()
    old = claude("aaaa", cwd=here, started=1000, last=2000)
    new = claude("bbbb", cwd=here, started=3000, last=4000)
    stage.start("name=once", f"claude={root},bbbb")
    look(old, new)
    os.kill(stage.pids["once"], 9)
    stage.ended("once")
    (root / f"sessions/{stage.pids['once']}.json").unlink()
    assert look(old, new)[1].gone


def test_two_processes_that_claim_one_session_are_refused(stage, look, root):
    pids = [stage.start(f"name={name}", f"claude={root},aaaa") for name in ("one", "two")]
    (found,) = look(claude("aaaa"))
    assert all(str(pid) in found.refusal for pid in pids)


# ---------------------------------------------------------------------------------------- Codex


def test_codex_holds_its_rollout_open(stage, look, tmp_path):
    log = tmp_path / "rollout.jsonl"
    pid = stage.start("name=agent", f"open={log}", program=stage.program("codex"))
    stage.start("name=tail", f"read={log}")
    (found,) = look(codex("t1", log))
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "exact", "")


async def test_codex_that_let_go_of_the_rollout_is_refused(stage, hand, look, tmp_path, all_steps):
    log = tmp_path / "rollout.jsonl"
    stage.start("name=agent", f"open={log}", program=stage.program("codex"))
    look(codex("t1", log))
    log.rename(tmp_path / "elsewhere.jsonl")  # as if it were closed: the path is no longer held
    steps = await all_steps(hand.actions.kill("codex/t1"))
    assert "no longer shows" in steps[-1].what
    assert stage.lives("agent")


def test_a_server_with_many_sessions_is_refused_and_they_are_listed(stage, look, tmp_path):
    logs = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    stage.start(
        "name=server",
        *[f"open={log}" for log in logs],
        "app-server",
        program=stage.program("codex"),
    )
    first, second = look(codex("t1", logs[0]), codex("t2", logs[1]))
    assert "app server" in first.refusal
    assert set(first.sessions) == {"codex/t1", "codex/t2"}
    assert second.refusal


def test_a_process_with_two_sessions_is_refused_for_each(stage, look, tmp_path):
    logs = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    stage.start("name=busy", *[f"open={log}" for log in logs], program=stage.program("codex"))
    first, _ = look(codex("t1", logs[0]), codex("t2", logs[1]))
    assert "carries other sessions too: codex/t2" in first.refusal


def test_a_log_shared_by_parent_and_child_belongs_to_the_parent(stage, look, tmp_path):
    log = tmp_path / "rollout.jsonl"
    pid = stage.start(
        "name=agent", f"open={log}", f"child=name=child+open={log}", program=stage.program("codex")
    )
    assert look(codex("t1", log))[0].process.pid == pid


# ------------------------------------------------------------------------- a pid that a log claims


def app(session, **facts):
    return Wanted(f"costtop/{session}", "costtop", (session,), **facts)


@pytest.mark.parametrize(
    "pid",
    [1, 0, -1, 2**40, os.getpid(), os.getppid()],
    ids=["init", "zero", "negative", "too large", "itself", "its parent"],
)
def test_a_log_cannot_claim_the_system_or_costtop(stage, look, pid):
    (found,) = look(app("s", hint=pid))
    assert found.process is None
    assert found.refusal


def test_a_log_that_claims_a_victim_is_refused_and_does_not_shield_another(stage, look, root):
    pid = stage.start("name=victim", f"claude={root},aaaa")
    forged, true = look(app("s", hint=pid, cwd="/nonexistent"), claude("aaaa"))
    assert forged.process is None
    assert "nothing that the kernel shows confirms it" in forged.refusal
    assert (true.process.pid, true.refusal) == (pid, "")


def test_a_claimed_process_that_began_after_the_last_call_is_another(stage, look):
    pid = stage.start("name=victim")
    last = linux.born(linux.glance(pid).start) - 10_000
    (found,) = look(app("s", hint=pid, cwd=os.getcwd(), last=last))
    assert found.process is None
    assert "began after" in found.refusal


def test_a_claimed_process_that_writes_the_log_is_believed(stage, look, tmp_path):
    log = tmp_path / "app.jsonl"
    pid = stage.start("name=app", f"open={log}")
    (found,) = look(app("s", hint=pid, logs=(str(log),)))
    assert (found.process.pid, found.confidence, found.refusal) == (pid, "strong", "")


async def test_a_weak_sign_needs_the_number_typed(stage, look, hand, all_steps):
    pid = stage.start("name=app")
    (found,) = look(app("s", hint=pid, cwd=os.getcwd()))
    assert (found.process.pid, found.confidence) == (pid, "weak")
    for typed in (None, pid + 1):
        steps = await all_steps(hand.actions.kill("costtop/s", typed=typed))
        assert steps[-1].outcome == "refused"
        assert "type the number" in steps[-1].what
    assert stage.lives("app")
    assert (await all_steps(hand.actions.kill("costtop/s", typed=pid)))[-1].success


# --------------------------------------------------------- environment, folder, command line


def test_children_carry_the_session_in_their_environment(stage, look, tmp_path):
    words = ("name=agent", f"env=CLAUDE_CODE_SESSION_ID={NAME}", "child=name=tool")
    pid = stage.start(*words)
    (found,) = look(claude(NAME))
    assert (found.process.pid, found.confidence) == (pid, "weak")  # not known as an agent
    assert "in its environment" in found.evidence


def test_a_known_agent_above_such_children_is_strong(stage, look, tmp_path):
    words = ("name=agent", f"env=CLAUDE_CODE_SESSION_ID={NAME}", "child=name=tool")
    pid = stage.start(*words, program=stage.program("claude"))
    (found,) = look(claude(NAME))
    assert (found.process.pid, found.confidence) == (pid, "strong")
    assert str(stage.pids["tool"]) in found.evidence


def test_the_only_agent_in_the_folder_is_weak_and_two_are_nobody(stage, look, tmp_path):
    here = tmp_path / "project"
    here.mkdir()
    command = stage.program("gemini")
    wanted = Wanted("gemini-cli/g", "gemini-cli", ("g",), cwd=str(here))
    pid = stage.start("name=agent", program=command, cwd=here)
    (found,) = look(wanted)
    assert (found.process.pid, found.confidence) == (pid, "weak")
    stage.start("name=second", program=command, cwd=here)
    assert look(wanted)[0].process is None


def test_a_command_line_that_names_the_session_is_strong(stage, look, tmp_path):
    command = stage.program("gemini")
    pid = stage.start("name=agent", "--resume", NAME, program=command)
    (found,) = look(Wanted("gemini-cli/g", "gemini-cli", (NAME,)))
    assert (found.process.pid, found.confidence) == (pid, "strong")


def write(path, entry):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry))
