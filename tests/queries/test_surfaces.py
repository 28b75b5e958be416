"""Surfaces that show the same fact show the same: of one real store, read by each of them."""

import json
import re
from pathlib import Path

import pytest

from costtop.cli.main import main
from costtop.daemon.alerting.live_sessions import LiveSessions
from costtop.detect.settings import Settings
from costtop.durations import HOUR, MINUTE, iso, now_ms
from costtop.model import Call, Context, FloorReason, Rates, TaskFact, Tokens
from costtop.paths import Paths, find
from costtop.queries.connection import Door
from costtop.queries.live import past_frame
from costtop.queries.sessions import session, tasks
from costtop.store import gating, meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer
from costtop.store.sessions import labels, sessions
from costtop.store.sessions.past_spends import History
from costtop.sum_floors import Floor
from costtop.tui.list.filter import parse
from costtop.tui.screens.tasks import summed

NOW = now_ms() - 1000  # the commands take the clock's word for it
RATES = Rates(1_000_000, 100_000, 1_250_000, 2_000_000, 5_000_000, card="test")  # $1 and $5 a M
KEY = "claude-code/mine"
NAMES = ("t1", "t2", "t3")


def written(path: Path, calls: list[tuple[str, str, int, int]]):
    """A store of calls (session, model, at, cost), each a call of its own."""
    db = open_writer(path / "costtop.db")
    rows = []
    for nth, (name, model, at, cost) in enumerate(calls):
        made = Call(f"{nth}".encode().ljust(16), "claude-code", name, model, Tokens(100), at)
        rows.append(Priced(made, cost, cost, None))
    reading = Reading("claude-code", b"/log", "{}", "{}", 1, False, rows, [], [], [], [])
    db.execute("BEGIN")
    record(db, WriteContext(lambda context, source, model: ""), [reading], NOW)
    db.execute("COMMIT")
    return db


def watched(db, finished_after: int) -> LiveSessions:
    """The daemon's side of the peers, as after a start with this configuration."""
    told = meta.encoded(zone="UTC", finished_after=finished_after, min_peers=5, budgets=())
    running = LiveSessions(Settings(finished_after=finished_after))
    db.execute("BEGIN")
    meta.put(db, {**told, "imported": str(NOW)})
    running.learn(db, NOW)
    running.catch_up(db, (), NOW)
    running.keep(db)
    db.execute("COMMIT")
    return running


@pytest.mark.parametrize(("hours", "size"), [(2, 6), (12, None)])
def test_the_session_page_knows_the_finished_peers_of_the_configuration(
    tmp_path: Path, hours: int, size: int | None
):
    """Quiet for three hours is finished after two, not after twelve."""
    quiet = [(f"old{n}", "opus", NOW - 3 * HOUR, (n + 1) * 1_000_000) for n in range(6)]
    resting = [(f"resting{n}", "opus", NOW - HOUR, 50_000_000) for n in range(6)]
    db = written(tmp_path, [*quiet, *resting, ("mine", "opus", NOW - MINUTE, 70_000_000)])
    watched(db, hours * HOUR)
    found = session.read(db, "claude-code/mine")
    assert found is not None
    if size is None:
        assert found.peers is None
    else:
        assert found.peers is not None
        assert (found.peers.level, found.peers.name) == ("source", "claude-code")
        assert (found.peers.size, found.peers.median) == (size, 3_500_000)
    db.close()


def stored(home: Path, *calls: Priced) -> Paths:
    """A user's store with these calls in it."""
    paths = find()
    db = open_writer(paths.database)
    reading = Reading("claude-code", b"/log", "{}", "{}", 1, False, list(calls), [], [], [], [])
    db.execute("BEGIN")
    record(db, WriteContext(lambda context, source, model: ""), [reading], NOW)
    db.execute("COMMIT")
    db.close()
    return paths


def made(name: str, output: int = 1000, *short: FloorReason, cost: int | None = -1,
         **more: object) -> Priced:  # fmt: skip
    given: dict[str, object] = {"session": "mine", "model": "opus", "at": NOW - MINUTE, **more}
    call = Call(name.encode().ljust(16), "claude-code", tokens=Tokens(1000, output=output), **given)  # type: ignore[arg-type]
    if cost == -1:
        cost = 1_000_000 + 5_000 * output
    return Priced(call, cost, cost, None if cost is None else RATES, short)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(list(words))
    return capsys.readouterr().out


