"""A backlog is stored in transactions that are as large as others can wait for."""

import pytest

from costtop.daemon.ingest.backlog import at_once, parts
from costtop.daemon.ingest.fold import Folded, sorted_events
from costtop.model import Call, Tokens
from costtop.tail.place import Place


def turn(name: str, calls: int) -> Folded:
    made = [
        Call(
            key=f"{name}{n}".encode().ljust(16),
            source="costtop",
            session=name,
            model="m",
            at=n,
            tokens=Tokens(1, 0, 0, 0, 1, 0),
        )
        for n in range(calls)
    ]
    return sorted_events("costtop", Place(name.encode()), {}, made, 1)


def sizes(calls: list[int], at_once: int) -> list[int]:
    folded = [turn(str(n), size) for n, size in enumerate(calls)]
    found = list(parts(folded, at_once))
    assert [item for part in found for item in part] == folded
    return [sum(len(item.calls) for item in part) for part in found]


def test_the_parts_of_an_answer_are_about_alike() -> None:
    assert sizes([10] * 19, 100) == [100, 90]
    assert sizes([10] * 14, 100) == [140]
    assert sizes([10] * 26, 100) == [90, 90, 80]
    assert sizes([300, 5, 5], 100) == [300, 10]


def test_what_has_no_calls_is_one_part() -> None:
    assert sizes([0, 0, 0], 100) == [0]
    assert sizes([], 100) == []


@pytest.mark.parametrize(
    ("calls", "seconds", "next_one"),
    [(1000, 0.05, 1000), (1000, 0.1, 500), (1000, 1.0, 500), (1000, 0.02, 2500), (4000, 0.0, 4000)],
)
def test_a_slow_machine_has_shorter_transactions(calls: int, seconds: float, next_one: int) -> None:
    assert at_once(calls, seconds) == next_one
