"""Owners of sessions: the same in any order, and found by whoever owns the files."""

import os
import pwd
from itertools import count, permutations
from pathlib import Path

import pytest

from costtop.config import Config, Identity, Otlp, Receive, SourceEntry
from costtop.daemon.ingest.log_owners import LogOwners, host_name
from costtop.files import user_name
from costtop.model import Call, Context, Tokens
from costtop.nouns.log_owner import LogOwner
from costtop.paths import find
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.sessions.past_spends import History

AT = 1_795_000_000_000
OWNERS = (
    LogOwner("bo", "box"), LogOwner("ana", "desk"), LogOwner("eva", "nas", 2, programs=True), None,
)  # fmt: skip


def _reading(nth: int, owner: LogOwner | None, source: str = "claude-code") -> Reading:
    call = Call(nth.to_bytes(16, "big"), source, "s", "m", Tokens(9), AT + nth)
    priced = [Priced(call, 5, 5, None)]
    return Reading(source, b"/%d" % nth, "{}", "{}", 1, False, priced, [], [], [], [], owner=owner)


def _rules(context: Context, _source: str, _model: str) -> str:
    return f"of {context.user} at {context.host}"


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("together", [False, True])
def test_one_owner_of_several_stays_in_any_order(tmp_path: Path, order, together: bool) -> None:
    db, into = open_writer(tmp_path / "costtop.db"), WriteContext(_rules)
    readings = [_reading(nth, OWNERS[nth]) for nth in order]
    for batch in [readings] if together else [[one] for one in readings]:
        db.execute("BEGIN")
        recorded = record(db, into, batch, AT)
        db.execute("COMMIT")
    last = recorded.spends[-1]
    if order.index(2) < 3 or together:
        assert (last.owner, last.feature) == ("eva", "of eva at nas")
    assert {spend.owner for spend in History(db).after(0)} == {"eva"}
    db.close()


def test_a_program_s_session_has_the_owner_only_that_is_said_to_be_its(tmp_path: Path) -> None:
    db, into = open_writer(tmp_path / "costtop.db"), WriteContext(_rules)
    db.execute("BEGIN")
    record(db, into, [_reading(1, OWNERS[0], "otlp"), _reading(2, OWNERS[2], "litellm")], AT)
    db.execute("COMMIT")
    assert [(one.call.source, one.owner) for one in History(db).after(0)] == [
        ("otlp", ""), ("litellm", "eva"),
    ]  # fmt: skip
    db.close()


def owners(**settings: object) -> LogOwners:
    return LogOwners(Config(**settings), find())  # type: ignore[arg-type]


def test_channels_and_logs_of_programs_have_no_user_that_nobody_told(home: Path) -> None:
    here = host_name()
    entries = (
        SourceEntry(name="shop", paths=("/x/*",)),
        SourceEntry(name="web", paths=("/y/*",), user="ana"),
    )
    found = owners(source=entries)
    assert found.owner_of("costtop", b"costtop.sock") == LogOwner("", here, programs=True)
    assert found.owner_of("costtop", os.fsencode(find().spool / "a.jsonl")) == LogOwner(
        "", here, programs=True
    )
    assert found.owner_of("shop", b"/x/a") is None
    assert found.owner_of("web", b"/y/a") == LogOwner("ana", "", 1, programs=True)
    assert found.owner_of("otlp", b"otlp") is None
    near = owners(receive=Receive(otlp=Otlp()))
    assert near.owner_of("otlp", b"otlp") == LogOwner(user_name(), here)
    assert owners(receive=Receive(otlp=Otlp(host="::"))).owner_of("otlp", b"otlp") is None


def test_names_that_are_given_go_before_a_hash(home: Path) -> None:
    hidden = owners(identity=Identity(user="ana", users={"bo": "Bo"}, hash=True))
    mine, bo, eva = (LogOwner(one, "desk") for one in (user_name(), "bo", "eva"))
    assert [hidden.naming(one)[0] for one in (mine, bo)] == ["ana", "Bo"]
    assert hidden.naming(eva)[0].startswith("user-")
    assert hidden.naming(eva) == owners(identity=Identity(hash=True)).naming(eva)
    assert hidden.naming(LogOwner("eva", "nas", 3)) == ("eva", "nas")
    assert owners().naming(eva) == ("eva", "desk")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_log_is_its_file_s_owner_s_or_that_of_the_folder_above(tmp_path: Path) -> None:
    somebody = next(one for one in pwd.getpwall() if one.pw_uid not in (0, os.getuid()))
    nameless = 54_321
    folder = tmp_path / "home" / "logs"
    folder.mkdir(parents=True)
    log = folder / "a.jsonl"
    log.write_text("{}")
    hours = count()
    found = LogOwners(Config(), find(), lambda: 3600.0 * next(hours))

    def owner() -> str:
        known = found.owner_of("claude-code", os.fsencode(log))
        assert known is not None
        return known.user

    assert owner() == user_name()
    os.chown(log, somebody.pw_uid, 0)
    assert owner() == somebody.pw_name
    os.chown(log, nameless, 0)
    assert owner() == user_name()
    os.chown(folder.parent, somebody.pw_uid, 0)
    assert owner() == somebody.pw_name
    log.unlink()  # it has gone: its folder still tells
    assert owner() == somebody.pw_name


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_of_many_logs_the_folders_above_are_asked_once_in_a_while(tmp_path: Path) -> None:
    somebody = next(one for one in pwd.getpwall() if one.pw_uid not in (0, os.getuid()))
    moments = [0.0]
    found = LogOwners(Config(), find(), lambda: moments[-1])
    folders = [tmp_path / "home" / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir(parents=True)

    def users() -> list[str]:
        known = (found.owner_of("claude-code", os.fsencode(one / "log")) for one in folders)
        return [one.user for one in known if one]

    assert users() == [user_name()] * 2
    os.chown(tmp_path / "home", somebody.pw_uid, 0)
    assert users() == [user_name()] * 2  # of both at the same moment
    moments.append(3600.0)
    assert users() == [somebody.pw_name] * 2
