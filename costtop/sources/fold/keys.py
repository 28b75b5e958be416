"""Names a call with 16 bytes that are the same at every sight of it. It does not compare calls.

BLAKE2b: short digests without a length-extension or a collision worth fearing (RELIABILITY R3).
"""

from hashlib import blake2b


def half(text: str) -> bytes:
    """8 bytes of `text`: half a key, so that neighbours can share the other half."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def paired(group: str, rest: str) -> bytes:
    """A key whose first half names `group` (a message) and whose second half the sight of it."""
    return half(group) + half(rest)


def whole(*parts: str | bytes) -> bytes:
    """A key of all `parts` in their order; ("a", "bc") and ("ab", "c") differ."""
    framed = b""
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        framed += len(raw).to_bytes(4, "big") + raw
    return blake2b(framed, digest_size=16).digest()


def short(text: str) -> str:
    """12 hex digits that name `text`, for ids made up where a log has none."""
    return half(text).hex()[:12]
