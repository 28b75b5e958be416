"""Notices that the user has edited the configuration."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from costtop import config as configuration
from costtop.errors import CosttopError
from costtop.paths import Paths

_EVERY = 2.0  # s
log = logging.getLogger("costtop")


class ConfigChanges:
    """Asks for a reload once a changed configuration is good; says what is wrong until then."""

    def __init__(
        self, paths: Paths, reload: Callable[[], None], besides: Callable[[], object] = tuple
    ) -> None:
        self.trouble = ""
        self._paths, self._reload = paths, reload
        self._files = (paths.config, paths.budgets, paths.config.with_name("prices.toml"))
        self._besides = besides  # what else a reload takes in, such as folders of logs
        self._known = self._look()

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(_EVERY)
            now = self._look()
            if now != self._known:
                self._known = now
                self._judge()

    def _look(self) -> tuple[object, ...]:
        return (*(_stamp(path) for path in self._files), self._besides())

    def _judge(self) -> None:
        try:
            configuration.load(self._paths)
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
