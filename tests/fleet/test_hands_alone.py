"""What a machine makes of operators' commands: by its own rules, once, whatever dies meanwhile."""

import asyncio
import json
import signal
import subprocess
import sys
import uuid
from contextlib import closing

import pytest

from costtop.daemon.fleet.far_orders import leaving
from costtop.durations import now_ms
from costtop.queries.live import action_notes
from costtop.store.db import open_writer
from tests.fleet.hands_alone import NAMES, main
from tests.processes.conftest import Stage
from tests.store.test_heard import reading, rollout, write

SESSION = "codex/s1"
ALL = ["mark", "silence", "stop", "pause", "kill"]


class Place:
    """A store with one session, and commands to it."""

    def __init__(self, folder, stage):
        self.store, self.stage = folder / "home" / "costtop.db", stage
        with closing(open_writer(self.store)) as db:
            write(db, reading(rollout(5)))

    def run(self, *commands, pid=0, die="", **rules):
        """The answers that were said, by id, and how it ended."""
        given = {"store": str(self.store), "session": SESSION, "pid": pid, "die": die,
                 "commands": commands, "accept": ALL, "hourly": 3, "read_only": False,
                 "left": 45_000, "born_earlier": 0}  # fmt: skip
        said = []
        if die:
            code = self._apart(given | rules, said)
        else:
            code = asyncio.run(main(given | rules, said.append))
        return {one["id"]: (one["state"], one["why"]) for one in said}, code or 0

    def _apart(self, given, said):
        """In a process that dies; its exit code."""
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "tests.fleet.hands_alone", json.dumps(given)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        said += map(json.loads, ran.stdout.splitlines())
        return ran.returncode

    def one(self, pid=0, said=None, **rules):
        """(state, why) of one command."""
        made = command(**(said or {}))
        answers, code = self.run(made, pid=pid, **rules)
        assert code == 0
        return answers[made["id"]]

    def rows(self, question):
        with closing(open_writer(self.store)) as db:
            return db.execute(question).fetchall()

    def deeds(self):
        return self.rows("SELECT by, deed, session FROM deeds ORDER BY id")


@pytest.mark.parametrize(
    ("said", "leaves"),
    [
        ("SIGINT to 7 node · 7 node has gone", "SIGINT to 7 node · 7 node has gone"),
        ("process 7 carries other sessions too: codex/My Plan, codex/b",
         "process 7 carries other sessions too"),
        ("not sure (its log /home/ana/M.jsonl is open): type",
         "not sure (its log … is open): type"),
        ("it works in ~/shop, as C:\\Users\\ana\\x does", "it works in …, as … does"),
        ("has gone on to session costtop/nightly: act on that one",
         f"has gone on to session costtop/{NAMES.session('nightly')}: act on that one"),
        ("codex/5f1c1a52-7d1e-4c57-9d3c-2f6a1b8e9c01 pauses",
         "codex/5f1c1a52-7d1e-4c57-9d3c-2f6a1b8e9c01 pauses"),
        ("x" * 3000, "x" * 999 + "…"),
    ],
)  # fmt: skip
def test_an_answer_tells_no_path_and_sessions_as_the_fleet_calls_them(said, leaves):
    assert leaving(said, NAMES.session) == leaves


def command(**said):
    return {"id": str(uuid.uuid4()), "session": "s1", "verb": "kill", "given": {}, "by": "oscar",
            "asked_on": "desk", "left_ms": 1} | said  # fmt: skip


@pytest.fixture
def place(tmp_path):
    stage = Stage(tmp_path)
    yield Place(tmp_path, stage)
    stage.end()


def test_a_number_that_belongs_to_another_process_now_is_refused_and_said_so(place):
    pid = place.stage.start("name=agent", "exit=INT")
    state, why = place.one(pid, born_earlier=100)  # whose session it was began before this one
    assert (state, why) == ("refused", "no process is known for this session")
    assert place.stage.lives("agent")
    assert place.deeds() == [("oscar@fleet from desk", "kill refused", SESSION)]


