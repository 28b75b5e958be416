"""Finds the URL of an endpoint and says what is wrong with it. It shows no URL: they are secrets.

A URL stands in the config, in a file of mode 0600, or in an environment variable; it is read anew
for each message, so that a changed token needs no restart.
"""

import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from costtop.config import Endpoint
from costtop.errors import ConfigError, CosttopError
from costtop.files import NoSecret, secret

# Apprise's plain-http schemas that have a TLS twin with an "s" behind.
_PLAIN = frozenset(
    "http json xml form apprise gotify mmost rocket matrix nextcloud nctalk emby kodi xbmc"
    " synology hassio splunk lametric enigma2 bluesky fluxer zulip".split()
)
OWN = ("desktop:", "log:")
# Local channels of Apprise that need a main loop or run a program: `desktop:` does it better.
_BARRED = frozenset("dbus qt kde glib gnome macosx windows syslog".split())


class NoUrl(CosttopError):
    """There is no URL where the config says that it is."""


def url_of(endpoint: Endpoint, environ: Mapping[str, str]) -> str:
    """The endpoint's URL; raises Unreadable, which names the place and never the URL."""
    if endpoint.url:
        return endpoint.url
    if endpoint.url_env:
        if not environ.get(endpoint.url_env):
            raise NoUrl(f"the environment variable {endpoint.url_env} is not set")
        return environ[endpoint.url_env].strip()
    return _from_file(os.path.expanduser(endpoint.url_file))


def _from_file(path: str) -> str:
    try:
        return secret(path)
    except NoSecret as error:
        raise NoUrl(f"url_file {error}") from None


def check_labels(endpoints: Sequence[Endpoint]) -> None:
    """Raises ConfigError where two endpoints have one label."""
    labels = [endpoint.label for endpoint in endpoints]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigError(f'two [[notify]] are labelled "{label}"; labels must differ')


def check(endpoint: Endpoint, environ: Mapping[str, str]) -> None:
    """Raises ConfigError or Unreadable, naming the label and the remedy, where it cannot work."""
    where = f'[[notify]] "{endpoint.label}"'
    given = [endpoint.url, endpoint.url_file, endpoint.url_env]
    if sum(map(bool, given)) != 1:
        raise ConfigError(f"{where}: give one of url, url_file, url_env")
    try:
        url = url_of(endpoint, environ)
    except NoUrl as error:
        raise NoUrl(f"{where}: {error}") from None
    problem = fault(url, insecure=endpoint.insecure)
    if problem:
        raise ConfigError(f"{where}: {problem}")


def fault(url: str, *, insecure: bool = False) -> str:
    """What is wrong with a URL as far as its text says, or "". It names its schema at most."""
    if url.startswith(OWN):
        return "" if url != "log:" else "log: needs a path, such as log:~/costtop-alerts.log"
    schema, found, rest = url.partition("://")
    schema = schema.lower()
    if not found or not schema.isalnum() or not rest:
        return "this is no Apprise URL; write it as ntfy://topic, or desktop:, or log:~/file"
    if schema in _BARRED:
        return f"{schema}:// is not supported; use desktop:"
    host = urlsplit(f"x://{rest}").hostname or ""
    near = host in {"localhost", "::1"} or host.startswith("127.")
    if schema in _PLAIN and not near and not insecure:
        return (
            f"{schema}:// sends in the clear to another machine; use {schema}s://,"
            " or set insecure = true"
        )
    return ""
