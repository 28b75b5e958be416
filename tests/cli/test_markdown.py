"""`--md`: the same table as on a terminal, in which no name can be anything but a name."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtop.cli.main import main
from costtop.cli.reports.forms import markdown
from tests.cli.logs import claude_row, write

HOSTILE = (
    "@everyone", "<script>alert(1)</script>", "a|b", "![x](https://evil.example/p.png)", "``x`",
    "https://evil.example", "www.evil.example", "*b* _i_ ~s~", "org/repo#1", "&#64;ana", "`",
    "\\|", "$x$", "a\nb", "\u202egpj.exe",
)  # fmt: skip


def cells(line: str) -> list[str]:
    """The cells of a row, parted as GitHub does: at each pipe without a backslash before it."""
    return [one.strip() for one in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_one_cell_and_stands_as_code(name: str):
    text = markdown.table(("FEATURE", "COST $"), [(name, "1.00")], {1})
    row = text.splitlines()[2]
    assert len(text.splitlines()) == 3
    first, cost = cells(row)
    assert cost == "1.00"
    assert (first[0], first[-1]) == ("`", "`") or first == "a b"
    assert "\u202e" not in text


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_a_row_of_any_text_has_as_many_cells_as_its_head(names: list[str]):
    text = markdown.table(names, [names], set())
    assert [len(cells(line)) for line in text.splitlines()] == [len(names)] * 3


@given(st.text(alphabet="`ab", min_size=1, max_size=12))
def test_code_ends_where_its_fence_does(text: str):
    made = markdown.code(text)
    fence = re.match(r"`+", made)[0]
    inside = made[len(fence) : -len(fence)]
    assert len(fence) not in {len(one) for one in re.findall(r"`+", inside)}
    assert inside.strip() == text
    assert inside[0] != "`" or made.startswith(fence + " ")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_sentence_calls_nobody_and_links_nothing(name: str):
    said = markdown.prose(f"3 calls without a known price: {name}")
    assert not re.search(r"@|(?<!\\)[<>*_`\[\]|]|://|www\.(?<!\\\.)", said.replace("www\\.", ""))
    assert len(said.splitlines()) == 1


def test_two_amounts_in_a_sentence_are_no_formula():
    assert markdown.prose("$1 of $2") == "\\$1 of \\$2"
    assert markdown.prose("likely $1 more") == "likely $1 more"


def test_the_command_is_told_without_its_form_and_file():
    typed = ["report", "last week", "--md", "--by", "day,feature"]
    assert markdown.command(typed) == "costtop report 'last week' --by day,feature"
    typed = ["report", "--html", "/home/ana/x.html", "7d", "--force"]
    assert markdown.command(typed) == "costtop report 7d"
    assert markdown.command(["report", "--html=x", "7d"]) == "costtop report 7d"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]):
    evil = "claude-opus-4-6|@ana <b>"
    write(Path.home(), claude_row(1), claude_row(2, evil), claude_row(3, "claude-sonnet-4-5"))

    def call(*arguments: str) -> str:
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    return call


def test_a_report_has_the_figures_of_its_table_and_ends_with_how_it_was_made(run):
    plain = run("report", "--by", "model,feature").splitlines()
    made = run("report", "--by", "model,feature", "--md").splitlines()
    rows = [cells(line) for line in made if line.startswith("|")]
    assert rows[0] == re.split(r" {2,}", plain[0])
    assert all(re.fullmatch("-+:", one) for one in rows[1][2:])
    assert not any(one.endswith(":") for one in rows[1][:2])
    shown = [re.split(r" {2,}", line) for line in plain[1:5]]
    assert [row[2:] for row in rows[2:5]] == [row[2:] for row in shown[:3]]
    assert [one for one in rows[5] if one] == shown[3]
    assert any(row[0] == "`claude-opus-4-6\\|@ana <b>`" for row in rows)
    assert any("≥ is a floor" in line and "@" not in line for line in made)
    assert made[-1].endswith("(UTC) · `costtop report --by model,feature`")


def test_a_review_has_its_verdicts_in_words(run):
    plain, made = run("review", "all").splitlines(), run("review", "all", "--md")
    asked = plain.index("Does work get dearer?")
    verdict = plain[asked + 1].strip()
    assert verdict.startswith("checkout: not enough data")
    said = [line[2:] for line in made.splitlines() if line.startswith("- ")]
    assert said[0] == verdict
    assert [one.replace("\\$", "$") for one in said[-5:]] == plain[-5:]
    assert made.rstrip().endswith("`costtop review all`")


def test_one_form_at_a_time(run, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["report", "--md", "--json"])
    assert ended.value.code == 2
    assert json.loads(run("report", "--json"))["schema"] == 1
