"""What this machine is called in a fleet. Who it is the server knows from its login alone."""

import hmac
import os
from hashlib import sha256
from pathlib import Path

from costtop.settings.fleet_settings import Fleet
from costtop.text import clean

_MACHINE = ("/etc/machine-id", "/var/lib/dbus/machine-id")
_DIGITS = 4


def fleet_host(fleet: Fleet | None) -> str:
    """The name that `[fleet]` gives it; else its short host name with a suffix: "ann-laptop-3f9c".

    Two machines of one name differ in the suffix, which is a hash: a machine's id is not told.
    """
    if fleet is not None and fleet.host:
        return fleet.host
    name = clean(os.uname().nodename.partition(".")[0], 80).replace(":", "-") or "localhost"
    suffix = _suffix()
    return f"{name}-{suffix}" if suffix else name


def _suffix() -> str:
    for place in _MACHINE:
        try:
            machine = Path(place).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if machine:
            return hmac.digest(machine.encode(), b"costtop fleet", sha256).hex()[:_DIGITS]
    return ""  # macOS, a bare container: the name alone
