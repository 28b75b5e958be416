"""The list of detectors: one module each, one line here. It runs none of them."""

from collections.abc import Callable

from costtop.detect.rules import (
    age_outlier,
    cache_miss,
    context_growth,
    cost_outlier,
    fan_out,
    loop,
    loop_usage,
    median_5x,
    model_shift,
    session_cap,
    verbose_output,
)
from costtop.detect.sessions.claim import Verdict
from costtop.detect.sessions.course import Course
from costtop.detect.sessions.peers import View
from costtop.detect.settings import Settings
from costtop.model import Spend

Judge = Callable[[Course, Spend, int, View, Settings], Verdict | None]
"""(course after the event, event, what it moved, peers, settings) -> a claim, or None."""

DETECTORS: tuple[Judge, ...] = (
    loop.judge,  # mechanisms first: they name the cause when several hold at one event
    loop_usage.judge,
    fan_out.judge,
    model_shift.judge,
    cache_miss.judge,
    context_growth.judge,
    verbose_output.judge,
    age_outlier.judge,
    cost_outlier.judge,
    median_5x.judge,
    session_cap.judge,
)
