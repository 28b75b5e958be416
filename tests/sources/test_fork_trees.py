"""Each request of a family of forks counts once, whatever is left of it and however it is read."""

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources import fork_trees
from tests.sources.databases import rows
from tests.sources.golden import SEEN, chunks, folded, settled
from tests.sources.lines import joined

LINES = {
    "claude-code": fork_trees.claude,
    "claude-code, numbered": fork_trees.numbered,
    "pi": fork_trees.pi,
    "pi, response ids": fork_trees.pi_with_responses,
    "pi, no ids": fork_trees.pi_without_ids,
    "oh-my-pi": fork_trees.pi,
    "openclaw": fork_trees.pi_with_responses,
}
DATABASES = {
    "opencode, 1": fork_trees.opencode_v1,
    "opencode, 2": fork_trees.opencode_v2,
    "kilo, 1": fork_trees.opencode_v1,
    "kilo, 2": fork_trees.opencode_v2,
}


def source(case):
    return SOURCE[case.partition(",")[0]]


def outputs(*files):
    return Counter(call["tokens"]["output"] for call in settled(*files)["calls"].values())


def expected(sessions):
    once = {request.id: request.output for session in sessions for request in session.requests}
    return Counter(once.values())


def left(data, family):
    """Some of a family's sessions, in any order: the others are gone."""
    return data.draw(st.lists(st.sampled_from(family), min_size=1, unique=True))


@pytest.mark.parametrize("case", LINES)
@given(family=fork_trees.families(), data=st.data())
def test_of_logs_in_lines(case, family, data):
    sessions = left(data, family)
    cuts = data.draw(st.lists(st.integers(1, 12), max_size=4))
    files = [
        folded(source(case), chunks(source(case), f"{session.name}.jsonl", joined(rows), cuts))
        for session in sessions
        for rows in [LINES[case](session)]
    ]
    assert outputs(*files) == expected(sessions)


@given(family=fork_trees.families(), data=st.data())
def test_of_tasks_in_documents(family, data):
    sessions = left(data, family)
    files = []
    for session in sessions:
        text = json.dumps(fork_trees.kilo_task(session)).encode()
        chunk = Chunk(f"/x/tasks/{session.name}/ui_messages.json", text, 0, SEEN)
        files.append(folded(SOURCE["kilo-code"], [chunk]))
    assert outputs(*files) == expected(sessions)


@pytest.mark.parametrize("case", DATABASES)
@settings(max_examples=40)
@given(family=fork_trees.families(), data=st.data())
def test_of_databases(case, family, data):
    """Some sessions are there at first, some at a second look, when others have been deleted."""
    read = []
    with tempfile.TemporaryDirectory() as folder:
        for look in range(2):
            sessions = left(data, family)
            database = DATABASES[case](Path(folder) / f"{look}.db", sessions)
            found = rows(source(case).name, database)
            page = data.draw(st.integers(1, 9))
            pages = [found[start : start + page] for start in range(0, len(found), page)]
            parts = [Chunk("/x/a.db", seen=SEEN, rows=part) for part in pages]
            read.append((sessions, folded(source(case), parts)))
    seen = [session for sessions, _ in read for session in sessions]
    assert outputs(*(events for _, events in read)) == expected(seen)


@given(family=fork_trees.families(), data=st.data())
def test_of_opencodes_older_files_and_its_database_together(family, data):
    older, newer = left(data, family), left(data, family)
    alone = [session for session in older if len({x.at for x in session.requests})
             == len(session.requests)]  # fmt: skip
    files = [
        folded(SOURCE["opencode.json"], [Chunk(path, text, 0, SEEN)])
        for session in alone
        for path, text in fork_trees.opencode_files(session).items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        found = rows("opencode", fork_trees.opencode_v1(Path(folder) / "a.db", newer))
    database = folded(SOURCE["opencode"], [Chunk("/x/a.db", seen=SEEN, rows=found)])
    assert outputs(database, *files) == expected([*alone, *newer])
