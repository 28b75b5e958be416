"""No statement that costtop can run walks a table that grows: each has an index, or a reason."""

import ast
import importlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from costtop.store.calls import old_keys
from costtop.store.db import open_writer

ROOT = Path(__file__).resolve().parents[2]
SQL = re.compile(r"\s*(SELECT .* FROM|INSERT .*INTO|UPDATE .* SET|DELETE FROM|WITH) \S", re.DOTALL)

# Tables whose rows are as few as the user's own doings, settings, programs that run now.
SMALL = frozenset(
    "meta cards breakers overrides silences marks endpoints runs old_keys forgotten"
    " statuslines owners shipping outgoing_aside json_each sqlite_master CONSTANT".split()
)
# Indexes of the few rows that wait for something.
WAITING = frozenset({"outbox_open", "outbox_held", "intents_open", "sessions_unnamed"})

FORGOTTEN = "once a `costtop forget`, which looks at everything"
STARTED = "once a start, which takes in what the table holds"
ANY = "its first row alone"
WALKS = {
    "store/alerts/alerts.py: find": "once a command: an alert by the beginning of its id",
    "store/alerts/alerts.py: flagged": "alerts of sessions, where one has just been found",
    "store/alerts/ledger_rows.py: decided_since": "up to 100 decisions, found by their rows",
    "store/alerts/ledger_rows.py: _refs": "a fleet's steward alone, whose ledger is small",
    "store/alerts/breakers.py: override": "once a command: what all sessions were denied is over",
    "store/calls/estimates.py: before": "no statement, but what two of them begin with",
    "store/calls/estimates.py: stored": "once a `costtop reprice`, which looks at every call",
    "store/calls/told_contexts.py: matters": ANY,
    "store/forgetting/thinning.py: gone": "once a report by tool: sessions without details",
    "store/forgetting/thinning.py: size": "once a `costtop doctor` or `compact`",
    "store/forgetting/removal.py: _old": FORGOTTEN,
    "store/forgetting/removal.py: _sessions": FORGOTTEN,
    "store/forgetting/removal.py: _take_out": FORGOTTEN,
    "store/forgetting/removal.py: _unused": FORGOTTEN,
    "store/forgetting/removal.py: counted": FORGOTTEN,
    "store/forgetting/removal.py: rest": FORGOTTEN,
    "store/git/git_facts.py: forget_unused": FORGOTTEN,
    "store/git/git_facts.py: repositories": "once a report by pull request, and a look at git",
    "store/git/git_facts.py: worktrees": "once a report by pull request, and a look at git",
    "store/git/pull_links.py: read": "once a report by pull request: few sessions name one",
    "store/outgoing.py: again": "once a fleet is joined, or its server has forgotten",
    "store/outgoing.py: waiting": "once a status: up to 100,000 of what waits",
    "store/places.py: load": STARTED,
    "store/plans/plan_readings.py: forget": FORGOTTEN,
    "store/plans/plan_readings.py: pull_in": "once a start, and as a clock is set back",
    "store/plans/plan_readings.py: limits": "once a day: a row for each window of an account",
    "store/places.py: read_times": "once a command without a daemon: which logs are new",
    "store/places.py: states": "once a command without a daemon: which logs are new",
    "store/recovery/backups.py: usable": ANY,
    "store/recovery/store_mark.py: of": "sums of all sessions, twice a minute while calls come in",
    "store/sessions/task_completion.py: begin": "once the config completes tasks otherwise",
    "store/sessions/task_completion.py: seen": "once a minute where commits complete tasks",
    "store/sessions/finished_peers.py: ends": STARTED,
    "store/sessions/finished_peers.py: read": STARTED,
    "store/sessions/finished_peers.py: texts": "once a `costtop alerts replay`",
    "store/sessions/gate_calls.py: gated": "while a breaker holds: which sessions have a gate",
    "store/sessions/gate_calls.py: latest": "once a `costtop doctor` or `hooks status`",
    "store/sessions/accounts.py: renew": "once a plan of the config got another account",
    "store/sessions/accounts.py: _found": "the same",
    "store/sessions/labels.py: renew": "once an entry of the config got another name",
    "store/sessions/owners.py: _fill": "once an update, or what an entry of the config gives",
    "store/sessions/owners.py: renew": "once the config gave somebody another name",
    "store/sessions/short_ids.py: fill": "once an update from before there were short ids",
    "store/sums/rollup_progress.py: use_zone": ANY,
    "store/sessions/short_ids.py: free": ANY,
    "store/sessions/short_ids.py: is_taken": ANY,
    "store/sessions/titles.py: begin": ANY,
    "store/sessions/titles.py: has_any": ANY,
}


