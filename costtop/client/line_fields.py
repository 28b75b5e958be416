"""Writes fields as one of costtop's lines, each with a time and an id.

The id makes a line count once, however often it is sent or spooled.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from costtop.durations import iso, now_ms

LONGEST = 1 << 20  # bytes of a line that the daemon takes


def stamped(fields: Mapping[str, Any]) -> bytes:
    """The line, ending in a newline; tags and tools are left out where they make it too long.

    Fields that are None or "" are absent. Raises ValueError and TypeError for what JSON cannot say.
    """
    told = {key: value for key, value in fields.items() if value is not None and value != ""}
    line = {"ts": iso(now_ms()), "id": os.urandom(9).hex(), **told}
    data = json.dumps(line, default=str).encode() + b"\n"
    if len(data) > LONGEST:
        kept = {key: value for key, value in line.items() if key not in ("tags", "tools")}
        data = json.dumps(kept, default=str).encode() + b"\n"
    return data
