"""D8, fan-out: a session starts far more subagents than its peers do.

How much each of them costs is not its matter, only that together they are worth an alert.
"""

from costtop.analysis.quantiles import quantile
from costtop.detect.rules.rule import Claim, Memory, Moment
from costtop.detect.sessions.peers import MANY
from costtop.detect.sessions.running_session import RunningSession
from costtop.money import dollars

_LEAST = 8  # distinct subagents
_UNKNOWN = 20  # the same while few peers say whether swarms are usual
_RECENT = 12  # turns of the root agent


def judge(at: Moment, memory: Memory[None]) -> Claim | None:
    """At least 8 subagents, over twice the 95 % point of peers, and dear enough.

    Half of them must have begun lately, unless they are far too many: a long session may well start
    one now and then.
    """
    session, floor = at.session, at.settings.floor
    count, cost = len(session.agents), session.agent_cost
    if count < _LEAST:
        return None
    ordered = at.peers.chosen().numbers("agents")
    least = _LEAST if len(ordered) >= MANY else _UNKNOWN
    if count < least or cost <= floor or cost <= max(floor, at.peers.median() // 2):
        return None
    high = quantile(ordered, 0.95) if ordered else 0.0
    if count <= 2 * high or not (count > 4 * high or _sudden(session)):
        return None
    return Claim(
        statistic=count,
        limit=max(least, 2 * high),
        excess=cost,
        projected=cost,
        words=f"{count} subagents have spent ${dollars(cost)}"
        + (f" (95 % of {len(ordered)} peers start at most {high:.0f})" if ordered else ""),
        evidence=(("subagents", count),),
    )


def _sudden(session: RunningSession) -> bool:
    since = session.turns - _RECENT
    return 2 * sum(turn > since for turn in session.agents.values()) >= len(session.agents)
