"""`costtop init` at a real terminal and without one: what it says, writes, and takes back."""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from costtop import config, paths
from costtop.cli.main import main
from costtop.durations import HOUR, now_ms
from costtop.money import NANO
from costtop.store.db import open_reader
from costtop.store.recovery import store_mark
from tests.cli.setup.spent_days import tree, write
from tests.patience import until
from tests.plans.rollouts import rollout, window
from tests.processes.shells import Shell

COMMAND = (sys.executable, "-P", "-m", "costtop", "init")
SPENT = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 30.0] * 3
ASKED = ("Read it now", "A budget for the day", "Set session_cap", "Where should messages go",
         "Install?", "Install?", "Write it?")  # fmt: skip


@pytest.fixture(autouse=True)
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A systemd that answers nothing, so that no service of this machine is asked."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "systemctl"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def throwaway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where throw-away folders of children lie: none is left, however they end."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    yield
    assert not list(folder.iterdir())


@pytest.fixture
def terminal() -> Iterator[Callable[..., Shell]]:
    """Starts it at a terminal of its own; waits for a question with `asked`."""
    begun: list[Shell] = []

    def start(*options: str) -> Shell:
        begun.append(Shell(*COMMAND, *options))
        return begun[-1]

    yield start
    for shell in begun:
        if shell.pid and _is_there(shell.pid):
            shell.end()


def _is_there(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def asked(shell: Shell, question: str) -> None:
    """Waits until the newest thing that it says is this question."""
    until(lambda: question in shell.said.decode().rpartition("\n")[2], what=question)


def answered(shell: Shell, *answers: tuple[str, str]) -> None:
    for question, answer in answers:
        asked(shell, question)
        said = len(shell.said)
        shell.type(answer)
        until(lambda said=said: len(shell.said) > said)


WALK = (
    ("Read it now", ""), ("A budget for the day", ""), ("Set session_cap", ""),
    ("Where should messages go", "log:~/alerts.log"), ("Send a test there?", ""),
    ("Install?", "y"), ("Install?", "n"), ("Write it?", ""),
)  # fmt: skip


def test_a_walk_at_a_terminal_writes_what_the_summary_says_and_undo_takes_it_back(home, terminal):
    write(home, SPENT)
    settings = home / ".claude" / "settings.json"
    settings.write_text('{\n  "model": "opus" // mine\n}\n')
    before = tree(home)
    shell = terminal()
    answered(shell, *WALK[:-1])
    asked(shell, "Write it?")
    assert tree(home) == before
    shell.type("")
    assert shell.left() == 0
    said, found = shell.said.decode(), paths.find()
    assert "Of the last 30 days 30 had spend: the dearest cost $30.00" in said
    assert "$12 a day: 27 of the 30 stayed under it." in said
    assert [(b.name, b.amount) for b in config.budgets(config.load(found))] == [
        ("daily", 12 * NANO)
    ]
    told = config.load(found)
    assert [(one.label, one.url) for one in told.notify] == [("log", "log:~/alerts.log")]
    assert told.anomaly.session_cap != "$10"
    assert "costtop" in (home / "alerts.log").read_text()
    assert "gate --agent claude-code" in settings.read_text() and "// mine" in settings.read_text()
    with open_reader(found.database) as db:
        assert store_mark.of(db).calls == len(SPENT)
    db.close()
    assert main(["init", "--undo", "--yes"]) == 0
    (home / "alerts.log").unlink()  # messages are the user's
    assert tree(home) == before


@pytest.mark.parametrize(
    ("at", "key"), [(0, b"\x03"), (1, b"\x04"), (3, b"\x03"), (5, b"\x04"), (7, b"\x03")]
)
def test_whoever_leaves_at_a_question_has_changed_nothing(home, terminal, at, key):
    write(home, SPENT)
    before = tree(home)
    shell = terminal()
    answered(shell, *WALK[:at])
    asked(shell, WALK[at][0])
    shell.press(key)
    assert shell.left() == 130
    said = shell.said.decode()
    assert said.endswith("costtop: left; nothing was written\r\n") and "Traceback" not in said
    assert tree(home) == before


def test_what_is_typed_before_a_question_confirms_nothing(home, terminal):
    write(home, SPENT)
    before = tree(home)
    shell = terminal("--yes", "--undo")
    assert shell.left() == 0
    shell = terminal()
    asked(shell, WALK[0][0])
    shell.type("\n" * 12)  # one answers, and then it reads and replays
    asked(shell, WALK[1][0])
    shell.press(b"\x03")
    assert shell.left() == 130
    assert tree(home) == before


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGTERM])
def test_whoever_closes_the_terminal_leaves_nothing_behind(home, terminal, tmp_path, how):
    write(home, SPENT)
    before = tree(home)
    shell = terminal()
    answered(shell, *WALK[:1])
    asked(shell, WALK[1][0])
    assert list((tmp_path / "tmp").iterdir())
    os.kill(shell.pid, how)
    with suppress(ProcessLookupError):
        os.kill(shell.pid, how)  # while it clears away
    assert shell.left() == 130
    assert tree(home) == before


