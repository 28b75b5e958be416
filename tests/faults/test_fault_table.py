"""Each row of the fault table has its test, which is there, or a reason why it has none."""

import ast
import re
from pathlib import Path

import pytest

from tests.faults.fault_table import NOT_HERE, ROWS

TESTS = Path(__file__).resolve().parent.parent
COUNTS = {"I": 20, "V": 10, "S": 14, "A": 14, "K": 12, "D": 14, "O": 9}
ALL = {f"{kind}{number}" for kind, many in COUNTS.items() for number in range(1, many + 1)}


def there(named: str) -> bool:
    """Whether a file holds the test; of a state machine, which has no such function, the file."""
    file, _, test = named.partition("::")
    folder, _, name = file.rpartition("/")
    path = TESTS / folder / f"test_{name}.py"
    if not path.exists():
        return False
    functions = {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return f"test_{test}" in functions if test else "RuleBasedStateMachine" in path.read_text()


def test_each_row_has_a_test_or_a_reason_and_none_has_both():
    assert ROWS.keys() | NOT_HERE.keys() == ALL
    assert not ROWS.keys() & NOT_HERE.keys()
    assert all(ROWS.values())
    assert all(len(reason) > 20 for reason in NOT_HERE.values())


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_of_a_row_are_there(row):
    assert not [named for named in ROWS[row] if not there(named)]


def test_the_rows_are_those_of_the_shared_table(shared):
    text = (shared / "RELIABILITY.md").read_text()
    assert set(re.findall(r"^\| ([A-Z]\d+) \|", text, re.MULTILINE)) == ALL
