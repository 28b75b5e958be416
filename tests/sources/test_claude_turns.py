"""Tasks and tool outcomes of Claude Code transcripts."""

import json

import pytest

from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources import lines
from tests.sources.golden import SEEN
from tests.sources.lines import MAIN, answers, asks, calls, events, outcomes, prompt, reply, tasks

NAME = "claude-code"
WORKING = {"stop": "tool_use"}


def read(*rows, path=MAIN):
    return events(NAME, *rows, path=path)


def ends(*rows):
    return [status for _, status in tasks(read(*rows))]


def test_a_prompt_starts_a_task_when_the_model_answers():
    assert not ends(prompt())
    assert tasks(read(prompt(promptId="p-1"), reply(stop="tool_use"))) == [("p-1", "started")]


def test_a_prompts_task_is_named_in_every_call_of_its_turn():
    found = calls(
        read(prompt(promptId="p-1"), reply("a", "a"), prompt(promptId="p-2"), reply("b", "b"))
    )
    assert [call.context.task for call in found] == ["p-1", "p-2"]


@pytest.mark.parametrize(
    "note",
    [
        prompt("Caveat", isMeta=True),
        prompt("Summary", isCompactSummary=True),
        prompt("Shown", isVisibleInTranscriptOnly=True),
        prompt("<local-command-stdout>done</local-command-stdout>"),
        prompt("done", origin={"kind": "task-notification"}),
        answers("toolu_1"),
    ],
)
def test_what_no_user_typed_is_no_task(note):
    assert not tasks(read(note, reply()))


def test_the_end_of_a_turn_completes_its_task():
    assert ends(prompt(), reply()) == ["started", "completed"]
    for kind in ("turn_duration", "stop_hook_summary"):
        signal = {"type": "system", "subtype": kind}
        assert ends(prompt(), reply(**WORKING), signal) == ["started", "completed"]


def test_a_turn_that_waits_for_a_tool_is_not_over():
    row = reply(stop=None, content=asks("toolu_1"))
    assert ends(prompt(), row, {"type": "last-prompt"}) == ["started"]
    assert ends(prompt(), row, prompt(uuid="u-2")) == ["started"]


def test_the_next_prompt_ends_a_turn_of_builds_that_write_no_stop_reason():
    assert ends(prompt(), reply(stop=None), prompt(uuid="u-2")) == ["started", "completed"]


def test_an_interruption_aborts_the_task():
    stop = prompt([{"type": "text", "text": "[Request interrupted by user for tool use]"}])
    assert ends(prompt(), reply(**WORKING), stop) == ["started", "aborted"]


@pytest.mark.parametrize(
    "command", ["git commit -m x", "cd a && git add . && git commit", "gh pr create"]
)
def test_a_commit_or_pull_request_completes_the_task(command):
    asked = reply(**WORKING, content=asks("toolu_1", command=command))
    assert ends(prompt(), asked, answers("toolu_1")) == ["started", "completed"]
    assert ends(prompt(), asked, answers("toolu_1", error=True)) == ["started"]


def test_other_commands_complete_nothing():
    asked = reply(**WORKING, content=asks("toolu_1", command="git log; echo commit"))
    assert ends(prompt(), asked, answers("toolu_1")) == ["started"]


def test_a_pull_request_link_completes_the_task():
    assert ends(prompt(), reply(**WORKING), {"type": "pr-link", "prNumber": 7}) == [
        "started",
        "completed",
    ]


def test_subagents_have_no_tasks_of_their_own():
    path = MAIN.replace(".jsonl", "/subagents/agent-a1.jsonl")
    assert not tasks(read(prompt(), reply(), path=path))


def test_an_outcome_finds_its_call_and_place():
    two = asks("toolu_1", command="a") + asks("toolu_2", command="b")
    found = read(reply(content=two), answers("toolu_2", "boom", error=True), answers("toolu_1"))
    (call,) = calls(found)
    assert [(one.call, one.nth, one.error) for one in outcomes(found)] == [
        (call.key, 1, True), (call.key, 0, False),
    ]  # fmt: skip
    assert [tool.name for tool in call.tools] == ["Bash", "Bash"]


