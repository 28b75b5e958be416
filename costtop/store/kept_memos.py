"""How a source's memo of one log is kept: as text, or deflated. No table is known here."""

_LONG = 400  # characters from which a memo is deflated
_WINDOW = 12  # two to this: the bytes within which repeats are found

Kept = str | bytes
"""A memo as it stands in its row: JSON, or the same deflated."""


def kept(memo: Kept, *, fresh: bool) -> Kept:
    """A memo as it is kept: that of a log read whole (`fresh`) is deflated, for most of them rest.

    What grows is written again at every line, and plainly.
    """
    if isinstance(memo, bytes) or len(memo) < _LONG or not fresh:
        return memo
    from zlib import DEFLATED, compressobj

    small = compressobj(1, DEFLATED, -_WINDOW, 5)  # a window of 32 KiB takes three times as long
    return small.compress(memo.encode()) + small.flush()


def text_of(memo: Kept) -> str:
    """The JSON of a kept memo."""
    if isinstance(memo, str):
        return memo
    from zlib import decompress

    return decompress(memo, -_WINDOW).decode()
