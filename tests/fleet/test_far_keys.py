"""What the keys of a fleet's screen become: commands to the machine that has the session."""

import pytest

from costtop.cli.control.far_keys import asks, order_of
from costtop.control.protocol import (
    Acknowledge,
    AskFar,
    BeginSilence,
    Kill,
    MarkSession,
    Override,
    Pause,
    Resume,
    StopSession,
    UnmarkSession,
)
from costtop.errors import UsageError

KEY = "codex/ben:s1"


@pytest.mark.parametrize(
    ("command", "verb", "given"),
    [
        (MarkSession(KEY, "fine", None, "ana"), "mark", {"kind": "fine"}),
        (UnmarkSession(KEY, "ana"), "unmark", {}),
        (BeginSilence(KEY, span=9, by="ana"), "silence", {"span": 9, "ever": False}),
        (StopSession(KEY, "enough", "ana"), "stop", {"note": "enough"}),
        (Pause(KEY, "ana", hold=True), "pause", {"hold": True}),
        (Pause(KEY, "ana"), "pause", {"hold": False}),
        (Resume(KEY, "ana"), "resume", {}),
        (Kill(KEY, "TERM", "ana"), "kill", {"rung": "TERM"}),
    ],
)
def test_a_deed_on_another_machine_s_session_is_asked_of_that_machine(command, verb, given):
    assert order_of(command) == AskFar("ben", "codex/s1", verb, "", given, "ana")
    assert asks(command) == f"asked ben: {verb}; it answers or lets it be"


def test_a_team_goes_with_a_name_that_two_machines_have():
    found = order_of(UnmarkSession("codex/ben@red:s1"))
    assert (found.host, found.team, found.far_session) == ("ben", "red", "codex/s1")


@pytest.mark.parametrize(
    "command",
    [MarkSession("codex/s1"), BeginSilence(budget="day", span=9), Acknowledge("a"),
     Override(session=KEY), Override("day")],
)  # fmt: skip
def test_what_is_about_no_session_of_another_machine_stays_here(command):
    assert order_of(command) is None
    assert asks(command) == ""


def test_a_pid_is_of_no_other_machine():
    with pytest.raises(UsageError, match="a pid is of this machine"):
        order_of(Kill(KEY, "KILL", "ana", 7))
