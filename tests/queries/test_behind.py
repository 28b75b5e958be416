"""A session's state follows its process where that is known for certain."""

from costtop.queries.live.live_processes import exited, processes, shown
from costtop.queries.live.view import SessionRow

KEY = "claude-code/s1"
EXACT = {"pid": 42, "confidence": "exact", "refusal": "", "state": "S"}


def row(last: int = 1000) -> SessionRow:
    empty = SessionRow(*["" for _ in SessionRow._fields[:-1]])  # type: ignore[arg-type]
    return empty._replace(key=KEY, state="running", rate=7, last=last, pid=None)


def seen(said: dict[str, object], last: int = 1000) -> tuple[str, int | None, int]:
    found = shown([row(last)], processes(said), exited(said))[0]
    return found.state, found.pid, found.rate


def test_a_process_known_exactly_shows_its_pid() -> None:
    assert seen({"processes": {KEY: EXACT}}) == ("running", 42, 7)


def test_a_stopped_process_pauses_its_session() -> None:
    assert seen({"processes": {KEY: {**EXACT, "state": "T"}}}) == ("paused", 42, 0)


def test_a_guess_or_a_refused_process_shows_nothing() -> None:
    for told in ({**EXACT, "confidence": "strong"}, {**EXACT, "refusal": "shared"}):
        assert seen({"processes": {KEY: told}}) == ("running", None, 7)


def test_an_exited_process_ends_its_session_at_once() -> None:
    assert seen({"exited": {KEY: 1500}}) == ("ended", None, 0)


def test_a_call_after_the_exit_came_from_another_process() -> None:
    assert seen({"exited": {KEY: 1500}}, last=2000) == ("running", None, 7)
