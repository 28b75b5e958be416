"""Joins a session's course and its peers into the numbers that `analysis.why` puts into words."""

from costtop.detect.course import Course
from costtop.detect.peers import View
from costtop.detect.verdict import Verdict


def cause(course: Course, view: View) -> str | None:
    """The mechanism that makes the session dearer than its peers, None when there is none."""
    return None


def words(course: Course, verdict: Verdict, view: View) -> str:
    """One plain sentence with numbers."""
    text = verdict.words
    return text[:1].upper() + text[1:] + "."
