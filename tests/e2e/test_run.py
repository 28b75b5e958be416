"""`costtop run`: tags, the cap, the exit code, the terminal; with a daemon and without one."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE, until

RUN = [sys.executable, "-P", "-m", "costtop", "run"]
JOB = """
import json, sys, time
from costtop import paths
from costtop.control import client
line = {"session": "job", "model": "gpt-5", "input_tokens": 9, "output_tokens": 9,
        "cwd": sys.argv[1]}
client.send(paths.find().socket, json.dumps(line).encode() + b"\\n")
time.sleep(30)
"""


@pytest.fixture(params=["with a daemon", "without one"])
def any_house(house, request):
    if request.param == "with a daemon":
        house.start()
    return house


def _agent(house, kind="claude", **words):
    return [sys.executable, str(house.program(kind)), *(f"{k}={v}" for k, v in words.items())]


def _report(house, by):
    said = house.run("report", "--by", by, "--json").stdout
    return {row["key"]: row["calls"] for row in json.loads(said)["rows"]}


def test_every_call_of_its_sessions_is_tagged_and_the_summary_says_what_it_cost(any_house):
    house = any_house
    agent = _agent(house, session="s1", calls=4, every=0.6, exit="yes")
    ran = house.run("run", "--feature", "checkout", "--task", "T-1", "--user", "ana", "--", *agent)
    assert ran.returncode == 0
    assert "$0.10 · 4 calls · 1 session (s1) ·" in ran.stderr and "exit 0" in ran.stderr
    until(lambda: _report(house, "feature") == {"checkout": 4}, what="the feature")
    assert _report(house, "user") == {"ana": 4}
    tasks = "SELECT count(*) FROM calls c JOIN contexts x ON x.id = c.context"
    tasks += " JOIN names n ON n.id = x.task WHERE n.text = 'T-1'"
    assert house.answers(tasks) == [(4,)]
    assert house.answers("SELECT task FROM tasks") in ([], [("T-1",)])
    assert house.answers("SELECT sum(calls) FROM spend") == [(4,)]


@pytest.mark.parametrize("calls", [1, 4], ids=["over at once", "known for a while"])
def test_a_session_whose_command_has_exited_is_not_said_to_run(any_house, calls):
    house = any_house
    agent = _agent(house, session="s1", calls=calls, every=0.6, exit="yes")
    assert house.run("run", "--", *agent).returncode == 0
    rows = json.loads(house.run("report", "--by", "session", "--json").stdout)["rows"]
    assert [row["state"] for row in rows] == ["ended"]
    frame = json.loads(house.run("--once", "--json", "--all").stdout)
    assert [row["state"] for row in frame["sessions"]] == ["ended"]


def test_a_session_that_goes_on_in_the_background_of_a_run_is_not_ended(house):
    house.start()
    agent = _agent(house, session="s1", calls=90, every=0.3, exit="yes")
    shell = f"{shlex.join(agent)} > {house.home}/said 2>&1 < /dev/null & echo $! > pid; sleep 6"
    assert house.run("run", "--", "sh", "-c", shell).returncode == 0
    rows = json.loads(house.run("report", "--by", "session", "--json").stdout)["rows"]
    assert [row["state"] for row in rows] == ["running"]
    os.kill(int((house.folder / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize("kind", ["claude", "codex"])
def test_at_the_cap_it_is_ended_with_at_most_a_call_more(house, kind):
    house.start()
    house.run("hooks", "install", "claude-code" if kind == "claude" else "codex")
    agent = _agent(house, kind, session="s1", calls=100, every=0.6, trust="yes")
    ran = house.run("run", "--max-cost", "0.10", "--", *agent)
    assert ran.returncode == 11, ran.stderr
    assert "the cap of $0.10 is reached" in ran.stderr and "SIGINT to" in ran.stderr
    reached = 4 if kind == "claude" else 5
    assert ran.stdout.count("call ") <= reached + 1


def test_a_job_in_the_background_of_a_script_ends_at_its_cap_too(house):
    house.start()
    house.run("hooks", "install", "claude-code")
    agent = _agent(house, session="s1", calls=100, every=0.6)
    said = house.home / "said"
    script = f"{shlex.join([*RUN, '--max-cost', '0.10', '--', *agent])} > {said} 2>&1 & wait $!"
    ran = subprocess.run(["sh", "-c", script], cwd=house.folder, timeout=PATIENCE, check=False)
    assert ran.returncode == 11  # the shell has it ignore SIGINT, and all that it starts
    assert "SIGTERM" not in said.read_text()
    assert said.read_text().count("call ") <= 20  # of 100: a busy machine looks late


def test_without_a_daemon_the_cap_holds_too(house):
    agent = _agent(house, session="s1", calls=100, every=0.5, stubborn="no")
    ran = house.run("run", "--max-cost", "$0.05", "--", *agent)
    assert ran.returncode == 11
    assert ran.stdout.count("call ") <= 20  # it looks every second and a half; a busy machine, less


def test_the_exit_code_is_the_commands_own(house):
    assert house.run("run", "--", "sh", "-c", "exit 7").returncode == 7
    assert house.run("run", "--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM
    ran = house.run("run", "--", "/no/such/program")
    assert ran.returncode == 1 and ran.stderr.count("\n") == 1
    assert house.run("run").returncode == 2
    assert house.run("run", "--max-cost", "0", "--", "true").returncode == 2


def test_the_environment_carries_the_tags(house):
    ran = house.run("run", "-q", "--feature", "a,b", "--task", "T 1", "--", "env")
    lines = ran.stdout.splitlines()
    assert "COSTTOP_FEATURE=a,b" in lines and "COSTTOP_TASK=T 1" in lines
    otel = next(line for line in lines if line.startswith("OTEL_RESOURCE_ATTRIBUTES="))
    assert otel.endswith(",feature=a%2Cb,task=T%201") and "costtop.run=" in otel
    assert ran.stderr == ""


def _catches(pid, number):
    """Whether the process has a handler of its own for the signal."""
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return int(caught, 16) >> (number - 1) & 1


def test_a_signal_reaches_the_command_and_its_end_is_told(house):
    script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    command = [*RUN, "-q", "--", "sh", "-c", script]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=house.folder)
    assert process.stdout.readline() == "ready\n"
    until(lambda: _catches(process.pid, signal.SIGTERM))  # it does once the command runs
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == "caught\n"
    assert process.wait(PATIENCE) == 3
    process.stdout.close()


def test_the_terminal_is_the_commands_and_comes_back(house):
    script = "import os; print('front', os.tcgetpgrp(0) == os.getpgrp(), input())"
    command = [*RUN, "-q", "--", sys.executable, "-c", script]
    pid, terminal = pty.fork()
    if pid == 0:
        code = subprocess.call(command)
        os.write(1, f"back {os.tcgetpgrp(0) == os.getpgrp()} {code}\n".encode())
        os._exit(0)
    os.write(terminal, b"typed\n")
    said = b""
    until_end = time.monotonic() + PATIENCE
    while b"back" not in said and time.monotonic() < until_end:
        try:
            said += os.read(terminal, 1024)
        except OSError:  # all of it is read, and nobody is there any more
            break
    os.waitpid(pid, 0)
    os.close(terminal)
    assert b"front True typed" in said
    assert b"back True 0" in said


def test_its_process_is_known_exactly_without_any_other_sign(house):
    """A program that writes costtop's own lines, names no pid, and starts in the run's folder."""
    house.start()
    command = [*RUN, "-q", "--feature", "x", "--", sys.executable, "-c", JOB, str(house.folder)]
    process = subprocess.Popen(command, cwd=house.folder)
    try:
        until(lambda: house.answers("SELECT session FROM run_sessions"), what="the session")
        house.known("costtop/job")
        assert "costtop run started it" in house.run("kill", "job", "-n").stdout
        assert house.run("kill", "job", "--yes").returncode == 0
        assert process.wait(PATIENCE) != 0
        assert _report(house, "feature") == {"x": 1}
    finally:
        process.kill()
        process.wait()


def test_what_a_command_cost_that_ends_at_once_is_told(house):
    file = house.folder / "app.jsonl"
    source = f'[[source]]\nname = "app"\npaths = ["{file}"]\n'
    house.configure(source)
    house.start()
    line = {"session": "quick", "model": "gpt-5", "input_tokens": 0, "output_tokens": 100_000}
    line |= {"cwd": str(house.folder), "ts": "NOW"}
    said = json.dumps(json.dumps(line)).replace("NOW", "$(date -u +%FT%TZ)")
    script = f"echo {said} > {shlex.quote(str(file))}"
    ran = house.run("run", "--feature", "now", "--", "sh", "-c", script)
    assert ran.returncode == 0
    assert "costtop run: $1.00 · 1 call · 1 session (quick)" in ran.stderr
