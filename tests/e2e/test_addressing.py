"""Every command that takes a session takes its short id, and every answer shows it."""

import json
import time
from collections.abc import Iterator
from typing import get_args

import pytest

from costtop.cli.main import MODULES, _parser
from costtop.control import client, protocol
from costtop.errors import CosttopError
from tests.e2e.instance import Instance, claude_line, claude_log
from tests.parser_walk import parsers
from tests.patience import until

ID, SHORT = "9f767c41-1111-4222-8333-444455556666", "9f767c4"
KEY = f"claude-code/{ID}"
WHOLE = {"explain", "why"}  # beside the short id these name the whole one, as a fact
EXTRA = {"silence": ["--for", "2h"], "override": ["--for", "5m"]}
NO_SESSION = {"record"}  # its --session is what a call says of itself


def taking() -> Iterator[list[str]]:
    """Every command line that takes a session, as the parsers have it; {} is where it stands."""
    for name in MODULES:
        top = _parser((name,))._subparsers._group_actions[0].choices[name]
        for words, parser in parsers([name], top):
            for action in parser._actions:
                more = EXTRA.get(words[-1], [])
                if not action.option_strings and "SESSION" in str(action.metavar):
                    yield [*words, "{}", *more]
                if "--session" in action.option_strings and name not in NO_SESSION:
                    yield [*words, "--session", "{}", *more]
    yield ["budget", "set", "mine", "5", "--scope", "session={}"]
    yield ["report", "--by", "session", "--session", "{}"]


LINES = sorted(taking())


@pytest.fixture
def watched(instance: Instance) -> Instance:
    """A daemon that has read one session and has something to say of it."""
    instance.configure('[[budget]]\nname = "all"\namount = "20"\n')
    log = claude_log(ID)
    instance.append(log, "".join(claude_line(ID, n, 4000) for n in range(3)))
    instance.append(claude_log("01a2239c-16da-73ef-b48f-7d7386e4af59"),
                    claude_line("01a2239c-16da-73ef-b48f-7d7386e4af59", 9))  # fmt: skip
    instance.start()
    return instance


def test_each_command_takes_a_short_id_and_answers_with_it(watched: Instance) -> None:
    assert len(LINES) >= 12
    for line in LINES:
        beside = (SHORT[:4], ID, KEY) if line[0] == "mark" else ()
        for typed in (SHORT, f"@{SHORT}", *beside):
            words = [word.replace("{}", typed) for word in line]
            said = watched.cli(*words, code=None)
            assert "no session" not in said and "Traceback" not in said, (words, said)
            if not (words[0] in WHOLE or words[:1] == ["report"]):
                assert SHORT in said or typed not in (SHORT, f"@{SHORT}"), (words, said)
                assert ID not in said, (words, said)


def test_a_scope_holds_the_session_that_was_meant(watched: Instance) -> None:
    said = watched.cli("budget", "set", "mine", "5", "--scope", f"session=@{SHORT}")
    assert said == f"budget mine is set: $5.00 a day session={SHORT}, tiers 50 80 100 %\n"
    assert KEY in watched.paths.budgets.read_text()
    [mine] = [one for one in watched.json("budget", "list")["budgets"] if one["name"] == "mine"]
    assert (mine["scope"], mine["spent_usd"]) == ({"session": KEY}, "0.315000000")
    listed = watched.cli("budget", "list").splitlines()
    assert [line for line in listed if line.endswith(f"session={SHORT}")]
    refused = watched.cli("budget", "set", "b", "5", "--scope", "session=@nobody", code=3)
    assert "no session begins with '@nobody'" in refused


def test_one_written_into_the_configuration_is_meant_too(instance: Instance) -> None:
    """Once it is known: at the start of a daemon nothing may have been read."""
    instance.append(claude_log(ID), claude_line(ID, 1))
    instance.cli("scan")
    scope = f'scope = {{ session = "@{SHORT}" }}'
    instance.configure(f'[[budget]]\nname = "mine"\namount = "20"\n{scope}\n')
    instance.start()
    [mine] = instance.json("budget", "list")["budgets"]
    assert (mine["scope"], mine["spent_usd"]) == ({"session": KEY}, "0.007500000")


def test_the_socket_takes_short_ids_and_answers_with_them(watched: Instance) -> None:
    forms = [form for form in get_args(protocol.Command) if "session" in form.__annotations__]
    asked = [form for form in forms if form is not protocol.Hook]
    assert len(asked) >= 8
    for form in asked:
        for typed in (SHORT, f"@{SHORT}", KEY):
            more = {"span": 60_000} if form is protocol.BeginSilence else {}
            if form in (protocol.Pause, protocol.Resume, protocol.Kill, protocol.Plan):
                with pytest.raises(CosttopError, match="no process is known"):
                    client.ask(watched.paths, form(session=typed))
                continue
            said = " ".join(client.ask(watched.paths, form(session=typed, **more))["said"])
            assert SHORT in said and ID not in said, (form, said)
    assert watched.ask("SELECT DISTINCT session FROM marks") in (KEY, None)
    assert watched.ask("SELECT count(DISTINCT session) FROM overrides") == 1
    assert watched.ask("SELECT session FROM overrides") == KEY
    with pytest.raises(CosttopError, match="no session begins with '@nobody'"):
        client.ask(watched.paths, protocol.MarkSession("@nobody"))


