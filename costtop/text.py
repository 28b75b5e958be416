"""Makes text from logs harmless. It does not shorten for a layout or translate.

Logs are written by agents that read the web, so every name in them is hostile: terminal escapes,
bidirectional overrides, zero-width spoofing, stacked marks, lone surrogates. `clean` is used at
ingest and again before text leaves for a terminal or a message.
"""

import unicodedata

LIMIT = 200  # characters kept of one name
_REPLACEMENT = "\ufffd"
_MARKS_KEPT = 2  # combining marks in a row
_HOSTILE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def typed(name: str) -> str:
    """A name as it is to be typed into a shell, which takes it as one word."""
    import shlex

    return shlex.quote(name)


def clean(text: str, limit: int = LIMIT) -> str:
    """`text` on one line, without control, format, bidi, zero-width or surrogate characters.

    Each hostile character becomes U+FFFD; tabs and newlines become a space; at most two combining
    marks in a row and `limit` characters are kept. Plain ASCII names, the usual case, are quick.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MARKS_KEPT:
            continue
        if char in "\t\n\r":
            kept.append(" ")
        elif category in _HOSTILE_CATEGORIES:
            kept.append(_REPLACEMENT)
        else:
            kept.append(char)
    return "".join(kept)
