"""What leaves a machine: names where `send` says so, hashes else; never a path, never text."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop import paths
from costtop.daemon.opened_instance import join
from costtop.errors import ConfigError
from costtop.fleet.naming import Naming, hash_key
from costtop.fleet.next_shipment import ShippingOutbox
from costtop.settings.fleet_settings import Fleet, Named
from costtop.store import outgoing
from costtop.store.db import open_writer

KEY = b"k" * 64
ALL: tuple[Named, ...] = ("model", "feature", "project", "user")
ID = "0199a3c1-7a52-7000-8b1e-3f1c2d4e5f60"


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("", ""),
        ("checkout", "checkout"),
        ("feature/login", "feature/login"),
        ("github.com/acme/shop", "github.com/acme/shop"),
        ("/srv/code/shop", "shop"),
        ("/srv/code/shop/", "shop"),
        ("~/code/shop", "shop"),
        ("/home/ann/shop", "shop"),
        ("/srv/home/shop", "shop"),
        ("/tmp/demo/users/ann/home/shop", "shop"),
        (r"C:\Users\ann\shop", "shop"),
        ("C:\\code\\shop", "shop"),
        ("file:///srv/shop", "shop"),
        ("../shop", "shop"),
        ("über", "über"),
    ],
)
def test_a_name_that_is_sent_leaves_as_it_is_and_of_a_folder_its_own_name(
    text: str, leaves: str
) -> None:
    assert Naming(ALL, KEY).name("project", text) == leaves


@pytest.mark.parametrize(
    "text",
    [
        "/home/ann",
        "/Users/ann/",
        "file:///home/ann",
        "~",
        "/",
        "C:\\",
        "C:\\Users\\ann",
        "log of /home/ann/secret",
    ],
)
def test_a_home_the_disk_and_a_path_within_a_name_are_hashed(text: str) -> None:
    assert Naming(ALL, KEY).name("project", text).startswith("project#")


def test_a_name_that_is_not_sent_is_a_hash_that_is_the_same_each_time() -> None:
    naming = Naming(("model",), KEY)
    made = naming.name("user", "ann")
    assert made == Naming((), KEY).name("user", "ann")
    assert made.startswith("user#")
    assert len(made) == len("user#") + 12
    assert len({made[5:], naming.name("user", "bob")[5:], naming.name("project", "ann")[8:]}) == 3
    assert Naming((), b"other" * 9).name("user", "ann") != made
    assert naming.name("model", "opus") == "opus"


@pytest.mark.parametrize(
    "made",
    [ID, ID.upper(), f"rollout-2026-11-28T10-11-12-{ID}", "ses_01J8ZK3V9Q4M7X2N5B6C0D1E2F",
     "a3f9c2", "agent-a3f9c2d1", "20261128_101112", "session-2026-11-28T10-11",
     "T-0199a3c17a527000"],
)  # fmt: skip
def test_an_id_that_a_machine_made_leaves_as_it_is(made: str) -> None:
    assert Naming((), KEY).session(made) == made


@pytest.mark.parametrize(
    "words",
    ["nightly import of ann", "ann-shop", "deadline", "/home/ann/x.md", "payments2", "ann.smith",
     "AnnMargretSmithJones", f"ann-{ID}", "ann-a3f9c2", "cafe"],
)  # fmt: skip
def test_an_id_in_somebodys_words_is_hashed_and_can_be_asked_for(words: str) -> None:
    naming = Naming((), KEY)
    made = naming.session(words)
    assert made.startswith("session#")
    assert naming.meant(["other", words], made) == words
    assert naming.meant([ID], ID) == ID
    assert naming.meant(["other"], made) is None


def test_the_key_is_made_once_and_one_that_others_can_read_is_refused(home: Path) -> None:
    found = paths.find()
    key = hash_key(Fleet(url_env="F"), found)
    assert hash_key(Fleet(url_env="F"), found) == key
    assert found.fleet_key.stat().st_mode & 0o777 == 0o600
    team = home / "team.key"
    team.write_text("t" * 64)
    team.chmod(0o640)
    with pytest.raises(ConfigError, match="open to others"):
        hash_key(Fleet(url_env="F", hash_key_file=str(team)), found)
    team.chmod(0o600)
    assert hash_key(Fleet(url_env="F", hash_key_file=str(team)), found) == b"t" * 64


# ------------------------------------------------------------------ a store full of canaries


@pytest.fixture
def db(home: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(paths.find().database)
    yield connection
    connection.close()


def text_columns(db: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        (table, column[1])
        for table in tables
        for column in db.execute(f"PRAGMA table_info({table})")
        if column[2] == "TEXT"
    ]


def fill(db: sqlite3.Connection) -> dict[str, str]:
    """A row in every table, with a canary of its own in every text column and every name."""
    db.execute("PRAGMA ignore_check_constraints = ON")
    canaries = {}
    whose = ["source", "agent_type", "cwd", "branch", "project", "ctx_feature", "user", "task",
             "host", "tags", "feature", "model", "version", "label", "owner", "site", "account",
             "provider", "variant"]  # fmt: skip
    ids = {name: 100 + number for number, name in enumerate(whose)}
    for name, row in ids.items():
        canaries[f"names.{name}"] = f"CANARY {name} of ann"
        db.execute("INSERT INTO names (id, text) VALUES (?, ?)", (row, f"CANARY {name} of ann"))
    for table in sorted({table for table, _ in text_columns(db)} - {"names", "shipping", "meta"}):
        columns = db.execute(f"PRAGMA table_info({table})").fetchall()
        values = []
        for column in columns:
            canary = f"CANARY {table}.{column[1]} of ann"
            if column[2] == "TEXT":
                canaries[f"{table}.{column[1]}"] = canary
            known = ids.get(column[1], 1)
            values.append(
                canary if column[2] == "TEXT" else b"k" * 16 if column[2] == "BLOB" else known
            )
        marks = ",".join("?" * len(columns))
        db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)
    at = 1_795_000_000_000
    said = "cwd branch project ctx_feature user task host tags".split()
    query = "INSERT OR REPLACE INTO contexts VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
    db.execute(query, [ids[one] for one in said])
    db.execute("UPDATE sessions SET id = 1, root = 1, last = ?, started = ?, context = 1", (at, at))
    query = "UPDATE calls SET session = 1, context = 1, flags = 0, at = ?, key = ?"
    db.execute(query, (at, b"c" * 16))
    db.execute("INSERT INTO spend VALUES (?, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1)",
               (at // 900_000,))  # fmt: skip
    return canaries


@pytest.mark.parametrize("send", [(), ("model",), ("feature", "user"), ALL], ids=str)
def test_of_a_store_full_of_canaries_none_leaves_but_those_named(
    db: sqlite3.Connection, send: tuple[Named, ...]
) -> None:
    canaries = fill(db)
    assert len(canaries) > 60
    fleet = Fleet(url_env="F", send=send)
    join(db, fleet, paths.find())
    outbox = ShippingOutbox(db, Naming(send, hash_key(fleet, paths.find())))
    left = []
    while (batch := outbox.next()) is not None:
        left.append(batch)
        outgoing.sent(db, batch.done)
    assert sum(len(batch.shipment.calls) for batch in left) == 1
    assert sum(len(batch.shipment.sessions) for batch in left) == 1
    told = repr(left)
    leaked = {name for name, canary in canaries.items() if canary in told}
    assert leaked == {f"names.{name}" for name in send}
    assert str(Path.home()) not in told
