"""Pausing what has a terminal: what its shell gets is said, and what brings it back."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.processes.inspect import linux
from costtop.processes.inspect.process import Process
from costtop.processes.kill.terminal import shell_before, shell_behind
from tests.processes.conftest import ACTOR
from tests.processes.shells import Shell

SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}


def typed(folder: Path, *words: str) -> str:
    """What starts an actor from a shell, and says its pid in a file."""
    order = shlex.join([sys.executable, "-I", "-S", ACTOR, "name=agent", *words])
    return f"{order} > {shlex.quote(str(folder / 'agent'))}"


def pid_of(folder: Path, until) -> int:
    file = folder / "agent"
    until(lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text().split()[-1])


@pytest.fixture(params=SHELLS)
def shell(request):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    made = Shell(*SHELLS[request.param])
    yield made
    made.end()


async def test_a_pause_says_whose_the_terminal_is_then_and_resume_what_brings_it_back(
    shell, hand, tmp_path, until, all_steps
):
    shell.type(typed(tmp_path))
    pid = pid_of(tmp_path, until)
    until(lambda: shell.foreground() == os.getpgid(pid))
    session = hand.take(pid)
    assert hand.actions.has_terminal(session)
    (rung,) = hand.actions.plan_pause(session)
    assert f"({shell.pid}), which runs what is typed there next" in rung.words
    (step,) = await all_steps(hand.actions.pause(session))
    assert step.outcome == "done" and f"({shell.pid})" in step.what
    until(lambda: shell.foreground() == os.getpgid(shell.pid))  # as was said
    (step,) = await all_steps(hand.actions.resume(session))
    assert step.outcome == "done"
    assert "continues in the background: type fg to" in step.what
    shell.type("fg")
    until(lambda: shell.foreground() == os.getpgid(pid))
    assert linux.glance(pid).state != "T"


async def test_a_job_in_the_background_gives_nobody_a_terminal(
    shell, hand, tmp_path, until, all_steps
):
    shell.type(typed(tmp_path) + " &")
    session = hand.take(pid_of(tmp_path, until))
    until(lambda: shell.foreground() == os.getpgid(shell.pid))
    assert not hand.actions.has_terminal(session)
    (step,) = await all_steps(hand.actions.pause(session))
    assert step.outcome == "done" and step.what.endswith("paused")


@pytest.fixture
def pane(tmp_path):
    """A program that tmux runs as its own child."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    tmux = ["tmux", "-f", "/dev/null", "-S", str(tmp_path / "tmux")]
    subprocess.run([*tmux, "new", "-d", f"exec {typed(tmp_path)}"], check=True)
    yield tmp_path
    subprocess.run([*tmux, "kill-server"], check=True)


async def test_what_tmux_itself_started_is_not_said_to_be_paused(hand, pane, until, all_steps):
    """tmux continues what stops as its own child: only a hold keeps it."""
    session = hand.take(pid_of(pane, until))
    (rung,) = hand.actions.plan_pause(session)
    assert "tmux wakes it at once" in rung.words
    (step,) = await all_steps(hand.actions.pause(session))
    assert step.outcome == "alive" and "did not stop; tmux wakes it at once" in step.what


def test_a_program_without_a_terminal_has_no_shell_behind_it(stage):
    pid = stage.start("name=agent", start_new_session=True)
    now = linux.glance(pid)
    assert now.terminal == 0
    assert shell_behind(now, linux) is None and shell_before(now, linux) is None


def test_where_the_foreground_is_not_known_nothing_is_said():
    blind = Process(2, 1, 1, 2, 2, "S", "agent", terminal=34816, foreground=0)
    assert shell_behind(blind, linux) is None and shell_before(blind, linux) is None