def test_a_kill_is_done_journalled_by_whose_it_is_and_answered(place):
    pid = place.stage.start("name=agent", "exit=INT")
    state, why = place.one(pid)
    assert state == "done"
    assert why.startswith(f"SIGINT to {pid}")
    assert not place.stage.lives("agent")
    assert place.deeds() == [("oscar@fleet from desk", "kill up to KILL", SESSION)]


@pytest.mark.parametrize(
    "named", ["s1", SESSION, "SHORT", "@SHORT", f"codex/{NAMES.session('s1')}"]
)
def test_a_session_is_named_whole_or_by_its_short_id(place, named):
    ((short,),) = place.rows("SELECT short FROM sessions")
    said = {"session": named.replace("SHORT", short), "verb": "mark", "given": {"kind": "fine"}}
    assert place.one(said=said)[0] == "done"
    assert place.rows("SELECT session, kind, by FROM marks") == [
        (SESSION, "fine", "oscar@fleet from desk")
    ]


@pytest.mark.parametrize(
    "named",
    ["s", "codex/", "codex/*", "*", "s?", "[s]1", "%", "_1", "x' OR 1=1 --", "s" * 200,
     "../s1", "s1\x1b[2J", "", "claude-code/s1"],
)  # fmt: skip
def test_what_names_no_session_whole_is_refused(place, named):
    for verb in ("silence", "mark"):
        said = {"session": named, "verb": verb, "given": {"ever": True}}
        state, why = place.one(said=said)
        assert (state, " is no session there: " in why) == ("refused", True)
        assert why.isprintable()
    assert place.rows("SELECT count(*) FROM marks") == [(0,)]
    assert place.rows("SELECT count(*) FROM silences") == [(0,)]


def test_a_short_id_with_which_another_session_begins_too_names_neither(place):
    """The screen of a fleet may give it to the other one."""
    first, second = (f"5f1c1a52-7d1e-4c57-9d3c-2f6a1b8e9c0{n}" for n in (1, 2))
    with closing(open_writer(place.store)) as db:
        write(db, reading(rollout(6, first)), reading(rollout(7, second)))
    state, why = place.one(said={"session": "5f1c1a5", "verb": "mark"})
    assert (state, "begins more than one session there" in why) == ("refused", True)
    for whole in (second, f"codex/{first}"):
        assert place.one(said={"session": whole, "verb": "mark"})[0] == "done"
    assert len(place.rows("SELECT 1 FROM marks")) == 2


@pytest.mark.parametrize(
    ("verb", "opted"), [(one, one) for one in ALL] + [("unmark", "mark"), ("resume", "pause")]
)
def test_a_verb_that_is_not_accepted_is_refused_by_its_word(place, verb, opted):
    pid = place.stage.start("name=agent", "exit=INT")
    others = [one for one in ALL if one != opted]
    state, why = place.one(pid, {"verb": verb}, accept=others)
    assert (state, f'does not accept "{opted}"' in why) == ("refused", True)
    assert place.stage.lives("agent")
    assert place.deeds() == [("oscar@fleet from desk", f"{verb} refused", "s1")]


def test_words_are_kept_as_if_this_machine_s_user_had_said_them(place):
    def deed(verb, **given):
        return place.one(said={"verb": verb, "given": given})

    assert deed("mark", kind="runaway", note="loops")[1].endswith("is marked runaway: loops")
    assert deed("silence", span=3_600_000)[1].endswith("for 1 h")
    assert "told to stop" in deed("stop", note="enough")[1]
    assert "its hook refuses" in deed("pause", hold=True)[1]
    assert deed("resume")[1] == "its hold is lifted: tools and prompts pass again"
    assert deed("unmark")[1].endswith("is unmarked")
    assert deed("silence")[0] == "refused"  # says not for how long
    deeds = [deed for _, deed, _ in place.deeds()]
    assert deeds == [
        "mark runaway",
        "silence",
        "stop",
        "hold",
        "hold lifted",
        "resume refused",
        "unmark",
    ]


def test_a_pause_and_a_resume_reach_the_process(place):
    pid = place.stage.start("name=agent")
    assert place.one(pid, {"verb": "pause"})[0] == "done"
    assert place.one(pid, {"verb": "resume"})[0] == "done"
    assert place.stage.lives("agent")


