"""Hashes what a tool was asked and what it answered, so that repeats show. It keeps no text.

What differs between two tries of the same thing is taken out first: digits, hex, timestamps,
temporary paths (DETECTION D7). Only the beginning is normalised with care; of the rest all hex
characters are dropped, which costs a tenth.
"""

import re
from hashlib import blake2b

_CARE = 512  # bytes normalised by pattern
_REST = 8192  # bytes looked at in all
_HEX = b"0123456789abcdefABCDEF"
_VARYING = re.compile(
    rb"/(?:private/)?(?:tmp|var/folders)/[\w./+-]*"
    rb"|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    rb"|0x[0-9a-fA-F]+|\d[\dT:.,Z+-]*\d|[0-9a-fA-F]{7,}|\d"
)


def fingerprint(raw: bytes, kind: str = "") -> str:
    """16 hex digits of `raw` (JSON as it stands in the log) without its varying parts.

    `kind` separates equal bytes of different tools. Two inputs that agree in their first 8 KiB
    get the same fingerprint.
    """
    digest = blake2b(kind.encode("utf-8", "replace"), digest_size=8)
    digest.update(b"\0" + _VARYING.sub(b"#", raw[:_CARE]))
    if len(raw) > _CARE:
        digest.update(raw[_CARE:_REST].translate(None, _HEX))
    return digest.hexdigest()
