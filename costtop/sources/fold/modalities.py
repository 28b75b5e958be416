"""Which tokens of a request are no text, held within those that they are part of."""

from costtop.model import Media, Tokens

Counts = dict[str, int]  # audio, image, video -> tokens


def media(tokens: Tokens, asked: Counts, read: Counts, answered: Counts) -> Media | None:
    """The tokens that are no text, None where all are; `asked` contains what was `read`.

    What is not said to be from a cache is, as far as there are fresh tokens, not from it.
    """
    if not (asked or answered):
        return None  # as nearly every request
    fresh = tokens.input - tokens.cache_read - tokens.cache_write
    cached, left = tokens.cache_read, tokens.output
    found = {}
    for kind in ("audio", "image", "video"):
        whole = asked.get(kind, 0)
        old = min(whole, cached, max(read.get(kind, 0), whole - fresh))
        new = min(whole - old, fresh)
        out = min(answered.get(kind, 0), left)
        fresh, cached, left = fresh - new, cached - old, left - out
        found.update({f"{kind}_input": new + old, f"{kind}_output": out})
        if kind != "video":
            found[f"{kind}_cache_read"] = old
    told = Media(**found)
    return told if any(told) else None
