"""Calls as columns are the calls they were made of, however they are cut and put together."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from costtop.columnar.call_columns import CallRest, made, of_calls, of_plain, row_of
from costtop.columnar.column_slices import parts, whole
from costtop.columnar.plain_calls import PlainCalls
from costtop.model import Call, Context, Media, Tokens, ToolUse

TOOLS = st.builds(ToolUse, st.sampled_from("ab"), st.just("k"), st.sampled_from((None, True)))
TOKENS = st.builds(Tokens, *[st.integers(0, 9)] * 6)
CALLS = st.builds(
    Call,
    key=st.binary(min_size=16, max_size=16),
    source=st.sampled_from(("claude-code", "codex")),
    session=st.sampled_from(("s1", "s2")),
    model=st.just("m"),
    tokens=TOKENS,
    at=st.integers(0, 99),
    context=st.builds(Context, task=st.sampled_from("xyz")),
    request=st.sampled_from(("", "r1")),
    yields=st.booleans(),
    reported=st.sampled_from((None, 7)),
    media=st.sampled_from((None, Media(1, 2))),
    tools=st.lists(TOOLS, max_size=3).map(tuple),
    offset=st.integers(0, 9),
)
TURNS = st.lists(st.lists(CALLS, max_size=6), max_size=6)


def flat(turns: list[list[Call]]) -> list[Call]:
    return [call for turn in turns for call in turn]


def all_of(columns: Any) -> list[Call]:
    return [columns.item(n) for n in range(columns.size)]


@given(TURNS)
def test_stretches_hold_the_calls_that_they_are_cut_of(turns: list[list[Call]]) -> None:
    columns = of_plain(of_calls(flat(turns)).plain())
    cut = list(parts(columns, map(len, turns)))
    assert [list(part) for part in cut] == turns
    assert all(call in part for part, turn in zip(cut, turns, strict=True) for call in turn)


@given(st.lists(CALLS, max_size=9))
def test_all_calls_of_columns_at_once_are_those_that_they_give_one_by_one(
    calls: list[Call],
) -> None:
    columns = of_calls(calls)
    assert list(columns.calls()) == all_of(columns) == calls
    assert {type(one.tokens) for one in columns.calls()} <= {Tokens}


@given(st.lists(CALLS, max_size=9), st.sets(st.integers(0, 8)))
def test_calls_that_come_as_rows_are_those_calls(calls: list[Call], places: set[int]) -> None:
    some = PlainCalls()
    some.told += [row_of(call) if n in places else call for n, call in enumerate(calls)]
    assert [*some] == calls
    assert len(some) == len(calls)
    assert all(call in some for call in calls)
    assert of_calls(some.told) == of_calls(calls)
    assert all(type(made(row_of(call)).tokens) is Tokens for call in calls)


@given(TURNS, st.integers(0, 6), st.integers(0, 6))
def test_stretches_in_a_row_are_put_together_as_they_stood(
    turns: list[list[Call]], start: int, stop: int
) -> None:
    columns = of_calls(flat(turns))
    some = list(parts(columns, map(len, turns)))[start:stop]
    found = whole(some, of_calls)
    assert all_of(found) == flat(turns[start:stop])
    assert list(found.kinds) == list(dict.fromkeys(found.kinds[n] for n in found.kind))
    turned = whole([*reversed(some)], of_calls)
    assert all_of(turned) == flat(turns[start:stop][::-1])
    mixed = whole([*some, *turns], of_calls)
    assert all_of(mixed) == flat(turns[start:stop]) + flat(turns)


def test_what_has_a_price_besides_tokens_of_text_is_not_plain() -> None:
    assert CallRest(status="error", attempt=3, pid=7, estimated=True, yields=True).is_plain
    others: list[dict[str, Any]] = [
        {"searches": 1}, {"reported": 0}, {"placeholder": True}, {"heard": True}, {"coarse": 1},
        {"service": "s"}, {"settled": True}, {"unreadable": True}, {"media": Media()},
    ]  # fmt: skip
    assert not any(CallRest(**told).is_plain for told in others)