def telling() -> Iterator[list[str]]:
    """Every command line that prints JSON and changes nothing, as the parsers have it."""
    for name in MODULES:
        top = _parser((name,))._subparsers._group_actions[0].choices[name]
        for words, parser in parsers([name], top):
            if "--json" in parser._option_string_actions and not CHANGES & {*words}:
                given = [a for a in parser._actions if not a.option_strings]
                session = any("SESSION" in str(a.metavar) for a in given)
                yield [*words, *([SHORT] if session else []), "--json"]
    for more in (["--by", "session"], ["--by", "session,day"], ["--by", "total"]):
        yield ["report", *more, "--json"]
    yield from (["--once", "--all", "--json"], ["--jsonl", "-n", "1"])
    yield from (["why", "today", "--json"], ["kill", SHORT, "--dry-run", "--json"])
    yield from (["export", what, "--format", "jsonl"] for what in ("calls", "sessions", "days"))


CHANGES = {"backup", "restore", "forget", "compact", "uninstall", "install", "remove", "scan",
           "reprice", "record", "run", "kill", "pause", "resume", "mark", "unmark", "stop", "demo",
           "test", "daemon", "set", "service"}  # fmt: skip


def documents(text: str) -> list[object]:
    """What a command printed: one document, or one a line."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def unnamed(tree: object, called: bool = False, where: str = "") -> Iterator[str]:
    """Where a whole id stands and neither its object nor one around it says what to type."""
    if isinstance(tree, dict):
        called = called or SHORT in [tree.get("short"), *(tree.get("shorts") or {}).values()]
        for name, value in tree.items():
            if ID in name and not called:
                yield f"{where}.{name}"
            yield from unnamed(value, called, f"{where}.{name}")
    elif isinstance(tree, list):
        for value in tree:
            yield from unnamed(value, called, f"{where}[]")
    elif isinstance(tree, str) and ID in tree and not called:
        yield f"{where} = {tree}"


def test_wherever_a_program_is_told_a_session_it_is_told_what_to_type(watched: Instance) -> None:
    watched.cli("budget", "set", "mine", "0.1", "--scope", f"session=@{SHORT}")
    watched.cli("alerts", "silence", "--session", SHORT, "--for", "2h")
    watched.cli("mark", SHORT, "--as", "watch")
    until(lambda: watched.json("alerts", "list")["alerts"])
    process = {"pid": 1, "state": "S", "refusal": "", "confidence": "exact", "evidence": ""}
    asked = list(telling())
    assert len(asked) >= 20
    found = []
    for words in asked:
        said = watched.cli(*words, code=None)
        trees = documents(said)
        assert trees or words[0] in ("alerts", "export", "fleet"), (words, said)  # it is in none
        found += [f"{' '.join(words)}: {place}" for tree in trees for place in unnamed(tree)]
    # `config show` tells what the file says, `fleet preview` word for word what would leave.
    told_as_it_is = ("config show", "fleet preview")
    assert [one for one in found if not one.startswith(told_as_it_is)] == []
    watched.stop()
    told = {"at": int(time.time() * 1000), "processes": {KEY: process}, "exited": {KEY: 5}}
    watched.paths.status.write_text(json.dumps(told))
    status = json.loads(watched.cli("status", "--json", code=None))
    assert (status["processes"][KEY]["short"], status["shorts"]) == (SHORT, {KEY: SHORT})
    assert ID in json.dumps(status["exited"])


def test_alerts_are_found_by_their_session_and_carry_its_short_id(watched: Instance) -> None:
    refused = watched.cli("alerts", "ack", f"@{SHORT}", code=3)
    assert refused == f"costtop: session @{SHORT} has no alert; see: costtop alerts list\n"
    watched.cli("alerts", "silence", "--session", f"@{SHORT}", "--for", "2h")
    [silence] = watched.json("alerts", "list")["silences"]
    assert (silence["session"], silence["short"]) == (KEY, SHORT)
    table = watched.cli("alerts", "silence", "--list")
    assert f"session {SHORT} " in table and ID not in table
    row = json.loads(watched.cli("alerts", "silence", "--json"))
    assert row["short"] == SHORT


def test_a_plan_is_told_to_programs_too(watched: Instance) -> None:
    [plan] = watched.json("kill", f"@{SHORT}", "--dry-run")["plans"]
    shape = ("session", "short", "refused", "pid", "confidence", "evidence", "steps")
    assert sorted(plan) == sorted(shape)
    assert (plan["session"], plan["short"]) == (KEY, SHORT)
    assert plan["refused"] == "no process is known for this session"
    assert "give --dry-run" in watched.cli("kill", SHORT, "--json", code=2)
