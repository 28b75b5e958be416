"""Looks for the processes behind sessions, the best evidence first. It holds and signals nothing.

A search reads files and /proc and may take tens of milliseconds: the daemon runs it in a thread
and hands the claims to `Holder.take`.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from costtop.processes.evidence import agent_files, neighbours, signs
from costtop.processes.evidence.agents import is_agent
from costtop.processes.evidence.evidence_nouns import PeerReport, ProcessClaim, Wanted
from costtop.processes.evidence.signs import is_messenger
from costtop.processes.inspect.inspector import system_inspector
from costtop.processes.inspect.process import SHELLS, Inspector, program
from costtop.processes.refuse import unfit

NO_PROCESSES = (
    "this system shows no processes (is /proc mounted?): calls are counted and told, but no process"
    " is found, and none can be paused or ended"
)


def search(
    wanted: Sequence[Wanted], claude_roots: Iterable[Path], inspector: Inspector | None = None
) -> list[ProcessClaim]:
    """All that says which processes are behind the `wanted` sessions.

    `claude_roots` are Claude Code's configuration folders (~/.claude, $CLAUDE_CONFIG_DIR). Costly
    signs are sought only for sessions that have no better ones.
    """
    inspector = inspector or system_inspector()
    cache = signs.ProcessCache(inspector)
    hints = agent_files.claims(wanted, claude_roots, cache)
    claims = signs.by_open_log(wanted, cache)
    hints += signs.by_hint(_lacking(wanted, hints + claims), cache)
    claims += signs.by_environment(_lacking(wanted, hints + claims), cache)
    lasts = {one.session: one.last for one in wanted}
    known = {one.pid: lasts[one.session] for one in hints + claims if one.confidence != "weak"}
    there = neighbours.by_folder(_lacking(wanted, hints + claims), cache, known)
    agents = {one.session for one in there}
    # A file may name any program there, such as what started the agent: the agent itself is meant.
    hints = [one for one in hints if one.confidence != "weak" or one.session not in agents]
    return hints + claims + there


def heard(report: PeerReport, inspector: Inspector) -> ProcessClaim | None:
    """The process that a report means; None where it names none that could be one session's.

    A hook's ancestors are [its `sh -c`, the agent, the user's shell, the terminal, …]: the agent is
    the first that is known as one, else the first that is no wrapper.
    """
    if report.kind == "hook":
        return _behind_hook(report, inspector)
    if not report.chain:
        return None
    pid, start = report.chain[0]
    if report.kind == "run":
        words = "costtop run started it"
        return ProcessClaim(report.session, pid, start, "exact", words)
    return _behind_calls(report, pid, start, inspector)


def blindness(inspector: Inspector | None = None) -> str:
    """Why other processes of this user cannot be looked into; empty when they can (K12).

    Two signs: every process of ours hides its folder, or the list lacks even this process.
    """
    inspector = inspector or system_inspector()
    me = os.getpid()
    hidden, seen = 0, inspector.census()
    if me not in seen:
        return NO_PROCESSES
    for one in seen.values():
        if one.kernel or one.pid == me or inspector.owners(one.pid)[:1] != (os.getuid(),):
            continue
        try:
            if one.state not in "ZX" and inspector.cwd(one.pid):
                return ""
        except PermissionError:
            hidden += 1
    if not hidden:
        return ""
    return (
        "costtop runs in a sandbox that hides the folders and open files of your processes"
        " (a user namespace): remove PrivateUsers=, ProtectSystem=, ProtectHome=, PrivateTmp= and"
        " the like from its unit"
    )


def _lacking(wanted: Sequence[Wanted], claims: Sequence[ProcessClaim]) -> list[Wanted]:
    settled = {one.session for one in claims if one.confidence != "weak"}
    return [one for one in wanted if one.session not in settled]


def _behind_hook(report: PeerReport, inspector: Inspector) -> ProcessClaim | None:
    for pid, start in report.chain:
        now = inspector.glance(pid)
        if now is None or now.start != start:
            continue  # the wrapper has gone, or another process has its number
        argv = inspector.argv(pid)
        words = "it called costtop's hook"
        if is_agent(argv, report.source) and not _is_wrapper(argv):
            return ProcessClaim(report.session, pid, start, "exact", words)
        if not _is_wrapper(argv):
            refused = unfit(argv, now)
            words += f"; {program(argv, now.name)} is not a program known as an agent"
            claim = ProcessClaim(report.session, pid, start, "strong", words, refusal=refused)
            return claim._replace(stranger=True)
    return None


def _behind_calls(
    report: PeerReport, pid: int, start: int, inspector: Inspector
) -> ProcessClaim | None:
    """The program at the other end of the socket, unless it carries what others say.

    The kernel names it, and it names the session: nothing else is needed. Only where the calls
    name another process than the one that sends them, it may be a mere messenger.
    """
    now = inspector.glance(pid)
    argv = inspector.argv(pid)
    if now is None or now.start != start or is_messenger(argv, now.name):
        return None
    words = "it sent the session's calls over the socket"
    agreed = report.hint in {None, pid}
    words += "" if agreed else f", which name process {report.hint}"
    claim = ProcessClaim(report.session, pid, start, "exact" if agreed else "strong", words)
    return claim._replace(refusal=unfit(argv, now), speaks=True)


def _is_wrapper(argv: Sequence[str]) -> bool:
    """`sh -c …`, `env …`, `timeout …`: what stands between an agent and its hook."""
    first = os.path.basename(argv[0]).lstrip("-") if argv else ""
    if first in SHELLS:
        return any(word.startswith("-") and "c" in word for word in argv[1:2])
    return first in {"env", "timeout", "nice", "nohup", "setsid", "uv", "costtop"}