def test_calls_of_a_program_that_wait_for_the_daemon_are_history_too(home, ran):
    call = "--model claude-opus-4-6 --input-tokens 0 --output-tokens 400000".split()
    assert main(["record", "--session", "shop-1", *call]) == 0
    before = tree(home)
    assert "what was read" in ran("--dry-run")
    assert tree(home) == before


Ran = Callable[..., str]


@pytest.fixture
def ran(capfd: pytest.CaptureFixture[str]) -> Ran:
    """Runs it without a terminal: all that it prints, in one line."""

    def run(*options: str, code: int = 0) -> str:
        capfd.readouterr()
        assert main(["init", *options]) == code
        out, err = capfd.readouterr()
        return " ".join((err + out).split())

    return run


def test_without_a_terminal_it_asks_for_yes_and_changes_nothing(home, ran):
    before = tree(home)
    assert ran(code=2).startswith("costtop: init asks, and nobody can answer here: --yes")
    assert tree(home) == before


def test_with_yes_it_takes_what_it_proposes_once(home, ran):
    write(home, SPENT)
    before = tree(home)
    said = ran("--dry-run")
    assert "a budget of $12.00 a day" in said and said.endswith("--dry-run: nothing was written")
    assert tree(home) == before
    ran("--yes")
    first = tree(home)
    assert set(first) - set(before) >= {"costtop/config.toml", "costtop/budgets.toml"}
    assert ".claude/settings.json" not in first and ".config" not in first
    again = ran("--yes")
    assert "daily stands: $12.00 a day" in again and "nothing is to be written" in again
    assert tree(home) == first
    assert "is as it was" in ran("--undo", "--yes")
    assert tree(home) == before
    assert ran("--undo", "--yes") == "nothing is here that init wrote"


def test_a_home_with_nothing_is_told_so_and_nothing_is_guessed(home, ran):
    said = ran("--yes")
    assert "No log of an agent is found" in said
    assert "No log holds a call yet." in said and "nothing is to be written" in said
    assert tree(home) == {}


def test_a_home_where_everything_stands_is_left_alone(home, ran):
    write(home, SPENT)
    ran("--yes", "--channel", "log:~/alerts.log", "--hooks", "all", "--service")
    first = tree(home)
    said = ran("--yes", "--channel", "log:~/alerts.log", "--hooks", "all", "--service")
    assert "nothing is to be written" in said
    for words in ("daily stands", "log stands", "they stand in", "costtop-", " stands"):
        assert words in said
    assert tree(home) == first


def test_windows_of_a_plan_are_watched_where_an_agent_tells_of_them(home, ran):
    now = now_ms()
    for nth, used in enumerate((90, 40, 10)):  # two windows before, and the present one
        begun = now - (2 - nth) * 6 * HOUR - HOUR
        rollout(home, nth, begun, [{"primary": window(used, 300, begun + 5 * HOUR)}])
    before = tree(home)
    said = ran("--yes")
    assert "Your plan's window of 5h: 1 of the 2 before it came to 80 % or more." in said
    watched = [one for one in config.load(paths.find()).budget if one.period.startswith("plan:")]
    assert [(one.name, one.period, one.tiers) for one in watched] == [
        ("plan-5h", "plan:5h", (80, 95))
    ]
    assert "nothing is to be written" in ran("--yes")
    ran("--undo", "--yes")
    assert tree(home) == before


def test_too_few_days_propose_no_budget(home, ran):
    write(home, [5.0] * 6)
    said = ran("--dry-run")
    assert "6 had spend, too few to propose a budget from (7 are enough)." in said
    assert "6 sessions in 30 days, too few to try alert settings on" in said
    assert "a budget of" not in said


def test_calls_without_a_price_make_the_proposal_a_floor(home, ran):
    write(home, SPENT)
    write(home, [1.0], model="nobody-knows-9")
    said = ran("--dry-run")
    assert "nine of ten up to ≥$" in said
    assert "≥: on 1 day more was spent than is known" in said


MINE = """\
# mine
[anomaly]   # what is unusual
multiplier = 6.0

[[notify]]
label = "phone"
url = "log:~/phone.log"
"""


def test_a_config_of_the_users_own_keeps_every_byte_of_its_own(home, ran):
    write(home, SPENT)
    found = paths.find()
    found.config.parent.mkdir(mode=0o700)
    found.config.write_text(MINE)
    real = home / "dotfiles.toml"
    found.config.rename(real)
    found.config.symlink_to(real)
    before = tree(home)
    said = ran("--yes")
    assert "phone stands" in said
    assert found.config.is_symlink()
    lines = real.read_text().splitlines()
    assert lines[1:3] == ["[anomaly]   # what is unusual", lines[2]]
    assert lines[3].startswith("session_cap") and lines[4] == "multiplier = 6.0"
    real.write_text(real.read_text().replace("6.0", "7.0"))  # by hand, since
    said = ran("--undo", "--yes")
    assert "was changed since: init's own lines are out, the rest stays" in said
    assert real.read_text() == MINE.replace("6.0", "7.0")
    real.write_text(MINE)
    assert tree(home) == before


