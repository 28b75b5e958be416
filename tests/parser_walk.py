"""Every command as its parser has it: what is asked of all of them is asked of a new one too."""

import argparse
from collections.abc import Iterator

from costtop.cli.parser import Parser


def parsers(words: list[str], parser: Parser) -> Iterator[tuple[list[str], Parser]]:
    """The parser and those of its verbs, with the words that lead there."""
    yield words, parser
    for action in parser._actions:
        if action.nargs == argparse.PARSER:
            for verb, one in action.choices.items():
                yield from parsers([*words, verb], one)
