"""By whatever a report sums, and whatever it is restricted to: each call once, exactly."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from costtop import periods
from costtop.attribution import tickets
from costtop.durations import DAY, HOUR, QUARTER
from costtop.model import Call, Context, SessionFact, TaskFact, Tokens, ToolUse
from costtop.money import NANO
from costtop.nouns.log_owner import LogOwner
from costtop.nouns.pull_link import PullLink
from costtop.queries.spending import report
from costtop.queries.spending.report import OTHER
from costtop.queries.spending.spend_filters import FIELDS, Filter, never, stored
from costtop.queries.spending.sum_keys import KEYS, SHARED, server
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer
from costtop.store.git import pull_links
from costtop.store.names import Names
from costtop.store.sessions.sessions import Sessions

UTC, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
NOW = 1_795_444_327_000  # Mon 2026-11-23 14:32:07 UTC
OWNERS = ("ana", "eva")
TOOLS = ("Bash", "Read", "mcp__github__get_issue", "mcp__github__list", "mcp__jira__find", "Edit")
GLOBS = {
    "feature": "check*", "model": "opus*", "agent": "claude", "user": "a[nm]a", "project": "/w/*",
    "branch": "(none)", "source": "codex", "session": "s1*", "task": "t?", "type": "(none)",
    "host": "*", "label": "*", "tool": "Bash", "server": "github", "tag:team": "web", "team": "web",
    "ticket": "SHOP-*", "pr": "acme/*#1", "commit": "*",
}  # fmt: skip
ALONE = tuple(key for key in KEYS if key != "block")  # of a call alone, not of those before it
BY = (*ALONE, "tag:team", "day,feature", "feature,day", "model,tool", "hour,agent,type",
      "session,server", "tag:team,branch", "pr,feature", "day,pr", "pr,tool",
      "pr,ticket")  # fmt: skip


def made(nth: int, rng: random.Random) -> Priced:
    context = Context(
        project=rng.choice(["", "/w/shop", "/w/web"]),
        branch=rng.choice(["", "main", "fix", "SHOP-12-a", "x/SHOP-12", "x/OPS-7"]),
        feature=rng.choice(["", "checkout", "search"]),
        user=rng.choice(["", "ana", "ama", "bo"]),
        task=rng.choice(["", "t1", "t2"]),
        host=rng.choice(["", "box"]),
        tags=rng.choice(["", '{"team": "web"}', '{"team": "ops", "x": "1"}', '{"x": "2"}']),
    )
    sub = rng.random() < 0.3
    uses = [ToolUse(rng.choice(TOOLS), "k") for _ in range(rng.choice([0, 0, 1, 1, 2, 3, 7]))]
    call = Call(
        nth.to_bytes(16, "big"), rng.choice(["codex", "claude-code"]), f"s{rng.randrange(40):02}",
        rng.choice(["claude-opus-5", "gpt-5.4", "acme"]),
        Tokens(rng.randrange(9_000), rng.randrange(99), output=rng.randrange(5_000)),
        NOW - round(20 * DAY * rng.random() ** 2), context,
        agent=f"a{nth % 3}" if sub else "",
        tools=tuple(uses),
    )  # fmt: skip
    cost = rng.randrange(NANO) if rng.random() < 0.95 else None
    return Priced(call, cost, cost, None)


def whose(one: Call | SessionFact) -> str:
    """The owner of a session, where its calls do not say it."""
    return OWNERS[int(one.session[1:]) % 2]


@pytest.fixture(scope="module")
def calls() -> list[Priced]:
    rng = random.Random(7)
    return [made(nth, rng) for nth in range(1_500)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, calls: list[Priced]) -> Iterator[object]:
    path: Path = tmp_path_factory.mktemp("asked") / "costtop.db"
    db = open_writer(path)
    facts = [
        TaskFact(one.call.source, one.call.session, one.call.context.task, "completed", one.call.at)
        for one in calls[::20]
        if one.call.context.task
    ]
    kinds = [
        SessionFact(call.source, call.session, call.agent, agent_type=call.agent.replace("a", "k"))
        for call, *_ in calls
        if call.agent
    ]
    db.execute("BEGIN")
    readings = [
        Reading("claude-code", b"/" + user.encode(), "{}", "{}", 1, False,
                [one for one in calls if whose(one.call) == user],
                [one for one in kinds if whose(one) == user], facts, [], [],
                owner=LogOwner(user, f"{user}s-box"))
        for user in OWNERS
    ]  # fmt: skip
    meta.put(db, {meta.TICKETS: tickets.DEFAULT})
    record(db, WriteContext(lambda c, _s, _m: c.feature), readings, NOW)
    named = [
        PullLink("codex", "s01", name, number, "#", "", 1, branch, project=project)
        for number, ((project, branch), name) in enumerate(
            ((place, key.partition("#")[0]) for place, key in PULLS.items()), 1
        )
    ]
    pull_links.put(db, Sessions(Names()), named)
    db.execute("COMMIT")
    db.close()
    reader = open_reader(path)
    yield reader
    reader.close()


PULLS = {("/w/shop", "fix"): "acme/shop#1", ("/w/web", "SHOP-12-a"): "acme/web#2"}
AGENTS = {"claude-code": "claude", "codex": "codex"}
OF: dict[str, Callable[[Call], str]] = {
    "total": lambda c: "total",
    "session": lambda c: f"{c.source}/{c.session}",
    "feature": lambda c: c.context.feature,
    "model": lambda c: c.model,
    "user": lambda c: c.context.user or whose(c),
    "task": lambda c: c.context.task,
    "project": lambda c: c.context.project,
    "branch": lambda c: c.context.branch,
    "ticket": lambda c: next(iter(re.findall(r"[A-Z]+-[0-9]+", c.context.branch)), ""),
    "pr": lambda c: PULLS.get((c.context.project, c.context.branch), "(unattributed)"),
    "commit": lambda c: "(unattributed)",
    "host": lambda c: c.context.host or f"{whose(c)}s-box",
    "source": lambda c: c.source,
    "agent": lambda c: AGENTS[c.source],
    "type": lambda c: c.agent.replace("a", "k"),
    "label": lambda c: "",
    "tag:team": lambda c: json.loads(c.context.tags or "{}").get("team", ""),
    "team": lambda c: json.loads(c.context.tags or "{}").get("team", ""),
    "day": lambda c: periods.key("day", c.at, UTC),
    "week": lambda c: periods.key("week", c.at, UTC),
    "month": lambda c: periods.key("month", c.at, UTC),
    "hour": lambda c: periods.key("day", c.at, UTC) + f" {c.at // HOUR % 24:02}:00",
}


def parts(one: Priced) -> Iterator[tuple[str, int]]:
    """(tool, its part of the cost) of a call, as the words of the report say."""
    uses, cost = one.call.tools, one.cost or 0
    if not uses:
        yield "(no tool)", cost
    for nth, use in enumerate(uses):
        yield use.name, cost // len(uses) + (nth < cost % len(uses))


def key_of(call: Call, tool: str, by: str) -> str:
    if by == "tool":
        return tool
    if by == "server":
        return tool if tool == "(no tool)" else server(tool) or "(no server)"
    return OF[by](call) or "(none)"


def fits(call: Call, tool: str, filters: tuple[Filter, ...]) -> bool:
    def names(field: str) -> list[str]:
        name = key_of(call, tool, field)
        return [name, "" if name == "(none)" else name.rpartition("/")[2] if field == "session"
                else name.removeprefix("claude-")]  # fmt: skip

    return all(
        any(name == glob or fnmatchcase(name, glob) for name in names(one.field)
            for glob in one.globs)
        for one in filters
    )  # fmt: skip


def summed(
    calls: list[Priced], by: str, filters: tuple[Filter, ...], span: tuple[int, int]
) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for one in calls:
        if span[0] <= one.call.at // QUARTER * QUARTER < span[1]:
            for tool, cost in parts(one):
                if fits(one.call, tool, filters):
                    key = ",".join(key_of(one.call, tool, part) for part in by.split(","))
                    sums[key] += cost
    return dict(sums)


def some(rng: random.Random) -> tuple[Filter, ...]:
    fields = rng.sample(sorted(GLOBS), rng.choice([0, 1, 1, 2]))
    return tuple(Filter(field, (GLOBS[field],)) for field in fields)


@pytest.mark.parametrize("by", BY)
def test_by_every_key_and_under_any_filter_each_call_counts_once(store, calls, by: str):
    rng = random.Random(by)
    for _ in range(8):
        filters = some(rng)
        since = NOW - rng.randrange(20) * DAY
        span = (since // QUARTER * QUARTER, (NOW + HOUR) // QUARTER * QUARTER)
        found = report.read(store, by, UTC, *span, filters=filters)
        expected = summed(calls, by, filters, span)
        assert {line.key: line.cost for line in found.lines} == expected, (filters, span)
        whole = report.read(store, "total", UTC, *span, filters=filters).total
        assert found.total[:13] == whole[:13]
        assert found.total.cost == sum(expected.values())
        assert found.total.short == whole.short
        assert found.total.calls == sum(line.calls for line in found.lines)


@pytest.mark.parametrize("field", [*FIELDS, "tag:team"])
def test_what_a_filter_keeps_and_what_the_others_keep_are_all(store, field: str):
    names = stored(store, field, most=1_000)
    whole = report.read(store, "total", UTC).total
    each = [report.read(store, "total", UTC, filters=(Filter(field, (n,)),)).total for n in names]
    assert len(names) > 0
    assert sum(one.cost for one in each) == whole.cost
    assert sum(one.input for one in each) == whole.input
    two = report.read(store, field, UTC, filters=(Filter(field, tuple(names[:2])),))
    assert two.total.cost == sum(one.cost for one in each[:2])
    assert {line.key for line in two.lines} == set(names[:2])


@pytest.mark.parametrize("by", ["feature", "day", "session", "tool", "day,feature"])
@pytest.mark.parametrize("top", [1, 2, 7])
def test_the_rest_beyond_the_dearest_is_one_row(store, by: str, top: int):
    every, short = report.read(store, by, UTC), report.read(store, by, UTC, top=top)
    assert short.total == every.total
    if len(every.lines) <= top:
        assert short.lines == every.lines
        return
    *kept, rest = short.lines
    assert (rest.key, len(kept)) == (OTHER, top)
    assert sorted(line.cost for line in kept) == sorted(line.cost for line in every.lines)[-top:]
    assert sum(line.cost for line in short.lines) == every.total.cost
    assert sum(line.output for line in short.lines) == every.total.output
    if rest.tasks is not None:
        assert sum(line.tasks or 0 for line in short.lines) == every.total.tasks


@pytest.mark.parametrize("seed", range(6))
def test_blocks_add_up_under_any_filter_and_in_any_span(store, calls, seed: int):
    rng = random.Random(seed)
    filters, since = some(rng), NOW - rng.randrange(20) * DAY
    found = report.read(store, "block", UTC, since, filters=filters)
    assert found.total == report.read(store, "total", UTC, since, filters=filters).total
    assert sum(line.cost for line in found.lines) == found.total.cost
    whole = tuple(one for one in filters if one.field not in SHARED)
    times = sorted(one.call.at for one in calls if fits(one.call, "", whole))
    starts: list[int] = []
    for at in times:
        if not starts or at >= starts[-1] + 5 * HOUR:
            starts.append(at // HOUR * HOUR)
    assert list(found.blocks.values()) == starts
    assert {line.key for line in found.lines} <= set(found.blocks)


def test_calls_are_of_no_tool_alone_and_tasks_of_no_part(store):
    for by in KEYS:
        lines = report.read(store, by, UTC).lines
        assert all(line.counted == (by not in SHARED) for line in lines), by
        told = by not in ("model", "type", "tool", "server", "pr", "commit")
        assert all((line.tasks is not None) == told for line in lines), by
    only = report.read(store, "feature", UTC, filters=(Filter("model", ("acme",)),))
    assert only.total.tasks is None


def test_completed_tasks_add_up_under_every_filter_that_tasks_have(store):
    for field in (
        "feature",
        "user",
        "project",
        "source",
        "session",
        "task",
        "branch",
        "ticket",
        "agent",
    ):
        filters = (Filter(field, (GLOBS[field],)),)
        counts = [
            sum(line.tasks or 0 for line in found.lines)
            for by in ("feature", "day", "task", "feature,day")
            for found in [report.read(store, by, UTC, filters=filters)]
        ]
        assert len(set(counts)) == 1, (field, counts)
        assert counts[0] == report.read(store, "total", UTC, filters=filters).total.tasks


def test_times_come_in_order_and_names_dearest_first_on_every_level(store):
    lines = report.read(store, "feature,day", UTC).lines
    groups = list(dict.fromkeys(line.keys[0] for line in lines))
    assert groups == [line.key for line in report.read(store, "feature", UTC).lines]
    for group in groups:
        days = [line.keys[1] for line in lines if line.keys[0] == group]
        assert days == sorted(days)
    dated = report.read(store, "day,feature", UTC).lines
    assert [line.keys[0] for line in dated] == sorted(line.keys[0] for line in dated)


def test_an_hour_that_comes_twice_is_two_rows_in_order():
    first = 1_792_886_400_000  # Sun 2026-10-25 00:00 UTC: 02:00 summer time
    names = [periods.hour_key(first + nth * HOUR, BERLIN) for nth in range(3)]
    assert names == ["2026-10-25 02:00", "2026-10-25 02:00+01:00", "2026-10-25 03:00"]
    assert names == sorted(names)


def test_a_filter_that_fits_nothing_ever_is_told_from_one_without_spend_now(store):
    assert never(store, (Filter("feature", ("chekout",)),)) == Filter("feature", ("chekout",))
    assert never(store, (Filter("feature", ("checkout",)), Filter("tool", ("Bash",)))) is None
    assert "checkout" in stored(store, "feature")
