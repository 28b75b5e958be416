"""Commits go to the pull request that brought them to the default branch, however it was done."""

import pytest

from costtop.attribution import head_log, history, merge_words
from costtop.attribution.history import Commit, Told
from costtop.attribution.merge_words import MergeWords
from costtop.nouns.repository_facts import CommitFact, PullFact

S = 1000


def commit(name: str, *parents: str, at: int = 0, made: int = 0, message: str = "") -> Commit:
    return Commit(name, parents, (made or at) * S, at * S, message or f"Say {name}")


def read(
    commits: list[Commit], main: str, **more: object
) -> tuple[dict[str, CommitFact], list[PullFact]]:
    heads = {"main": main, **more.pop("heads", {})}  # type: ignore[dict-item]
    told = Told(commits, heads, {}, {}, {}, "main")._replace(**more)  # type: ignore[arg-type]
    facts, pulls = history.read(told)
    return {one.hash: one for one in facts}, pulls


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Merge pull request #12 from acme/fix/a\n\nTitle", (12, "#", "fix/a")),
        ("Merge pull request 'Title' (#12) from ana:fix into main", (12, "#", "fix")),
        ("Merged in fix (pull request #12)\n\nTitle", (12, "#", "fix")),
        ("Merged PR 12: Title", (12, "#", "")),
        ("Pull request #12: Title\n\nMerge in A/b from fix to main", (12, "#", "")),
        ("Merge branch 'fix' into 'main'\n\nTitle\n\nSee merge request a/b!12", (12, "!", "fix")),
        ("Title (#12)", (12, "#", "")),
        ('Revert "Title (#12)" (#15)', (15, "#", "")),
        ("Title\n\nPR-URL: https://github.com/nodejs/node/pull/12", (12, "#", "")),
        ("Merge branch 'main' into fix", None),
        ("Title #12", None),
        ("Fixes #12", None),
        ("(#0)", None),
        ("", None),
    ],
)
def test_messages_of_every_host_name_their_request(
    message: str, words: tuple[int, str, str] | None
) -> None:
    assert merge_words.of_merge(message) == (MergeWords(*words) if words else None)


def test_a_merge_brings_what_was_not_there_before_it() -> None:
    commits = [
        commit("r", at=1), commit("a", "r", at=2), commit("b", "a", at=3), commit("x", "r", at=4),
        commit("m", "x", "b", at=5, message="Merge pull request #1 from acme/a"),
        commit("c", "b", at=6), commit("n", "m", "c", at=7,
                                       message="Merge pull request #2 from acme/a"),
    ]  # fmt: skip
    facts, pulls = read(commits, "n")
    assert {name: one.number for name, one in facts.items()} == {
        "a": 1, "b": 1, "m": 1, "c": 2, "n": 2,
    }  # fmt: skip
    assert sorted((one.number, one.at, one.branch) for one in pulls) == [
        (1, 5 * S, "a"), (2, 7 * S, "a"),
    ]  # fmt: skip


def test_a_request_merged_into_another_one_keeps_its_own() -> None:
    commits = [
        commit("r", at=1), commit("a", "r", at=2), commit("b", "a", at=3),
        commit("i", "a", "b", at=4, message="Merge pull request #2 from acme/inner"),
        commit("m", "r", "i", at=5, message="Merge pull request #1 from acme/outer"),
    ]  # fmt: skip
    facts, _ = read(commits, "m")
    assert {name: one.number for name, one in facts.items()} == {"a": 1, "b": 2, "i": 2, "m": 1}


def test_a_rebased_commit_is_known_by_its_time_and_subject() -> None:
    log = head_log.read(
        line("0" * 40, "a" * 40, 2, "checkout: moving from main to fix")
        + line("a" * 40, "b" * 40, 3, "commit: Mend"),
        "fix",
    )
    commits = [
        commit("r", at=1), commit("y", "r", at=9, made=3, message="Mend"),
        commit("m", "r", "y", at=10, message="Merge pull request #1 from acme/fix"),
    ]  # fmt: skip
    facts, _ = read(commits, "m", moves={"/w": log.moves}, known=log.commits)
    assert (facts["b" * 40].number, facts["b" * 40].final) == (1, "y")


