"""The list of detectors: one module each, one line here. It runs none of them."""

from collections.abc import Callable

from costtop.detect import median_5x
from costtop.detect.course import Course
from costtop.detect.peers import View
from costtop.detect.settings import Settings
from costtop.detect.verdict import Verdict
from costtop.model import Spend

Judge = Callable[[Course, Spend, int, View, Settings], Verdict | None]

DETECTORS: tuple[Judge, ...] = (median_5x.judge,)
"""(course after the event, event, what it moved, peers, settings) -> a claim, or None."""
