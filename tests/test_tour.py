"""CONTRIBUTING answers where things are; these answers are held against the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
ANSWERS = re.findall(r"^\| … .*\? \| `(costtop/\S+\.py)` \| `(\w+)` \|$", PAGE, re.MULTILINE)
WALKS = re.findall(r"```\n(.*?)```", PAGE.partition("### Three walks")[2], re.DOTALL)[:3]


def _defined(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.Assign():
                names |= {one.id for one in node.targets if isinstance(one, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


@pytest.mark.parametrize(("path", "name"), ANSWERS)
def test_the_tour_names_the_file_and_what_it_defines(path, name):
    assert name in _defined(ROOT / path)


def test_the_tour_answers_fifteen_questions():
    assert len(ANSWERS) >= 15


@pytest.mark.parametrize("walk", WALKS, ids=["call", "alert", "kill"])
def test_every_room_of_a_walk_stands(walk):
    rooms = re.findall(r"[a-z]+(?:/[a-z_0-9]+)+(?![\w/])", walk)
    assert len(rooms) >= 8
    assert not [x for x in rooms if not (ROOT / "costtop" / f"{x}.py").is_file()]


def test_the_words_of_the_house_are_explained():
    words = re.findall(r"^\| (\w+) \| ", PAGE.partition("### Words")[2], re.MULTILINE)
    assert len(words) >= 25
    assert len(words) == len(set(words))