def statements() -> Iterator[tuple[str, str]]:
    """Where each statement stands, and its text, as far as that is known without running it."""
    for path in sorted((ROOT / "costtop" / "store").rglob("*.py")):
        name = path.relative_to(ROOT / "costtop")
        dotted = ".".join(("costtop", *name.with_suffix("").parts)).removesuffix(".__init__")
        module = importlib.import_module(dotted)
        for made in ast.parse(path.read_text(encoding="utf-8")).body:
            for function in ast.walk(made):
                if isinstance(function, ast.FunctionDef):
                    for text in texts(function, module):
                        if SQL.match(text):
                            yield f"{name}: {function.name}", text


def texts(node: ast.AST, module: ModuleType) -> Iterator[str]:
    """Strings, and those put together from the module's own constants."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        try:
            yield str(eval(compile(ast.Expression(node), "sql", "eval"), vars(module)))
        except (NameError, AttributeError, TypeError):
            return  # put together from arguments: the plans of readers and of a commit see it
    else:
        for child in ast.iter_child_nodes(node):
            yield from texts(child, module)


def walks(db: sqlite3.Connection, sql: str) -> list[str]:
    """Steps of the plan that read all of a table that grows."""
    aliases = re.findall(r"\b(?:FROM|JOIN)\s+(\w+)\s+(?:AS\s+)?([a-z]\w*)\b", sql)
    names = {alias: table for table, alias in aliases}
    found = []
    for _, _, _, step in db.execute(f"EXPLAIN QUERY PLAN {sql}", values(sql)):
        hit = re.match(r"SCAN (\w+)(?:.* INDEX (\w+))?", step)
        if hit and names.get(hit[1], hit[1]) not in SMALL and hit[2] not in WAITING:
            found.append(step)
    return found


def values(sql: str) -> dict[str, None] | tuple[None, ...]:
    """Something for each place that waits for a value."""
    if named := re.findall(r"[:@]([a-z_]+)", sql):
        return dict.fromkeys(named)
    numbers = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    return (None,) * (max(numbers) if numbers else sql.count("?"))


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    connection = open_writer(tmp_path_factory.mktemp("plans") / "costtop.db")
    old_keys._gather(connection)  # of an update from before there were such keys
    yield connection
    connection.close()


def test_no_statement_walks_a_table_that_grows_without_a_reason(db: sqlite3.Connection) -> None:
    found = list(statements())
    assert len(found) > 150
    walked = {where: (sql, steps) for where, sql in found if (steps := walks(db, sql))}
    assert {where: walked[where] for where in walked.keys() - WALKS.keys()} == {}
    assert walked.keys() == WALKS.keys()  # a reason that is needed no more is none


def test_a_walk_would_be_seen(db: sqlite3.Connection) -> None:
    assert walks(db, "UPDATE places SET state = ? WHERE substr(path, 2) = ?")
    assert walks(db, "DELETE FROM tools WHERE name = ?1")
    assert walks(db, "SELECT 1 FROM calls c WHERE c.cost > :cost")
    assert not walks(db, "UPDATE places SET state = ? WHERE path = ?")
