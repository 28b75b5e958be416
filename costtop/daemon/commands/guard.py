"""Who may command: a process inside a tracked agent's tree may only look.

RELIABILITY.md T3: an agent that was talked into it could silence its own alerts, raise its budget
or kill a rival. Nothing of the same user can be fenced off for good; this makes it need a trick.
"""

import os

from costtop.control.protocol import BeginRun, Command, EndRun, Hook, Ping, Plan, Scan
from costtop.errors import Refused
from costtop.processes.evidence.agents import AGENTS, VARIABLES, is_agent
from costtop.processes.evidence.search import NO_PROCESSES
from costtop.processes.handle import Handle
from costtop.processes.holder import Holder
from costtop.processes.inspect.inspector import lineage
from costtop.processes.inspect.process import ancestors, program
from costtop.processes.refuse import never_held
from costtop.processes.vitals import Vitals
from costtop.receive.caller import Caller
from costtop.text import clean

_LOOKS = (Ping, Scan, Plan, Hook)  # what changes nothing but what is known
_OF_AGENTS = (*_LOOKS, BeginRun, EndRun)  # what agents' hooks and wrapped runs may say


class Inside(Refused):
    """A command that came out of an agent's own process tree."""

    def __init__(self, pid: int, session: str) -> None:
        self.pid, self.session = pid, session
        super().__init__(self.worded(session))

    def worded(self, called: str) -> str:
        """The refusal, with the session as people call it."""
        inside = f"process {self.pid} runs inside agent session {called}"
        return f"{inside}, which may only look: use another terminal"


class Guard:
    """Knows which processes belong to agents."""

    def __init__(self, holder: Holder, vitals: Vitals) -> None:
        self._holder, self._vitals = holder, vitals

    def check(self, command: Command, caller: Caller, *, read_only: bool = False) -> None:
        """Raises Refused where the caller may not give this command."""
        if read_only and not isinstance(command, _LOOKS):
            raise Refused("costtop is read-only (read_only in config.toml)")
        if isinstance(command, _OF_AGENTS):
            return
        if caller.outside:
            raise Refused(
                "the process that asked runs outside this container, so that nobody can tell it"
                " from an agent: ask inside, or run the daemon where your agents run"
            )
        if caller.pid <= 0:
            return  # the system does not say who calls
        if self._holder.inspector.glance(os.getpid()) is None:
            raise Refused(
                f"{NO_PROCESSES}; nor can anybody tell who asks from an agent: ask where /proc is"
                " mounted (SIGTERM ends the daemon)"
            )
        if not caller.lives() or self._holder.inspector.glance(caller.pid) is None:
            raise Refused("the process that asked has gone: stay for the answer")
        session = self.session_of(caller.pid)
        if session:
            raise Inside(caller.pid, session)
        if agent := self._agent_above(caller.pid):
            inside = f"process {caller.pid} runs inside an agent ({agent})"
            raise Refused(f"{inside}, which may only look: use another terminal")

    def session_of(self, pid: int) -> str:
        """The tracked session in whose process tree `pid` is; "" for none."""
        inspector = self._holder.inspector
        me = inspector.glance(pid)
        chain = {*lineage(pid, inspector), *((me.identity,) if me else ())}
        try:
            carried = set(inspector.environ(pid, VARIABLES).values())
        except PermissionError:
            carried = set()
        for session in self._holder.sessions():
            handle = self._proven(session)
            if handle is None:
                continue
            below = chain.intersection(self._vitals.below(session))
            if handle.identity in chain or below or session.partition("/")[2] in carried:
                return session
        return ""

    def _agent_above(self, pid: int) -> str:
        """The agent by whose program `pid` runs, as the kernel shows it now; "" for none.

        An agent may command before its first call is read, or a search has found it: nobody
        waits for that. What hosts other programs, and what costtop runs under, is no agent.
        """
        inspector = self._holder.inspector
        for above in ancestors(pid, inspector):
            argv = inspector.argv(above.pid) if above.pid > 1 else ()
            known = any(is_agent(argv, source) for source in AGENTS)
            if known and not never_held(above.pid, inspector):
                return f"{program(argv, above.name)}, pid {above.pid}"
        return ""

    def _proven(self, session: str) -> Handle | None:
        """Its process where the kernel shows that it is: no file can put a terminal inside one."""
        handle, found = self._holder.handle(session), self._holder.find(session)
        if handle is None or found.confidence not in {"strong", "exact"}:  # "" once it has gone
            return None
        if self._holder.speaks(session):
            return None  # a program that tells of its own calls is no agent that is watched
        return None if never_held(handle.pid, self._holder.inspector) else handle

    def name(self, by: str, caller: Caller) -> str:
        """Who asked, for the journal: "ana (pid 4242, costtop)"."""
        one = self._holder.inspector.glance(caller.pid) if caller.pid > 0 else None
        if one is None:
            return clean(by)
        shown = program(self._holder.inspector.argv(one.pid), one.name)
        return clean(f"{by or '?'} (pid {one.pid}, {shown})")
