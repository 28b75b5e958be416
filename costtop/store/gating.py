"""What a hook asks of the store: may this session go on, and what has it cost. It writes nothing.

Hooks start a thousand times an hour: it imports nothing before a breaker is open, and takes any
connection, for theirs is the bare C one. Times are ms UTC.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from sqlite3 import Connection

ARGUES = 1  # denials within a while after which a session is stopped, not asked again
LATELY = 600_000  # ms
HOLD = "-hold"  # the period of a breaker that its user alone opens and ends; it is no budget's name
PATIENCE = 60_000  # ms after a breaker opened in which files may still be saved

_SESSION = (
    "SELECT n.text || '/' || r.session, f.text, u.text, p.text, m.text, r.id"
    " FROM sessions s JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
    " JOIN names m ON m.id = r.model JOIN names f ON f.id = r.feature"
    " LEFT JOIN contexts c ON c.id = r.context LEFT JOIN names p ON p.id = c.project"
    " LEFT JOIN names u ON u.id = coalesce(nullif(c.user, 0), r.user)"
    " WHERE s.source = (SELECT id FROM names WHERE text = ?) AND s.session = ? AND s.agent = ''"
)
_PASSES = (
    " NOT EXISTS (SELECT 1 FROM overrides o WHERE o.ended IS NULL AND o.until > :now"
    " AND o.budget IN ('', {budget}) AND o.session IN ('', :session))"
)
_OPEN = (
    f"SELECT b.action, b.why, b.opened, iif(b.period = '{HOLD}', '{HOLD}', b.budget),"
    " b.home, b.excepted, b.feature, b.user, b.project, b.model, b.source, b.session"
    " FROM breakers b"
    " WHERE b.ended IS NULL AND (b.until IS NULL OR b.until > :now) AND"
    + _PASSES.format(budget="b.budget")
    + " ORDER BY b.action IN ('stop', 'kill') DESC, b.id"
)
_MARKED = (
    "SELECT note, at FROM marks WHERE session = :session AND kind = 'runaway' AND"
    + _PASSES.format(budget="''")  # an override of one budget does not lift a mark
)


def facts(db: "Connection", source: str, session: str) -> dict[str, object]:
    """What `scope.matches` asks of a session: its root's key and its latest call."""
    row = db.execute(_SESSION, (source, session)).fetchone()
    key, feature, user, project, model, root = row or (f"{source}/{session}", "", "", "", "", None)
    return {
        "session": key,
        "source": source,
        "feature": feature,
        "user": user,
        "project": project,
        "model": model,
        "root": root,
    }


def falls_under(
    db: "Connection",
    scope: "Iterable[tuple[str, str]]",
    excepted: "Sequence[tuple[str, str]]",
    about: "dict[str, object]",
) -> bool:
    """Whether a breaker of that scope holds the session: it matches, and is no exception.

    `about` is what `facts` says; a log that is not told is looked up.
    """
    from costtop.scope import HOME, matches

    scope = list(scope)
    if not about.get("log") and any(field == HOME for field, _ in scope):
        about["log"] = log_of(db, about["root"])
    return matches(scope, about) and not (excepted and matches(excepted, about))


def log_of(db: "Connection", root: object) -> str:
    """The file of the latest call of a root session row; "" where none is known."""
    row = db.execute(
        "SELECT path FROM places WHERE id ="
        " (SELECT place FROM calls WHERE session = ? ORDER BY at DESC LIMIT 1)",
        (root,),
    ).fetchone()
    return row[0].decode("utf-8", "surrogateescape") if row else ""


def packed(globs: "Iterable[tuple[str, str]]") -> str:
    """Globs by field as the text of a column, which `unpacked` reads; "" without any."""
    return "\n".join(f"{field}={glob}" for field, glob in globs)


def unpacked(text: str) -> "tuple[tuple[str, str], ...]":
    """The globs of such a text."""
    pairs = (line.partition("=") for line in text.split("\n") if text)
    return tuple((field, glob) for field, _, glob in pairs)


