"""Signs of a session that the kernel shows: an open log, an environment, a folder.

Whatever a file says, a log or one that an agent writes of itself, is a hint: any process of the
user can write it. `weighed` is what the kernel makes of one, and the only way to "exact" here.
"""

import functools
import os
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from costtop.processes.evidence.agents import VARIABLES, is_agent
from costtop.processes.evidence.evidence_nouns import ProcessClaim, Wanted
from costtop.processes.inspect.process import Inspector, Process, ancestors, program
from costtop.processes.refuse import refusal, unfit

_T = TypeVar("_T")
# Programs that write or carry other programs' logs: never the process behind one.
_MESSENGERS = frozenset(
    "tee cat logger script rotatelogs multilog svlogd rsync nc ncat netcat socat costtop".split()
)
_DATABASES = (".db", ".sqlite", ".sqlite3")
_SLACK = 2000  # ms


class ProcessCache:
    """What can be seen of our own processes now; each question is asked of the system once.

    What is hidden (a sandbox) is empty.
    """

    def __init__(self, inspector: Inspector) -> None:
        self.inspector = inspector
        self.census = inspector.census()
        self.mine = [one for one in self.census.values() if self._is_mine(one)]
        self.written = functools.cache(lambda pid: _seen(inspector.written, pid) or frozenset())
        self.folder = functools.cache(
            lambda pid: os.path.realpath(_seen(inspector.cwd, pid) or "/")
        )
        self.real = functools.cache(os.path.realpath)  # thousands of sessions share few folders
        self.programs = functools.cache(
            lambda source: [one for one in self.mine if _may_be(one, source, self)]
        )
        self.argv = functools.cache(lambda pid: _seen(inspector.argv, pid) or ())
        self.carried = functools.cache(
            lambda pid: frozenset((_seen(inspector.environ, pid, VARIABLES) or {}).values())
        )

    def _is_mine(self, one: Process) -> bool:
        if one.kernel or one.state in "ZX" or one.pid in {1, os.getpid()}:
            return False
        return self.inspector.owners(one.pid)[:1] == (os.getuid(),)


def weighed(
    claim: ProcessClaim,
    one: Wanted,
    process: Process,
    cache: ProcessCache,
    elsewhere: Collection[int] = (),
) -> ProcessClaim:
    """A hint that names a process, as far as the kernel bears it out.

    exact: the source's own program, at work on the session (in its folder, or with its log open for
    writing), and no other of that program is. strong: another one is, too; or some other program
    writes the log. weak: one of the two signs alone. Neither: refused. `elsewhere` are processes
    that are accounted for by other sessions.
    """
    known = is_agent(cache.argv(process.pid), one.source)
    logs = (os.path.realpath(log) for log in one.logs if not log.endswith(_DATABASES))
    writes = any(log in cache.written(process.pid) for log in logs)
    there = works_in(process.pid, one.cwd, cache)
    words = claim.evidence
    if writes:
        words += ", and it writes that log"
    if there:
        words += ": that program, in the session's folder" if known else ", and it works there"
    elif known and not writes:
        words += ", and it is that program"
    if not (known or writes or there):
        reason = f"{words}, and nothing that the kernel shows confirms it"
        return claim._replace(confidence="weak", refusal=claim.refusal or reason)
    confidence = "strong" if writes or (known and there) else "weak"
    if known and confidence == "strong" and not _rivals(one, process, cache, elsewhere):
        confidence = "exact"
    return claim._replace(confidence=confidence, evidence=words)


def _rivals(
    one: Wanted, process: Process, cache: ProcessCache, elsewhere: Collection[int]
) -> list[Process]:
    """Others of the source's program that may be at work on a session, but for kin of `process`.

    One that began after the session's first call is not: a session is begun by its process.
    """
    kin = {above.pid for above in ancestors(process.pid, cache.inspector)}
    return [
        other
        for other in cache.programs(one.source)
        if other.pid != process.pid
        and other.pid not in kin
        and other.pid not in elsewhere
        and works_in(other.pid, one.cwd, cache)
        and not (one.started and cache.inspector.born(other.start) > one.started + _SLACK)
        and all(above.pid != process.pid for above in ancestors(other.pid, cache.inspector))
    ]


