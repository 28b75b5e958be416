"""Each session has a short id that people can type and tell apart, given once and kept."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.errors import CosttopError, NothingFound
from costtop.model import SessionFact
from costtop.queries.sessions import lookup
from costtop.store.db import migrations, open_writer
from costtop.store.names import Names
from costtop.store.sessions import short_ids
from costtop.store.sessions.sessions import Sessions

HOSTILE = (
    "$(touch x)",
    "a;b",
    "'\"`",
    "-rf",
    "../..",
    "日本",
    "",
    "\u202eevil",
    "today",
    "7d",
    "a" * 500,
)


@pytest.fixture
def db(tmp_path: Path):
    made = open_writer(tmp_path / "costtop.db")
    yield made
    made.close()


def clocked(rng: random.Random, n: int) -> str:
    """A UUID of version 7: its head is the clock."""
    at = (1_795_000_000_000 + n * 37) << 80
    return str(uuid.UUID(int=at | 7 << 76 | rng.getrandbits(76) & ~(3 << 62) | 2 << 62))


def begun(db: sqlite3.Connection, *ids: str, source: str = "codex") -> list[str]:
    sessions = Sessions(Names())
    for one in ids:
        sessions.ref(db, source, one)
    return [short_ids.of(db, f"{source}/{one}") for one in ids]


def test_a_thousand_sessions_of_one_day_are_told_apart_and_each_is_found(db):
    rng = random.Random(5)
    ids = [clocked(rng, n) for n in range(1_000)]
    assert len({one[:6] for one in ids}) == 1
    shorts = begun(db, *ids)
    assert len(set(shorts)) == 1_000
    assert max(map(len, shorts)) <= 9
    assert [lookup.session(db, short) for short in shorts] == [f"codex/{one}" for one in ids]
    assert lookup.session(db, f"@{shorts[7].upper()}") == f"codex/{ids[7]}"


@pytest.mark.parametrize(
    ("session", "short"),
    [
        ("9f767c4a-1b2c-4d3e-8f90-123456789abc", "9f767c4"),
        ("01a221ea-3b2c-7d3e-8f90-12345e789abc", "e789abc"),
        ("support-88a6f3c1-9b2e-4c1d-8e3f-0123456789ab", "support-88a6"),
        ("support-1732356000123-88a6", "support-88a6"),
        ("support-88a6ca7b", "support-88a6"),
        ("nightly-20261123", "nightly-20261123"),
        ("checkout-42", "checkout-42"),
        ("Checkout 42", "checkout-42"),
        ("01JD8X2Z3Y4W5V6T7S8R9Q0P1N", "r9q0p1n"),
        ("customer-onboarding-flow-for-acme", "customer-acme"),
    ],
)
def test_it_comes_from_what_tells_an_id_apart(db, session, short):
    assert begun(db, session) == [short]


def test_hostile_ids_get_names_that_a_shell_takes_as_one_word(db):
    shorts = begun(db, *HOSTILE)
    assert len(set(shorts)) == len(HOSTILE)
    for short in shorts:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", short), short
        assert len(short) <= 30
    assert not {"today", "7d"} & set(shorts)


def test_one_given_is_kept_and_never_another_sessions_even_where_ids_are_alike(db):
    head = "9f767c4a-1b2c-4d3e-8f90-00000000000"
    shorts = begun(db, *(f"{head}{n}" for n in range(10)))
    assert shorts[0] == "9f767c4"
    assert len(set(shorts)) == 10
    again = begun(db, *(f"{head}{n}" for n in range(9, -1, -1)))
    assert again == shorts[::-1]
    assert begun(db, f"{head}0", source="claude-code") != shorts[:1]


# Ids that are alike where it matters: the same tails, the same words, short ids of one another.
ALIKE = st.one_of(
    st.text("ab0", min_size=1, max_size=4),
    st.builds("{}-{}".format, st.sampled_from(("support", "ci")), st.text("a1", max_size=10)),
    st.builds(lambda n: str(uuid.UUID(int=n << 96 | 7 << 76 | 2 << 62 | n % 3)), st.integers(0, 9)),
    st.text(max_size=12),
)


@given(st.lists(st.tuples(st.sampled_from(("codex", "costtop")), ALIKE), max_size=30))
def test_whatever_comes_no_short_id_is_given_twice_and_each_means_its_session_for_ever(ids):
    db = sqlite3.connect(":memory:", isolation_level=None)
    for one in migrations():
        db.executescript(one)
    sessions, given_ids = Sessions(Names()), {}
    for source, session in ids:
        sessions.ref(db, source, session)
        key = f"{source}/{session}"
        short = short_ids.of(db, key)
        assert given_ids.setdefault(key, short) == short
        assert re.fullmatch("[a-z0-9-]+", short)
        for known, kept in given_ids.items():
            assert short_ids.of(db, known) == kept
            assert lookup.session(db, kept) == lookup.session(db, f"@{kept}") == known
    assert len(set(given_ids.values())) == len(given_ids)
    db.close()


def test_what_a_forgotten_session_was_called_is_never_anothers_but_may_be_its_own_again(db):
    first, second = (f"{head}-1111-7222-8333-44445e789abc" for head in ("01a221ea", "01a221eb"))
    [short] = begun(db, first)
    rows = [row for (row,) in db.execute("SELECT id FROM sessions")]
    short_ids.retire(db, rows)
    db.execute("DELETE FROM sessions")
    assert begun(db, second) == [f"5{short}"]
    assert begun(db, first) == [short]
    assert short not in "".join(map(str, db.execute("SELECT * FROM retired_shorts")))


def test_no_short_id_is_the_whole_id_of_an_earlier_session(db):
    begun(db, "88a6", "rm")
    assert begun(db, "---RM---") != ["rm"]
    assert lookup.session(db, "rm") == "codex/rm"


def test_a_session_that_is_found_to_be_anothers_keeps_what_was_shown(db):
    sessions = Sessions(Names())
    [shown] = begun(db, "child-9")
    sessions.learn(db, SessionFact("codex", "child-9", parent="root-1"), 1)
    assert short_ids.of(db, "codex/child-9") == shown
    assert lookup.session(db, shown) == "codex/root-1"


def test_an_ambiguous_beginning_lists_what_to_type_and_a_slip_what_was_meant(db):
    begun(db, "checkout-41", "checkout-42", "other-1")
    with pytest.raises(CosttopError, match=r"checkout-41 \(codex/checkout-41\), checkout-42"):
        lookup.session(db, "check")
    with pytest.raises(NothingFound, match=r"did you mean other-1\?"):
        lookup.session(db, "othre-1")
    with pytest.raises(NothingFound):
        lookup.session(db, "@")


FILL = """
import sys
from pathlib import Path
from costtop.store import db as opened
from costtop.store.sessions import short_ids
short_ids._AT_ONCE = 50
first = short_ids.candidates
def slow(source, session, seen=[]):
    seen.append(1)
    if len(seen) == 420:
        print("half", flush=True); sys.stdin.read()
    return first(source, session)
short_ids.candidates = slow
opened.open_writer(Path(sys.argv[1]))
"""


def test_filling_an_old_store_goes_on_where_it_was_killed(tmp_path):
    path = tmp_path / "costtop.db"
    db, rng = open_writer(path), random.Random(3)
    db.execute("INSERT INTO names VALUES (9, 'codex')")
    rows = [(9, clocked(rng, n), n + 1) for n in range(1_000)]
    db.executemany("INSERT INTO sessions (source, session, root) VALUES (?, ?, ?)", rows)
    db.execute("INSERT INTO sessions (source, session, agent, root) VALUES (9, 'x', 'a1', 1)")
    db.close()
    child = subprocess.Popen(
        [sys.executable, "-c", FILL, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == b"half\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    before = dict(_given(sqlite3.connect(path)))
    assert len(before) == 400
    db = open_writer(path)
    after = dict(_given(db))
    assert len(set(after.values())) == 1_000
    assert before.items() <= after.items()
    assert short_ids.fill(db) == 0
    db.close()


def _given(db: sqlite3.Connection) -> list[tuple[str, str]]:
    return db.execute("SELECT session, short FROM sessions WHERE short <> ''").fetchall()
