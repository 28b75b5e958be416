"""What a row of the archive is: the columns of its two tables, their kinds, and where they stand.

It opens nothing. A column's SQL is read beside `c` (a call, or the calls of a session on one day),
`s` (its session), `h` (its host), `t` (its team) and the names that `named` joins.
"""

from costtop.named_tuples import NamedTuple

FORM = 1  # of the files; a reader finds it as `costtop.form` in their metadata


class ArchiveColumn(NamedTuple):
    """One column: kinds are text, count (int64), money (int64 nano-dollars), moment, yes."""

    name: str
    kind: str
    sql: str
    about: str


class ArchiveTable(NamedTuple):
    """One table of the archive: a file a day, `NAME/day=YYYY-MM-DD/NAME.parquet`."""

    name: str
    columns: tuple[ArchiveColumn, ...]
    rows: str  # SQL of `c`, rows of one day: $day
    order: str


def _whose(of: str) -> tuple[ArchiveColumn, ...]:
    """Whose a row is; `of` says which of its names are the call's own, `c`, or its session's."""
    return (
        ArchiveColumn("team", "text", "t.name", "whose ledger it is"),
        ArchiveColumn("host", "text", "h.name", "the machine that told it first"),
        ArchiveColumn("source", "text", "source.text", "claude-code, codex, …"),
        ArchiveColumn("session", "text", "s.session", "the session, as the agent calls it"),
        ArchiveColumn("agent", "text", "s.agent", "a subagent of it, else empty"),
        ArchiveColumn("root", "text", "s.root", "the session that it is folded into"),
        ArchiveColumn("user", "text", "usr.text", f"of the {of}, as its machine sends it"),
        ArchiveColumn("project", "text", "project.text", "as its machine sends it"),
        ArchiveColumn("feature", "text", "feature.text", "as its machine sends it"),
        ArchiveColumn("model", "text", "model.text", "as its machine sends it"),
    )


def _tokens(sql: str) -> tuple[ArchiveColumn, ...]:
    kinds = {
        "input": "all of the prompt, with what came from a cache",
        "cache_read": "of the input: read from a cache",
        "cache_write": "of the input: written to a cache",
        "cache_write_1h": "of those: for an hour",
        "output": "the answer, with its reasoning",
        "reasoning": "of the output",
    }
    return tuple(
        ArchiveColumn(f"{kind}_tokens", "count", sql.format(kind), about)
        for kind, about in kinds.items()
    )


CALLS = ArchiveTable(
    "calls",
    (
        ArchiveColumn("call", "text", "encode(c.key, 'hex')", "its key, as `costtop export calls`"),
        ArchiveColumn("at", "moment", "c.at", "when it was"),
        *_whose("call"),
        ArchiveColumn("teller", "text", "teller.name", "the machine whose tokens and cost stand"),
        *_tokens("c.{}"),
        ArchiveColumn("cost", "money", "c.cost", "what it cost; NULL: unpriced"),
        ArchiveColumn("computed", "money", "c.computed", "by the lists of prices"),
        ArchiveColumn("reported", "money", "c.reported", "as its agent said"),
        ArchiveColumn("failed", "yes", "c.flags & 1 <> 0", "it failed"),
        ArchiveColumn("short", "yes", "c.flags & 2 <> 0", "its cost is less than was billed"),
    ),
    "SELECT * FROM costtop.calls WHERE day = '{day}'",
    "c.at, c.team, c.key",
)

SESSIONS = ArchiveTable(
    "sessions",
    (
        *_whose("session"),
        ArchiveColumn("started", "moment", "s.started", "its beginning, on whichever day"),
        ArchiveColumn("last", "moment", "s.last", "its last word, when the file was written"),
        ArchiveColumn("ended", "moment", "s.ended", "its end, where one was told"),
        ArchiveColumn("first_call", "moment", "c.first_call", "of this day"),
        ArchiveColumn("last_call", "moment", "c.last_call", "of this day"),
        ArchiveColumn("calls", "count", "c.calls", "of this day, as all that follows"),
        ArchiveColumn("failed", "count", "c.failed", "calls that failed"),
        ArchiveColumn("unpriced", "count", "c.unpriced", "calls without a cost"),
        ArchiveColumn("short", "count", "c.short", "calls whose cost is less than was billed"),
        ArchiveColumn("cost", "money", "c.cost", "of the priced; NULL: none is"),
        *_tokens("c.{}"),
    ),
    "SELECT team, session, min(at) AS first_call, max(at) AS last_call, count(*) AS calls,"
    " sum(flags & 1) AS failed, count(*) - count(cost) AS unpriced,"
    " sum(flags >> 1 & 1) AS short, sum(cost)::bigint AS cost, sum(input) AS input,"
    " sum(cache_read) AS cache_read, sum(cache_write) AS cache_write,"
    " sum(cache_write_1h) AS cache_write_1h, sum(output) AS output, sum(reasoning) AS reasoning"
    " FROM costtop.calls WHERE day = '{day}' GROUP BY team, session",
    "c.team, c.session",
)

TABLES = (CALLS, SESSIONS)
_FROM = {"calls": "c", "sessions": "s"}  # whose user, project, feature and model a row says


def question(table: ArchiveTable, day: str) -> bytes:
    """The SQL of one day's rows, in an order that is the same each time; `day` is YYYY-MM-DD."""
    own = _FROM[table.name]
    places = {"source": "s", "usr": own, "project": own, "feature": own, "model": own}
    names = "".join(
        f" JOIN costtop.names {name} ON {name}.team = c.team AND {name}.id = {of}.{name}"
        for name, of in places.items()
    )
    teller = " JOIN costtop.hosts teller ON teller.team = c.team AND teller.id = c.teller"
    return (
        f"SELECT {', '.join(one.sql for one in table.columns)}"
        f" FROM ({table.rows.format(day=day)}) c"
        " JOIN costtop.sessions s ON s.team = c.team AND s.id = c.session"
        " JOIN costtop.hosts h ON h.team = s.team AND h.id = s.host"
        f" JOIN costtop.teams t ON t.id = c.team{names}{teller * (table is CALLS)}"
        f" ORDER BY {table.order}"
    ).encode()


_SHOWN = {
    "text": "text",
    "count": "integer",
    "money": "nano-dollars",
    "moment": "timestamp, UTC",
    "yes": "boolean",
}


def described(table: ArchiveTable) -> str:
    """The table's columns as documentation lists them, in Markdown."""
    rows = (f"| `{one.name}` | {_SHOWN[one.kind]} | {one.about} |" for one in table.columns)
    return "\n".join(("| column | kind | what |", "|---|---|---|", *rows))
