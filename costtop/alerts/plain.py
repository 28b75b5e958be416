"""Makes text from logs harmless in a message. It decides nothing and words nothing.

What a channel would act on (mentions, links, markup) is replaced by look-alikes that it does not:
names stay readable, and no name can call @everyone, link anywhere or fake a second message.
"""

import re

from costtop.text import clean

_LOOK_ALIKES = str.maketrans(
    {
        "@": "＠",
        "<": "＜",
        ">": "＞",
        "[": "［",
        "]": "］",
        "*": "＊",
        "`": "＇",
        "~": "～",
        "|": "｜",
        "#": "＃",
        "\\": "＼",
        "&": "＆",
    }
)
_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")  # evil.com, not 5.80 or claude-opus-4.1
_RUN = re.compile(r"_{2,}")


def plain(text: str, limit: int = 200) -> str:
    """`text` on one line of at most `limit` characters that no channel acts on."""
    safe = clean(text, limit).translate(_LOOK_ALIKES).replace("://", ":／／")
    safe = _DOT.sub("․", safe)  # one dot leader: no channel makes a link of it
    return _RUN.sub("_", safe).strip()


def number(value: object) -> float | None:
    """`value` as a number if it is one (a bool is none)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
