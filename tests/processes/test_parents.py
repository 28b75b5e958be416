"""Whatever an agent was started by, its own process is meant, or none: never what stands above it.

Real processes under a wrapper script, npx, tmux, sshd and the like; what started them lives on.
"""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from costtop.processes.evidence.evidence_nouns import PeerReport, Wanted
from costtop.processes.inspect import linux
from costtop.processes.inspect.inspector import lineage
from costtop.processes.refuse import refusal
from tests.patience import until
from tests.processes.conftest import ACTOR
from tests.processes.test_forged import forge

SESSION = "claude-code/aaaa"
# What sshd is to an agent: it has a terminal, runs a shell's order there, and stays after that.
TERMINAL = """
import os, pty, signal, sys
order, told = sys.argv[1:]
signal.alarm(60)
os.setsid()
with open(told, "w") as file:
    file.write(f"ready host {os.getpid()}\\n")
pid, terminal = pty.fork()
if not pid:
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-c", order + "; :"])
try:
    while os.read(terminal, 4096):
        pass
except OSError:
    pass
signal.pause()
"""
PLAIN = 'echo "ready host $$" > "$2"; sh -c "$1; :"; sleep 60'


def titled(title: str, *command: str) -> list[str]:
    """The command under another name, as programs that write one over their command line."""
    return ["bash", "-c", f'exec -a {shlex.quote(title)} "$0" "$@"', *command]


