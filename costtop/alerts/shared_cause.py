"""Finds one cause behind many sessions: a model switch, a cache that never hits, a new prompt.

The third session of a group that is flagged for the same cause within half a day is not told: one
alert says what they have in common, and those that follow are listed under it. Pure, like `choose`.
"""

from collections.abc import Iterable, Mapping, Sequence

from costtop.durations import DAY, HOUR, iso
from costtop.model import Cause, Finding, Notification
from costtop.money import dollars
from costtop.named_tuples import NamedTuple

RULE = "common_cause"
SPAN = 12 * HOUR  # within which sessions have something in common
LEAST = 3  # sessions that have
_WORDS: dict[Cause, str] = {
    "retry_loop": "retry loops",
    "context_growth": "growing contexts",
    "cache_miss": "cache misses",
    "model_shift": "a dearer model",
    "verbose_output": "long output",
    "fan_out": "many subagents",
}

Key = tuple[Cause, str]
"""(cause, group): the sessions that may have it in common."""


class Flagged(NamedTuple):
    """One session that was flagged lately, and told or listed."""

    session: str
    key: Key
    at: int  # ms UTC: when it became true
    excess: int  # nano-dollars
    episode: str = ""  # names the common alert that it is listed under


class Common(NamedTuple):
    """What sessions have in common, new or grown, and which sessions."""

    finding: Finding
    sessions: tuple[str, ...]


class Gathered(NamedTuple):
    """What is decided after a look at what sessions have in common."""

    decided: list[Notification]
    found: list[Common]


def key_of(finding: Finding) -> Key | None:
    """The cause and the group, of a session that is told at warning for a mechanism; else None.

    What is critical is told by itself, whatever it has in common.
    """
    if not finding.session or finding.resolved or finding.severity != "warning":
        return None
    if finding.cause is None:
        return None
    return finding.cause, finding.feature or finding.session.partition("/")[0]


def may_join(one: Notification) -> bool:
    """Whether it is to be asked what the session has in common with others."""
    return one.speaks and key_of(one.finding) is not None


def gather(decided: Sequence[Notification], lately: Iterable[Flagged]) -> Gathered:
    """The decisions, those of sessions with a cause in common grouped under it.

    `lately` are the sessions flagged within `SPAN` before them, and all of an episode that any of
    these is listed under.
    """
    known: dict[Key, dict[str, Flagged]] = {}
    for each in lately:
        known.setdefault(each.key, {})[each.session] = each
    kept: list[Notification] = []
    found: dict[Key, Common] = {}
    for one in decided:
        key = key_of(one.finding) if one.speaks else None
        if key is None:
            kept.append(one)
            continue
        mine = Flagged(one.finding.session, key, one.finding.at, one.finding.excess or 0)
        others = known.setdefault(key, {})
        others[mine.session] = mine
        if one.reason == "repeat" or len(others) < LEAST:
            kept.append(one)
            continue
        found[key] = Common(_common(key, others, mine), tuple(sorted(others)))
        kept.append(one._replace(reason="grouped", speaks=False))
    return Gathered(kept, list(found.values()))


def _common(key: Key, members: Mapping[str, Flagged], last: Flagged) -> Finding:
    """What the sessions have in common, with its dollars a day since the first of them."""
    cause, group = key
    since = min(one.at for one in members.values())
    excess = sum(max(0, one.excess) for one in members.values())
    daily = excess * DAY // max(DAY, last.at - since)
    when = iso(since)[:16].replace("T", " ")
    return Finding(
        RULE,
        "warning",
        last.at,
        f"common cause {group}: {len(members)} sessions, {_WORDS[cause]},"
        f" ${dollars(daily)} a day since {when} UTC",
        f"{len(members)} sessions of {group} were flagged for {_WORDS[cause]} since {when} UTC,"
        f" ${dollars(excess)} beyond what is usual together.",
        period=_episode(members.values()),
        cost=excess,
        excess=excess,
        cause=cause,
        feature=group,
        evidence=(
            ("sessions", len(members)),
            ("since", iso(since)),
            ("together_nano", excess),
            ("a_day_nano", daily),
        ),
    )


def _episode(members: Iterable[Flagged]) -> str:
    """What names it, also while it grows: the first of its sessions."""
    first = sorted(members, key=lambda one: (one.at, one.session))
    return next((one.episode for one in first if one.episode), first[0].session)