@pytest.mark.parametrize(
    "message",
    [
        "Mend all (#1)\n\n* Mend one\n* Mend two",
        "Whatever (#1)\n\nSquashed commit of the following:\n\n    Mend one\n\n    Mend two",
        "fix it (#1)",  # as a host calls it by the branch fix-it
    ],
)
def test_a_squash_takes_the_branch_that_it_lists(message: str) -> None:
    data = (
        line("0" * 40, "a" * 40, 2, "checkout: moving from main to fix-it")
        + line("a" * 40, "b" * 40, 3, "commit: Mend one")
        + line("b" * 40, "c" * 40, 4, "commit: Mend two")
        + line("c" * 40, "a" * 40, 5, "checkout: moving from fix-it to other")
        + line("a" * 40, "d" * 40, 6, "commit: Something else")
    )
    log = head_log.read(data, "other")
    commits = [commit("r", at=1), commit("s", "r", at=9, message=message)]
    facts, pulls = read(commits, "s", moves={"/w": log.moves}, known=log.commits)
    assert {facts[one * 40].number for one in "bc"} == {1}
    assert facts["d" * 40].number == 0
    assert [(one.number, one.branch) for one in pulls] == [(1, "fix-it")]


def test_two_branches_that_a_squash_may_be_of_are_none_s() -> None:
    data = b"".join(
        line("0" * 40, "a" * 40, at, f"checkout: moving from x to {branch}")
        + line("a" * 40, name * 40, at + 1, "commit: wip")
        for at, branch, name in ((2, "one", "b"), (4, "two", "c"))
    )
    log = head_log.read(data, "two")
    commits = [commit("r", at=1), commit("s", "r", at=9, message="Title (#1)\n\n* wip")]
    facts, pulls = read(commits, "s", moves={"/w": log.moves}, known=log.commits)
    assert {facts[one * 40].number for one in "bc"} == {0}
    assert pulls[0].branch == ""


def test_a_fetched_request_and_one_that_was_checked_out_are_open_ones() -> None:
    commits = [commit("r", at=1), commit("a", "r", at=2), commit("b", "r", at=3)]
    facts, pulls = read(
        commits, "r", heads={"fix": "a"}, pulls={(7, "#"): "a"}, branch_pulls={"b": (8, "#")}
    )
    assert facts["a"].number == 7
    assert sorted(pulls) == [PullFact(7, "#", None, "", "fix"), PullFact(8, "#", None, "", "b")]


def line(before: str, after: str, at: int, said: str) -> bytes:
    return f"{before} {after} Ana <a@x> {at} +0000\t{said}\n".encode()


def test_a_log_of_head_says_on_which_branch_it_was_when() -> None:
    data = (
        line("0" * 40, "a" * 40, 1, "clone: from x")
        + line("a" * 40, "b" * 40, 2, "commit: One")
        + line("b" * 40, "b" * 40, 3, "checkout: moving from main to fix")
        + line("b" * 40, "c" * 40, 4, "commit (amend): Two")
        + line("c" * 40, "d" * 40, 5, "rebase (start): checkout main")
        + line("d" * 40, "e" * 40, 6, "rebase (pick): Two")
        + line("e" * 40, "e" * 40, 7, "rebase (finish): returning to refs/heads/fix")
        + line("e" * 40, "a" * 40, 8, "checkout: moving from fix to " + "a" * 40)
        + b"garbage\n\xff\n"
        + line("a" * 40, "a" * 40, 10**11, "commit: beyond any time")
    )
    moves = head_log.read(data, "").moves
    assert [(one.kind, one.branch) for one in moves] == [
        ("other", "main"), ("commit", "main"), ("checkout", "fix"), ("amend", "fix"),
        ("other", "fix"), ("other", "fix"), ("other", "fix"), ("checkout", ""),
    ]  # fmt: skip
    assert [one.at for one in moves] == [at * S + 999 for at in range(1, 9)]
