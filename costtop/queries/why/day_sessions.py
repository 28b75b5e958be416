"""What each session used within a span, by feature, with its dearest steps.

A session that began before is read from its beginning, so that its first call in the span is
compared with the one before it. Money is int nano-dollars, times are ms UTC.
"""

import sqlite3
from collections.abc import Mapping, Sequence

from costtop.analysis import increase, ledger
from costtop.analysis.increase import Use
from costtop.analysis.ledger import BookedTurn, Books
from costtop.detect.rules import loop
from costtop.model import Spend
from costtop.named_tuples import NamedTuple
from costtop.store.sessions.past_spends import History

_STEPS = 3  # dearest ones that are kept of a session


class DearStep(NamedTuple):
    """One call as a step of its session."""

    cost: int
    call: str  # hex of its key
    at: int
    root: str  # "source/session"
    agent: str
    turn: int  # of the root agent, from 1; 0 for a subagent's
    model: str
    input: int
    cache_read: int
    output: int
    growth: int | None  # new tokens since the call before; None: its first, or compacted
    missed: int  # tokens that the cache should have had
    miss: str  # ttl_expiry | prefix_break | model_switch | ""
    premium: int  # paid for the misses beyond the price of a hit
    retry: bool
    tools: tuple[str, ...]  # that it asked for
    id: str = ""  # of its session, as people type it; whoever shows it asks for it


class DaySession(NamedTuple):
    """One root session, subagents included, within the span."""

    root: str  # "source/session"
    uses: Mapping[str, Use]  # by feature; one piece each
    books: Books
    steps: tuple[DearStep, ...]  # the dearest, three at most
    turns: int  # of the root agent up to the end of the span

    @property
    def use(self) -> Use:
        """All of it as one piece."""
        return increase.together(self.uses.values())._replace(pieces=1)

    @property
    def feature(self) -> str:
        """The one that most of it was for."""
        return max(self.uses, key=lambda name: self.uses[name].cost)


def read(db: sqlite3.Connection, since: int, until: int) -> list[DaySession]:
    """The sessions with calls in [since, until), the dearest first."""
    history = History(db)
    spends: dict[str, list[Spend]] = {}
    for spend in history.between(since, until):
        spends.setdefault(spend.root, []).append(spend)
    for root, key in _begun_before(db, since):
        if key in spends:
            calls = sorted(history.of_roots([root]), key=lambda one: one.call.at)
            spends[key] = [one for one in calls if one.call.at < until]
    found = [of_calls(mine, since, until) for mine in spends.values()]
    return sorted(found, key=lambda one: (-one.use.cost, one.root))


def of_calls(spends: Sequence[Spend], since: int, until: int) -> DaySession:
    """One session's calls from its first on, in order of time, as [since, until) has them."""
    repeats, before, turns = loop.repeats(spends), None, 0
    uses: dict[str, list[Use]] = {}
    books, steps = ledger.EMPTY, list[DearStep]()
    for spend in spends:
        own, counts = ledger.is_root(spend), since <= spend.call.at < until
        step = ledger.step(before, spend) if own else None
        turns += own
        if own:
            before = ledger.after(before, spend)
        if not counts:
            continue
        retry = spend.call.key in repeats
        use, booked = _counted(spend, step, retry=retry)
        uses.setdefault(spend.feature, []).append(use)
        books = ledger.add(books, booked)
        if spend.cost and (len(steps) < _STEPS or spend.cost > steps[-1].cost):
            steps.append(_step(spend, step, turns, retry=retry))
            steps = sorted(steps, key=lambda one: (-one.cost, one.at))[:_STEPS]
    each = {name: increase.together(many)._replace(pieces=1) for name, many in uses.items()}
    return DaySession(spends[0].root, each, books, tuple(steps), turns)


def _counted(spend: Spend, step: BookedTurn | None, *, retry: bool) -> tuple[Use, Books]:
    if step is None:
        return Use(agent_cost=spend.cost or 0), ledger.subagent(spend)
    use = increase.of_turn(spend, step, retry=retry)
    return use, ledger.retried(step.books) if retry else step.books


def _step(spend: Spend, step: BookedTurn | None, turn: int, *, retry: bool) -> DearStep:
    call, tokens = spend.call, spend.call.tokens
    return DearStep(
        cost=spend.cost or 0,
        call=call.key.hex(),
        at=call.at,
        root=spend.root,
        agent=call.agent,
        turn=0 if step is None else turn,
        model=call.model,
        input=tokens.input,
        cache_read=tokens.cache_read,
        output=tokens.output,
        growth=step and step.growth,
        missed=step.missed if step else 0,
        miss=step.miss if step else "",
        premium=step.premium if step else 0,
        retry=retry,
        tools=tuple(dict.fromkeys(tool.name for tool in call.tools)),
    )


def _begun_before(db: sqlite3.Connection, since: int) -> list[tuple[int, str]]:
    """(row, key) of the root sessions that began before and went on."""
    return db.execute(
        "SELECT r.id, n.text || '/' || r.session FROM sessions s JOIN sessions r ON r.id = s.root"
        " JOIN names n ON n.id = r.source GROUP BY r.id"
        " HAVING min(s.started) < ? AND max(s.last) >= ?",
        (since, since),
    ).fetchall()
