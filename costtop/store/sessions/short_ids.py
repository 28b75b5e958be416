"""Short ids: what people read and type of a session, given at first sight and never to another.

The one owner of the idea. They are of `[a-z0-9-]`, so that no shell and no channel acts on them.
A short id comes from what is random in an id: the tail where it begins with a clock, the telling
words and a few characters where it is somebody's own. A later session whose id is alike gets a
longer one. The agents of a session have none. Lists only read them: what makes them is loaded
where they are made.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator

from costtop.named_tuples import NamedTuple

_CODE = 7  # characters of a code that stands alone: one in 268 million
_BESIDE = 4  # of one that stands beside words
_LONGEST = 12  # of a code
_WORDS = 8  # characters of the words before a code
_WHOLE = 20  # an own id up to this long is kept as it is
_AT_ONCE = 2_000  # sessions that get theirs in one transaction
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
# A value compared with `short` may be '', which a partial index of its own holds: without the name
# of the other index SQLite makes such a statement anew each time it is asked.
_SHORTS = "sessions INDEXED BY sessions_short"
_CLOCKED = "67"  # versions of UUID that begin with a clock


class _Parts(NamedTuple):
    """What an id consists of: its words, and the random part in the order of telling."""

    words: str
    code: str
    tail: bool  # the code's last characters tell, not its first

    def picked(self, size: int) -> str:
        return self.code[-size:] if self.tail else self.code[:size]


def candidates(source: str, session: str) -> Iterator[str]:
    """Short ids for the session, the best first; the last ones are a hash and free for sure."""
    parts = _parts(session)
    if not parts.code:
        yield from _of_words(parts.words)
    elif not parts.words:
        yield from (parts.picked(size) for size in range(_CODE, _LONGEST + 1))
    else:
        words = _head(parts.words)
        yield from (f"{words}-{parts.picked(size)}" for size in range(_BESIDE, _LONGEST + 1))
    told = _hash(f"{source}/{session}").hex()
    head = _head(parts.words) or "s"
    yield from (f"{head}-{told[:size]}" for size in range(_BESIDE, 33))


def _hash(text: str) -> bytes:
    from _blake2 import blake2b  # hashlib loads OpenSSL

    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _parts(session: str) -> _Parts:
    """The id in small ASCII letters, taken apart."""
    if whole := re.fullmatch(_UUID, session):
        return _Parts("", session.replace("-", ""), whole[1] in _CLOCKED)  # as most are
    import unicodedata

    folded = unicodedata.normalize("NFKD", session).encode("ascii", "ignore").decode().lower()
    found = re.search(_UUID, folded)
    if found:
        words = _joined(folded[: found.start()] + "-" + folded[found.end() :])
        code = found[0].replace("-", "")
        return _Parts("" if _is_code(words) else words, code, found[1] in _CLOCKED)
    every = _joined(folded).split("-")
    named = "-".join(part for part in every if not _is_code(part))
    codes = [part for part in every if _is_code(part)]
    random = [part for part in codes if not part.isdigit()]
    if codes and not named:
        random = random or codes  # a clock alone
    code = "".join(random)
    hashed = not code.isdigit() and all(char in "0123456789abcdef" for char in code)
    return _Parts(named, code, tail=not (named and hashed))


def _joined(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def _is_code(part: str) -> bool:
    """Whether it is a clock, a hash or random, and no word: long, with digits in it.

    Eight digits alone are a date.
    """
    return len(part) >= 8 + part.isdigit() and sum(char.isdigit() for char in part) >= 2


def _of_words(words: str) -> Iterator[str]:
    if 0 < len(words) <= _WHOLE:
        yield words
    elif words:
        yield f"{_head(words)}-{words.rpartition('-')[2][-_LONGEST:]}"


def _head(words: str) -> str:
    """The first words, as many as there is room for."""
    cut = words[: _WORDS + 1]
    return (cut if len(words) <= _WORDS else cut.rpartition("-")[0] or cut[:-1]).strip("-")


def shortened(names: Iterable[str]) -> dict[str, str]:
    """Other names made short as ids are, told apart among themselves: tasks, to be read."""
    made: dict[str, str] = {}
    for name in dict.fromkeys(names):
        plain = len(name) <= _WHOLE and not _parts(name).code
        taken = set(made.values())
        made[name] = name if plain else next(x for x in candidates("", name) if x not in taken)
    return made


def free(db: sqlite3.Connection, source: str, session: str) -> str:
    """A short id that no session has or had; to be stored in the same transaction.

    `source` and `session` are of the session that will get it.
    """

    def is_taken(short: str) -> bool:
        query = (
            f"SELECT 1 FROM {_SHORTS} WHERE short = ?1 AND short <> '' UNION ALL"
            " SELECT 1 FROM sessions WHERE session = ?1 AND session <> ?2 UNION ALL"
            " SELECT 0 FROM retired_shorts LIMIT 1"  # some ids are retired, perhaps this one
        )
        found = db.execute(query, (short, session)).fetchone()
        return found is not None and (found[0] or _is_retired(db, short, f"{source}/{session}"))

    return _first(candidates(source, session), is_taken)


def _is_retired(db: sqlite3.Connection, short: str, key: str) -> bool:
    """Whether the id was that of another session than `key`, of which nothing is left."""
    query = "SELECT 1 FROM retired_shorts WHERE short = ? AND who <> ?"
    return db.execute(query, (_hash(short), _hash(key))).fetchone() is not None


def retire(db: sqlite3.Connection, rows: Iterable[int]) -> None:
    """Keeps that the short ids of these sessions were theirs, before all about them is deleted."""
    for row in rows:
        short, source, session = db.execute(
            "SELECT s.short, n.text, s.session FROM sessions s JOIN names n ON n.id = s.source"
            " WHERE s.id = ?",
            (row,),
        ).fetchone()
        if short:
            db.execute(
                "INSERT OR IGNORE INTO retired_shorts (short, who) VALUES (?, ?)",
                (_hash(short), _hash(f"{source}/{session}")),
            )


def _first(wanted: Iterator[str], is_taken: Callable[[str], bool]) -> str:
    """The first that is nobody's, nobody else's whole id, and no span of time to a command."""
    from costtop import span_words

    return next(one for one in wanted if not is_taken(one) and not span_words.is_span(one))


class _Taken(NamedTuple):
    """What `free` asks the table for, when it is asked for all sessions at once."""

    own: str
    shorts: set[str]
    ids: set[str]

    def __contains__(self, short: object) -> bool:
        return short in self.shorts or (short in self.ids and short != self.own)


def fill(db: sqlite3.Connection) -> int:
    """Gives short ids to sessions that have none, the earliest first; how many there were.

    Many short transactions: what is killed in the middle goes on where it stood.
    """
    waiting = db.execute(
        "SELECT s.id, n.text, s.session FROM sessions s JOIN names n ON n.id = s.source"
        " WHERE s.short = '' AND s.agent = '' ORDER BY s.id"
    ).fetchall()
    if not waiting:
        return 0
    whole = {str(row[0]) for row in db.execute("SELECT session FROM sessions")}
    given = {str(row[0]) for row in db.execute("SELECT short FROM sessions")}
    for start in range(0, len(waiting), _AT_ONCE):
        made = []
        for row, source, session in waiting[start : start + _AT_ONCE]:
            taken = _Taken(session, given, whole)
            given.add(short := _first(candidates(source, session), taken.__contains__))
            made.append((short, row))
        db.execute("BEGIN IMMEDIATE")
        db.executemany("UPDATE sessions SET short = ? WHERE id = ?", made)
        db.execute("COMMIT")
    return len(waiting)


def of(db: sqlite3.Connection, key: str) -> str:
    """The short id of the session "source/session", "" where it is not known."""
    source, _, session = key.partition("/")
    row = db.execute(
        "SELECT s.short FROM sessions s JOIN names n ON n.id = s.source"
        " WHERE n.text = ? AND s.session = ? AND s.agent = ''",
        (source, session),
    ).fetchone()
    return str(row[0]) if row else ""


def said(db: sqlite3.Connection, key: str) -> str:
    """The key "source/session" with its short id, as it may stand in a message; else as it is."""
    short = of(db, key) if key else ""
    return f"{key.partition('/')[0]}/{short}" if short else key


def of_keys(db: sqlite3.Connection, keys: Iterable[str]) -> dict[str, str]:
    """The short ids of the sessions with these keys, by key."""
    return {key: of(db, key) for key in keys}


def root_of(db: sqlite3.Connection, short: str) -> str:
    """The key "source/session" of the root of the session with this short id, "" for none."""
    row = db.execute(
        "SELECT n.text || '/' || r.session FROM sessions s JOIN sessions r ON r.id = s.root"
        " JOIN names n ON n.id = r.source WHERE s.short = ? AND s.short <> ''",
        (short,),
    ).fetchone()
    return str(row[0]) if row else ""
