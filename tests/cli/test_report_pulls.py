"""`costtop report --by pr` tells what pull requests cost, to the nano-dollar, from logs alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from costtop import paths
from costtop.daemon.jobs.scan_once import scan
from tests.cli.test_report import run, tree

__all__ = ["run"]  # the fixture
AT = "2026-11-23T10:{:02}:00.000Z"


def reply(nth: int, minute: int, branch: str, session: str = "s1") -> dict[str, Any]:
    usage = {"input_tokens": 1000 + nth, "output_tokens": 100}
    message = {"id": f"m{session}{nth}", "type": "message", "role": "assistant", "content": [],
               "model": "claude-sonnet-4-5", "usage": usage}  # fmt: skip
    return {"type": "assistant", "sessionId": session, "cwd": "/w/shop", "gitBranch": branch,
            "timestamp": AT.format(minute), "uuid": f"u{session}{nth}", "message": message,
            "requestId": f"r{session}{nth}"}  # fmt: skip


def link(number: int, minute: int, session: str = "s1", **more: Any) -> dict[str, Any]:
    return {"type": "pr-link", "sessionId": session, "prNumber": number,
            "prUrl": f"https://github.com/acme/shop/pull/{number}",
            "prRepository": "acme/shop", "timestamp": AT.format(minute), **more}  # fmt: skip


@pytest.fixture
def logs(home: Path) -> Path:
    folder = home / ".claude" / "projects" / "-w-shop"
    folder.mkdir(parents=True)
    return folder


def write(logs: Path, name: str, *records: dict[str, Any]) -> None:
    text = "".join(json.dumps(record) + "\n" for record in records)
    (logs / f"{name}.jsonl").write_text(text)
    scan(paths.find())


def test_a_session_that_names_several_is_split_by_when_and_where_it_worked(
    logs: Path, run: Any
) -> None:
    write(
        logs, "s1", reply(1, 0, "main"), reply(2, 1, "SHOP-1"), reply(3, 2, "SHOP-1"), link(11, 3),
        reply(4, 4, "b"), link(12, 5), reply(5, 6, "SHOP-1"), link(11, 7), reply(6, 8, "main"),
    )  # fmt: skip
    write(logs, "s2", reply(1, 0, "b", "s2"), reply(2, 9, "other", "s2"))
    got = tree(run, "--by", "pr")
    calls = {row["key"]: row["calls"] for row in got["rows"]}
    assert calls == {"acme/shop#11": 3, "acme/shop#12": 2, "(unattributed)": 3}
    exact = sum(int(row["cost_usd"].replace(".", "")) for row in got["rows"])
    assert exact == int(got["total"]["cost_usd"].replace(".", "")) > 0
    assert {row["cost_per_task_usd"] for row in got["rows"]} == {None}
    only = tree(run, "--by", "branch", "--pr", "*#12")
    assert [(row["key"], row["sessions"]) for row in only["rows"]] == [("b", 2)]
    rest = tree(run, "--by", "pr", "--pr", "(none)")
    assert [row["key"] for row in rest["rows"]] == ["(unattributed)"]
    code, _, err = run("report", "--pr", "*#99")
    assert (code, "acme/shop#11" in err) == (3, True)


def test_what_a_log_names_is_cleaned_and_what_is_none_is_passed_over(logs: Path, run: Any) -> None:
    evil = {"prRepository": "acme/\x1b[31mshop", "prUrl": "javascript:alert(1)"}
    none = {"type": "pr-link", "sessionId": "s1", "prNumber": {"a": 1}}
    evil_link = link(3, 2, **evil)
    write(logs, "s1", reply(1, 0, "a"), link(0, 1), evil_link, reply(2, 3, "a"), none)
    (row,) = tree(run, "--by", "pr")["rows"]
    assert (row["key"], row["calls"]) == ("shop#3", 2)


def test_what_is_read_again_or_in_another_order_is_named_as_it_was_first(
    logs: Path, run: Any
) -> None:
    write(
        logs, "s1", reply(1, 0, "a"), link(5, 9), reply(2, 10, "b"), link(5, 1), reply(3, 11, "c")
    )
    calls = {row["key"]: row["calls"] for row in tree(run, "--by", "pr")["rows"]}
    assert calls == {"acme/shop#5": 1, "(unattributed)": 2}  # on a branch b it was named first


def test_forgetting_a_session_takes_what_it_named(logs: Path, run: Any) -> None:
    write(logs, "s1", reply(1, 0, "a"), link(5, 1))
    write(logs, "s2", reply(2, 2, "a", "s2"))
    assert [row["key"] for row in tree(run, "--by", "pr")["rows"]] == ["acme/shop#5"]
    assert run("forget", "claude-code/s1", "--yes")[0] == 0
    assert [row["key"] for row in tree(run, "--by", "pr")["rows"]] == ["(unattributed)"]
