"""D8, fan-out: a session starts far more subagents than its peers do.

How much each of them costs is not its matter, only that together they are worth an alert.
"""

from costtop.analysis.quantiles import quantile
from costtop.detect.rules.concern import FEW
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.peer_group import Group
from costtop.detect.sessions.peers import MANY
from costtop.detect.sessions.running_session import RunningSession
from costtop.money import dollars

_LEAST = 8  # distinct subagents
_UNKNOWN = 20  # the same while few peers say whether swarms are usual
_TOLD = 4  # of them who start none make it one fewer
_AT_ONCE = FEW  # the same in a single turn, which is far more than peers begin in one
_SURE = 6  # from so many on hardly anything need have been spent
_RARE = 0.98  # of peers: somebody who swarms once in fifty sessions means to
_RECENT = 12  # turns of the root agent


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """At least 8 subagents, over twice the 95 % point of peers, and dear enough; or 4 at once.

    Half of them must have begun lately, unless they are far too many: a long session may well start
    one now and then. A feature of few sessions is judged by its source as well.
    """
    session = at.session
    count = len(session.agents)
    if count < _AT_ONCE or session.cost <= at.settings.floor:
        return None
    groups = _groups(at)
    limit = _limit(at, groups)
    if limit is None:
        return None
    cost, ordered = session.agent_cost, groups[-1].numbers("agents")
    high = quantile(ordered, 0.95) if ordered else 0.0
    return Claim(
        statistic=count,
        limit=limit,
        excess=cost,
        projected=cost,
        words=lambda: (
            f"{count} subagents have spent ${dollars(cost)}"
            + (f" (95 % of {len(ordered)} peers start at most {high:.0f})" if ordered else "")
        ),
        evidence=(("subagents", count),),
    )


def _groups(at: Moment) -> tuple[Group, ...]:
    """The chosen one, and behind it the finest that many have finished in, if it is another."""
    own = at.peers.chosen()
    if len(own.numbers("agents")) >= MANY:
        return (own,)
    wider = (
        each
        for each in at.peers.groups
        if each.level != "all" and len(each.numbers("agents")) >= MANY
    )
    return (own, *list(wider)[:1])


def _limit(at: Moment, groups: tuple[Group, ...]) -> float | None:
    """The count that was passed, None where there is nothing to tell."""
    floor, usual, cost = at.settings.floor, at.peers.median(), at.session.agent_cost
    ordered = groups[-1].numbers("agents")
    known = len(ordered) >= MANY
    if known and cost > _gate(at) and _at_once(at, groups):
        return _AT_ONCE
    count = len(at.session.agents)
    least = _LEAST if known else _UNKNOWN - len(ordered) // _TOLD
    if count < least or cost <= max(floor, usual // 2):
        return None
    high = max(_high(group, "agents", 0.95) for group in groups)
    far = count > 4 * high or 2 * _begun(at.session, _RECENT) >= count
    return max(least, 2 * high) if count > 2 * high and far else None


def _gate(at: Moment) -> int:
    """What subagents that were begun together must have cost, nano-dollars: of many next to it."""
    floor, usual = at.settings.floor, at.peers.median()
    if _begun(at.session, 1) >= _SURE:
        return max(floor // 4, usual // 10)
    return max(floor // 2, usual // 4)


def _at_once(at: Moment, groups: tuple[Group, ...]) -> bool:
    """Whether this turn began a quarter more than nearly all peers ever do, or beyond that."""
    begun = _begun(at.session, 1)
    return begun >= _AT_ONCE and all(
        begun > 1.25 * _high(group, "at_once", _RARE) for group in groups
    )


def _high(group: Group, name: str, share: float) -> float:
    ordered = group.numbers(name)
    return quantile(ordered, share) if ordered else 0.0


def _begun(session: RunningSession, turns: int) -> int:
    since = session.turns - turns
    return sum(turn > since for turn in session.agents.values())
