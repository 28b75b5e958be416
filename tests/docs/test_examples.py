"""Every block of README and docs/ is tried: what a page shows is what costtop really does.

`python -m tests.docs PAGE` says the same while one writes, and `--write` fills in what commands
print.
"""

from pathlib import Path

import pytest

from tests.docs import blocks
from tests.docs.blocks import ROOT
from tests.docs.examples import Examples, masked, shows
from tests.docs.prepared_homes import PreparedHomes

PAGES = [page for page in blocks.pages() if blocks.read(page)]
BLOCKS = [block for page in PAGES for block in blocks.read(page)]
NOT_RUN = [block for block in BLOCKS if "not run" in block.said]
TESTED = [block for block in BLOCKS if "tested by" in block.said]


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> PreparedHomes:
    """Built once: the demo's month is read once for all pages."""
    return PreparedHomes(tmp_path_factory.mktemp("docs"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_of_a_page_is_what_costtop_does(page: Path, homes: PreparedHomes) -> None:
    wrong = [f"{one.block.where}: {one.wrong}" for one in Examples(homes).of(page) if one.wrong]
    assert not wrong, "\n".join(wrong)


def test_at_most_ten_examples_are_not_run_and_each_says_why() -> None:
    listed = [f"{block.where}: {block.said['not run']}" for block in NOT_RUN]
    print(*listed, sep="\n")
    assert len(listed) <= 10, listed
    assert all(len(block.said["not run"].split()) > 3 for block in NOT_RUN), listed


def test_an_example_that_another_test_runs_is_read_there_from_its_page() -> None:
    told = [(block, (ROOT / block.said["tested by"]).read_text()) for block in TESTED]
    assert not [block.where for block, text in told if Path(block.page).name not in text]


def test_what_is_left_out_is_left_out_and_nothing_else(tmp_path: Path) -> None:
    real = "one 17\ntwo\nthree, which is long"
    assert shows("one 17\ntwo\nthree, which is long", real)
    assert shows("one …\n…\nthree, …", real)
    assert shows("…", "") and shows("", "")
    assert not shows("one 17\ntwo", real)
    assert not shows("", real)
    assert not shows("one 18\n…", real)
    said = masked(f"started (pid 12) in 0.52 s: {tmp_path}/x, $17.44 at 15:25", tmp_path)
    assert said == "started (pid 4711) in 0.1 s: /home/ana/x, $17.44 at 15:25"


def test_a_page_that_is_not_true_is_told(homes: PreparedHomes, tmp_path: Path) -> None:
    """The harness itself: each kind of block, once right and once wrong."""
    record = "<!-- input of: costtop record --json - -->"
    examples = (
        ("console", "", "$ echo a\na\n", True),
        ("console", "", "$ echo a\nb\n", False),
        ("sh", "", "true\n", True),
        ("sh", "", "false\ntrue\n", False),
        ("python", "<!-- before: x = 1 -->", "assert x == 1\n", True),
        ("python", "<!-- before: x = 1 -->", "assert x == 2\n", False),
        ("toml", "", 'timezone = "UTC"\n', True),
        ("toml", "", 'timezon = "UTC"\n', False),
        ("", "<!-- output of: seq 9 -->", "3\n4\n", True),
        ("", "<!-- output of: seq 9 -->", "3\n5\n", False),
        ("json", "<!-- output of: costtop scan --json -->", '{"calls": 1}\n', True),
        ("json", "<!-- output of: costtop scan --json -->", '{"cals": 1}\n', False),
        (
            "json",
            record,
            '{"session": "s", "model": "m",\n "input_tokens": 1, "output_tokens": 1}\n',
            True,
        ),
        ("json", record, '{"session": "s"}\n', False),
        ("json", "", "{}\n", False),
        ("", "", "words\n", False),
        ("toml", "<!-- file: config.toml -->", "off = []\n", True),
        ("toml", "<!-- file: config.toml -->", "of = []\n", False),
    )
    page = tmp_path / "page.md"
    page.write_text("".join(f"{c}\n```{kind}\n{text}```\n\n" for kind, c, text, _ in examples))
    found = [not outcome.wrong for outcome in Examples(homes).of(page)]
    assert found == [right for *_, right in examples]
