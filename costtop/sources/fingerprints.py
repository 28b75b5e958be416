"""Hashes what a tool was asked and what it answered, so that repeats show. It keeps no text.

What differs between two tries of the same thing is taken out first: digits, hex, timestamps,
temporary paths (DETECTION D7). Only the beginning is normalised with care; of what follows and of
the end all hex characters are dropped, which costs a tenth.
"""

import re
from hashlib import blake2b

ARGUMENTS, RESULT = 320, 192  # bytes normalised with care; results are long and open with the news
_MORE = 1024  # bytes looked at after them, and at the end
_HEX = b"0123456789abcdefABCDEF"
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_TEMPORARY = re.compile(rb"/(?:tmp|var/folders)/[\w./+-]*")
_VARYING = re.compile(rb"[a-fA-F]*0[0a-fA-F:T.-]*")  # numbers, hex, UUIDs, times; digits are 0 here


def fingerprint(raw: bytes, care: int, kind: str = "") -> str:
    """16 hex digits of `raw` (JSON as it stands in the log) without its varying parts.

    `care` is how many bytes are normalised by pattern; `kind` separates equal bytes of different
    tools. Inputs that agree in their first and their last KiB get the same fingerprint.
    """
    head = raw[:care]
    if b"/tmp/" in head or b"/var/folders/" in head:
        head = _TEMPORARY.sub(b"#", head)
    digest = blake2b(kind.encode("utf-8", "replace"), digest_size=8)
    digest.update(b"\0" + _VARYING.sub(b"#", head.translate(_DIGITS)))
    if len(raw) > care:
        rest = raw[care : care + _MORE] + raw[-_MORE:]
        digest.update(rest.translate(None, _HEX))
    return digest.hexdigest()