def test_more_than_the_cap_of_an_hour_is_refused_until_that_has_passed(place):
    for _ in range(2):
        assert place.one(said={"verb": "stop"}, hourly=2)[0] == "done"
    for _ in range(3):
        state, why = place.one(said={"verb": "stop"}, hourly=2)
        assert (state, "this machine takes 2 of stop, pause, kill an hour" in why) == (
            "refused", True,
        )  # fmt: skip
    assert place.one(said={"verb": "mark"}, hourly=2)[0] == "done"
    with closing(open_writer(place.store)) as db:
        db.execute("UPDATE far_commands SET at = at - 3600001 WHERE state = 'done'")
    assert place.one(said={"verb": "stop"}, hourly=2)[0] == "done"


def test_what_comes_too_late_is_not_begun(place):
    pid = place.stage.start("name=agent", "exit=INT")
    assert place.one(pid, left=0) == ("expired", "it came too late")
    assert place.stage.lives("agent")
    assert place.one(pid, read_only=True) == ("refused", "costtop is read-only there")
    assert place.stage.lives("agent")


def test_a_session_without_a_process_or_with_a_gone_one_is_said_so(place):
    state, why = place.one()
    assert (state, why) == ("refused", "no process is known for this session")
    assert place.one(said={"verb": "pause"})[0] == "refused"
    assert [deed for _, deed, _ in place.deeds()] == ["kill refused", "pause refused"]
    with closing(open_writer(place.store)) as db:
        assert not action_notes.kills(db, now_ms())  # nobody is shown as killed who was not


def test_a_process_that_outlives_what_was_sent_is_not_told_as_killed(place):
    pid = place.stage.start("name=agent", "ignore=INT")
    state, _ = place.one(pid, {"given": {"rung": "INT"}})
    assert state == "refused" and place.stage.lives("agent")
    assert [deed for _, deed, _ in place.deeds()] == ["kill without success"]


@pytest.mark.parametrize(
    "odd",
    [{"verb": "shell"}, {"given": {"command": "rm"}}, {"given": {"rung": "HUP"}}, {"given": []},
     {"session": 7}, {"by": None}, {"until": "soon"}, {"given": {"span": "1h"}, "verb": "silence"}],
)  # fmt: skip
def test_what_is_not_understood_is_refused_whole(place, odd):
    pid = place.stage.start("name=agent", "exit=INT")
    state, why = place.one(pid, odd)
    assert (state, why) == ("refused", "not understood there: costtop may be older on that machine")
    assert place.stage.lives("agent")


DEATHS = ("before 1", "before 2", "after 2", "before 3", "before 4", "before 5", "before 6",
          "after 6")  # fmt: skip


@pytest.mark.parametrize("die", DEATHS)
def test_a_kill_is_done_once_and_answered_wherever_the_daemon_dies(place, die):
    """Whoever is the session's process afterwards is not hit by what was begun on another."""
    first, kill = place.stage.start("name=first", "exit=INT"), command()
    said, code = place.run(kill, pid=first, die=die)
    assert code == -signal.SIGKILL
    begun = not place.stage.lives("first")
    second = place.stage.start("name=second", "exit=INT")
    known = bool(place.rows("SELECT 1 FROM far_commands"))
    answers, code = place.run(kill, pid=second)
    assert code == 0
    assert answers | said == answers  # what was heard once is heard again, the same
    hit = [name for name in ("first", "second") if not place.stage.lives(name)]
    assert len(hit) == (1 if begun or not known else 0)
    assert place.stage.lives("second") == known
    assert answers[kill["id"]][0] == ("done" if hit else "refused")


@pytest.mark.parametrize("die", ["before 1", "after 1", "before 2", "after 2", "before 3"])
def test_words_stand_with_their_answer_or_not_at_all(place, die):
    silence = command(verb="silence", given={"ever": True})
    place.run(silence, die=die)
    answers, code = place.run(silence)
    assert code == 0
    ((state, _),) = answers.values()
    assert place.rows("SELECT count(*) FROM silences") == [(int(state == "done"),)]
    assert len(place.rows("SELECT 1 FROM deeds WHERE deed = 'silence'")) == int(state == "done")
