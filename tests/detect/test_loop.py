"""Retry loops by signature and by usage alone; work that repeats itself is not one."""

import pytest

from costtop.analysis import ledger
from costtop.analysis.ledger import BUCKETS
from costtop.detect.monitor import Monitor
from costtop.detect.rules import loop
from costtop.detect.sessions.running_session import RunningSession, book
from costtop.detect.settings import Settings
from costtop.model import Tokens, ToolUse

STEP = 10_000


@pytest.fixture
def monitor(log, start):
    """Twenty finished peers at a dollar."""
    monitor = Monitor(Settings())
    for nth in range(20):
        monitor.observe(log.spend(f"p{nth}", start, 1.0))
        monitor.finish(f"test/p{nth}", start + 1)
    return monitor


def calls(monitor, log, start, uses, dollars=0.05):
    """One turn a use; the findings of a loop, with the turn they came at."""
    found = []
    for nth, use in enumerate(uses):
        tokens = Tokens(20_000 + nth * 977, 0, 0, 0, 100 + nth * 37 % 400)
        call = log.spend("x", start + nth * STEP, dollars, tokens=tokens, tools=(use,))
        found += [x for x in monitor.observe(call) if x.cause == "retry_loop" and not x.resolved]
    return found


def fails(key="k", result="e"):
    return ToolUse("Bash", key, True, result)


def works(key, result="ok", name="Bash"):
    return ToolUse(name, key, False, result)


def test_the_same_failure_five_times_is_a_loop(monitor, log, start):
    found = calls(monitor, log, start, [fails()] * 8)
    assert found[0].rule == "retry_loop"
    assert found[0].turn == 5
    assert "Turns 2-5 repeated Bash 4 times (5 failures), $0.20 of $0.25" in found[0].why
    assert dict(found[0].evidence)["tool"] == "Bash"


def test_a_cycle_of_three_failing_calls_is_a_loop(monitor, log, start):
    found = calls(monitor, log, start, [fails(key, f"{key}~{key}") for key in "abc" * 6])
    assert found[0].turn <= 10  # the fourth time round; by one call alone it would be the fifth
    assert "repeated Bash 7 times (10 failures)" in found[0].why


def test_arguments_that_differ_are_no_loop_while_anything_new_comes_of_them(monitor, log, start):
    assert not calls(monitor, log, start, [works(f"k{n}", f"r{n}") for n in range(30)])
    guesses = [fails(f"k{n}") if n % 4 else works(f"k{n}", f"r{n}") for n in range(30)]
    assert not calls(monitor, log, start, guesses)


def test_the_same_error_of_one_tool_is_a_loop_whatever_it_is_asked(monitor, log, start):
    found = calls(monitor, log, start, [fails(f"k{n}") for n in range(20)])
    assert found[0].turn <= 7
    assert "tried Bash 6 times in other words and failed alike" in found[0].why


def test_reading_what_is_known_between_such_errors_is_no_progress(monitor, log, start):
    uses = [use for n in range(12) for use in (fails(f"k{n}"), works("status", "clean"))]
    assert calls(monitor, log, start, uses)[0].turn <= 25


def test_errors_of_many_kinds_are_a_loop_later(monitor, log, start):
    found = calls(monitor, log, start, [fails(f"k{n}", f"e~{n}") for n in range(25)])
    assert 12 <= found[0].turn <= 25


def test_a_search_that_finds_nothing_a_few_times_is_none(monitor, log, start):
    assert not calls(monitor, log, start, [fails(f"k{n}", f"e{n}~") for n in range(12)])


def test_another_error_text_counts_less(monitor, log, start):
    found = calls(monitor, log, start, [fails(result=f"e{n}") for n in range(14)])
    assert found[0].turn == 11


def test_eight_failures_with_edits_between_are_work(monitor, log, start):
    uses = []
    for nth in range(8):
        uses += [fails("test", "same"), works(f"edit{nth}", name="Edit")]
    assert not calls(monitor, log, start, [*uses, works("test", "pass")])


def test_fourteen_polls_are_patience(monitor, log, start):
    assert not calls(monitor, log, start, [works("poll", "pending")] * 14)


def test_a_look_at_the_same_thing_now_and_then_is_no_loop(monitor, log, start):
    uses = [works("status", "clean") if n % 6 == 0 else works(f"k{n}", f"r{n}") for n in range(90)]
    assert not calls(monitor, log, start, uses)


def test_thirty_polls_are_a_loop(monitor, log, start):
    found = calls(monitor, log, start, [works("poll", "pending")] * 30)
    assert "the same answer" in found[0].why


def test_a_different_success_starts_anew(monitor, log, start):
    uses = [fails(), fails(), fails(), fails(), works("k", "r1"), fails(), fails(), fails()]
    assert not calls(monitor, log, start, uses)


