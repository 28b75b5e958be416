"""Sessions and tasks of the Python client, up to the lines that they hand over."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

import costtop
from costtop.client import process_sender, recording
from costtop.model import Call, SessionFact, TaskFact
from costtop.sources.apis.costtop_lines import events_of

COUNTS = {"model": "claude-sonnet-4-5", "input_tokens": 1200, "output_tokens": 300}


class Slot:
    """Takes what is posted and keeps it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def put(self, line: bytes) -> None:
        self.lines.append(line)

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def events(self) -> list[Any]:
        return [event for line in self.lines for event in events_of(line, 0)]


@pytest.fixture
def slot(monkeypatch: pytest.MonkeyPatch) -> Slot:
    made = Slot()
    monkeypatch.setattr(process_sender, "_post", made)
    yield made
    recording._program.cache_clear()


def test_the_documented_example_gives_lines_of_the_contract(slot):
    with costtop.session("checkout-42", feature="checkout-assistant", user="ana") as s:
        s.record(**COUNTS)
        s.record_response({"usage": {"prompt_tokens": 7, "completion_tokens": 2}, "model": "gpt-5"})
        s.task("T-17").complete()
    kinds = [type(event) for event in slot.events()]
    assert kinds == [Call, Call, TaskFact, SessionFact]
    first, second, done, end = slot.events()
    assert first.session == second.session == done.session == "checkout-42"
    assert (first.context.feature, first.context.user) == ("checkout-assistant", "ana")
    assert (done.task, done.status) == ("T-17", "completed")
    assert end.ended


def test_every_line_has_a_time_and_an_id_of_its_own(slot):
    s = costtop.session("a")
    for _ in range(100):
        s.record(**COUNTS)
    assert len({line["id"] for line in slot.told()}) == 100
    assert all(line["ts"].endswith("Z") for line in slot.told())
    assert len({event.key for event in slot.events()}) == 100


def test_a_session_inside_another_is_its_child_and_takes_over_whose_it_is(slot):
    with costtop.session("outer", feature="checkout", user="ana"):
        with costtop.session("inner") as inner:
            inner.record(**COUNTS)
        costtop.record(**COUNTS)
    line, _, outer, _ = slot.told()
    assert (line["session"], line["parent"], line["user"]) == ("inner", "outer", "ana")
    assert outer["session"] == "outer" and "parent" not in outer


def test_the_current_session_follows_asyncio_tasks(slot):
    async def work(name: str) -> None:
        async with costtop.session(name):
            await asyncio.sleep(0.01)
            costtop.record(**COUNTS)

    async def both() -> None:
        await asyncio.gather(work("one"), work("two"), work("three"))

    asyncio.run(both())
    calls = [line for line in slot.told() if "model" in line]
    assert sorted(line["session"] for line in calls) == ["one", "three", "two"]


def test_a_thread_does_not_see_another_threads_session(slot):
    with costtop.session("mine"):
        thread = threading.Thread(target=lambda: costtop.record(**COUNTS))
        thread.start()
        thread.join()
    assert slot.told()[0]["session"] != "mine"


def test_without_a_session_the_program_is_one(slot):
    costtop.record(**COUNTS)
    costtop.record(**COUNTS)
    names = {line["session"] for line in slot.told()}
    assert len(names) == 1


def test_a_task_marks_what_is_recorded_inside_it_and_ends_as_it_went(slot):
    with costtop.session("a") as s:
        with s.task("T-1"):
            costtop.record(**COUNTS)
        with pytest.raises(RuntimeError), s.task("T-2"):
            raise RuntimeError
        costtop.task("T-3").abort()
    told = [(line.get("task"), line.get("status")) for line in slot.told()]
    assert told == [
        ("T-1", "started"), ("T-1", None), ("T-1", "completed"),
        ("T-2", "started"), ("T-2", "failed"), ("T-3", "aborted"), (None, "ended"),
    ]  # fmt: skip


def test_a_session_in_which_nothing_happened_is_not_told_of(slot):
    with costtop.session("silent"):
        pass
    assert slot.lines == []


def test_the_same_response_recorded_twice_counts_once(slot):
    response = {"id": "resp_1", "created_at": 5, "model": "gpt-5.4", "usage": {"input_tokens": 7}}
    s = costtop.session("a")
    s.record_response(response)
    s.record_response(response)
    assert len({event.key for event in slot.events()}) == 1


class _Hostile:
    @property
    def usage(self) -> None:
        raise RuntimeError("nothing for you")


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.record(),
        lambda s: s.record(model="m", input_tokens=1, output_tokens=1, cost_usd=object()),
        lambda s: s.record(model=b"\xff", input_tokens="12", output_tokens=None),
        lambda s: s.record(model="m", input_tokens=1, output_tokens=1, tags={(1, 2): 3}),
        lambda s: s.record_response(None),
        lambda s: s.record_response(_Hostile()),
        lambda s: s.task(None).complete(),
        lambda s: s.__exit__(None, None, None),
    ],
)
def test_nothing_is_raised_into_the_caller(slot, act):
    act(costtop.session("a"))


def test_a_line_too_long_for_the_daemon_goes_without_its_tags(slot):
    costtop.session("a", tags={"big": "x" * 2_000_000}).record(**COUNTS)
    (event,) = slot.events()
    assert event.tokens.input == 1200


def test_a_record_costs_the_caller_well_under_a_millisecond(slot):
    s = costtop.session("a", feature="f", tags={"team": "web"})
    before = time.thread_time()
    for _ in range(2000):
        s.record(**COUNTS)
    assert (time.thread_time() - before) / 2000 < 0.001


def test_the_client_loads_nothing_heavy_even_when_used(home):
    code = (
        "import sys, costtop\n"
        "with costtop.session('a') as s:\n"
        "    s.record(model='m', input_tokens=1, output_tokens=1)\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"asyncio", "msgspec", "sqlite3", "textual", "apprise", "genai_prices", "aiosqlite"}
    assert not heavy & set(ran.stdout.split())
    assert "costtop.client.sender" in ran.stdout.split()
