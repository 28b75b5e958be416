"""The ASCII variant of the screen: one character for each cell.

For locales without UTF-8, `TERM=linux` and `--ascii`. Shades keep their order of darkness, signs
keep a sign of their own, and a letter outside ASCII becomes `?` for each of its cells.
"""

from functools import lru_cache

from costtop.tui.draw.cells import cell_len

_SHADES = " .:-=+*#"  # rising, for sparklines, heat and braille
_SIGNS = {
    "▶": ">", "●": "*", "○": "o", "∙": ".", "·": ".", "‖": "=", "…": "~", "≥": ">", "≈": "~",
    "▲": "^", "▼": "v", "△": "^", "▽": "v", "→": ">", "←": "<", "↑": "^", "↓": "v", "↵": "E",
    "┃": "+", "╋": "#", "│": "|", "┆": ":", "─": "-", "├": "|", "└": "`", "┤": "|", "┬": "+",
    "┴": "+", "┼": "+", "┌": "+", "┐": "+", "┘": "+", "╭": "+", "╮": "+", "╰": "+", "╯": "+",
    "✓": "v", "✗": "x", "×": "x", "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "=", "▍": "=",
    "▎": "-", "▏": "-", "░": ".", "▒": ":", "▓": "*", "■": "#", "□": ".", "±": "+", "–": "-",
    "—": "-", "’": "'", "“": '"', "”": '"', "⏎": "E", "⏸": "=", "⚑": "P", "σ": "s", "−": "-",
    "€": "E", "£": "L", "¥": "Y", "¤": "$",
    "┿": "+", "┊": ":", "┈": ".", "✕": "x", "━": "=", "╸": "=", "╺": "=",
}  # fmt: skip
_SIGNS |= {bar: _SHADES[n] for n, bar in enumerate("▁▂▃▄▅▆▇", start=1)}


@lru_cache(maxsize=4_096)
def asciified(text: str) -> str:
    """`text` with as many ASCII characters as it has cells."""
    if text.isascii():
        return text
    return "".join(_one(char) for char in text)


def _one(char: str) -> str:
    if char.isascii():
        return char
    if "\u2800" <= char <= "\u28ff":
        dots = (ord(char) - 0x2800).bit_count()
        return _SHADES[(dots * 7 + 7) // 8] if dots else " "
    return _SIGNS.get(char, "?" * cell_len(char))