def test_repeats_far_apart_are_no_loop(monitor, log, start):
    uses = []
    for nth in range(6):
        uses += [fails()] + [works(f"o{nth}-{each}") for each in range(13)]
    assert not calls(monitor, log, start, uses)


def test_answers_that_only_hold_another_time_of_day_are_still_a_loop(monitor, log, start):
    found = []
    context = 20_000
    for nth in range(40):
        use = works("date", f"clock{nth}")
        tokens = Tokens(context, 0, 0, 0, 60)
        context += 160
        call = log.spend("x", start + nth * STEP, 0.05, tokens=tokens, tools=(use,))
        found += [x for x in monitor.observe(call) if x.rule == "retry_loop" and not x.resolved]
    assert found
    assert found[0].turn <= 20


def test_a_cheap_loop_is_named_and_told_nobody(monitor, log, start):
    found = calls(monitor, log, start, [fails()] * 12, dollars=0.001)
    assert {one.severity for one in found} == {"notice"}
    assert found[0].turn == 5
    assert "repeated Bash 4 times" in found[0].why


def test_a_loop_is_pushed_when_its_dollars_open_the_gate(monitor, log, start):
    found = calls(monitor, log, start, [fails()] * 12, dollars=0.015)
    assert [one.severity for one in found] == ["notice", "warning"]
    assert found[0].turn <= 8
    assert found[1].turn <= 10


def test_cheap_repeats_that_do_not_fail_are_not_even_named(monitor, log, start):
    assert not calls(monitor, log, start, [works("poll", "same")] * 30, dollars=0.001)


def test_outcomes_that_arrive_on_a_later_sight_count_once(monitor, log, start):
    found = []
    for nth in range(8):
        tokens = Tokens(20_000 + nth * 977, 0, 0, 0, 100)
        asked = ToolUse("Bash", "k")
        call = log.spend("x", start + nth * STEP, 0.05, tokens=tokens, tools=(asked,))
        found += monitor.observe(call)
        known = call._replace(new=False, previous=call.cost, call=call.call._replace(
            tools=(fails(),)))  # fmt: skip
        found += monitor.observe(known)
        found += monitor.observe(known)
    loops = [x for x in found if x.rule == "retry_loop" and not x.resolved]
    assert loops[0].turn == 5
    assert monitor.session("test/x").cost == 8 * 50_000_000


def test_the_turns_of_a_loop_are_booked_as_retries(monitor, log, start):
    calls(monitor, log, start, [works("a"), *[fails()] * 6, works("b")])
    books = dict(zip(BUCKETS, monitor.session("test/x").books.total, strict=True))
    assert books["retries"] == 5 * 50_000_000
    assert sum(monitor.session("test/x").books.total) == monitor.session("test/x").cost


def test_a_loop_is_over_after_ten_turns_without_a_repeat(monitor, log, start):
    uses = [*[fails()] * 6, *[works(f"o{n}") for n in range(12)]]
    over = []
    for nth, use in enumerate(uses):
        tokens = Tokens(20_000 + nth * 977, 0, 0, 0, 100 + nth * 37 % 400)
        call = log.spend("x", start + nth * STEP, 0.05, tokens=tokens, tools=(use,))
        over += [x for x in monitor.observe(call) if x.rule == "retry_loop" and x.resolved]
    assert [dict(x.evidence)["reason"] for x in over] == ["recovered"]


def test_every_edit_tool_is_known_by_its_lower_name():
    assert all(name == name.lower() for name in loop.EDITS)


def usage(monitor, log, start, counts):
    found = []
    context = 20_000
    for nth, (growth, output) in enumerate(counts):
        call = log.spend("x", start + nth * STEP, 0.05, tokens=Tokens(context, 0, 0, 0, output))
        context += growth + output
        found += [
            x for x in monitor.observe(call) if x.rule == "retry_loop_usage" and not x.resolved
        ]
    return found


def test_without_tools_equal_token_counts_are_a_loop(monitor, log, start):
    found = usage(monitor, log, start, [(300 + n % 3, 80 + n % 2) for n in range(14)])
    assert found[0].cause == "retry_loop"
    assert found[0].turn <= 10
    assert monitor.session("test/x").books.total[8] > 0


def test_without_tools_a_loop_is_listed_first_and_pushed_when_it_lasts(monitor, log, start):
    found = usage(monitor, log, start, [(300 + n % 3, 80 + n % 2) for n in range(20)])
    assert [x.severity for x in found] == ["notice", "warning"]
    assert found[1].turn >= 13


def test_turns_without_tools_are_seen_in_a_session_that_uses_them(monitor, log, start):
    calls(monitor, log, start, [works("a", "1"), works("b", "2")])
    found = usage(monitor, log, start + 100_000, [(300 + n % 9, 80 + n % 5) for n in range(24)])
    assert [one.severity for one in found] == ["notice", "warning"]
    assert found[1].turn <= 25


