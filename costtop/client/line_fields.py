"""Writes fields as one of costtop's lines, each with a time and an id. It sends nothing.

The id makes a line count once, however often it is sent or spooled.
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

LONGEST = 1 << 20  # bytes of a line that the daemon takes


def stamped(fields: Mapping[str, Any]) -> bytes:
    """The line, ending in a newline; tags and tools are left out where they make it too long.

    Fields that are None or "" are absent. Raises ValueError and TypeError for what JSON cannot say.
    """
    told = {key: value for key, value in fields.items() if value is not None and value != ""}
    line = {"ts": now(), "id": os.urandom(9).hex(), **told}
    data = json.dumps(line, default=str).encode() + b"\n"
    if len(data) > LONGEST:
        kept = {key: value for key, value in line.items() if key not in ("tags", "tools")}
        data = json.dumps(kept, default=str).encode() + b"\n"
    return data


def now() -> str:
    """The time as the line carries it: UTC, to the millisecond."""
    seconds, thousandths = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{thousandths:03d}Z"
