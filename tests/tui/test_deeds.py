"""Stopping, signalling and letting pass from the screen, through the real app."""

import os
from pathlib import Path

from costtop.control.protocol import Kill, Override, Pause, StopSession
from costtop.queries.live.live_alerts import Held
from costtop.queries.live.view import BudgetMeter, ProcessSeen
from costtop.tui.backend import open_folder
from tests.tui.stage import played
from tests.tui.values import AT, BUDGETS, FLEET, dollars, snapshot

GUESSED = FLEET[1]  # no pid is known exactly
BY_BUDGET = Held("daily", "", "gate", "100 % of $20.00 is spent", AT - 600_000, None)
BY_STOP = Held("", FLEET[0].key, "stop", "the user stops this session", AT - 60_000, AT + 540_000)


def guessed(confidence: str):
    seen = ProcessSeen(GUESSED.key, 4711, False, confidence, "a program in its folder")
    now = snapshot()
    return now._replace(pulse=now.pulse._replace(guesses=(seen,)))


async def test_the_first_rung_stops_softly_through_the_agents_hook():
    async with played() as play:
        await play.press("k")
        assert "Stop        at its next tool call, by costtop's hook" in play.text
        await play.press("1", "enter")
        await play.until(lambda: play.stage.commands)
        assert play.stage.commands == [StopSession(FLEET[0].key, by=play.stage.commands[0].by)]


async def test_a_hold_is_offered_beside_a_pause_that_gives_a_terminal_to_its_shell():
    async with played() as play:
        await play.press("k")
        assert "its shell runs what is typed next" in play.text
        await play.press("h", "enter")
        await play.until(lambda: play.stage.commands)
        (sent,) = play.stage.commands
        assert sent == Pause(FLEET[0].key, sent.by, None, hold=True)


async def test_without_a_hook_no_hold_is_sent():
    async with played() as play:
        play.stage.hooked.clear()
        await play.press("k")
        await play.press("h", "enter")
        assert "! no hook would hear it" in play.text
        assert play.stage.commands == []


async def test_without_a_hook_the_soft_stop_is_explained_and_not_sent():
    async with played() as play:
        play.stage.hooked.clear()
        await play.press("k")
        assert "no hook would hear it: costtop hooks install claude-code" in play.text
        await play.press("1", "enter")
        assert "! no hook would hear it" in play.text
        await play.press("escape")
        assert play.stage.commands == []


async def test_an_ended_session_offers_nothing_to_kill_and_says_so():
    ended = FLEET[-1]
    async with played(snapshot((ended,))) as play:
        await play.press("k")
        assert "It has ended: there is nothing to kill" in play.text
        assert "Close" in play.text
        assert "SIGINT" not in play.text
        await play.press("enter")
        assert play.stage.commands == []


async def test_of_tagged_ones_the_ended_are_left_out():
    async with played(snapshot((FLEET[0], FLEET[-1]))) as play:
        await play.press("space", "space", "k")
        assert "End this session?" in play.text
        await play.press("2", "enter")
        await play.until(lambda: play.stage.commands)
        assert [one.session for one in play.stage.commands] == [FLEET[0].key]


async def test_weak_evidence_asks_for_the_pid_before_anything_is_signalled():
    async with played(guessed("weak")) as play:
        await play.press("down", "k")
        assert "pid 4711, weakly known" in play.text
        assert "weak evidence: a program in its folder" in play.text
        assert "type 4711, its pid" in play.text
        await play.press("p", "enter")
        assert "! weak evidence: type the pid 4711" in play.text
        await play.press("tab", *"4712", "enter", "enter")
        assert play.stage.commands == []
        await play.press("tab", *"4711", "enter", "enter")
        await play.until(lambda: play.stage.commands)
        command = play.stage.commands[0]
        assert isinstance(command, Pause)
        assert (command.session, command.typed) == (GUESSED.key, 4711)


async def test_strong_evidence_is_shown_and_asks_for_no_pid():
    async with played(guessed("strong")) as play:
        await play.press("down", "k")
        assert "pid 4711, strongly known" in play.text
        await play.press("2", "enter")
        await play.until(lambda: play.stage.commands)
        assert play.stage.commands == [Kill(GUESSED.key, "INT", play.stage.commands[0].by)]


async def test_what_is_held_back_stands_in_the_head_and_o_lets_it_pass():
    async with played(snapshot(held=(BY_BUDGET, BY_STOP))) as play:
        assert "HELD Budget daily and 1 more" in play.lines[1]
        assert "gate since 10m: O lets it pass  100 % of $20.00 is spent" in play.lines[1]
        await play.press("O", "enter")
        await play.until(lambda: play.stage.commands)
        await play.press("O", "2", "enter")
        await play.until(lambda: len(play.stage.commands) == 2)
        first, second = play.stage.commands
        assert isinstance(first, Override)
        assert isinstance(second, Override)
        assert (first.budget, first.session, first.span) == ("daily", "", 1_800_000)
        assert (second.budget, second.session) == ("", FLEET[0].key)


async def test_o_says_so_where_nothing_is_held_back():
    async with played() as play:
        assert "HELD" not in play.text
        await play.press("O")
        await play.until(lambda: "nothing is held back" in play.text)
        assert play.stage.commands == []


async def test_o_opens_the_folder_of_the_transcript_or_copies_its_path(tmp_path: Path):
    async with played() as play:
        await play.press("o")
        await play.until(lambda: "there is no transcript" in play.text)
        play.stage.log = tmp_path / "s.jsonl"
        await play.press("o")
        await play.until(lambda: "copied" in play.text)
        assert play.app.clipboard == str(play.stage.log)
        play.stage.desktop = True
        await play.press("enter", "o")
        await play.until(lambda: play.stage.opened == [play.stage.log])
        await play.until(lambda: "opened the folder of" in play.text)


def test_a_folder_is_opened_by_the_desktops_program_and_without_one_by_none(tmp_path: Path):
    asked, program = tmp_path / "asked", tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {asked}\n')
    program.chmod(0o700)
    log = tmp_path / "$(reboot) a log.jsonl"
    desktop = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DISPLAY": ":0"}
    assert not open_folder(log, {"PATH": desktop["PATH"]})
    assert not open_folder(tmp_path / "gone" / "s.jsonl", desktop)
    assert open_folder(log, desktop)
    assert asked.read_text() == str(tmp_path)
    program.write_text("#!/bin/sh\nexit 3\n")
    assert not open_folder(log, desktop)


async def test_percent_sorts_by_the_share_of_the_tightest_budget_and_shows_it():
    scoped = BudgetMeter("ci", "day", 0, False, dollars(2), (80,), AT, (("feature", "c[i]"),))
    async with played(snapshot(budgets=(*BUDGETS, scoped))) as play:
        assert "%BUDG" not in play.text
        await play.press("percent_sign")
        assert "%BUDG▽" in play.text
        assert play.order("9f767c4e", "06aaa9ff", "54f46a6c") == [
            "06aaa9ff",
            "54f46a6c",
            "9f767c4e",
        ]
        assert "222 %" in play.line_of("06aaa9ff")  # $4.43 of $2
        assert "23 %" in play.line_of("9f767c4e")  # $22.74 of $100
        await play.press("M")
        assert "%BUDG" not in play.text


async def test_d_types_the_refresh_and_refuses_what_makes_no_sense():
    async with played() as play:
        await play.press("d", *"soon", "enter")
        assert "! 10 now; 0.2 to 10" in play.text
        await play.press("escape", "d", *"2,5", "enter")
        await play.until(lambda: "refresh every 2.5 s" in play.text)
        assert play.app.settings.delay == 2.5
