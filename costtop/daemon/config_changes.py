"""The configuration as a daemon goes by it: checked whole, and read again when a file changes."""

import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from costtop import config as configuration
from costtop import lasting
from costtop.alerts import routes
from costtop.config import Config
from costtop.config_mistakes import Place
from costtop.daemon import plan_settings
from costtop.daemon.ingest import otlp_calls
from costtop.daemon.ingest.log_roots import roots
from costtop.daemon.wiring import price_book
from costtop.errors import ConfigError, CosttopError
from costtop.notify import address
from costtop.paths import Paths

_EVERY = 2.0  # s
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
        except address.NoUrl as error:
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
            await lasting.beat(_EVERY)
            now = self._look()
            if now != self._known:
                self._known = now
                self._judge()
            lasting.well()

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
