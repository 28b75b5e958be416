"""`costtop record`: one call by hand or from a shell script."""

import json

import pytest

from tests.receive.running import Instance, line


@pytest.fixture
def instance(home):
    made = Instance(home / "costtop")
    yield made
    made.kill()


FLAGS = ("--session", "s", "--model", "gpt-5", "--input-tokens", "7", "--output-tokens", "2")


def test_flags_and_a_json_line_are_recorded_by_the_daemon(instance):
    instance.start()
    for arguments in (FLAGS, ("--json", json.dumps(line()))):
        ran = instance.run("record", *arguments)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "recorded\n", "")
    assert instance.calls() == 2


def test_without_a_daemon_the_call_is_kept_and_counted_later(instance):
    ran = instance.run("record", *FLAGS, "--tag", "team=web")
    assert ran.returncode == 0 and "kept for the daemon" in ran.stdout
    assert instance.calls() == 1


def test_a_line_from_stdin_is_taken(instance):
    ran = instance.run("record", "--json", "-", input=json.dumps(line()))
    assert ran.returncode == 0
    assert instance.calls() == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--json", "{"), "not valid JSON"),
        (("--json", "[]"), "not a JSON object"),
        (("--session", "s", "--model", "m"), "input_tokens, output_tokens missing"),
        ((*FLAGS, "--json", "{}"), "not both"),
        ((*FLAGS, "--tag", "web"), "NAME=VALUE"),
        ((*FLAGS, "--pid", "me"), "invalid int"),
    ],
)
def test_wrong_usage_is_told_in_one_line_with_exit_2(instance, arguments, reason):
    ran = instance.run("record", *arguments)
    assert ran.returncode == 2 and reason in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not (instance.home / "spool").exists()


def test_a_line_that_the_daemon_refuses_is_wrong_usage_too(instance):
    instance.start()
    ran = instance.run("record", *FLAGS, "--cache-read-tokens", "8")
    assert ran.returncode == 2 and "cache reads and writes exceed it" in ran.stderr
