"""The channels beside files and the socket, as the config asks for them. It serves none itself."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from costtop.config import Config
from costtop.daemon.ingest import otlp_calls
from costtop.daemon.ingest.otlp_calls import Ear
from costtop.daemon.status.prometheus import Gauges
from costtop.daemon.wiring import Wired
from costtop.errors import ConfigError


class Channel(Protocol):
    """A task of its own that is seen in `doctor`."""

    trouble: str
    ready: asyncio.Event

    def run(self) -> Coroutine[Any, Any, None]:
        """Serves, for ever."""

    def said(self) -> dict[str, Any]:
        """name, address, said, trouble."""


def channels(instance: Wired) -> list[Channel]:
    """Those that the config asks for."""
    found: list[Channel] = []
    if instance.config.receive.otlp:
        found.append(Ear(instance.config.receive.otlp, instance.ingest))
    if instance.config.metrics:
        found.append(Gauges(instance.config.metrics, instance))
    return found


def check(config: Config) -> None:
    """Raises ConfigError for a channel that cannot or must not be opened as configured."""
    otlp_calls.check(config)
    if config.metrics is None:
        return
    try:
        import prometheus_client  # noqa: F401
    except ImportError:
        hint = 'pip install "costtop[metrics]"'
        raise ConfigError(f"[metrics] needs one more package: {hint}") from None
    if not otlp_calls.is_loopback(config.metrics.host):
        raise ConfigError(f"[metrics] host {config.metrics.host} is open to other machines")
