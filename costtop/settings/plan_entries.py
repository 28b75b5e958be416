"""What the config says of plans that the user pays: `[[plan]]`, checked."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from costtop import money, periods
from costtop.config_mistakes import DAY, Mistake, Place
from costtop.nouns.paid_plan import PaidPlan


class PlanEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A plan: what a month of it costs, for which agent, from which day to which, both in it."""

    name: str
    agent: str
    price: str | float
    from_: str = msgspec.field(default="", name="from")
    until: str = ""
    account: str = ""


def plain(tree: dict[str, Any]) -> dict[str, Any]:
    """A tree of settings whose plans name their days by text: TOML has days of its own."""
    if not isinstance(tree.get("plan"), list):
        return tree
    return tree | {"plan": [_plain(entry) for entry in tree["plan"]]}


def _plain(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {k: one.isoformat() if isinstance(one, date) else one for k, one in entry.items()}


def check(entries: Sequence[PlanEntry]) -> None:
    """Prices, days, names, and that no two plans are of one account at once; raises Mistake."""
    for number, entry in enumerate(entries):
        place: Place = ("plan", number)
        try:
            price = money.parse(entry.price)
        except money.NotMoney:
            price = -1
        if price < 0:
            raise Mistake((*place, "price"), 'dollars a month, such as "$200"')
        if not entry.name.strip():
            raise Mistake((*place, "name"), 'what to call it, such as "Claude Max"')
        begins, ends = (_day(entry, key, place) for key in ("from", "until"))
        if begins and ends and ends < begins:
            raise Mistake((*place, "until"), f"its last day is before its first, {entry.from_}")
        for other in entries[:number]:
            if other.name == entry.name:
                remedy = f'two plans are named "{entry.name}"; names must differ'
                raise Mistake((*place, "name"), remedy)


def check_overlap(entries: Sequence[PlanEntry], agents: Sequence[str]) -> None:
    """`agents` are what the entries' agents are known as; raises Mistake for two at once."""
    for number, (entry, agent) in enumerate(zip(entries, agents, strict=True)):
        for other, theirs in zip(entries[:number], agents, strict=False):
            same = agent == theirs and account(entry.account) == account(other.account)
            if same and _meet(entry, other):
                whose = f" and account {entry.account}" if entry.account else ""
                remedy = (
                    f'plans "{other.name}" and "{entry.name}" are both of agent {agent}{whose}'
                    " at once; end one with until, or name an account"
                )
                raise Mistake(("plan", number), remedy)


def made(entry: PlanEntry, agent: str, sources: tuple[str, ...], tz: ZoneInfo) -> PaidPlan:
    """The plan as a noun; its days are those of the user's zone."""
    ends = _date(entry.until)
    return PaidPlan(
        name=entry.name,
        agent=agent,
        sources=sources,
        price=money.parse(entry.price),
        since=_start(_date(entry.from_), tz),
        until=_start(ends and ends + timedelta(1), tz),
        account=account(entry.account),
    )


def account(given: str) -> str:
    """The folder that is meant, whole: "~/.claude-work/" is that of the user's home."""
    return str(Path(given).expanduser().absolute()) if given else ""


def _day(entry: PlanEntry, key: str, place: Place) -> date | None:
    try:
        return _date(entry.from_ if key == "from" else entry.until)
    except ValueError:
        raise Mistake((*place, key), DAY) from None


def _date(day: str) -> date | None:
    return date.fromisoformat(day) if day else None  # a time of day is none


def _start(day: date | None, tz: ZoneInfo) -> int | None:
    return None if day is None else periods.bounds("day", day.isoformat(), tz)[0]


def _meet(one: PlanEntry, other: PlanEntry) -> bool:
    ends = [_date(entry.until) or date.max for entry in (one, other)]
    begins = [_date(entry.from_) or date.min for entry in (one, other)]
    return max(begins) <= min(ends)
