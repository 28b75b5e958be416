"""How many cells a text takes: as Rich counts them, which is loaded only for text that needs it.

Nearly all text is of characters that take one cell each; the first frame is drawn without Rich.
"""

from functools import lru_cache

_LATIN, _LINES = range(0xA0, 0x100), range(0x2500, 0x25FD)  # letters; lines, bars, signs
SINGLE = frozenset(
    "".join(map(chr, (*range(0x20, 0x7F), *_LATIN, *_LINES))) + "–—’“”…‖€−∙≈≥←↑→↓↵⏎⚑✓✕✗"
) - {"\xad"}
"""Characters of one cell each, those of costtop's own pictures above all."""


def cell_len(text: str) -> int:
    """Its cells; control characters are no text."""
    return len(text) if text.isascii() else _counted(text)


def set_cell_size(text: str, cells: int) -> str:
    """`text` cut, or filled up with blanks, to so many cells."""
    if text.isascii() or SINGLE.issuperset(text):
        return text[:cells].ljust(cells)
    from rich.cells import set_cell_size as sized

    return sized(text, cells)


@lru_cache(maxsize=4_096)
def _counted(text: str) -> int:
    if SINGLE.issuperset(text):
        return len(text)
    from rich.cells import cell_len as counted

    return counted(text)
