"""Where a number comes from: a session's or a call's cost down to file, offset, rate and sum.

It reads no log; the place and offset say where the line stands.
"""

import sqlite3
from collections.abc import Iterator

from costtop.errors import NothingFound
from costtop.model import FloorReason, Media, Tokens
from costtop.named_tuples import NamedTuple
from costtop.pricing.charge import ChargeLine, bill
from costtop.queries.spending import floor_words, unlogged
from costtop.queries.spending.unlogged import Unlogged
from costtop.store.calls.call_row import (
    ESTIMATED,
    PLACEHOLDER,
    CallRow,
    begins,
    fields,
    key_of,
    media_of,
    reasons,
    tokens_of,
)
from costtop.store.forgetting import thinning
from costtop.store.names import rates_of
from costtop.store.sessions import short_ids, titles
from costtop.store.sessions.past_spends import History
from costtop.sum_floors import Floor, of_reasons

_SHORTEST = 6  # hex digits of a call's key that may stand for it


class Explained(NamedTuple):
    """One call: where its line stands and how its cost was made. Money in nano-dollars."""

    call: str  # hex of its key
    agent: str
    at: int
    model: str
    provider: str
    variant: str  # "tier|speed|geo"
    file: str
    offset: int | None  # None: it came over a socket
    tokens: Tokens
    media: Media | None
    searches: int
    card: str  # where the rates come from, "" without any
    lines: tuple[ChargeLine, ...]
    computed: int | None
    reported: int | None
    cost: int | None
    short: tuple[FloorReason, ...]  # why the cost is less than what was billed
    placeholder: bool  # the log never got the final output count
    estimated: bool  # the model or the split is a guess

    @property
    def basis(self) -> str:
        """computed | reported | unpriced."""
        if self.cost is None:
            return "unpriced"
        return "computed" if self.cost == self.computed else "reported"


class Explanation(NamedTuple):
    """A session's calls in time order, and their sum."""

    session: str  # "source/session"
    calls: list[Explained]
    likely: int | None = None  # nano-dollars of outputs that the log does not finish, about
    beside: Unlogged | None = None  # what no log tells of the session; None: of one call alone
    short_id: str = ""  # what people type of it
    title: str = ""  # the agent's own, where the user asked for it
    thinned: int | None = None  # ms: up to then its tools are not kept any more (`compact`)

    @property
    def cost(self) -> int:
        """The exact sum of what is known."""
        return sum(call.cost or 0 for call in self.calls)

    @property
    def short(self) -> Floor:
        """What is missing from it."""
        return of_reasons((why, 1, call.cost or 0) for call in self.calls for why in call.short)

    @property
    def drift(self) -> int | None:
        """Computed minus reported over the calls that have both; None when none has.

        Of a call without tokens nothing was computed.
        """
        both = [
            c.computed - c.reported
            for c in self.calls
            if c.computed is not None and c.reported is not None
            if c.tokens.input or c.tokens.output
        ]
        return sum(both) if both else None


def session(db: sqlite3.Connection, key: str) -> Explanation:
    """Every call of the root session "source/session" and its subagents."""
    source, _, name = key.partition("/")
    where = (
        " WHERE c.session IN (SELECT x.id FROM sessions x JOIN sessions r ON r.id = x.root"
        " JOIN names n ON n.id = r.source WHERE n.text = ? AND r.session = ? AND r.agent = '')"
        " ORDER BY c.at, c.id"
    )
    calls = [explained for explained, _ in _read(db, where, (source, name))]
    row = History(db).root_id(key)
    name = short_ids.of(db, key)
    if row is None:
        return Explanation(key, calls, short_id=name)
    likely, beside = floor_words.likely(db, root=row), unlogged.of(db, row)
    gone, title = thinning.thinned(db, row), titles.of(db, key)
    return Explanation(key, calls, likely, beside, short_id=name, title=title, thinned=gone)


def call(db: sqlite3.Connection, prefix: str) -> Explanation:
    """The one call whose key begins with these hex digits; raises NothingFound without one."""
    digits = prefix.lower()
    if len(digits) < _SHORTEST or len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):
        raise NothingFound(f"no session or call begins with {prefix!r}")
    low, high = bytes.fromhex(digits.ljust(32, "0")), bytes.fromhex(digits.ljust(32, "f"))
    start, key = begins("c.key"), key_of("c.")
    where = (
        f" WHERE {start} >= {begins('?1')} AND {start} <= {begins('?2')}"
        f" AND {key} >= ?1 AND {key} <= ?2 LIMIT 2"
    )
    found = list(_read(db, where, (low, high)))
    if len(found) != 1:
        many = "more than one call begins" if found else "no session or call begins"
        raise NothingFound(f"{many} with {prefix!r}")
    explained, root = found[0]
    short, title = short_ids.of(db, root), titles.of(db, root)
    return Explanation(root, [explained], short_id=short, title=title)


def _read(
    db: sqlite3.Connection, where: str, values: tuple[object, ...]
) -> Iterator[tuple[Explained, str]]:
    rows = db.execute(
        f"SELECT {fields('c')}, s.agent, m.text, p.text, v.text, pl.path, k.rates,"
        " rn.text || '/' || r.session FROM calls c JOIN sessions s ON s.id = c.session"
        " JOIN sessions r ON r.id = s.root JOIN names rn ON rn.id = r.source"
        " JOIN names m ON m.id = c.model JOIN names p ON p.id = c.provider"
        " JOIN names v ON v.id = c.variant LEFT JOIN places pl ON pl.id = c.place"
        f" LEFT JOIN cards k ON k.id = c.card{where}",
        values,
    )
    for values_of_row in rows:
        row = CallRow._make(values_of_row[: len(CallRow._fields)])
        *texts, root = values_of_row[len(CallRow._fields) :]
        yield _explained(row, *texts), root


def _explained(
    row: CallRow,
    agent: str,
    model: str,
    provider: str,
    variant: str,
    path: bytes | None,
    card: str | None,
) -> Explained:
    tokens = tokens_of(row)
    rates = rates_of(card) if card else None
    file = (path or b"").partition(b"\0")[0].decode("utf-8", "backslashreplace")
    return Explained(
        call=row.key.hex(),
        agent=agent,
        at=row.at,
        model=model,
        provider=provider,
        variant=variant.strip("|"),
        file=file,
        offset=row.offset if file.startswith("/") else None,
        tokens=tokens,
        media=media_of(row),
        searches=row.searches,
        card=rates.card if rates else "",
        lines=bill(tokens, row.searches, rates, media_of(row))
        if rates and row.computed is not None
        else (),
        computed=row.computed,
        reported=row.reported,
        cost=row.cost,
        short=reasons(row),
        placeholder=bool(row.flags & PLACEHOLDER),
        estimated=bool(row.flags & ESTIMATED),
    )
