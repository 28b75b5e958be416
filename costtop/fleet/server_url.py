"""Finds the URL of the fleet's server: in a private file or the environment.

It is read anew at each connection, so that a changed password needs no restart.
"""

import os
from collections.abc import Mapping

from costtop.errors import FleetError
from costtop.files import NoSecret, secret
from costtop.settings.fleet_settings import Fleet, Login, place_of


def url_of(fleet: Fleet, whose: Login, environ: Mapping[str, str] = os.environ) -> str:
    """The URL by which this machine ships, or reads, or leads, as it stands there.

    Raises FleetError that names the place and what to do, never the URL.
    """
    file, variable = place_of(fleet, whose)
    prefix = "" if whose == "host" else f"{whose}_"
    if variable:
        if url := environ.get(variable, "").strip():
            return url
        raise FleetError(f"[fleet] {prefix}url_env: the variable {variable} is not set")
    if not file:
        raise FleetError(f"[fleet] has neither {prefix}url_file nor {prefix}url_env")
    try:
        return secret(os.path.expanduser(file), own=True)
    except NoSecret as error:
        raise FleetError(f"[fleet] {prefix}url_file {error}") from None


def check(fleet: Fleet, whose: Login, environ: Mapping[str, str] = os.environ) -> None:
    """Raises FleetError where the URL is to be somewhere and is not."""
    if any(place_of(fleet, whose)):
        url_of(fleet, whose, environ)
