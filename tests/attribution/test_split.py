"""Work goes to the pull request that its time and place speak for, or to none."""

from costtop.attribution.split import (
    ALWAYS,
    BranchPull,
    Evidence,
    HeadStretch,
    KnownRepository,
    NamedPull,
    Share,
    WorkRow,
    split,
)

A, B = "acme/shop#1", "acme/shop#2"


def work(branch: str, context: int = 1, *, firm: bool = True, root: int = 1) -> WorkRow:
    return WorkRow(root, context, root, "/w", branch, "/w", firm)


def link(pull: str, at: int, branch: str = "", root: int = 1) -> NamedPull:
    return NamedPull(root, pull, at, branch, "/w", "/w")


def shares(
    works: list[WorkRow], links: list[NamedPull], known: KnownRepository | None = None
) -> list[tuple[int, int, int, str]]:
    places = {"/w": (7, "/w")} if known else {}
    found = split(works, Evidence(places, {7: known} if known else {}, links))
    return [(one.context, one.since, one.until, one.pull) for one in found if one.pull]


def test_a_branch_of_which_a_session_named_a_pull_request_is_its_work_in_every_session() -> None:
    links = [link(A, 5, "a"), link(B, 9, "b")]
    works = [work("a"), work("b", 2, root=2), work("main", 3), work("c", 4), work("", 5, root=2)]
    assert shares(works, links) == [(1, *ALWAYS, A), (2, *ALWAYS, B)]


def test_on_the_default_branch_a_session_led_to_the_one_that_it_named_later() -> None:
    assert shares([work("main")], [link(A, 5, "a")]) == [(1, ALWAYS[0], 5, A)]
    assert shares([work("main")], [link(A, 5, "a"), link(B, 9, "b")]) == []


def test_without_any_branch_a_session_is_split_by_when_it_named_them() -> None:
    assert shares([work("")], [link(A, 5)]) == [(1, *ALWAYS, A)]
    several = [link(B, 9), link(A, 5), link(A, 7)]
    assert shares([work("")], several) == [(1, ALWAYS[0], 5, A), (1, 5, 9, B)]


def test_two_named_at_once_are_a_guess_and_so_none() -> None:
    assert shares([work("")], [link(A, 5), link(B, 5)]) == []
    assert shares([work("a")], [link(A, 5, "a"), link(B, 5, "a")]) == []


def test_a_branch_used_again_belongs_to_each_until_it_was_merged() -> None:
    known = KnownRepository("main", {"a": [BranchPull(B, 90), BranchPull(A, 40)]})
    assert shares([work("a")], [], known) == [(1, ALWAYS[0], 40, A), (1, 40, ALWAYS[1], B)]


def test_the_commit_that_ends_a_stretch_says_more_than_its_branch() -> None:
    moved = [
        HeadStretch(10, 20, "a", "c1"),
        HeadStretch(20, 30, "a", "c2"),
        HeadStretch(30, ALWAYS[1], "a"),
    ]
    known = KnownRepository(
        "main", {"a": [BranchPull(A, 40)]}, {"c2": ("shop@c2", B)}, {"/w": moved}
    )
    assert list(split([work("a")], Evidence({"/w": (7, "/w")}, {7: known}, [])))[1:] == [
        Share(1, 1, 10, 20, A, "c1"),
        Share(1, 1, 20, 30, B, "shop@c2"),
        Share(1, 1, 30, ALWAYS[1], A, ""),
    ]


def test_a_log_that_tells_its_branch_once_is_believed_less_than_the_log_of_head() -> None:
    moved = [HeadStretch(0, 10, "a"), HeadStretch(10, ALWAYS[1], "b")]
    branches = {"a": [BranchPull(A)], "b": [BranchPull(B)]}
    known = KnownRepository("main", branches, {}, {"/w": moved})
    told_once, each = work("a", firm=False), work("a")
    assert shares([told_once], [], known)[1:] == [(1, 0, 10, A), (1, 10, ALWAYS[1], B)]
    assert {pull for *_, pull in shares([each], [], known)} == {A}


def test_what_was_begun_before_it_had_a_branch_goes_with_it_where_the_session_went_on_there() -> (
    None
):
    moved = [HeadStretch(0, 10, "main", "", "a"), HeadStretch(10, ALWAYS[1], "a")]
    known = KnownRepository("main", {"a": [BranchPull(A)]}, {}, {"/w": moved})
    went_on = [work("main"), work("a", 2)]
    assert (1, 0, 10, A) in shares(went_on, [], known)
    assert (1, 0, 10, A) not in shares([work("main"), work("a", 2, root=2)], [], known)


def test_one_named_before_its_branch_was_told_is_of_the_only_branch_of_its_session() -> None:
    named_early = [link(A, 5, "main")]
    works = [work("main"), work("a", 2), work("a", 3, root=2)]
    found = shares(works, named_early)
    assert (2, *ALWAYS, A) in found and (3, *ALWAYS, A) in found
    two = [work("a", 2), work("b", 3)]
    assert shares(two, named_early) == []  # which of them it was is not known


def test_a_folder_that_has_gone_is_of_the_repository_beside_it_that_has_its_branch() -> None:
    gone = work("a")._replace(folder="/code/shop-a", project="/code/shop-a")
    known = KnownRepository("main", {"a": [BranchPull(A, 40)]})
    other = KnownRepository("main", {"b": [BranchPull(B, 40)]})
    places = {"/code/shop": (7, "/code/shop"), "/code/web": (8, "/code/web")}
    found = split([gone], Evidence(places, {7: known, 8: other}, []))
    assert [(one.pull, one.since, one.until) for one in found] == [(A, *ALWAYS)]
    both = split([gone], Evidence(places, {7: known, 8: known}, []))
    elsewhere = gone._replace(folder="/elsewhere/shop-a", project="")
    assert not [*both] and not [*split([elsewhere], Evidence(places, {7: known, 8: other}, []))]