def verdict(
    db: "Connection", source: str, session: str, now: int, log: str = ""
) -> tuple[str, str, int, str, str] | None:
    """(kind, why, since, what lifts it, session) of what holds the session back, or None.

    kind "deny": this tool is not to run; "stop": the turn is to end. What lifts it is the name of a
    budget, "unmark", HOLD, or "" for a stop that ends when the user speaks to the session again.
    The session is "source/its short id". `log` is the path of its log, where the agent tells it.
    """
    about = facts(db, source, session)
    about["now"], about["log"] = now, log
    marked = db.execute(_MARKED, about).fetchone()
    key = str(about["session"])
    if marked:
        note = f": {marked[0]}" if marked[0] else ""
        why = f"this session is marked runaway{note}"
        return "stop", why, int(marked[1]), "unmark", _said(db, about)
    found = _over(db, about)
    if found is None:
        return None
    action, why, opened, budget = found
    argued = db.execute(
        "SELECT 1 FROM denials WHERE session = ? AND times >= ? AND at > ?",
        (key, ARGUES, now - LATELY),
    ).fetchone()
    kind = "stop" if argued or action in ("stop", "kill") else "deny"
    return kind, why, opened, budget, _said(db, about)


def argues(db: "Connection", source: str, session: str, now: int) -> bool:
    """Whether a session is stopped only for going on after a denial, by nothing that says stop."""
    about = facts(db, source, session)
    about["now"] = now
    found = None if db.execute(_MARKED, about).fetchone() else _over(db, about)
    return found is not None and found[0] not in ("stop", "kill")


def spared(db: "Connection", source: str, session: str, since: int, kind: str) -> int:
    """How many of a kind have passed in the hold that stands since then."""
    row = db.execute(
        "SELECT times FROM spared WHERE session = ? AND kind = ? AND since = ?",
        (facts(db, source, session)["session"], kind, since),
    ).fetchone()
    return int(row[0]) if row else 0


def _said(db: "Connection", about: dict[str, object]) -> str:
    """The session's key with its short id instead of its id, where it has one."""
    row = db.execute("SELECT short FROM sessions WHERE id = ?", (about["root"],)).fetchone()
    source, _, session = str(about["session"]).partition("/")
    return f"{source}/{row[0] or session if row else session}"


def _over(db: "Connection", about: dict[str, object]) -> tuple[str, str, int, str] | None:
    """(action, why, since, budget) of the open breaker that holds the session back first."""
    for action, why, opened, budget, home, excepted, *globs in db.execute(_OPEN, about).fetchall():
        from costtop.scope import FIELDS, HOME

        named = [(HOME, home), *zip(FIELDS, globs, strict=True)]
        if falls_under(db, [part for part in named if part[1]], unpacked(excepted), about):
            return action, why, opened, budget
    return None


def currency(db: "Connection") -> str:
    """In which currency people read sums, as the store was told; "" for dollars."""
    row = db.execute("SELECT value FROM meta WHERE key = 'currency'").fetchone()
    return str(row[0]) if row else ""


def last_seen(db: "Connection", root: object) -> int | None:
    """When the latest call of a root session row and its subagents arrived; None without any."""
    row = db.execute("SELECT max(seen) FROM sessions WHERE root = ?", (root,)).fetchone()
    return row[0] if row[0] is None else int(row[0])


def calls_since(db: "Connection", root: object, moment: int) -> int:
    """How many calls of a root session row and its subagents arrived after a moment."""
    row = db.execute(
        "SELECT count(*) FROM calls WHERE seen > ?"
        " AND session IN (SELECT id FROM sessions WHERE root = ? AND seen > ?)",
        (moment, root, moment),
    ).fetchone()
    return int(row[0])


def cost(db: "Connection", source: str, session: str) -> tuple[int, int, int, bool]:
    """(cents, calls, unpriced calls, whether people see a floor) of a session with its subagents.

    Cents as `money.dollars` rounds.
    """
    root = facts(db, source, session)["root"]
    spent, calls, unpriced = db.execute(
        "SELECT coalesce(sum(cost), 0), coalesce(sum(calls), 0), coalesce(sum(unpriced), 0)"
        " FROM sessions WHERE root = ?",
        (root,),
    ).fetchone()
    reasons = db.execute(
        "SELECT reason, sum(calls), sum(cost) FROM floors"
        " WHERE session IN (SELECT id FROM sessions WHERE root = ?) GROUP BY 1",
        (root,),
    ).fetchall()
    floor = False
    if reasons:  # few sessions have any, and a status line is asked for often
        from costtop.sum_floors import of_reasons

        floor = of_reasons(reasons).shows(spent, calls)
    return (int(spent) + 5_000_000) // 10_000_000, int(calls), int(unpriced), floor
