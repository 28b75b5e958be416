"""Who asks is known everywhere, also in a container whose uid stands in no list of users."""

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

NOBODY = 54_321  # a uid that no system has in its list
NAMES = ("LOGNAME", "USER", "LNAME", "USERNAME")
# What a command needs is loaded before: the interpreter may lie where only root can read.
_ASK = f"""
import contextlib, getpass, io, os, pwd, sys, tomllib
from costtop import config, files
from costtop.cli import main
from costtop.cli.control import act, alerts, budget
from costtop.cli.upkeep import daemon
from costtop.control import client, protocol
from costtop.daemon.commands import budget_file
from costtop.daemon.lifecycle import instance
from costtop.queries.sessions import lookup
from costtop.store import db
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main.main([*sys.argv[1:2], "--help"])
os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)
sys.exit(main.main(sys.argv[1:]) if sys.argv[1:] else print(files.user_name()))
"""


@pytest.fixture
def nameless():
    """Runs costtop as a user without a name, in a home of that user's."""
    if os.getuid():
        pytest.skip("only root can be somebody without an entry in the list of users")
    home = tempfile.mkdtemp()
    os.chown(home, NOBODY, NOBODY)
    environ = {key: value for key, value in os.environ.items() if key not in NAMES}
    environ |= {"HOME": home, "COSTTOP_HOME": f"{home}/costtop"}

    def run(*order):
        return subprocess.run(
            [sys.executable, "-P", "-c", _ASK, *order],
            env=environ, capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip

    yield run
    shutil.rmtree(home)


def test_the_name_of_one_without_a_name_is_its_number(nameless):
    assert nameless().stdout.strip() == str(NOBODY)


def test_budgets_are_set_and_removed_by_one_without_a_name(nameless):
    made = nameless("budget", "set", "daily", "5")
    assert (made.returncode, made.stderr) == (0, "")
    gone = nameless("budget", "remove", "daily")
    assert (gone.returncode, gone.stderr) == (0, "")


@pytest.mark.parametrize(
    "order",
    ["alerts ack a1", "alerts silence --rule x", "alerts silence --end 1", "mark s1", "unmark s1",
     "pause s1", "resume s1", "kill s1 --yes", "stop s1", "override"],
)  # fmt: skip
def test_one_without_a_name_is_refused_in_one_line_where_no_daemon_runs(nameless, order):
    ran = nameless(*order.split())
    assert ran.returncode in (1, 3, 78)
    assert ran.stderr.startswith("costtop: ") and ran.stderr.count("\n") == 1, ran.stderr
