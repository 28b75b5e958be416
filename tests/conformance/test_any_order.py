"""However logs arrive, the same calls are counted, owned and priced, and every view agrees.

Chunks are cut anywhere, also inside a line; each scan is a new process's first (a restart).
"""

from collections.abc import Callable
from functools import cache
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.conformance import made_up, pipeline, worlds

GOLDEN = worlds.golden_files()
SEEDS = st.integers(0, 2**32)
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # one seed is as simple as another
MADE = pytest.mark.parametrize("make", [made_up.claude, made_up.codex], ids=["claude", "codex"])
Make = Callable[[Random], made_up.World]


@cache
def expected() -> object:
    """What one look at all golden logs, lying still, gives."""
    with worlds.another_home():
        worlds.configure()
        worlds.databases()
        worlds.whole(GOLDEN)
        pipeline.agree()
        return worlds.views()


@settings(max_examples=3, phases=UNSHRUNK)
@given(seed=SEEDS, looks=st.integers(2, 9))
def test_any_chunks_restarts_and_order_of_files_give_the_same_reports(
    seed: int, looks: int
) -> None:
    random = Random(seed)
    with worlds.another_home():
        worlds.configure()
        early = random.random() < 0.5
        if early:
            worlds.databases()
        worlds.piecemeal(GOLDEN, random, looks)
        if not early:
            worlds.databases()
            pipeline.scan()
        pipeline.agree()
        assert worlds.views() == expected()


def test_every_log_of_every_source_fed_twice_changes_nothing() -> None:
    with worlds.another_home():
        worlds.configure(("logs", "logs-copied"))
        worlds.databases()
        worlds.whole(GOLDEN)
        assert worlds.views() == expected()
        worlds.whole({path.replace("logs", "logs-copied", 1): d for path, d in GOLDEN.items()})
        pipeline.agree()
        assert worlds.views() == expected()


def assert_true(truth: made_up.Truth) -> None:
    nanos = f"{truth.nanos // 10**9}.{truth.nanos % 10**9:09d}"
    row = pipeline.report("total")["total"]
    assert (row["cost_usd"], row["calls"], row["output_tokens"]) == (
        nanos, truth.calls, truth.output
    )  # fmt: skip
    rows = pipeline.report("session")["rows"]
    assert {row["key"]: row["calls"] for row in rows} == truth.owners
    pipeline.agree()


@MADE
@settings(max_examples=8, phases=UNSHRUNK)
@given(seed=SEEDS, looks=st.integers(2, 9))
def test_made_up_logs_cost_what_was_written_however_they_arrive(
    make: Make, seed: int, looks: int
) -> None:
    random = Random(seed)
    world = make(random)
    with worlds.another_home():
        worlds.whole(world.files)
        assert_true(world.truth)
        still = worlds.views()
    with worlds.another_home():
        worlds.piecemeal(world.files, random, looks)
        assert_true(world.truth)
        assert worlds.views() == still


@MADE
@settings(max_examples=6, phases=UNSHRUNK)
@given(seed=SEEDS)
def test_lines_written_a_second_time_change_nothing(make: Make, seed: int) -> None:
    random = Random(seed)
    world = make(random)
    with worlds.another_home():
        worlds.whole(world.files)
        for path, data in world.files.items():
            worlds.grow(path, data)
        pipeline.scan()
        assert_true(world.truth)


@MADE
@settings(max_examples=4, phases=UNSHRUNK)
@given(seed=SEEDS)
def test_pricing_anew_changes_nothing_where_no_price_has_changed(make: Make, seed: int) -> None:
    random = Random(seed)
    world = make(random)
    with worlds.another_home():
        worlds.piecemeal(world.files, random, 3)
        before = worlds.views()
        assert "nothing changes" in pipeline.run("reprice")
        assert worlds.views() == before
