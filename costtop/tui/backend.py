"""The seam between the screen and the rest: what it may ask and do.

Everything that the screen sees comes through `frame` and its siblings, everything that it does goes
through `act`. `real` reads the store by `costtop.queries` and talks to the daemon by
`costtop.control`; a test gives its own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from costtop.control import client
from costtop.control.protocol import Command
from costtop.durations import now_ms
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.queries.alerts import alert_list
from costtop.queries.alerts.alert_list import Alerts
from costtop.queries.connection import Door, empty
from costtop.queries.live import day_chart, past_frame
from costtop.queries.live.day_chart import DayChart
from costtop.queries.live.view import Pulse, Snapshot
from costtop.queries.plans import plan_history
from costtop.queries.plans.plan_history import PlanRun
from costtop.queries.sessions import lookup, session, spent_sessions, tasks
from costtop.queries.sessions.session import SessionDetail
from costtop.queries.sessions.spent_sessions import SpentSessions, Within
from costtop.queries.sessions.tasks import Tasks
from costtop.queries.spending import budget_periods, days, spending, trend_verdicts
from costtop.queries.spending.budget_periods import BudgetLine
from costtop.queries.spending.days import Day
from costtop.queries.spending.spending import Spending
from costtop.queries.spending.trend_verdicts import FeatureVerdict, Mix

_PATIENCE = 3.0  # s for the program to say that it cannot


class Backend(NamedTuple):
    """The functions that the screen is given; each may raise CosttopError with one line."""

    frame: Callable[[int | None], Snapshot]  # at a moment, ms UTC; None is now
    act: Callable[[Command], dict[str, Any]]  # the daemon's answer; a refusal is raised
    day_chart: Callable[[int, int], DayChart]  # (its last moment, seen up to this one)
    lit: Callable[[str, int], tuple[int, ...]]  # (key, the last moment): its cost by minute
    spent_sessions: Callable[[Within, int], SpentSessions]  # (of these, now)
    session: Callable[[str, int], SessionDetail | None]  # (key, now)
    spending: Callable[[str, str, int], Spending]  # (by, span, now)
    verdict: Callable[[str, str, int], FeatureVerdict]  # (feature, span, now)
    mix: Callable[[Spending, int], Mix | None]  # (of this span, now)
    tasks: Callable[[str, int], Tasks]  # (span, now)
    days: Callable[[int, int], tuple[Day, ...]]  # (how many, now)
    why: Callable[[str, str, int], tuple[str, ...]]  # (span in words, feature, now): lines of text
    alerts: Callable[[str, int], Alerts]  # (of this session or "", now)
    budgets: Callable[[int], tuple[BudgetLine, ...]]  # (now)
    plans: Callable[[int], tuple[PlanRun, ...]]  # (now): windows of plans
    bells: Callable[[int], list[tuple[int, str]]]  # messages for an open screen since this row
    hint: Callable[[str], str]  # what to type so that a source's agent hears a stop; "": it does
    transcript: Callable[[str], Path | None]  # the log of this session
    open_folder: Callable[[Path], bool]  # that of this file, on the desktop, if there is one
    now: Callable[[], int]  # ms UTC
    # What to say while another machine is asked to do a command; "" where this one does it.
    asks: Callable[[Command], str] = lambda command: ""


NOTHING = empty(0, Pulse(running=True), ())


def real(
    paths: Paths,
    now: Callable[[], int] = now_ms,
    hint: Callable[[str], str] = lambda source: "",
    door: Door | None = None,
) -> Backend:
    """The backend of one costtop instance; `now` is its clock, ms UTC; `door` one that is open."""
    door = door or Door(paths, now)

    def frame(at: int | None) -> Snapshot:
        return door.frame() if at is None else door.read(past_frame.take, at, door.zone())

    return Backend(
        frame=frame,
        act=lambda command: client.ask(paths, command),
        day_chart=lambda until, seen: door.read(day_chart.read, until, seen),
        lit=lambda key, until: door.read(day_chart.lit, key, until),
        spent_sessions=lambda within, at: door.read(spent_sessions.read, within, at),
        session=lambda key, at: door.read(session.read, key),
        spending=lambda by, span, at: door.read(spending.read, by, span, at, door.zone()),
        verdict=lambda name, span, at: door.read(
            trend_verdicts.feature, name, span, at, door.zone()
        ),
        mix=lambda made, at: door.read(trend_verdicts.models, made, at, door.zone()),
        tasks=lambda span, at: door.read(tasks.read, span, at, door.zone()),
        days=lambda count, at: door.read(days.read, count, at, door.zone()),
        why=partial(_why, door),
        alerts=lambda key, at: door.read(alert_list.read, at, key),
        budgets=lambda at: door.read(budget_periods.read, at, door.zone()),
        plans=lambda at: door.read(plan_history.read, at, door.zone()),
        bells=lambda after: door.read(alert_list.bells, after),
        hint=hint,
        transcript=lambda key: door.read(lookup.log_of, key),
        open_folder=open_folder,
        now=now,
    )


def _why(door: Door, span: str, feature: str, now: int) -> tuple[str, ...]:
    """Why a span cost what it did; loaded when it is asked for."""
    from rich.cells import cell_len

    from costtop.queries.why import why_text

    return door.read(partial(why_text.lines, width_of=cell_len), span, feature, now, door.zone())


def _opener(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str | None:
    """The program that shows folders; None without a desktop."""
    if platform == "darwin":
        return shutil.which("open", path=environ.get("PATH"))
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open", path=environ.get("PATH"))
    return None


def open_folder(path: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Shows the folder of the file at `path`; False where nothing could.

    The folder, not the file: what a program would make of text from elsewhere is not ours to try.
    """
    program, folder = _opener(environ), path.parent
    if program is None or not folder.is_absolute() or not folder.is_dir():
        return False
    try:
        process = subprocess.Popen(
            [program, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return process.wait(_PATIENCE) == 0
    except subprocess.TimeoutExpired:
        return True  # it stays for as long as its window does
    except OSError:
        return False
