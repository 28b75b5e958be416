"""What no log tells of a session: requests that are estimated, and the agent's own total.

Both stand beside a session's cost, never in it, and in no sum, budget, median or alert. They
overlap: an agent counts its compactions and titles, and as a rule no request that was cancelled.
"""

import sqlite3
from collections import Counter, defaultdict

from costtop import money
from costtop.named_tuples import NamedTuple
from costtop.store.calls.standing_estimates import Estimate, standing

_AGENTS = (
    "SELECT l.session, l.cost - l.base, (SELECT sum(s.cost) FROM sessions s WHERE s.root = r.id)"
    " - coalesce((SELECT sum(c.cost) FROM sessions s JOIN calls c ON c.session = s.id"
    " WHERE s.root = r.id AND s.last > l.at AND c.at > l.at), 0)"
    " FROM sessions r CROSS JOIN names n ON n.id = r.source"
    " CROSS JOIN statuslines l ON l.session = n.text || '/' || r.session"
    " WHERE r.id = r.root AND l.cost IS NOT NULL AND "
)
_PREMIUM = (
    "SELECT n.text || '/' || r.session, r.premium FROM sessions r JOIN names n ON n.id = r.source"
    " WHERE r.id = r.root AND r.premium IS NOT NULL AND "
)
_WORTH = 50_000  # nano-dollars: people are not told of less


class Unlogged(NamedTuple):
    """Nano-dollars beside those of one session's log."""

    estimates: tuple[Estimate, ...] = ()
    agent: int | None = None  # what the agent says of the session itself, at its latest word
    only: int | None = None  # how much of that no log had told until then; 0 where it says less

    premium: int | None = None  # thousandths of premium requests, by Copilot's own count

    @property
    def estimated(self) -> int:
        """What the estimates come to."""
        return sum(one.cost or 0 for one in self.estimates)

    def tree(self) -> dict[str, object]:
        """As JSON carries it."""
        return {
            "estimated_usd": money.exact(self.estimated),
            "estimated_calls": len(self.estimates),
            "agent_usd": None if self.agent is None else money.exact(self.agent),
            "agent_only_usd": None if self.only is None else money.exact(self.only),
            "premium_requests": None if self.premium is None else self.premium / 1000,
        }

    def words(self) -> list[str]:
        """For people, a line each: nothing where there is nothing to say."""
        lines = []
        if self.estimates:
            kinds = Counter(one.kind for one in self.estimates)
            named = ", ".join(_counted(kind, count) for kind, count in sorted(kinds.items()))
            known = self.estimated if any(one.cost for one in self.estimates) else None
            lines.append(f"≈${_amount(known)} beside it, estimated: {named}")
        if self.only and self.only >= _WORTH:
            lines.append(f"+${_amount(self.only)} that the agent counted and no log tells")
        if self.premium is not None:
            lines.append(f"{self.premium / 1000:g} premium requests, by the agent's own count")
        return lines


NOTHING = Unlogged()


def by_session(
    db: sqlite3.Connection,
    where: str = "1",
    values: tuple[object, ...] = (),
    span: tuple[int, int] = (0, 1 << 53),
) -> dict[str, Unlogged]:
    """Root sessions ("source/session") of which there is something; `where` names their row `r`.

    Estimates are those of `span`, ms UTC; the agent's total is always of the whole session.
    """
    rows: defaultdict[str, list[Estimate]] = defaultdict(list)
    for one in standing(db, f"{where} AND e.at >= ? AND e.at < ?", (*values, *span)):
        rows[one.session].append(one)
    agents = {
        session: (agent, max(agent - (logged or 0), 0))
        for session, agent, logged in db.execute(_AGENTS + where, values)
    }
    premium = dict(db.execute(_PREMIUM + where, values).fetchall())
    return {
        key: Unlogged(tuple(rows.get(key, ())), *agents.get(key, (None, None)), premium.get(key))
        for key in rows.keys() | agents.keys() | premium.keys()
    }


def of(db: sqlite3.Connection, root: int) -> Unlogged:
    """That of one root session's row."""
    return next(iter(by_session(db, "r.id = ?", (root,)).values()), NOTHING)


def _counted(kind: str, count: int) -> str:
    what = {"compaction": "compaction", "cancelled": "cancelled request"}[kind]
    return f"{count} {what}{'s' * (count != 1)}"


def _amount(nanos: int | None) -> str:
    return money.dollars(nanos, places=4)