def tree(capsys: pytest.CaptureFixture[str], *words: str):
    return json.loads(printed(capsys, *words))


def test_the_model_of_a_session_is_the_dearest_everywhere(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = stored(
        home,
        made("a", 9000, at=NOW - 3 * MINUTE),
        *(made(f"b{n}", 2000, model="haiku", agent="x") for n in range(5)),
        made("c", 9, model="sonnet", at=NOW - MINUTE + 1),
    )
    (listed,) = tree(capsys, "--once", "--json")["sessions"]
    (reported,) = tree(capsys, "report", "--by", "session", "--json")["rows"]
    (row,) = Door(paths).frame().sessions
    models = {
        "list": (listed["model"], listed["model_now"]),
        "report": (reported["model"], reported["model_now"]),
        "screen": (row.model, row.model_now),
    }
    # Five calls of haiku cost more than the one of opus; of the session's own, sonnet is the latest
    assert models == dict.fromkeys(models, ("haiku", "sonnet"))
    assert listed["children"][0]["model"] == "haiku"


def test_a_dearest_model_follows_what_is_priced_anew(home: Path) -> None:
    paths = stored(home, made("a", 100), made("b", 90, model="haiku"))
    assert Door(paths).frame().sessions[0].model == "opus"
    stored(home, made("b", 9000, model="haiku"))
    assert Door(paths).frame().sessions[0].model == "haiku"


SHORT = [
    {"reason": "unpriced", "calls": 1},
    {"reason": "placeholder", "calls": 3},
    {"reason": "unreadable", "calls": 1},
    {"reason": "tier", "calls": 2},
    {"reason": "modality", "calls": 1},
]


def short_of_everything() -> list[Priced]:
    return [
        *(made(f"ok{n}") for n in range(10)),
        *(made(f"cut{n}", 1, placeholder=True) for n in range(3)),
        made("who", model="acme", cost=None),
        made("what", cost=None, unreadable=True),
        made("tier", 1000, "tier"),
        made("both", 1000, "tier", "modality"),
    ]


def test_a_floor_has_the_same_reasons_on_every_surface(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = stored(home, *short_of_everything())
    once = tree(capsys, "--once", "--json")
    told = [once["sessions"][0], tree(capsys, "explain", "mine", "--json")]
    for by in ("total", "day", "session", "source"):
        found = tree(capsys, "report", "--by", by, "--json")
        told += [found["total"], found["rows"][0]]
    for one in told:
        assert (one["floor"], one["floor_reasons"]) == (True, SHORT)
    assert (once["today_floor"], once["today_floor_reasons"]) == (True, SHORT)
    assert tree(capsys, "doctor", "--json")["floors"]["floor_reasons"] == SHORT
    models = tree(capsys, "report", "--by", "model", "--json")["rows"]
    by_model = {row["key"]: row["floor_reasons"] for row in models}
    assert by_model == {"opus": SHORT[1:], "acme": SHORT[:1]}
    detail = session.read(open_reader(paths.database), KEY)
    assert detail is not None
    assert [words.split()[0] for words in detail.missing] == ["1", "3", "1", "2", "1"]
    for text in (("--once",), ("report", "--by", "session"), ("explain", "mine")):
        assert re.search(r"≥\$?0\.0", printed(capsys, *text)), text
    snapshot = past_frame.take(open_reader(paths.database), NOW, Door(paths).zone())
    assert snapshot.sessions[0].short.tree()["floor_reasons"] == SHORT


def test_the_list_of_tasks_and_its_sums_are_floors_where_their_calls_are(home: Path) -> None:
    work = Context(feature="shop", task="t1")
    paths = stored(
        home,
        made("a", context=work),
        made("cut", 1, placeholder=True, context=work),
        made("b", context=Context(feature="shop", task="t2")),
        made("c", model="acme", cost=None, context=Context(feature="shop", task="t3")),
    )
    done = [TaskFact("claude-code", "mine", name, "completed", NOW) for name in NAMES]
    db = open_writer(paths.database)
    facts = Reading("claude-code", b"/log", "{}", "{}", 2, False, [], [], done, [], [])
    db.execute("BEGIN")
    record(db, WriteContext(lambda context, source, model: ""), [facts], NOW)
    db.execute("COMMIT")
    found = tasks.read(db, "today", NOW, Door(paths).zone())
    spent = {line.task: (line.spent.short.reasons(), line.price is None) for line in found.lines}
    assert spent == {
        "t1": ([("placeholder", 1)], False),
        "t2": ([], False),
        "t3": ([("unpriced", 1)], True),
    }
    (shop,) = found.sums
    assert shop.spent.short.reasons() == [("unpriced", 1), ("placeholder", 1)]
    assert "≥$0.00 a task" in "".join(span.text for span in summed(shop, 120))
    db.close()


def test_a_floor_that_hides_less_than_half_a_per_cent_is_told_to_machines_alone(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One output of 201 calls is not finished: of 200 it may be half a per cent."""
    paths = stored(home, *(made(f"ok{n}") for n in range(210)), made("cut", 1000, placeholder=True))
    total = tree(capsys, "report", "--json")["total"]
    assert total["floor_reasons"] == [{"reason": "placeholder", "calls": 1}]
    for text in (("--once",), ("report",), ("report", "--by", "session")):
        assert "≥" not in printed(capsys, *text), text
    assert "≥" in printed(capsys, "explain", "mine")
    assert not gating.cost(open_reader(paths.database), "claude-code", "mine")[3]


def test_a_model_without_a_price_is_a_question_mark_in_the_report(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(home, made("a", model="acme", cost=None), made("b", session="other"))
    rows = printed(capsys, "report", "--by", "model").splitlines()
    (unknown,) = [row for row in rows if row.startswith("acme ")]
    assert unknown.split()[1] == "?"
    assert "≥0.0000" not in "".join(rows)
    assert "1 call without a known price: acme" in rows[-1]


def test_what_unfinished_outputs_hide_is_reckoned_from_the_finished_ones(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten finished outputs of 1000 tokens, three of 1: 3 x 999 tokens at $5 a million."""
    paths = stored(home, *short_of_everything()[:13])
    hidden = "0.014985000"
    assert tree(capsys, "report", "--json")["likely_hidden_usd"] == hidden
    assert tree(capsys, "explain", "mine", "--json")["likely_hidden_usd"] == hidden
    assert tree(capsys, "doctor", "--json")["floors"]["likely_hidden_usd"] == hidden
    words = "3 calls with an output that the log does not finish: likely about $0.01 more"
    assert words in printed(capsys, "report")
    detail = session.read(open_reader(paths.database), KEY)
    assert detail is not None
    assert detail.missing == (words,)


def test_nothing_is_reckoned_from_too_few_finished_outputs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored(home, *(made(f"ok{n}") for n in range(4)), made("cut", 1, placeholder=True))
    assert tree(capsys, "report", "--json")["likely_hidden_usd"] is None


def test_what_tools_say_themselves_stands_beside_what_is_computed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = stored(home, made("a", reported=7_000_000), made("b"))
    db = open_writer(paths.database)
    sessions.put_statusline(db, KEY, 13_000_000, NOW)
    db.close()
    drift = tree(capsys, "doctor", "--json")["drift"]
    assert [(one["reported_by"], one["drift_usd"]) for one in drift] == [
        ("log", "-0.001000000"), ("status line", "-0.001000000"),
    ]  # fmt: skip
    head, _, row, *_ = printed(capsys, "report", "--columns", "+reported").splitlines()
    assert head.split()[-2:] == ["REPORTED", "$"]
    assert row.split()[-1] == "0.0070"
    assert main(["report", "--columns", "+nothing"]) == 2


def test_a_cost_without_tokens_is_no_drift_for_nothing_was_computed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = made("a", cost=0, reported=7_000_000, settled=True)
    stored(home, told._replace(call=told.call._replace(tokens=Tokens()), cost=7_000_000))
    assert tree(capsys, "doctor", "--json")["drift"] == []
    (row,) = tree(capsys, "report", "--by", "session", "--json")["rows"]
    assert row["cost_usd"] == "0.007000000"
    found = tree(capsys, "explain", KEY, "--json")
    assert found["drift_usd"] is None


def test_a_floor_is_shown_from_half_a_per_cent_on() -> None:
    cut = Floor(placeholder=1)
    assert [cut.shows(1_000_000, calls) for calls in (1, 199, 200, 201)] == [
        True,
        True,
        False,
        False,
    ]
    assert [Floor(tier=1, dearer=d).shows(1000, 9) for d in (5, 6)] == [False, True]
    assert Floor(unpriced=1).shows(10**12, 10**6)
    assert not Floor().shows(0, 0)
    assert cut.shows(0, 1)


def lines(path: Path, *sessions: str) -> None:
    record = {"model": "claude-sonnet-4-5", "input_tokens": 1000, "output_tokens": 100}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(
        json.dumps({"id": name, "session": name, "ts": iso(NOW - MINUTE), **record}) + "\n"
        for name in sessions
    ))  # fmt: skip


def entries(paths: Paths, **logs: Path) -> None:
    paths.config.parent.mkdir(parents=True, exist_ok=True)
    paths.config.write_text(
        "".join(f'[[source]]\nname = "{name}"\npaths = ["{log}"]\n' for name, log in logs.items())
    )


def test_the_name_of_a_source_entry_labels_its_sessions_and_changes_no_key(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines(home / "a.jsonl", "one", "two")
    lines(home / "b.jsonl", "three")
    entries(find(), checkout=home / "a.jsonl", costtop=home / "b.jsonl")
    printed(capsys, "scan")
    rows = tree(capsys, "report", "--by", "session", "--json")["rows"]
    assert {row["key"]: (row["source"], row["label"]) for row in rows} == {
        "costtop/one": ("costtop", "checkout"),
        "costtop/two": ("costtop", "checkout"),
        "costtop/three": ("costtop", None),  # the format's own name labels nothing
    }
    by_label = tree(capsys, "report", "--by", "label", "--json")
    assert {row["key"]: row["calls"] for row in by_label["rows"]} == {"checkout": 2, "(none)": 1}
    assert by_label["total"]["calls"] == 3
    frame = Door(find()).frame()
    kept = [row.session for row in frame.sessions if parse("label=checkout").keeps(row, NOW)]
    assert sorted(kept) == ["one", "two"]
    listed = tree(capsys, "--once", "--json")["sessions"]
    assert {row["session"]: row["label"] for row in listed}["one"] == "checkout"


def test_what_was_read_before_gets_the_label_of_a_new_entry(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines(home / "a.jsonl", "one")
    entries(find(), first=home / "a.jsonl")
    printed(capsys, "scan")
    db = open_writer(find().database)
    db.execute("BEGIN")
    labels.renew(db, ())
    db.execute("COMMIT")
    assert Door(find()).frame().sessions[0].label == ""
    db.execute("BEGIN")
    labels.renew(db, ("first", "second"))
    db.execute("COMMIT")
    db.close()
    assert Door(find()).frame().sessions[0].label == "first"


def test_finished_sessions_of_one_label_are_a_group_of_peers(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "costtop.db")
    write_context = WriteContext(lambda context, source, model: "", labels=frozenset({"shop"}))
    costs = {"shop": 1_000_000, "claude-code": 9_000_000}
    rows = [
        made(f"{label}{n}", session=f"{label}{n}", at=NOW - HOUR, cost=costs[label])
        for label in costs
        for n in range(6)
    ]
    mine = made("mine", at=NOW - MINUTE)
    db.execute("BEGIN")
    for label, calls in (("shop", [*rows[:6], mine]), ("claude-code", rows[6:])):
        reading = Reading(label, label.encode(), "{}", "{}", 1, False, calls, [], [], [], [])
        record(db, write_context, [reading], NOW)
    db.execute("COMMIT")
    watched(db, 30 * MINUTE)
    found = session.read(db, KEY)
    assert found is not None
    assert found.peers is not None
    assert found.peers[:4] == ("label", "shop", 6, 1_000_000)
    db.close()


def test_two_labels_of_a_session_end_alike_in_any_order(tmp_path: Path) -> None:
    told = []
    for order in (("b", "a"), ("a", "b")):
        db = open_writer(tmp_path / order[0] / "costtop.db")
        write_context = WriteContext(lambda context, source, model: "", labels=frozenset("ab"))
        db.execute("BEGIN")
        for label in order:
            calls = [made(label)]
            reading = Reading(label, label.encode(), "{}", "{}", 1, False, calls, [], [], [], [])
            record(db, write_context, [reading], NOW)
        db.execute("COMMIT")
        told.append([spend.label for spend in History(db).after(0)])
        db.close()
    assert told == [["a", "a"], ["a", "a"]]
