"""The agents of a session's program in its folder: which of them may be at work on it.

One that is alone there is likely to be it; of several, a command line may name the session. Else
each is named with what speaks for it, and nothing is done until the user names one, or `sole_agent`
has seen that one of them alone writes while the session calls.
"""

import os
from collections.abc import Mapping, Sequence

from costtop.durations import short
from costtop.processes.evidence.agents import named_sessions
from costtop.processes.evidence.evidence_nouns import ProcessClaim, Wanted
from costtop.processes.evidence.signs import ProcessCache, works_in
from costtop.processes.inspect.process import Process, ancestors, program

_SLACK = 2000  # ms between two clocks that name one moment
_Family = tuple[Process, ...]  # an agent, then those of its program below it


def by_folder(
    wanted: Sequence[Wanted], cache: ProcessCache, elsewhere: Mapping[int, int]
) -> list[ProcessClaim]:
    """Who is named by a command line, strong; else all of the program in the folder, weak.

    `elsewhere` are processes that are known to be at work on other sessions, and when those called
    last, ms UTC: one that still calls there after a session has begun has not gone on to it.
    """
    said = {source: _Said(source, cache) for source in {one.source for one in wanted}}
    named = {one.session: said[one.source].by(one) for one in wanted if said[one.source].words}
    lasts = {one.session: one.last for one in wanted}
    busy = {p.pid: lasts[session] for session, those in named.items() for p in those}
    busy |= elsewhere
    found = []
    idle: list[tuple[Wanted, list[_Family]]] = []
    for one in wanted:
        mine = named.get(one.session, ())
        families = _families(mine, cache) if mine else []
        if len(families) == 1:
            words = "its command line names the session"
            found.append(ProcessClaim(one.session, *families[0][0].identity, "strong", words))
            continue
        there = [p for p in cache.programs(one.source) if works_in(p.pid, one.cwd, cache)]
        if there:
            families = _families(there, cache)
            # One that began after the session's latest call has made none of its calls.
            able = [those for those in families if _born(those, cache) <= one.last + _SLACK]
            claims = _in_folder(one, families, _free(one, able, busy), cache)
            found += claims
            idle += [] if claims else [(one, families)]
    called = {claim.pid for claim in found}
    for one, families in idle:  # it may have been taken up anew, by what has called for no other
        free = [those for those in _free(one, families, busy) if those[0].pid not in called]
        found += _in_folder(one, families, free, cache)
    return found


class _Said:
    """What the processes of one program say on their command lines of the sessions they are at."""

    def __init__(self, source: str, cache: ProcessCache) -> None:
        said = [(p, named_sessions(cache.argv(p.pid))) for p in cache.programs(source)]
        self._said = [(p, words) for p, words in said if words]
        self.words = {word for _, words in self._said for word in words}
        self._files = {os.path.basename(word) for word in self.words}

    def by(self, one: Wanted) -> Sequence[Process]:
        """Those that name this session, or its log."""
        near = [log for log in one.logs if os.path.basename(log) in self._files]
        if not near and self.words.isdisjoint(one.ids):
            return ()
        logs = {os.path.realpath(log) for log in near}
        return [
            p
            for p, words in self._said
            if not words.isdisjoint(one.ids) or not logs.isdisjoint(map(os.path.realpath, words))
        ]


def _free(one: Wanted, families: Sequence[_Family], busy: Mapping[int, int]) -> list[_Family]:
    return [those for those in families if not any(busy.get(p.pid, 0) > one.started for p in those)]


def _in_folder(
    one: Wanted, families: Sequence[_Family], chosen: Sequence[_Family], cache: ProcessCache
) -> list[ProcessClaim]:
    return [
        ProcessClaim(
            one.session,
            *those[0].identity,
            "weak",
            _words(one, those, len(families), cache),
            kin=tuple(p.pid for p in those),
            beside=len(families) - 1,
        )
        for those in chosen
    ]


def _words(one: Wanted, those: _Family, count: int, cache: ProcessCache) -> str:
    """What speaks for one of several."""
    if count == 1:
        return f"the only {one.source} process in the session's folder"
    named = program(cache.argv(those[0].pid), those[0].name)
    words = f"{named}, one of {count} in the session's folder"
    if not one.started:
        return words
    before = one.started + _SLACK - _born(those, cache)
    if before < 0:
        return f"{words}, began {short(-before)} after its first call: only if it resumed it"
    return f"{words}, began {short(before)} before its first call"


def _born(those: _Family, cache: ProcessCache) -> int:
    return cache.inspector.born(those[0].start)


def _families(processes: Sequence[Process], cache: ProcessCache) -> list[_Family]:
    """Agents that are not below another of them, each with those that are: some start themselves
    anew, with another heap.
    """
    pids = {one.pid for one in processes}
    found: dict[int, list[Process]] = {}
    for one in processes:
        above = [up.pid for up in ancestors(one.pid, cache.inspector) if up.pid in pids]
        head = above[-1] if above else one.pid
        found.setdefault(head, []).append(one)
    return [
        tuple(sorted(those, key=lambda one, head=head: one.pid != head))  # type: ignore[misc]
        for head, those in found.items()
    ]
