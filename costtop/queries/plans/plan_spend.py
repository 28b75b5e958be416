"""What was spent beside a window of a plan: by whom it counts for it, and on what.

Of an agent with several accounts a session belongs to the folder that its log lies in. A limit of
one model counts what that model cost; where nothing tells which models it holds for, nothing is
known to count.
"""

import re
import sqlite3
from collections.abc import Iterable

from costtop.durations import DAY, MINUTE, QUARTER
from costtop.named_tuples import NamedTuple
from costtop.plans.shares import PlanSpend
from costtop.plans.windows import PlanKey

_FINE = DAY  # windows up to this length are shared by minutes, longer ones by quarter hours
_WORDS = re.compile(r"[a-z]+|\d+")


class SpendPart(NamedTuple):
    """What one session cost by one model for one feature; nano-dollars."""

    session: int
    model: str
    feature: str
    cost: int


class PlanSpending:
    """Reads what counts for the windows of one limit; remembers whose sessions are."""

    def __init__(self, db: sqlite3.Connection, key: PlanKey) -> None:
        self._db, self._key = db, key
        self._homes = _homes(db, key.source)
        self._mine: dict[int, bool] = {}  # by root session row
        self._models: dict[int, bool] = {}  # by name's row

    def known(self) -> bool:
        """Whether anything that was spent is known to count."""
        if not self._key.limit:
            return True
        rows = self._db.execute("SELECT DISTINCT model FROM session_models").fetchall()
        return any(self._counts(model) for (model,) in rows)

    def steps(self, since: int, now: int) -> list[PlanSpend]:
        """What sessions cost from `since` to now, by minutes or quarter hours."""
        fine = self._key.minutes * MINUTE <= _FINE and not self._key.limit
        table, column, size = (
            ("minutes", "minute", MINUTE) if fine else ("spend", "quarter", QUARTER)
        )
        model = "0" if fine else "m.model"
        rows = self._db.execute(
            f"SELECT m.{column}, s.root, {model}, sum(m.cost) FROM {table} m"
            f" JOIN sessions s ON s.id = m.session"
            f" WHERE m.{column} >= ? AND m.{column} <= ? AND s.source ="
            " (SELECT id FROM names WHERE text = ?) GROUP BY 1, 2, 3 HAVING sum(m.cost) > 0",
            (since // size, now // size, self._key.source),
        )
        return [
            PlanSpend(max(at * size, since), root, cost)
            for at, root, name, cost in rows
            if self._is_mine(root) and self._counts(name)
        ]

    def total(self, since: int, until: int) -> int:
        """Nano-dollars of a span, to the quarter hour."""
        if not self._key.limit and len(self._homes) < 2:
            return self._all(since, until)
        return sum(part.cost for part in self.parts(since, until))

    def _all(self, since: int, until: int) -> int:
        """The same where all that its agent spends counts, as for most."""
        (cost,) = self._db.execute(
            "SELECT coalesce(sum(p.cost), 0) FROM spend p JOIN sessions s ON s.id = p.session"
            " WHERE p.quarter >= ? AND p.quarter <= ? AND s.source ="
            " (SELECT id FROM names WHERE text = ?)",
            (since // QUARTER, until // QUARTER, self._key.source),
        ).fetchone()
        return int(cost)

    def parts(self, since: int, until: int) -> list[SpendPart]:
        """What a span cost, to the quarter hour, by session, model and feature."""
        rows = self._db.execute(
            "SELECT s.root, p.model, n.text, f.text, sum(p.cost) FROM spend p"
            " JOIN sessions s ON s.id = p.session JOIN names n ON n.id = p.model"
            " JOIN names f ON f.id = p.feature"
            " WHERE p.quarter >= ? AND p.quarter <= ? AND s.source ="
            " (SELECT id FROM names WHERE text = ?) GROUP BY 1, 2, 4 HAVING sum(p.cost) > 0",
            (since // QUARTER, until // QUARTER, self._key.source),
        )
        return [
            SpendPart(root, model, feature, cost)
            for root, name, model, feature, cost in rows
            if self._is_mine(root) and self._counts(name)
        ]

    def _is_mine(self, root: int) -> bool:
        if len(self._homes) < 2:
            return True
        if root not in self._mine:
            self._mine[root] = _home_of(self._db, root, self._homes) == self._key.home
        return self._mine[root]

    def _counts(self, name: int) -> bool:
        """Whether what a model costs counts for the limit; `name` is the row of its name."""
        if not self._key.limit:
            return True
        if name not in self._models:
            (text,) = self._db.execute("SELECT text FROM names WHERE id = ?", (name,)).fetchone()
            self._models[name] = is_of(text, self._key.limit)
        return self._models[name]


def is_of(model: str, limit: str) -> bool:
    """Whether a limit's name names a model: "opus" and "GPT-5.3-Codex-Spark" do."""
    wanted = set(_WORDS.findall(limit.lower()))
    return bool(wanted) and wanted <= set(_WORDS.findall(model.lower()))


def _homes(db: sqlite3.Connection, source: str) -> list[str]:
    rows = db.execute(
        "SELECT DISTINCT h.text FROM plan_limits l JOIN names h ON h.id = l.home"
        " WHERE l.source = (SELECT id FROM names WHERE text = ?)",
        (source,),
    )
    return [home for (home,) in rows]


def _home_of(db: sqlite3.Connection, root: int, homes: Iterable[str]) -> str:
    """The account's folder that a session's log lies in; "" where it is in none."""
    row = db.execute(
        "SELECT p.path FROM sessions s JOIN calls c ON c.session = s.id"
        " JOIN places p ON p.id = c.place WHERE s.root = ? LIMIT 1",
        (root,),
    ).fetchone()
    path = row[0].decode("utf-8", "replace") if row else ""
    return max(
        (home for home in homes if home and path.startswith(f"{home}/")), key=len, default=""
    )
