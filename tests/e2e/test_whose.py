"""Whose agents' work is: every surface says a user and a host, and budgets by user hold them."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from costtop.daemon.ingest.log_owners import host_name
from costtop.files import user_name
from tests.e2e.instance import Instance, claude_line, claude_log
from tests.patience import until

SESSION, OTHER = "0b5e55ed-1111-4111-8111-111111111111", "1dea1dea-2222-4222-8222-222222222222"
ME, HERE = user_name(), host_name()


def log(instance: Instance, session: str = SESSION, calls: int = 3) -> None:
    lines = [claude_line(session, number) for number in range(calls)]
    instance.append(claude_log(session), "".join(lines))


def shares(instance: Instance, by: str) -> dict[str, str]:
    rows = instance.report(by)["rows"]
    return {row["key"]: row["cost_usd"] for row in rows}


def record(instance: Instance, **fields: Any) -> None:
    line = {"model": "claude-opus-4-6", "input_tokens": 900, "output_tokens": 9, **fields}
    instance.cli("record", "--json", json.dumps(line))


def test_every_surface_names_who_and_where_of_an_agent(instance: Instance) -> None:
    log(instance)
    instance.cli("scan")
    total = instance.report("total")["total"]["cost_usd"]
    assert shares(instance, "user") == {ME: total}
    assert shares(instance, "host") == {HERE: total}
    row = instance.once()[SESSION]
    assert (row["user"], row["host"]) == (ME, HERE)
    session = instance.report()["rows"][0]
    assert (session["user"], session["host"]) == (ME, HERE)
    exported = json.loads(instance.cli("export", "calls", "--format", "jsonl").splitlines()[0])
    assert (exported["user"], exported["host"]) == (ME, HERE)
    kept = instance.json("report", "--by", "user", "--user", ME)
    assert kept["total"]["cost_usd"] == total
    refused = instance.cli("report", "--user", "nobody-else", code=3)
    assert refused == f"costtop: no user fits 'nobody-else'; the dearest are {ME}\n"


def test_a_program_s_own_word_wins_and_where_it_has_none_nobody_is_made_up(
    instance: Instance,
) -> None:
    log(instance)
    record(instance, session="web-1", user="ana", host="web1")
    record(instance, session="web-2")
    instance.cli("scan")
    assert set(shares(instance, "user")) == {ME, "ana", "(none)"}
    assert set(shares(instance, "host")) == {HERE, "web1"}  # it came by this machine's spool


def test_a_budget_by_user_holds_the_agent(instance: Instance) -> None:
    instance.configure(
        f'[[budget]]\nname = "mine"\namount = "$0.01"\nscope = {{ user = "{ME}" }}\n'
        'action = "gate"\n'
    )
    log(instance)
    instance.start()
    log(instance, OTHER)
    until(lambda: instance.ask("SELECT count(*) FROM calls") == 6)
    spent = instance.report("total")["total"]["cost_usd"]
    assert float(spent) > 0.01
    checked = json.loads(instance.cli("check", "--json", code=11))
    assert checked["budgets"][0]["state"] == "over"
    held = instance.json("--once")["budgets"][0]
    assert float(held["spent_usd"]) == pytest.approx(float(spent), abs=1e-9)


@pytest.mark.parametrize("daemon", [False, True])
def test_names_are_changed_for_all_that_is_stored_and_no_sum_with_them(
    instance: Instance, daemon: bool
) -> None:
    log(instance)
    record(instance, session="web-1", user="bo", host="web1")
    instance.cli("scan")
    before = shares(instance, "user")
    instance.configure(f'[identity]\nusers = {{ {ME} = "ana" }}\nhost = "desk"\n')
    if daemon:
        instance.start()
    else:
        instance.cli("scan")
    assert shares(instance, "user") == {"ana": before[ME], "bo": before["bo"]}
    assert set(shares(instance, "host")) == {"desk", "web1"}
    row = instance.once()[SESSION]
    assert (row["user"], row["host"]) == ("ana", "desk")


def test_hashed_names_are_the_same_for_ever_and_say_nothing(instance: Instance) -> None:
    instance.configure("[identity]\nhash = true\n")
    log(instance)
    instance.cli("scan")
    first = shares(instance, "user")
    (name,) = first
    assert name.startswith("user-")
    assert len(name) == len("user-") + 10
    key = Path(os.environ["COSTTOP_HOME"]) / "identity.key"
    assert key.stat().st_mode & 0o777 == 0o600
    log(instance, OTHER)
    instance.cli("scan")
    assert set(shares(instance, "user")) == {name}
    (host,) = shares(instance, "host")
    assert host.startswith("host-")
    key.write_text("another, and as long as it has to be\n")
    log(instance, OTHER, 5)
    instance.cli("scan")
    assert set(shares(instance, "user")).isdisjoint({name, ME})
    key.chmod(0o644)
    log(instance, OTHER, 7)
    assert "chmod 600" in instance.cli("scan", code=78)


def test_what_was_stored_before_owners_were_known_gets_them(instance: Instance) -> None:
    log(instance)
    record(instance, session="web-2")
    instance.cli("scan")
    before = shares(instance, "user"), shares(instance, "host")
    with contextlib.closing(_writable(instance)) as db:
        db.execute("UPDATE sessions SET owner = 0, user = 0, host = 0")
        db.execute("DELETE FROM owners")
        db.execute("DELETE FROM meta WHERE key = 'owners'")
        db.commit()
    assert (shares(instance, "user"), shares(instance, "host")) == before


def test_an_entry_says_whose_copied_logs_are(instance: Instance) -> None:
    lines = "".join(claude_line(SESSION, number) for number in range(2))
    copied = instance.append(f"copied/{SESSION}.jsonl", lines)
    entry = f'[[source]]\nname = "nas"\nformat = "claude-code"\npaths = ["{copied.parent}/*"]\n'
    instance.configure(entry)
    instance.cli("scan")
    assert (set(shares(instance, "user")), set(shares(instance, "host"))) == ({ME}, {HERE})
    instance.configure(f'{entry}host = "nas"\n[identity]\nhash = true\n')
    instance.cli("scan")
    (user,) = shares(instance, "user")
    assert user.startswith("user-")
    assert set(shares(instance, "host")) == {"nas"}
    instance.configure(entry)
    instance.cli("scan")
    assert (set(shares(instance, "user")), set(shares(instance, "host"))) == ({ME}, {HERE})


def _writable(instance: Instance) -> Any:
    import sqlite3

    return sqlite3.connect(instance.paths.database)