def test_the_same_prompt_again_and_again_is_a_loop_without_tools(monitor, log, start):
    found = []
    for nth in range(25):
        tokens = Tokens(20_000, 0, 0, 0, 80 + nth * 7 % 30)
        call = log.spend("x", start + nth * STEP, 0.05, tokens=tokens)
        found += [one for one in monitor.observe(call) if one.rule == "retry_loop_usage"]
    assert [one.severity for one in found] == ["notice", "warning"]


def test_what_peers_repeat_as_much_is_their_way_of_working(log, start):
    monitor = Monitor(Settings())
    found = []
    for session in range(12):
        for nth in range(30):
            tokens = Tokens(20_000, 0, 0, 0, 80)
            at = start + session * 1_000_000 + nth * STEP
            call = log.spend(f"poll{session}", at, 0.05, tokens=tokens)
            found += [x for x in monitor.observe(call) if x.rule == "retry_loop_usage"]
        monitor.finish(f"test/poll{session}", start + session * 1_000_000 + 900_000)
    assert {one.session for one in found} <= {f"test/poll{n}" for n in range(5)}


@pytest.mark.parametrize(("stopped", "severity", "turn"), [(0, "warning", 7), (2, "notice", 9)])
def test_where_no_peer_that_repeats_itself_stops_again_fewer_repeats_tell(
    log, start, stopped, severity, turn
):
    monitor = Monitor(Settings())
    for nth in range(120):
        at = start + nth * 1_000_000
        alike = 7 if nth < stopped else 1
        for each in range(10):
            context = 20_000 + 900 * max(0, each - alike) ** 2
            call = log.spend(f"p{nth}", at + each * STEP, 0.05, tokens=Tokens(context, 0, 0, 0, 80))
            monitor.observe(call)
        monitor.finish(f"test/p{nth}", at + 900_000)
    found = usage(monitor, log, start + 200_000_000, [(300 + n % 3, 80) for n in range(9)])
    assert (found[0].severity, found[0].turn) == (severity, turn)


def test_without_tools_ordinary_counts_are_none(monitor, log, start):
    assert not usage(monitor, log, start, [(200 + n * 211 % 1500, 40 + n * 83 % 700)
                                         for n in range(60)])  # fmt: skip


def test_repeats_names_the_calls_that_the_detector_books_as_retries(monitor, log, start):
    def call(nth, use):
        tokens = Tokens(20_000 + nth * 977, 0, 0, 0, 100)
        return log.spend("x", start + nth * STEP, 0.05, tokens=tokens, tools=(use,))

    looped = [call(nth, fails()) for nth in range(8)]
    wrong = loop.repeats(looped)
    assert wrong == {spend.call.key for spend in looped[1:]}
    books = dict(zip(BUCKETS, ledger.session(looped, wrong), strict=True))
    assert books["retries"] == sum(spend.cost for spend in looped[1:])
    assert sum(books.values()) == sum(spend.cost for spend in looped)
    news = [call(nth, works(f"k{nth}", f"r{nth}")) for nth in range(8)]
    assert loop.repeats(news) == frozenset()
    assert loop.repeats([]) == frozenset()


def test_a_reply_that_grows_into_its_tools_is_a_loop_at_the_turn_that_the_stored_calls_say(
    log, start
):
    """As agents write: first the text, then the tools, then what they answered, one by one."""
    session, live, whole = None, loop.Loop(), []
    for nth in range(8):
        uses = (fails(), works(f"read{nth}"), fails("other"))
        tokens = Tokens(20_000 + nth * 977, 0, 0, 0, 100)
        last = log.spend("x", start + nth * STEP, 0.05, tokens=tokens, tools=uses)
        asked = tuple(use._replace(error=None, result=None) for use in uses)
        for tools in ((), asked[:1], (uses[0],), (uses[0], *asked[1:]), uses):
            piece = last._replace(call=last.call._replace(tools=tools))
            if tools:
                piece = piece._replace(new=False, previous=last.cost)
            session = session or RunningSession(piece)
            loop.take(session, live, piece, book(session, piece))
        whole.append(last)
    books = ledger.session(whole, loop.repeats(whole))
    assert session is not None
    assert tuple(session.books.total) == books
    assert books[BUCKETS.index("retries")] > 0


def test_a_tool_that_fails_and_then_works_in_one_reply_is_no_loop(monitor, log, start):
    for nth in range(3):
        uses = (fails(f"a{nth}", "e~e"), fails(f"b{nth}", "e~e"), works(f"c{nth}", f"r{nth}"))
        call = log.spend("x", start + nth * STEP, 0.05, tools=uses)
        assert not [one for one in monitor.observe(call) if one.cause == "retry_loop"]