class Parents:
    """Starts an agent below something else; knows their pids by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self._tmux: list[str] = []

    def order(self, program: str = "bin/claude") -> str:
        path = self.folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Path(ACTOR).read_text())
        words = [sys.executable, "-I", "-S", str(path), "name=agent", "child=name=hook"]
        return f"{shlex.join(words)} > {shlex.quote(str(self.folder / 'agent'))}"

    def host(self, title: str, order: str, *, terminal: bool = False) -> None:
        told = str(self.folder / "host")
        words = ["bash", "-c", PLAIN, "host", order, told]
        if terminal:
            words = [sys.executable, "-I", "-S", "-c", TERMINAL, order, told]
        self._started.append(subprocess.Popen(titled(title, *words)))

    def wrapper(self, name: str, order: str) -> None:
        """A shell script that runs the agent as its child."""
        script = self.folder / name
        script.write_text(
            f"#!/bin/bash\necho ready host $$ > {self.folder}/host\n{order}\nsleep 60\n"
        )
        script.chmod(0o755)
        self._started.append(subprocess.Popen([str(script)]))

    def tmux(self, order: str) -> None:
        self._tmux = ["tmux", "-f", "/dev/null", "-S", str(self.folder / "tmux")]
        subprocess.run([*self._tmux, "new", "-d", f"{order}; sleep 60"], check=True)
        words = [*self._tmux, "display", "-p", "#{pid}"]
        pid = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        (self.folder / "host").write_text(f"ready host {pid}")

    def pids(self) -> dict[str, int]:
        """Of host, agent and hook, once all are ready."""
        files = [self.folder / name for name in ("host", "agent")]

        def told() -> dict[str, int]:
            lines = [line for one in files if one.exists() for line in one.read_text().splitlines()]
            words = [line.split() for line in lines]
            return {each[1]: int(each[2]) for each in words if len(each) == 3}

        until(lambda: len(told()) == 3)
        return told()

    def end(self) -> None:
        if self._tmux:
            subprocess.run([*self._tmux, "kill-server"], check=False)
        for one in self._started:
            for pid in _below(one.pid):
                with contextlib.suppress(ProcessLookupError):  # it goes with what was below it
                    os.kill(pid, 9)
            one.kill()
            one.wait()


def _below(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, found) for each in (*_below(child), child)]


@pytest.fixture
def parents(tmp_path):
    made = Parents(tmp_path)
    yield made
    made.end()


KINDS = ("wrapper", "wrapper of its name", "npx", "tmux", "ssh", "cron")


@pytest.fixture(params=KINDS)
def below(request, parents):
    """The pids of an agent, its hook, and what stands above; the kind of that."""
    match request.param:
        case "wrapper":
            parents.wrapper("start-agent", parents.order())
        case "wrapper of its name":
            parents.wrapper("claude", parents.order("lib/claude"))
        case "npx":
            parents.host("npm exec @anthropic-ai/claude-code", parents.order())
        case "tmux":
            if shutil.which("tmux") is None:
                pytest.skip("tmux is not installed")
            parents.tmux(parents.order())
        case "ssh":
            parents.host("sshd: ana@pts/1", parents.order(), terminal=True)
        case "cron":
            parents.host("/usr/sbin/cron", parents.order())
    return request.param, parents.pids()


def wanted(**facts: object) -> Wanted:
    now = time.time_ns() // 1_000_000
    known = {"cwd": os.getcwd(), "started": now, "last": now, **facts}
    return Wanted(SESSION, "claude-code", ("aaaa",), **known)


async def test_a_hook_means_the_agent_itself_and_what_started_it_lives_on(below, hand, all_steps):
    _, pids = below
    report = PeerReport(SESSION, "hook", lineage(pids["hook"]), "claude-code")
    found = hand.holder.report(report)
    assert (found.process.pid, found.confidence, found.refusal) == (pids["agent"], "exact", "")
    assert (await all_steps(hand.actions.kill(SESSION)))[-1].success
    until(lambda: linux.glance(pids["agent"]) is None or linux.glance(pids["agent"]).state == "Z")
    assert linux.glance(pids["host"]).state in "RS"


def test_without_a_hook_the_agent_is_found_in_its_folder(below, look):
    kind, pids = below
    (found,) = look(wanted())
    # A script of its name, which it runs below, is as good: a kill of it ends both.
    meant = pids["host" if kind == "wrapper of its name" else "agent"]
    assert (found.process.pid, found.confidence, found.refusal) == (meant, "weak", "")


def test_its_own_file_and_its_folder_make_it_exact(below, look, root):
    _, pids = below
    forge(root, pids["agent"], "aaaa")
    (found,) = look(wanted())
    assert (found.process.pid, found.confidence, found.refusal) == (pids["agent"], "exact", "")


def test_a_forged_file_that_names_what_stands_above_is_refused(below, look, root):
    kind, pids = below
    if kind == "wrapper of its name":
        pytest.skip("a script of the agent's name is the agent's")
    forge(root, pids["host"], "aaaa")
    (found,) = look(wanted())
    assert found.process is None or found.process.pid == pids["agent"]
    assert found.confidence in {"", "weak"}


def test_who_asks_from_inside_that_terminal_is_refused_what_it_runs_under(below):
    _, pids = below
    reason = refusal(pids["agent"], linux, asker=pids["hook"])
    assert "act from another terminal" in reason


# --------------------------------------------------------------------- an agent by another name


async def test_a_renamed_agent_is_known_by_its_hook_alone_and_never_by_itself(
    parents, hand, all_steps
):
    parents.host("nohup", parents.order("bin/my-helper"))
    pids = parents.pids()
    report = PeerReport(SESSION, "hook", lineage(pids["hook"]), "claude-code")
    found = hand.holder.report(report)
    assert (found.process.pid, found.confidence) == (pids["agent"], "strong")
    assert "is not a program known as an agent" in found.evidence
    assert (await all_steps(hand.actions.kill(SESSION)))[-1].outcome == "refused"  # by itself
    assert (await all_steps(hand.actions.kill(SESSION, os.getpid())))[-1].success


def test_a_renamed_agent_is_found_by_nothing_else(parents, look, root):
    parents.host("nohup", parents.order("bin/my-helper"))
    pids = parents.pids()
    assert look(wanted())[0].process is None
    forge(root, pids["agent"], "aaaa")
    assert look(wanted(cwd="/nonexistent"))[0].process is None
    found = look(wanted())[0]  # it works there: the number has to be typed
    assert (found.process.pid, found.confidence) == (pids["agent"], "weak")
