"""Every command, option and setting stands on a page, and the pages that are made are fresh."""

import re
import tomllib

import pytest

from costtop.cli.main import MODULES, whole_parser
from costtop.pricing.override import _KEYS as PRICE_KEYS
from costtop.tui.preferences import Preferences
from tests.docs import blocks, reference
from tests.docs.blocks import ROOT
from tests.parser_walk import parsers

DOCS = ROOT / "docs"
MADE = [page for page in blocks.pages() if reference.made(page) is not None]
COMMANDS = {" ".join(("costtop", *words)): one for words, one in parsers([], whole_parser())}


@pytest.mark.parametrize("page", MADE, ids=lambda page: page.name)
def test_a_page_that_is_made_is_as_it_would_be_made_now(page) -> None:
    made = reference.made(page)
    assert page.read_text() == made, f"run: python -m tests.docs --write docs/{page.name}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_stands_on_the_page_of_commands(command: str) -> None:
    """Below its own heading; that the page is made from the same parser is another test."""
    sections = re.split(r"^#+ ", (DOCS / "commands.md").read_text(), flags=re.MULTILINE)
    (told,) = (one for one in sections if one.partition("\n")[0] == command)
    for action in COMMANDS[command].arguments():
        names = [one for one in action.option_strings if one != "-h"]
        missing = [one for one in names if not re.search(rf"`{re.escape(one)}[ `]", told)]
        assert not missing or missing == ["--help"], command
    assert "|  |" not in told, "an option of which the help says nothing"


def test_the_table_of_the_readme_has_every_command_and_no_other() -> None:
    table = (ROOT / "README.md").read_text().partition("\n## Commands\n")[2]
    cells = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    named = {word for cell in cells for word in re.findall(r"`(?:costtop )?([a-z]+)`", cell)}
    assert named == {*MODULES, "costtop"}


def test_every_setting_stands_on_the_page_of_the_configuration() -> None:
    """That the example has every setting of the schema, and no other, test_config proves."""
    page = (DOCS / "configuration.md").read_text()
    example = tomllib.loads((ROOT / "config.example.toml").read_text())
    text = "\n".join(re.findall(r"```toml\n(.*?)```", page, re.DOTALL))
    for name, tree in example.items():
        assert re.search(rf"^(\[+)?{name}\b", text, re.MULTILINE), name
        for key in tree if isinstance(tree, dict) else ():
            assert re.search(rf"^({key} = |\[{name}\.{key}\])", text, re.MULTILINE), (name, key)
    for key in (*PRICE_KEYS, *Preferences._fields):
        assert re.search(rf"\b{key}\b", page.partition("## Your own prices")[2]), key


def test_every_page_is_listed_by_the_readme() -> None:
    listed = (ROOT / "README.md").read_text()
    below = [page for page in DOCS.rglob("*.md") if page.parent == DOCS]
    assert not [page.name for page in below if f"](docs/{page.name})" not in listed]