def test_tools_of_a_request_written_block_by_block_are_all_of_its_blocks():
    rows = [reply(content=asks(f"toolu_{n}", f"Tool{n}")) for n in range(3)]
    (call,) = calls(read(*rows, rows[-1]))
    assert [tool.name for tool in call.tools] == ["Tool0", "Tool1", "Tool2"]
    found = read(*rows, answers("toolu_2"))
    assert outcomes(found)[0].nth == 2


def test_a_repeat_has_the_same_key_and_result_whatever_moment_it_carries():
    def run(n):
        moment, name = f"2026-11-2{n}T10:0{n}:00Z", f"7c9e667{n}-7425-40de-944b-e07fc1f90ae{n}"
        command = f"ship --at {moment} --id {name} >/tmp/x{n}/log"
        asked = reply(f"m{n}", f"r{n}", content=asks(f"t{n}", command=command))
        return asked, answers(
            f"t{n}", f"Exit code 1\nfailed in 0.4{n}s at /tmp/x{n}kq/log", error=True
        )

    found = read(*run(1), *run(2))
    assert len({call.tools[0].key for call in calls(found)}) == 1
    assert len({one.result for one in outcomes(found)}) == 1
    other = read(*run(1), reply("m3", "r3", content=asks("t3", command="npm test")))
    assert len({call.tools[0].key for call in calls(other)}) == 2


def test_a_number_that_makes_calls_different_is_not_folded_away():
    pages = [reply(f"m{n}", f"r{n}", content=asks(f"t{n}", command=f"sed -n {n}00,{n}99p a.py"))
             for n in range(1, 5)]  # fmt: skip
    assert len({call.tools[0].key for call in calls(read(*pages))}) == 4


@pytest.mark.parametrize(("said", "again"), [
    ("<tool_use_error>String to replace not found in file.\nString: def one():",
     "<tool_use_error>String to replace not found in file.\nString: class Other:"),
    ("Exit code 1\ncat: src/a.py: No such file or directory",
     "Exit code 1\ncat: lib/deep/b_2.py: No such file or directory"),
    ("Exit code 1\nerror: failed to push some refs to 'git.test:a/b'",
     "Exit code 128\nerror: failed to push some refs to 'git.test:c'"),
])  # fmt: skip
def test_the_same_error_has_the_same_kind_whatever_it_names(said, again):
    rows = []
    for nth, answer in enumerate((said, again, "Exit code 1\nTimeout of the sandbox")):
        rows.append(reply(f"m{nth}", f"r{nth}", content=asks(f"t{nth}", command=f"go {nth}")))
        rows.append(answers(f"t{nth}", answer, error=True))
    kinds = [one.result.partition("~")[2] for one in outcomes(read(*rows))]
    assert kinds[0] == kinds[1] != kinds[2]
    assert all(kinds)


def test_a_failure_that_says_nothing_has_no_kind():
    found = read(reply(content=asks("t", command="grep x")), answers("t", "Exit code 1", True))
    assert outcomes(found)[0].result.endswith("~")


def test_no_text_of_a_tool_is_kept():
    secret = "hunter2-correct-horse"
    found, memo = SOURCE[NAME].read(
        Chunk(
            MAIN,
            lines.joined(
                [
                    prompt(secret),
                    reply(content=[*asks("t1", command=f"git commit -m {secret}"),
                                   {"type": "text", "text": secret}]),
                    reply("m2", "r2", content=asks("t2", command=secret)),
                    answers("t1", secret),
                ]
            ),
            0,
            SEEN,
        ),
        {},
    )  # fmt: skip
    assert secret not in repr(found)
    assert secret not in json.dumps(memo)


def test_a_thousand_unanswered_tools_leave_a_small_memo():
    rows = [
        reply(f"m{n}", f"r{n}", content=asks(f"toolu_{n:030}", command=str(n))) for n in range(1000)
    ]
    _, memo = SOURCE[NAME].read(Chunk(MAIN, lines.joined(rows), 0, SEEN), {})
    assert len(json.dumps(memo)) < 20_000
