"""Who is never signalled: RELIABILITY.md K5."""

import os
import subprocess
import sys
import threading

import pytest

from costtop.processes.inspect import linux
from costtop.processes.inspect.inspector import lineage
from costtop.processes.refuse import refusal, unfit

ROOT_ONLY = pytest.mark.skipif(
    os.getuid() != 0, reason="only root can start another user's process"
)
NOBODY = 65534


@pytest.mark.parametrize("pid", [0, -1, 1, True, "12", 12.0, None, 2**31, 2**70])
def test_what_is_not_one_process_of_ours_is_refused(pid):
    assert refusal(pid, linux)


def test_costtop_itself_and_all_above_it_are_refused():
    assert "itself" in refusal(os.getpid(), linux)
    for pid, _ in lineage():
        assert refusal(pid, linux), pid
    assert "runs under" in refusal(os.getppid(), linux)


def test_the_shell_under_the_screen_that_asks_is_refused(stage):
    shell = stage.start("name=shell", "child=name=screen")
    assert refusal(shell, linux) == ""
    reason = refusal(shell, linux, asker=stage.pids["screen"])
    assert "act from another terminal" in reason
    assert refusal(stage.pids["screen"], linux, asker=stage.pids["screen"])


def test_a_thread_is_refused():
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        assert f"thread of process {os.getpid()}" in refusal(thread.native_id, linux)
    finally:
        ended.set()
        thread.join()


def test_a_kernel_thread_is_refused():
    kernel = [one.pid for one in linux.census().values() if one.kernel]
    if not kernel:
        pytest.skip("no kernel threads are visible in this container")
    assert "kernel" in refusal(kernel[0], linux)


@ROOT_ONLY
def test_another_users_process_is_refused_even_by_root(stage):
    pid = stage.start("name=theirs", program=as_nobody(stage))
    assert "another user (uid 65534)" in refusal(pid, linux)


@ROOT_ONLY
async def test_another_users_child_is_left_alone_and_named(stage, hand, all_steps):
    # The agent's child gives up its rights after it was started, as `sudo -u` does.
    pid = stage.start("name=agent", "child=setsid+name=theirs+uid=65534")
    steps = await all_steps(hand.actions.kill(hand.take(pid)))
    assert f"{stage.pids['theirs']} was left alone: belongs to another user" in steps[-1].what
    assert stage.lives("theirs")


@ROOT_ONLY
def test_as_an_ordinary_user_roots_process_is_refused(stage):
    root = stage.start("name=root")
    code = (
        "import os; os.setgid(65534); os.setuid(65534);"
        "from costtop.processes.inspect import linux;"
        "from costtop.processes.refuse import refusal;"
        f"print(refusal({root}, linux)); print(refusal(1, linux))"
    )
    # Imported before the rights go: the checkout may not be readable for nobody.
    code = "import costtop.processes.refuse, costtop.processes.inspect.linux; " + code
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "another user (uid 0)" in out


@pytest.mark.parametrize(
    "argv",
    [
        ("codex", "app-server"),
        ("/usr/bin/node", "/opt/codex/bin/codex.js", "mcp-server"),
        ("/usr/share/code/code", "--type=renderer"),
        ("node", "/x/bootstrap-fork", "--type=extensionHost"),
        ("tmux: server",),
        ("-bash",),
        ("/bin/zsh", "-i"),
        ("sshd: ana@pts/1",),
    ],
)
def test_servers_hosts_and_interactive_shells_are_no_session(argv):
    assert unfit(argv, linux.glance(os.getpid()))


@pytest.mark.parametrize(
    "argv",
    [("claude",), ("node", "/x/cli.js"), ("bash", "agent.sh"), ("python3", "-m", "agent"), ()],
)
def test_agents_and_scripts_may_be_a_session(argv):
    assert unfit(argv, linux.glance(os.getpid())) == ""


def as_nobody(stage):
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs setpriv")
    # The actor's file may lie where nobody cannot read it.
    code = "import os; print('ready theirs', os.getpid(), flush=True); import time; time.sleep(60)"
    return [*command, "/usr/bin/env", "python3", "-I", "-S", "-c", code]
