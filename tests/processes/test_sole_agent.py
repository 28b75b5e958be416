"""The only agent in a folder is a session's exactly once it was seen at work on it, and not before.

The agents here are real processes that write when they are told to.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from costtop.durations import now_ms
from costtop.processes.evidence.agent_files import placed
from costtop.processes.evidence.evidence_nouns import ProcessClaim, Wanted
from costtop.processes.evidence.search import search
from costtop.processes.evidence.sole_agent import SoleAgents
from costtop.processes.inspect import linux
from tests.patience import until

WRITER = """
import subprocess, sys
child = None
if sys.argv[1:2] == ["anew"]:
    child = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, text=True)
print("ready", flush=True)
for line in sys.stdin:
    if child is None:
        path, _, count = line.partition(" ")
        kept = open(path, "a")
        if count.strip() == "keep":
            continue
        kept.write("x" * int(count))
        kept.close()
    else:
        child.stdin.write(line)
        child.stdin.flush()
"""


class Writer:
    """An agent's program that appends to a file what it is told to."""

    def __init__(self, program: Path, folder: Path, *words: str) -> None:
        program.write_text(WRITER)
        self.process = subprocess.Popen(
            [sys.executable, str(program), *words],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def write(self, log: Path, count: int = 200) -> None:
        before = log.stat().st_size if log.exists() else 0
        self.process.stdin.write(f"{log} {count}\n")
        self.process.stdin.flush()
        until(lambda: log.exists() and log.stat().st_size == before + count)

    def keep(self, log: Path) -> None:
        """Opens it, and leaves it open."""
        self.process.stdin.write(f"{log} keep\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def start(tmp_path: Path, folder: Path) -> Iterator[Callable[..., Writer]]:
    started: list[Writer] = []

    def one(*words: str) -> Writer:
        started.append(Writer(tmp_path / "gemini", folder, *words))
        return started[-1]

    yield one
    for each in started:
        each.end()


@pytest.fixture
def look(hand, root):
    """One search as the daemon makes it; (pid, confidence) of the first session."""
    lone = SoleAgents()

    def look(*wanted: Wanted) -> tuple[int | None, str]:
        claims = lone.weighed(wanted, search(wanted, [root]), linux)
        hand.holder.take(wanted, claims)
        found = hand.holder.find(wanted[0].session)
        return (found.process.pid if found.process else None), found.confidence

    return look


def session(folder: Path, log: Path, last: int, name: str = "g") -> Wanted:
    return Wanted(
        f"gemini-cli/{name}", "gemini-cli", (name,), str(folder), (str(log),), None, 1, last
    )


@pytest.mark.parametrize("words", [(), ("anew",)], ids=["as it is", "that started itself anew"])
def test_a_call_between_two_looks_makes_the_only_agent_in_the_folder_exact(
    start, look, folder, tmp_path, words
):
    agent, log = start(*words), tmp_path / "log"
    agent.write(log)
    assert look(session(folder, log, 1000)) == (agent.process.pid, "weak")
    agent.write(log)
    assert look(session(folder, log, 1000))[1] == "weak"  # its log grew, and no call was told
    assert look(session(folder, log, 2000)) == (agent.process.pid, "exact")


def test_what_holds_the_log_for_a_moment_below_the_known_agent_does_not_displace_it(
    start, look, folder, tmp_path, stage, hand
):
    agent, log = start("anew"), tmp_path / "log"
    agent.write(log)
    look(session(folder, log, 1000))
    agent.write(log)
    assert look(session(folder, log, 2000)) == (agent.process.pid, "exact")
    below = next(x.pid for x in linux.census().values() if x.parent == agent.process.pid)
    agent.keep(log)
    until(lambda: str(log) in linux.written(below))
    claim = ProcessClaim("gemini-cli/g", below, linux.glance(below).start, "exact", "its log")
    for file in (str(log), ""):
        hand.holder.take([session(folder, log, 2000)], [claim._replace(file=file)])
        found = hand.holder.find("gemini-cli/g")
        assert found.process.pid == (agent.process.pid if file else below)


def test_a_log_that_it_holds_for_a_moment_does_not_displace_a_proof_that_lasts(
    start, look, folder, tmp_path, hand
):
    agent, log = start(), tmp_path / "log"
    agent.write(log)
    look(session(folder, log, 1000))
    agent.write(log)
    assert look(session(folder, log, 2000)) == (agent.process.pid, "exact")
    pid = agent.process.pid
    claim = ProcessClaim("gemini-cli/g", pid, linux.glance(pid).start, "exact", "its log")
    closed = claim._replace(file=str(log))
    hand.holder.take([session(folder, log, 2000)], [closed])
    assert hand.holder.confirms("gemini-cli/g")
    hand.holder.take([session(folder, log, 2000)], [claim._replace(refusal="it has gone on")])
    assert hand.holder.find("gemini-cli/g").refusal


def test_an_agent_that_wrote_less_than_the_log_has_grown_is_not_the_one(
    start, look, folder, tmp_path
):
    agent, log = start(), tmp_path / "log"
    agent.write(log)
    assert look(session(folder, log, 1000)) == (agent.process.pid, "weak")
    for last in (2000, 3000):
        with log.open("a") as file:
            file.write("forged" * 1000)
        assert look(session(folder, log, last)) == (agent.process.pid, "weak")


def test_an_agent_that_is_left_when_another_has_gone_is_not_the_one(start, look, folder, tmp_path):
    idle, log = start(), tmp_path / "log"
    busy = start()
    busy.write(log)
    assert look(session(folder, log, 1000))[0] is None
    busy.write(log)
    busy.end()
    assert look(session(folder, log, 2000)) == (idle.process.pid, "weak")
    assert look(session(folder, log, 2000)) == (idle.process.pid, "weak")


def test_a_process_with_two_sessions_that_call_is_neither_ones(start, look, folder, tmp_path):
    agent, one, two = start(), tmp_path / "one", tmp_path / "two"
    agent.write(one)
    agent.write(two)
    for last in (1000, 2000, 3000):
        found = look(session(folder, one, last), session(folder, two, last + 1, "h"))
        assert found[1] in {"weak", ""}
        agent.write(one)
        agent.write(two)


def test_a_session_whose_agent_has_gone_does_not_contest_the_next_one_in_its_folder(
    start, look, folder, tmp_path, hand
):
    agent, log = start(), tmp_path / "log"
    before = session(folder, log, 1000, "h")  # its latest call was long before the agent began
    assert look(session(folder, log, now_ms()), before) == (agent.process.pid, "weak")
    assert not hand.holder.find("gemini-cli/g").refusal
    assert hand.holder.find("gemini-cli/h").process is None
    assert look(before) == (agent.process.pid, "weak")  # alone it may be what was taken up anew


def test_gemini_names_the_folder_of_its_sessions_beside_its_chats(tmp_path):
    chats = tmp_path / "tmp/shop/chats/parent"
    chats.mkdir(parents=True)
    one = Wanted("gemini-cli/g", "gemini-cli", ("g",), "", (str(chats / "sub.jsonl"),))
    assert placed([one]) == [one]
    (tmp_path / "tmp/shop/.project_root").write_text("/home/ana/shop\n")
    known = one._replace(cwd="/home/ana/elsewhere")
    other = one._replace(source="qwen-code")
    assert placed([one, known, other]) == [one._replace(cwd="/home/ana/shop"), known, other]
    (tmp_path / "tmp/shop/.project_root").write_text("../shop")
    assert placed([one]) == [one]
