"""The status line: one line, always, with what is known and how sure that is."""

import json
import os
import re
import subprocess
import sys

import pytest

from costtop import money, paths
from costtop.daemon.jobs.scan_once import scan
from costtop.hooks import quick
from costtop.hooks.statusline import line
from costtop.queries.live.view import BudgetMeter
from costtop.queries.totals import spending_line
from costtop.store import gating
from costtop.store.db import open_reader
from costtop.sum_floors import Floor, Sum
from tests.hooks.conftest import call, now, write_claude

S1 = {"session_id": "s1", "cost": {"total_cost_usd": 0.05},
      "rate_limits": {"five_hour": {"used_percentage": 12.5, "resets_at": 1},
                      "seven_day": {"used_percentage": 40}}}  # fmt: skip


def _say(text: str, age: float = 0) -> None:
    """What a daemon would have written, so many seconds ago."""
    path = paths.find().line
    path.write_text(text + "\n")
    os.utime(path, (now() / 1000 - age,) * 2)


def test_a_session_costs_what_the_store_says_and_the_day_what_the_daemon_says(stored):
    _say("today $14.20 · daily 71 % · $3.10/h")
    ran = call("statusline", text=S1)
    assert ran.stdout == "session $0.05 · today $14.20 · daily 71 % · $3.10/h\n"
    assert (ran.returncode, ran.stderr) == (0, "")


def test_of_who_pays_a_plan_it_says_that_costs_are_value(stored):
    _say("today $14.20 value · billed $0.00 · $3.10/h")
    said = "session $0.05 value · today $14.20 value · billed $0.00 · $3.10/h\n"
    assert call("statusline", text=S1).stdout == said


def test_what_is_old_stands_behind_a_tilde(stored):
    _say("today $14.20", age=60)
    assert call("statusline", text=S1).stdout == "~session $0.05 · today $14.20\n"


def test_a_session_that_no_log_has_told_of_shows_what_the_agent_says_marked(home):
    write_claude(home, "dear", 1, model="claude-opus-4-6")
    scan(paths.find())
    files = quick.files(os.environ)
    told = b'{"session_id": "new", "cost": {"total_cost_usd": 1.237}}'
    assert line(told, files, now()) == "~session ~$1.24"
    assert line(told.replace(b"new", b"dear"), files, now()) == "~session $0.03"
    assert line(b'{"session_id": "new"}', files, now()) == "~ costtop: no data yet"


def test_an_unpriced_session_is_a_floor_or_a_question(home):
    write_claude(home, "dear", 1, model="claude-opus-4-6")
    write_claude(home, "odd", 1, model="nobody-knows-1")
    scan(paths.find())
    files = quick.files(os.environ)
    assert line(b'{"session_id": "odd"}', files, now()).startswith("~session ?")
    assert line(b'{"session_id": "dear"}', files, now()) == "~session $0.03"
    log = write_claude(home, "mixed", 1)
    other = write_claude(home, "y", 1, model="odd")
    log.write_text(log.read_text() + other.read_text().replace('"y"', '"mixed"'))
    other.unlink()  # else the call is the session's whose file is read first
    scan(paths.find())
    assert line(b'{"session_id": "mixed"}', files, now()).startswith("~session ≥$0.03")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"session_id": 3}', "\x00\ufffd", "null"])
def test_it_is_never_empty_and_never_fails(text):
    ran = call("statusline", text=text)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.strip() and ran.stdout.count("\n") == 1


def test_a_broken_store_leaves_what_the_daemon_and_the_agent_said(stored):
    _say("today $1.00")
    paths.find().database.write_bytes(b"no database" * 1000)
    own = S1["cost"]["total_cost_usd"]
    assert call("statusline", text=S1).stdout == f"session ~${own:.2f} · today $1.00\n"


def test_the_users_own_line_comes_first_and_hears_what_it_always_heard(stored):
    _say("today $1.00")
    own = 'grep -o \'"session_id": *"[^"]*"\' && printf \'second row\''
    ran = call("statusline", "--then", own, text=S1)
    assert ran.stdout == '"session_id": "s1"\nsecond row · session $0.05 · today $1.00\n'


@pytest.mark.parametrize("own", ["exit 3", "true", "no-such-command-here", "echo broken; exit 1"])
def test_a_users_line_that_fails_leaves_ours(stored, own):
    _say("today $1.00")
    ran = call("statusline", f"--then={own}", text=S1)
    assert (ran.returncode, ran.stdout) == (0, "session $0.05 · today $1.00\n")


def test_a_users_line_that_hangs_is_not_waited_for(stored):
    _say("today $1.00")
    ran = call("statusline", "--then", "exec sleep 4 >&2", text=S1)
    assert ran.stdout.endswith("session $0.05 · today $1.00\n")


def test_the_daemons_line_names_the_fullest_budget_and_the_burn():
    meters = [BudgetMeter("month", "month", 10, False, 100, (100,), 0),
              BudgetMeter("daily", "day", 250, True, 200, (100,), 0)]  # fmt: skip
    assert (
        spending_line(Sum(14_200_000_000), 3_100_000_000, meters)
        == "today $14.20 · daily ≥125 %! · $3.10/h"
    )
    assert spending_line(Sum(short=Floor(unpriced=2)), 0, []) == "today ≥$0.00"


def test_what_only_the_writer_needs_is_not_loaded(stored):
    said = json.dumps({"session_id": "s1"}).encode()
    code = (
        "import os, sys\n"
        "from costtop.hooks import quick, statusline\n"
        f"print(statusline.line({said!r}, quick.files(os.environ), {now()}))\n"
        "print(*sys.modules, sep='\\n')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shown, *loaded = ran.stdout.splitlines()
    assert "$0.05" in shown
    assert not [name for name in loaded if name.startswith(("costtop.store.calls", "msgspec"))]


def test_cents_are_rounded_as_money_is(home):
    write_claude(home, "s1", 3, output=567)
    scan(paths.find())
    db = open_reader(paths.find().database)
    nanos = db.execute("SELECT sum(cost) FROM sessions").fetchone()[0]
    cents, calls, unpriced, short = gating.cost(db, "claude-code", "s1")
    assert f"{cents / 100:.2f}" == money.dollars(nanos)
    assert (calls, unpriced, short) == (3, 0, False)
    db.close()
    assert re.fullmatch(
        r"~session \$\d\.\d\d", line(b'{"session_id":"s1"}', quick.files(os.environ), now())
    )


def test_how_full_the_context_is_stands_behind_the_session(stored):
    _say("today $1.00 · 5h 13 %")
    told = {**S1, "context_window": {"used_percentage": 42.6, "current_usage": {"input_tokens": 1}}}
    said = "session $0.05 · context 43 % · today $1.00 · 5h 13 %\n"
    assert call("statusline", text=told).stdout == said
    fresh = {**S1, "context_window": {"used_percentage": None, "context_window_size": 200000}}
    assert "context" not in call("statusline", text=fresh).stdout


def test_without_a_daemons_line_it_says_the_windows_that_the_agent_tells(stored):
    assert call("statusline", text=S1).stdout == "~session $0.05 · 5h 12 % · week 40 %\n"