def by_open_log(wanted: Sequence[Wanted], cache: ProcessCache) -> list[ProcessClaim]:
    """Processes that hold a session's log open for writing.

    A database is no such log: every process of its program has it open, at whatever session.
    """
    logs = [(log, one) for one in wanted for log in one.logs if is_log(log)]
    if not logs:
        return []  # what is open is the dearest of all questions
    names = {os.path.basename(log) for process in cache.mine for log in cache.written(process.pid)}
    owners: dict[str, list[Wanted]] = {}
    for log, one in logs:  # stored by its real name; resolving all would cost more than the rest
        if os.path.basename(log) in names:
            owners.setdefault(os.path.realpath(log), []).append(one)
    found = []
    for process in cache.mine if owners else ():
        for log in cache.written(process.pid) & owners.keys():
            found += [_writer(one, process, log, cache) for one in owners[log]]
    return [claim for claim in found if claim is not None]


def is_log(path: str) -> bool:
    """Whether it is a file that its writer holds open: no channel, no database of many sessions."""
    return os.path.isabs(path) and not path.endswith(_DATABASES)


def by_environment(wanted: Sequence[Wanted], cache: ProcessCache) -> list[ProcessClaim]:
    """The parent of the topmost process that carries a session's id in its environment."""
    ids = {identity: one for one in wanted for identity in one.ids}
    found = []
    for process in cache.mine if ids else ():
        for identity in cache.carried(process.pid) & ids.keys():
            claim = _parent_of_carriers(ids[identity], identity, process, cache)
            if claim is not None:
                found.append(claim)
    return found


def by_hint(wanted: Sequence[Wanted], cache: ProcessCache) -> list[ProcessClaim]:
    """What is to be made of a pid that a log claims."""
    found = []
    for one in wanted:
        if one.hint is not None:
            reason = refusal(one.hint, cache.inspector)
            process = None if reason else cache.inspector.glance(one.hint)
            if process is not None:
                found.append(_checked(one, process, cache))
            elif isinstance(one.hint, int):
                words = f"the log claims process {one.hint}"
                found.append(ProcessClaim(one.session, one.hint, 0, "weak", words, refusal=reason))
    return found


def _writer(one: Wanted, process: Process, log: str, cache: ProcessCache) -> ProcessClaim | None:
    argv = cache.argv(process.pid)
    if is_messenger(argv, process.name):
        return None
    known = is_agent(argv, one.source)
    confidence, evidence = (
        "exact" if known else "weak",
        "it holds the session's log open for writing",
    )
    if one.hint == process.pid and not known:
        confidence, evidence = "strong", f"{evidence}, and the log names it"
    refused = unfit(argv, process)
    claim = ProcessClaim(one.session, *process.identity, confidence, evidence)
    return claim._replace(file=log, refusal=refused)


def is_messenger(argv: Sequence[str], name: str) -> bool:
    """Whether a program only carries what others say: `tee`, `nc`, `costtop record`."""
    words = program(argv, name).split(" ")
    module = argv[argv.index("-m") + 1 :][:1] if "-m" in argv else ()
    return not _MESSENGERS.isdisjoint({words[0], *words[1:2], *module})


def _parent_of_carriers(
    one: Wanted, identity: str, process: Process, cache: ProcessCache
) -> ProcessClaim | None:
    for above in ancestors(process.pid, cache.inspector):
        if above.pid == 1:
            return None
        if identity not in cache.carried(above.pid):
            argv = cache.argv(above.pid)
            confidence = "strong" if is_agent(argv, one.source) else "weak"
            evidence = f"its child {process.pid} carries the session's id in its environment"
            if unfit(argv, above):
                return None  # an orphan's adopter
            return ProcessClaim(one.session, *above.identity, confidence, evidence)
    return None


def _checked(one: Wanted, process: Process, cache: ProcessCache) -> ProcessClaim:
    words = f"the log claims process {process.pid}"
    claim = ProcessClaim(one.session, *process.identity, "weak", words)
    if one.last and cache.inspector.born(process.start) > one.last + _SLACK:
        return claim._replace(
            refusal=f"{words}, which began after the session's last call: another process"
        )
    return weighed(claim, one, process, cache)


def _may_be(process: Process, source: str, cache: ProcessCache) -> bool:
    argv = cache.argv(process.pid)
    return is_agent(argv, source) and not unfit(argv, process)


def works_in(pid: int, folder: str, cache: ProcessCache) -> bool:
    """Whether that is its folder; "/" is where daemons live, and says nothing."""
    return bool(cache.folder(pid) == cache.real(folder or "/") != "/")


def _seen(ask: Callable[..., _T], *question: object) -> _T | None:
    try:
        return ask(*question)
    except PermissionError:
        return None
