"""Frames one after the other, as `top -b` gives them: real processes, pipes and signals."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from costtop.cli.main import main
from tests.cli.logs import claude_row, write

FOREVER = "3600"  # s: longer than any test


@pytest.fixture
def scanned(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home, claude_row())
    assert main(["scan"]) == 0
    capsys.readouterr()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(list(words))
    except SystemExit as end:
        code = int(end.code or 0)
    return code, *capsys.readouterr()


@contextmanager
def child(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A costtop whose output is read line by line; it does not outlive the block.

    It can be interrupted also where the suite runs in the background, which ignores SIGINT.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    ran = subprocess.Popen(
        [sys.executable, "-m", "costtop", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    try:
        yield ran
    finally:
        ran.kill()
        ran.wait()
        for end in (ran.stdout, ran.stderr):
            end.close()


def test_as_many_frames_as_asked_each_with_its_time(
    scanned: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "--once", "--all", "-n", "3", "-d", "0.1")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^costtop \d\d:\d\d:\d\d  today", out, re.MULTILINE)) == 3
    assert out.count("claude-opus-4-6") == 3


def test_one_frame_is_as_it_was(scanned: None, capsys: pytest.CaptureFixture[str]) -> None:
    whole = said(capsys, "--once", "--all")
    assert whole[1].startswith("costtop  today")
    assert said(capsys, "--once", "--all", "-n", "1", "-d", "5") == whole


def test_frames_as_json_are_a_line_each_and_the_same_as_the_one_document(
    scanned: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capsys, "--jsonl", "--all", "-n", "2", "-d", "0.1")
    lines = [json.loads(line) for line in out.splitlines()]
    one = json.loads(said(capsys, "--once", "--all", "--json")[1])
    assert (code, len(lines)) == (0, 2)
    assert lines[0]["at"] < lines[1]["at"] < one["at"]
    for made in (*lines, one):
        assert made.pop("at")
    assert lines == [one, one]
    assert len(said(capsys, "--once", "--jsonl")[1].splitlines()) == 1


def test_each_frame_is_there_at_once_and_a_new_call_is_in_the_next(
    scanned: None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with child("--jsonl", "--all", "-d", "0.2") as ran:
        first = json.loads(ran.stdout.readline())
        write(home, claude_row(2))
        assert main(["scan"]) == 0
        calls = first["sessions"][0]["calls"]
        for line in ran.stdout:
            calls = json.loads(line)["sessions"][0]["calls"]
            if calls == 2:
                break
    assert (first["sessions"][0]["calls"], calls) == (1, 2)


def test_an_interrupt_ends_it_without_a_word(scanned: None) -> None:
    with child("--jsonl", "-d", FOREVER) as ran:
        assert json.loads(ran.stdout.readline())
        ran.send_signal(signal.SIGINT)
        rest, err = ran.communicate()
    assert (ran.returncode, rest, err) == (130, "", "")


def test_a_reader_that_goes_ends_it_between_two_frames(scanned: None) -> None:
    with child("--once", "-n", "9", "-d", FOREVER) as ran:
        assert ran.stdout.readline().startswith("costtop ")
        ran.stdout.close()
        assert (ran.wait(), ran.stderr.read()) == (0, "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--json -n 2", "--json is one document; for several frames there is --jsonl"),
        ("--json --jsonl", "not allowed with"),
        ("--once -n 0", "'0' is no number of frames"),
        ("--once -n ²", "is no number of frames"),
        ("--once -d nan", "'nan' is no number of seconds from 0.1"),
        ("--once -d -1", "no number of seconds"),
    ],
)
def test_what_is_no_stream_is_one_line(
    scanned: None, capsys: pytest.CaptureFixture[str], words: str, why: str
) -> None:
    code, out, err = said(capsys, *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert why in err