def test_what_was_edited_since_is_left_and_named(home, ran):
    write(home, SPENT)
    ran("--yes")
    found = paths.find()
    text = found.config.read_text()
    found.config.write_text(text.replace("session_cap", "min_peers = 9\nsession_cap"))
    assert main(["budget", "set", "daily", "50"]) == 0
    said = ran("--undo", "--yes")
    assert "left: budget daily, changed since; take it out: costtop budget remove daily" in said
    assert "left in ~/costtop/config.toml, for they were edited: [anomaly]; session_cap" in said
    assert "min_peers = 9" in found.config.read_text()
    assert [b.amount for b in config.budgets(config.load(found))] == [50 * NANO]


def test_a_config_that_is_broken_or_read_only_is_named_before_anything_is_asked(home, ran):
    found = paths.find()
    found.config.parent.mkdir(mode=0o700)
    found.config.write_text("[anomaly\n")
    assert f"{found.config}:1: not valid TOML" in ran("--yes", code=78)
    found.config.write_text(MINE)
    found.config.chmod(0o400)
    before = tree(home)
    said = ran("--yes", code=78)
    assert f"{found.config} is read-only; what would be put in: costtop init --dry-run" in said
    assert "--dry-run: nothing was written" in ran("--dry-run", "--channel", "log:~/x")
    assert tree(home) == before
    found.config.chmod(0o600)
    found.config.write_text("read_only = true\n")
    assert "read_only is set in" in ran("--yes", code=1)


@pytest.mark.parametrize("text", ["anomaly.multiplier = 6.0\n", "anomaly = { multiplier = 6.0 }\n"])
def test_a_table_in_a_form_that_takes_no_lines_is_left_and_what_to_write_is_said(home, ran, text):
    write(home, SPENT)
    found = paths.find()
    found.config.parent.mkdir(mode=0o700)
    found.config.write_text(text)
    said = ran("--yes", code=78)
    assert "init puts nothing; by hand: [anomaly]; session_cap = " in said
    assert found.config.read_text() == text


def test_an_address_that_cannot_be_reached_is_refused_before_anything_is_written(home, ran):
    before = tree(home)
    assert "--channel: this is no Apprise URL" in ran("--yes", "--channel", "nonsense", code=2)
    assert tree(home) == before


def test_a_test_that_does_not_arrive_is_told_and_the_rest_stands(home, ran):
    write(home, SPENT)
    said = ran("--yes", "--channel", "json://127.0.0.1:9/", code=1)
    assert "! json: the test did not arrive" in said and "costtop alerts test json" in said
    assert [one.label for one in config.load(paths.find()).notify] == ["json"]
    assert stat.S_IMODE(paths.find().config.stat().st_mode) == 0o600
    assert "127.0.0.1" not in said  # an address may be a secret


def test_undo_takes_back_what_several_runs_have_written(home, ran):
    write(home, SPENT)
    found = paths.find()
    found.config.parent.mkdir(mode=0o700)
    found.config.write_text('timezone = "UTC"')  # without an end of line
    before = tree(home)
    ran("--yes")
    ran("--yes", "--channel", "log:~/alerts.log")
    ran("--yes", "--hooks", "claude-code", "--hooks", "codex", "--service")
    assert "log stands" in ran("--dry-run")
    ran("--undo", "--yes")
    (home / "alerts.log").unlink()
    assert tree(home) == before


def test_undo_that_is_not_confirmed_changes_nothing(home, ran, terminal):
    write(home, SPENT)
    ran("--yes")
    before = tree(home)
    for answer, code in (("n", 1), ("", 0)):
        shell = terminal("--undo")
        answered(shell, ("Take it back?", answer))
        assert shell.left() == code
        assert (tree(home) == before) is (answer == "n")


def test_a_config_that_was_changed_while_the_summary_stood_is_not_written_over(home, terminal):
    write(home, SPENT)
    found = paths.find()
    shell = terminal()
    answered(
        shell, *WALK[:3], ("Where should messages go", ""), ("Install?", ""), ("Install?", "n")
    )
    asked(shell, "Write it?")
    found.config.parent.mkdir(mode=0o700)
    found.config.write_text('timezone = "UTC"\n')
    shell.type("")
    assert shell.left() == 1
    assert "was changed meanwhile; again: costtop init" in shell.said.decode()
    assert found.config.read_text() == 'timezone = "UTC"\n'
    assert main(["init", "--undo", "--yes"]) == 0
    assert found.config.read_text() == 'timezone = "UTC"\n'
    assert [path.name for path in found.config.parent.iterdir()] == ["config.toml"]
