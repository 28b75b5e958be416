"""The configuration as a daemon goes by it: checked whole, and read again when a file changes."""

import logging
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from costtop import config as configuration
from costtop import lasting_tasks
from costtop.alerts import routes
from costtop.config import Config, Otel
from costtop.config_mistakes import Place
from costtop.daemon import plan_settings
from costtop.daemon.ingest import otlp_calls
from costtop.daemon.ingest.log_roots import roots
from costtop.daemon.opened_instance import price_book
from costtop.errors import ConfigError, CosttopError, FleetError
from costtop.fleet import server_url
from costtop.notify import address
from costtop.paths import Paths
from costtop.settings import fleet_settings

_EVERY = 2.0  # s
_HEADERS = 8 << 10  # characters of a file of headers
log = logging.getLogger("costtop")


def loaded(paths: Paths) -> tuple[Config, list[str]]:
    """The configuration with all that a daemon needs of it, and what is missing but may come.

    Raises ConfigError for what only the configuration can mend.
    """
    config = configuration.load(paths)
    missing: list[str] = []
    for place, check in _checks(config, paths):
        try:
            check()
        except (address.NoUrl, FleetError) as error:
            missing.append(str(error))
        except ConfigError as error:
            if not place:
                raise
            where = configuration.where(paths.config, place)
            raise ConfigError(f"{where}: {error}") from None
    return config, missing


def _checks(config: Config, paths: Paths) -> Iterator[tuple[Place, Callable[[], object]]]:
    """What the configuration alone cannot judge, with the place of each."""
    yield ("notify",), partial(address.check_labels, config.notify)
    for number, endpoint in enumerate(config.notify):
        yield ("notify", number), partial(address.check, endpoint, os.environ)
        yield ("notify", number, "quiet"), partial(routes.quiet_hours, endpoint.quiet)
    yield ("source",), partial(roots, config, paths)
    for number in range(len(config.plan)):
        yield ("plan", number), partial(plan_settings.check, config, number)
    yield (), partial(price_book, config, paths)
    yield ("receive", "otlp"), partial(otlp_calls.check, config, paths.otlp_token)
    yield ("metrics",), partial(_check_metrics, config)
    yield ("otel",), partial(_check_otel, config)
    if config.fleet is not None:
        yield ("fleet",), _check_driver
        for whose in get_args(fleet_settings.Login):
            yield ("fleet",), partial(server_url.check, config.fleet, whose, os.environ)


def _check_metrics(config: Config) -> None:
    """Raises ConfigError for an endpoint that cannot or must not be opened as configured."""
    if config.metrics is None:
        return
    try:
        import prometheus_client  # noqa: F401
    except ImportError:
        hint = 'pip install "costtop[metrics]"'
        raise ConfigError(f"[metrics] needs one more package: {hint}") from None
    if not otlp_calls.is_loopback(config.metrics.host):
        raise ConfigError(f"[metrics] host {config.metrics.host} is open to other machines")


def _check_driver() -> None:
    """Raises ConfigError without the package that ships; it is not loaded here."""
    if find_spec("psycopg") is None:
        hint = 'pip install "costtop[fleet]"'
        raise ConfigError(f"[fleet] needs one more package: {hint}")


def _check_otel(config: Config) -> None:
    """Raises ConfigError for an endpoint that is this costtop, or that cannot be sent to."""
    if not config.otel.endpoint:
        return
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        hint = 'pip install "costtop[otel]"'
        raise ConfigError(f"[otel] needs more packages: {hint}")
    own, asked = config.receive.otlp, urlsplit(config.otel.endpoint)
    try:
        port = asked.port or (443 if asked.scheme == "https" else 80)
    except ValueError:
        raise ConfigError(f"[otel] endpoint {config.otel.endpoint} has no such port") from None
    host = asked.hostname or ""
    if own and port == own.port and (host == own.host or otlp_calls.is_loopback(host)):
        raise ConfigError("[otel] endpoint is costtop's own [receive.otlp]: name a collector's")
    otel_headers(config.otel)


def otel_headers(wanted: Otel) -> dict[str, str]:
    """What is sent along, from lines "Name: value" of a file; raises ConfigError."""
    if not wanted.headers_file:
        return {}
    path = Path(wanted.headers_file).expanduser()
    try:
        with path.open(encoding="latin-1") as file:
            mode, lines = os.fstat(file.fileno()).st_mode, file.read(_HEADERS).splitlines()
    except OSError as error:
        raise ConfigError(f"cannot read headers_file {path}: {error.strerror}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(f"headers_file {path} is open to others: chmod 600 {path}")
    told = [line.partition(":") for line in lines if line.strip()]
    if not all(colon and name.strip() for name, colon, _ in told):
        raise ConfigError(
            f"headers_file {path}: a line is no header; write Authorization: Bearer …"
        )
    return {name.strip().lower(): value.strip() for name, _, value in told}


class ConfigChanges:
    """Asks for a reload once a changed configuration is good; says what is wrong until then."""

    def __init__(
        self, paths: Paths, reload: Callable[[], None], besides: Callable[[], object] = tuple
    ) -> None:
        self.code, self.trouble = "config-kept", ""
        self._paths, self._reload = paths, reload
        self._files = (paths.config, paths.budgets, paths.config.with_name("prices.toml"))
        self._besides = besides  # what else a reload takes in, such as folders of logs
        self._known = self._look()

    async def run(self) -> None:
        """For ever."""
        while True:
            await lasting_tasks.beat(_EVERY)
            now = self._look()
            if now != self._known:
                self._known = now
                self._judge()
            lasting_tasks.well()

    def _look(self) -> tuple[object, ...]:
        return (*(_stamp(path) for path in self._files), self._besides())

    def _judge(self) -> None:
        try:
            loaded(self._paths)
        except CosttopError as error:
            self.trouble = f"kept the old configuration: {error}"
            log.error(self.trouble)
        else:
            self._reload()


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
