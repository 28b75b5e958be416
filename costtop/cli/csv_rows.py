"""Rows as CSV, for spreadsheets and programs: the one place that writes it.

A spreadsheet runs a cell that begins like a formula, and what logs name (features, branches, users)
may be anybody's text: such cells get an apostrophe in front, as OWASP advises ("CSV Injection").
"""

import re
from collections.abc import Iterable, Mapping
from typing import TextIO

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
# At the front, and where a spreadsheet of another language cuts: its separator may be ; or a tab.
# Quotes and blanks before the sign do not stop it; ＝＋－＠ are what some keyboards type.
_BEGINS = r"(?=[\"'\s]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_FORMULA = re.compile(rf"\A{_BEGINS}|\A(?=[\t\r\n])|(?<=[;\t\r\n]){_BEGINS}")


def write(rows: Iterable[Mapping[str, object]], file: TextIO) -> None:
    """Writes a head, which is the first row's names, and the rows, which have the same ones.

    Truth is `true` or `false`, what is not known is an empty cell, numbers stay numbers.
    """
    import csv  # a quick report needs none

    writer = None
    for row in rows:
        if writer is None:
            writer = csv.writer(file)
            writer.writerow(row)
        writer.writerow([cell(value) for value in row.values()])


def cell(value: object) -> str:
    """One value as a cell that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, int | float):
        return text
    return text if _NUMBER.match(text) else _FORMULA.sub("'", text)


def flat(row: Mapping[str, object], under: str = "") -> dict[str, object]:
    """The row with what stands below a name beside it: {"a": {"b": 1}} is {"a_b": 1}."""
    found: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{under}{name}_")
        else:
            found[f"{under}{name}"] = value
    return found
