"""How safely a fleet's server must be asked: TLS with a name that is checked, off this machine."""

import ipaddress
from collections.abc import Mapping

from costtop.errors import FleetError

_SAFE = "verify-full"


def sslmode(said: Mapping[str, str], *, insecure: bool) -> str:
    """The `sslmode` for the parts of a URL, as libpq names them.

    Off this machine nothing but `verify-full` is taken, unless the config says `insecure = true`.
    Raises FleetError.
    """
    wanted = said.get("sslmode", "")
    hosts = said.get("hostaddr") or said.get("host", "")
    if not said.get("service") and is_loopback(hosts):
        return wanted or "prefer"
    if wanted and wanted != _SAFE and not insecure:
        raise FleetError(
            f"the fleet's URL asks for sslmode={wanted}: use verify-full, or set insecure = true"
            " under [fleet] where the network itself is safe"
        )
    return wanted or ("prefer" if insecure else _SAFE)


def is_loopback(hosts: str) -> bool:
    """Whether all of libpq's hosts, a list with commas, are this machine itself."""
    return all(_is_here(one) for one in hosts.split(","))


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):  # "" and paths: a Unix socket
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
