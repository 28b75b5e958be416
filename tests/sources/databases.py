"""Builds other tools' databases from the SQL beside the golden logs, and asks them.

`python -m tests.sources.databases` writes the golden rows anew; read them before you commit them.
"""

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from costtop.sources.registry import SOURCE
from costtop.tail.rows import ask
from tests.sources.golden import LOGS

SCRIPTS = sorted(LOGS.glob("*/*.sql"))


def built(script: Path, path: Path) -> Path:
    """A database at `path` as the owner of `script` would have it, in WAL mode and closed."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(script.read_text())
    return path


def rows(name: str, database: Path, since: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What the source's questions give, as the daemon hands it to the source."""
    found: list[dict[str, Any]] = []
    for query in SOURCE[name].queries:
        cursor = (since or {}).get(query.name)
        answer = ask(str(database).encode(), query.sql, query.cursor, query.tables, cursor)
        assert not answer.trouble, answer.trouble
        found += [{**row, "query": query.name} for row in answer.rows]
    return found


def golden_rows(script: Path) -> Path:
    return script.parent / "input" / f"{script.stem}.rows.json"


if __name__ == "__main__":
    for script in SCRIPTS:
        with tempfile.TemporaryDirectory() as folder:
            found = rows(script.parent.name, built(script, Path(folder) / "golden.db"))
        golden_rows(script).parent.mkdir(exist_ok=True)
        text = json.dumps(found, indent=1, ensure_ascii=False)
        golden_rows(script).write_text(text + "\n")
