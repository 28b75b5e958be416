"""What the demo makes up: the same every time, in formats that the sources read without a word."""

import json
import time
from collections import defaultdict
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from costtop.demo import cast, past_month
from costtop.demo.beats import lines
from costtop.model import Bad, Outcome, SessionFact, TaskFact
from costtop.pricing.book import PriceBook
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.settling import settled_calls

NOW = 1_795_521_600_000  # 2026-11-24T12:00:00Z
HOME = "/home/demo"
UTC = ZoneInfo("UTC")
FORMAT = {".claude": "claude-code", ".codex": "codex", "logs": "costtop"}


@pytest.fixture(scope="module")
def past():
    return past_month.past(1, HOME, NOW, UTC)


def read(files):
    """All events of these files."""
    events = []
    for name, data in files.items():
        source = SOURCE[FORMAT[name.split("/")[0]]]
        events += source.read(Chunk(f"{HOME}/{name}", data, 0, NOW), {})[0]
    return events


def calls(events):
    return list(settled_calls(events).values())


def test_the_same_seed_makes_the_same_month_and_another_one_another(past):
    assert past_month.past(1, HOME, NOW, UTC) == past
    assert past_month.past(2, HOME, NOW, UTC).files.keys() != past.files.keys()


def test_a_month_is_read_without_a_bad_line_and_holds_what_a_screen_shows(past):
    events = read(past.files)
    assert not [event for event in events if isinstance(event, Bad)]
    made = calls(events)
    assert {call.source for call in made} == {"claude-code", "codex", "costtop"}
    assert len({(call.source, call.session) for call in made}) == past.sessions
    assert all(call.at <= NOW for call in made)
    assert {call.context.user for call in made} > {"ana", "ben"}
    assert len({call.context.branch for call in made}) > 8
    assert any(call.agent for call in made)
    assert any(call.tokens.cache_write_1h for call in made)
    for kind in (TaskFact, SessionFact, Outcome):
        assert any(isinstance(event, kind) for event in events)


def test_the_rough_costs_that_budgets_are_chosen_by_are_the_real_ones_within_a_tenth(past):
    book = PriceBook((), None)
    costs = [(call.at, book.price(call)[0]) for call in calls(read(past.files))]
    assert all(cost is not None for _, cost in costs)
    month = sum(cost for at, cost in costs if at >= 1_793_491_200_000) / 1e9
    today = sum(cost for at, cost in costs if at >= 1_795_478_400_000) / 1e9
    assert past.month == pytest.approx(month, rel=0.1)
    assert past.today == pytest.approx(today, rel=0.1)


def test_costs_of_sessions_are_spread_as_real_ones_are(past):
    book = PriceBook((), None)
    sessions = defaultdict(float)
    for call in calls(read(past.files)):
        if call.source != "costtop":
            sessions[call.session] += book.price(call)[0] / 1e9
    costs = sorted(sessions.values())
    assert 0.3 < costs[len(costs) // 2] < 0.9
    assert 3 * costs[len(costs) // 2] < costs[-1] < 5 * costs[len(costs) // 2]  # none runs away


def test_budgets_start_below_a_tier_that_the_next_dollars_cross(past):
    import tomllib

    daily, monthly = tomllib.loads(past_month.config(past, HOME, "UTC"))["budget"]
    assert past.today / float(daily["amount"][1:]) < 0.5
    assert 0.7 < past.month / float(monthly["amount"][1:]) < 0.8


@pytest.mark.parametrize("moment", [0, 1, 59_000, 3_600_000])
def test_a_demo_just_after_midnight_has_a_past_too(moment):
    midnight = 1_796_083_200_000  # 2026-12-01T00:00:00Z, a new month as well
    past = past_month.past(3, HOME, midnight + moment, UTC)
    assert past.sessions > 200
    assert "$8" in past_month.config(past, HOME, "UTC")


def test_a_runaway_repeats_one_failing_command_while_its_context_grows():
    session = cast.session("runaway", 1, HOME, NOW)
    beats = list(islice(session.beats, 80))
    at = [NOW - 200_000 + 1000 * nth for nth in range(80)]
    data = b"".join(lines(beat, when) for beat, when in zip(beats, at, strict=True))
    events = read({beats[0].file: data})
    made = calls(events)
    tools = [tool for call in made for tool in call.tools]
    assert len(tools) > 15
    assert len({(tool.name, tool.key) for tool in tools}) == 1
    assert all(event.error for event in events if isinstance(event, Outcome))
    prompts = [call.tokens.input for call in made]
    assert prompts[:15] == sorted(prompts[:15])
    assert prompts[14] > 4 * prompts[0]


def test_a_record_gets_its_time_where_its_format_has_it():
    beat = next(iter(cast.conversation(1, "a.jsonl")))
    assert json.loads(lines(beat, 1_795_521_600_123))["ts"] == "2026-11-24T12:00:00.123Z"


def test_a_month_is_made_within_seconds():
    began = time.process_time()
    past_month.past(4, HOME, NOW, UTC)
    assert time.process_time() - began < 5
