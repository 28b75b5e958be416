"""Made-up trees of Codex forks: each request once, whatever is gone, late, cut or mis-dated."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.lines import calls, events, kept

FOLDER = "/home/ana/.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-"
START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def thread_id(number: int) -> str:
    return f"019f9000-0000-7000-8000-{number:012d}"


def row(at: int, kind: str, **payload: Any) -> dict[str, Any]:
    stamp = (START + timedelta(seconds=at)).isoformat(timespec="milliseconds")
    return {"timestamp": stamp.replace("+00:00", "Z"), "type": kind, "payload": payload}


def meta(at: int, number: int, parent: int | None) -> dict[str, Any]:
    told = {} if parent is None else {"forked_from_id": thread_id(parent)}
    return row(at, "session_meta", id=thread_id(number), cwd="/home/ana/app", **told)


@dataclass
class Thread:
    """A thread: its file's rows, and (request, total so far) of all that its history holds."""

    number: int
    root: int
    rows: list[dict[str, Any]]
    counts: list[tuple[Any, dict[str, int]]] = field(default_factory=list)
    base: dict[str, int] = field(default_factory=dict)  # what a fork without copies goes on from

    def request(self, at: int, used: tuple[int, int], again: int) -> None:
        """One more request, told `again` times more."""
        before = self.counts[-1][1] if self.counts else self.base
        last = {"input_tokens": used[0], "output_tokens": used[1], "total_tokens": sum(used)}
        total = {name: before.get(name, 0) + value for name, value in last.items()}
        identity = (self.root, *(one for _, one in self.counts), total, last)
        self.counts.append((json.dumps(identity), total))
        info = {"total_token_usage": total, "last_token_usage": last}
        told = row(at, "event_msg", type="token_count", info=info)
        self.rows += [told] * (1 + again)

    def fork(self, number: int, at: int, upto: int, stamps: str, bare: bool) -> "Thread":
        """A fork of what stands in the first `upto` counts, as the tool copies a history."""
        kept_rows, seen = [], 0
        for line in self.rows:
            if line["payload"].get("type") == "token_count":
                if line["payload"]["info"]["total_token_usage"] != (
                    self.counts[seen - 1][1] if seen else None
                ):
                    seen += 1
                if seen > upto:
                    break
            kept_rows.append(line)
        copies = [
            line if stamps == "kept" else {**line, "timestamp": row(at + n * 3, "")["timestamp"]}
            for n, line in enumerate(kept_rows)
        ]
        own = meta(at, number, self.number)
        made = Thread(number, self.root, [own, *copies], self.counts[:upto], self.base)
        if bare:
            # Its records do not tell the threads above its parent: another family.
            made = Thread(number, self.number, [own])
            if upto:
                nothing = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
                made.base = self.counts[upto - 1][1]
                info = {"total_token_usage": made.base, "last_token_usage": nothing}
                made.rows.append(row(at + 1, "event_msg", type="token_count", info=info))
        return made


used = st.tuples(st.integers(1, 3), st.integers(1, 2))  # few values: equal counts are common
step = st.tuples(used, st.integers(0, 2))


@st.composite
def trees(draw: st.DrawFn) -> list[Thread]:
    """Some threads and their forks to any depth, with clocks that jump."""
    made: list[Thread] = []
    for number in range(draw(st.integers(1, 6))):
        at = draw(st.sampled_from([0, 5, 900, 86_400, -86_400, 40_000_000]))
        if made and draw(st.integers(0, 3)):
            parent = draw(st.sampled_from(made))
            upto = draw(st.integers(0, len(parent.counts)))
            stamps = draw(st.sampled_from(["kept", "new"]))
            thread = parent.fork(number, at, upto, stamps, draw(st.integers(0, 4)) == 0)
        else:
            thread = Thread(number, number, [meta(at, number, None)])
        for used_now, again in draw(st.lists(step, max_size=4)):
            at += draw(st.integers(-50, 500))
            thread.request(at, used_now, again)
        made.append(thread)
    return made


@settings(max_examples=120, deadline=None)
@given(trees(), st.data())
def test_each_request_of_a_tree_of_forks_counts_once(made: list[Thread], data: Any) -> None:
    here = data.draw(st.lists(st.sampled_from(made), unique_by=lambda t: t.number, min_size=1))
    files = [
        events("codex", *thread.rows, path=f"{FOLDER}{thread_id(thread.number)}.jsonl")
        for thread in here
    ]
    told = {identity for thread in here for identity in told_of(thread)}
    assert len(kept(*files)) == len(told)
    assert len(kept(*files[::-1], *files)) == len(told)
    once = {call.key for found in files for call in calls(found)}
    assert len(once) == len(told)


def told_of(thread: Thread) -> set[Any]:
    """The requests that the thread's own file has a count of."""
    totals = [
        line["payload"]["info"]["total_token_usage"]
        for line in thread.rows
        if line["payload"].get("type") == "token_count"
        and line["payload"]["info"]["last_token_usage"]["total_tokens"]
    ]
    return {identity for identity, total in thread.counts if total in totals}


def test_a_first_total_without_a_last_bills_nothing_of_the_parent() -> None:
    def count(at: int, given: int) -> dict[str, Any]:
        total = {"input_tokens": given, "output_tokens": 10, "total_tokens": given + 10}
        return row(at, "event_msg", type="token_count", info={"total_token_usage": total})

    def read(number: int, *rows: dict[str, Any]) -> list[Any]:
        return events("codex", *rows, path=f"{FOLDER}{thread_id(number)}.jsonl")

    fork = read(2, meta(100, 2, 1), count(101, 6_000), count(160, 7_000))
    assert [call.tokens.input for call in calls(fork)] == [1_000]
    parent = read(1, meta(0, 1, None), count(1, 1_000), count(60, 6_000))
    assert [call["tokens"]["input"] for call in kept(parent, fork)] == [1_000, 5_000, 1_000]


def test_equal_spawned_threads_are_as_many_calls() -> None:
    def spawned(number: int) -> list[Any]:
        source = {"subagent": {"thread_spawn": {"parent_thread_id": thread_id(1), "depth": 1}}}
        mine = row(0, "session_meta", id=thread_id(number), source=source)
        made = Thread(number, number, [mine])
        made.request(5, (700, 20), 1)
        return events("codex", *made.rows, path=f"{FOLDER}{thread_id(number)}.jsonl")

    parent = Thread(1, 1, [meta(0, 1, None)])
    parent.request(1, (900, 30), 0)
    told = events("codex", *parent.rows, path=f"{FOLDER}{thread_id(1)}.jsonl")
    assert len(kept(told, *(spawned(number) for number in range(2, 10)))) == 9
