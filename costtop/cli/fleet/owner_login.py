"""How a command of `costtop fleet` reaches the server as its owner, whose URL is stored nowhere."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from costtop import config, files, paths
from costtop.cli.parser import Parser
from costtop.errors import ConfigError, FleetError
from costtop.settings.fleet_settings import Fleet

if TYPE_CHECKING:
    from costtop.fleet.server_link import Connection


def add_owner(parser: Parser) -> None:
    """The options that say where the owner's URL is."""
    place = parser.add_mutually_exclusive_group()
    about = "a file of mode 0600 with the URL of the server's owner; it is not kept"
    place.add_argument("--url-file", metavar="FILE", default="", help=about)
    about = "or an environment variable that holds it"
    place.add_argument("--url-env", metavar="NAME", default="", help=about)
    about = "allow a server off this machine without a certificate that is checked"
    parser.add_argument("--insecure", action="store_true", help=about)


def needs_driver() -> None:
    """Raises FleetError without the package that speaks with PostgreSQL."""
    if find_spec("psycopg") is None:
        raise FleetError("fleets need one more package: pip install 'costtop[fleet]'")


def owner_url(options: argparse.Namespace) -> str:
    """The owner's URL; raises FleetError, which shows nothing of it."""
    if options.url_env:
        if url := os.environ.get(options.url_env, "").strip():
            return url
        raise FleetError(f"--url-env: the variable {options.url_env} is not set")
    if not options.url_file:
        raise FleetError("the owner's URL is wanted: --url-file FILE (mode 0600) or --url-env NAME")
    try:
        return files.secret(os.path.expanduser(options.url_file), own=True)
    except files.NoSecret as error:
        raise FleetError(f"--url-file {error}") from None


def settings() -> Fleet:
    """`[fleet]` of this machine; empty where there is none, or none that can be read."""
    try:
        return config.load(paths.find()).fleet or Fleet()
    except ConfigError:
        return Fleet()


@contextmanager
def owner(options: argparse.Namespace) -> Iterator["Connection"]:
    """A connection as the owner; what the driver raises becomes FleetError in plain words."""
    needs_driver()
    insecure = options.insecure or settings().insecure
    with reached(owner_url(options), insecure=insecure, name="costtop fleet") as db:
        yield db


@contextmanager
def reached(url: str, *, insecure: bool, name: str) -> Iterator["Connection"]:
    """A connection, closed at the end; what the driver raises becomes FleetError."""
    needs_driver()
    from costtop.fleet import server_link

    with server_link.reached(url, insecure=insecure, name=name) as db:
        yield db
