"""Tables and sentences as GitHub-flavoured Markdown: the one place that writes it.

What logs name may be anybody's text: in a comment it must neither call somebody (`@ana`), nor be a
link, a picture, HTML or another column. A name that could be any of it stands as code.
"""

import re
import shlex
from collections.abc import Collection, Sequence

from costtop.cli.tables import width
from costtop.text import clean

_NOTE = 1_000  # characters of a sentence
_PLAIN = re.compile(
    r"(?!.*www\.)[\w .,%$€£¥¤≥?()+/…·×-]*(:(?!//)[\w .,%$€£¥¤≥?()+/…·×-]*)*", re.ASCII
)
_FENCES = re.compile(r"`+")
_SPECIAL = re.compile(r"[\\`*_\[\]<>|#~&]")
_FORMS = ("--md", "--html", "--force")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int]) -> str:
    """The table; the columns in `right` are aligned to the right, in the text itself too."""
    cells = [[cell(one) for one in row] for row in (head, *rows)]
    widths = [max(3, *(width(row[nth]) for row in cells)) for nth in range(len(head))]
    rule = [
        "-" * (size - 1) + ":" if nth in right else "-" * size for nth, size in enumerate(widths)
    ]
    lines = [_line(row, widths, right) for row in cells]
    return "\n".join((lines[0], _line(rule, widths, right), *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int], right: Collection[int]) -> str:
    padded = [
        " " * (size - width(one)) + one if nth in right else one + " " * (size - width(one))
        for nth, (one, size) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def cell(text: str) -> str:
    """One cell: as it is where it can be nothing else, else as code."""
    text = " ".join(clean(text).split())
    plain = _PLAIN.fullmatch(text) and "_" not in text and text.count("$") < 2
    return text if plain else code(text).replace("|", "\\|")


def code(text: str) -> str:
    """Text as it stands: in as many backticks as it does not have itself."""
    longest = max((len(one) for one in _FENCES.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[:1] in ("`", "") or text[-1:] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def prose(text: str) -> str:
    """A sentence of costtop's in which there may be names; it calls nobody and links nothing."""
    text = _SPECIAL.sub(r"\\\g<0>", " ".join(clean(text, _NOTE).split()))
    if text.count("$") > 1:  # two of them are a formula on GitHub
        text = text.replace("$", "\\$")
    text = text.replace("://", ":\\/\\/").replace("www.", "www\\.")
    return text.replace("@", "\uff20")


def made_by(span: str, typed: Sequence[str]) -> str:
    """The last line: of which span it is, and what to type for it."""
    return f"{prose(span)} · {code(command(typed))}"


def command(typed: Sequence[str]) -> str:
    """The command line without the form and the file that it was written to."""
    words = ["costtop"]
    skipped = False
    for word in typed:
        name, equals, _ = word.partition("=")
        if not skipped and name not in _FORMS:
            words.append(word)
        skipped = not skipped and name == "--html" and not equals
    return shlex.join(words)
