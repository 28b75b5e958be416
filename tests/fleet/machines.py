"""Machines of a fleet beside each other: a home each, with its own daemon and agents at work."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.house import House
from tests.fleet.fleet import Fleet
from tests.patience import until


class Machine(House):
    """A house whose every process has its home, and whose config names the test's server."""

    def __init__(self, root: Path, fleet: Fleet) -> None:
        self.root, self.fleet = root, fleet
        (root / "work").mkdir(parents=True, mode=0o700)
        self._environ = {"HOME": str(root), "COSTTOP_HOME": str(root / "costtop")}
        with self.here():
            super().__init__(root, root / "work")

    @contextmanager
    def here(self) -> Iterator[None]:
        """What is started meanwhile is at home here."""
        before = {name: os.environ.get(name, "") for name in self._environ}
        os.environ.update(self._environ)
        try:
            yield
        finally:
            os.environ.update(before)

    def join(self, host: str = "", operator: str = "", port: int = 0, more: str = "") -> None:
        """Writes the config: it ships as `host`, asks as `operator`; `more` is of `[fleet]`."""
        self.paths.config.parent.mkdir(mode=0o700, exist_ok=True)
        lines = ["[fleet]", f'host = "{host or "desk"}"']
        logins = {"url_file": host and f"costtop_host_{host}", "operator_url_file": operator}
        for key, login in logins.items():
            if login:
                place = self.paths.config.with_name(key)
                place.touch(0o600)
                url = self.fleet.server.url(self.fleet.database, login, port or self.fleet.port)
                place.write_text(url)
                lines.append(f"{key} = {json.dumps(str(place))}")
        self.configure("\n".join([*lines, more, ""]))

    def start(self, *options: str) -> None:
        with self.here():
            super().start(*options)

    def run(self, *arguments: str, text: str = "", **more: object) -> Any:
        with self.here():
            return super().run(*arguments, text=text, **more)

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """A command under way."""
        with self.here():
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "costtop", *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def agent(self, kind: str = "claude", **words: object) -> Any:
        with self.here():
            return super().agent(kind, **words)

    def daemon_said(self) -> dict[str, Any]:
        """Its status file."""
        found: dict[str, Any] = json.loads(self.paths.status.read_text())
        return found

    def deeds(self) -> list[tuple[str, str, str, str]]:
        """(by, deed, session, detail) of its journal."""
        return self.answers("SELECT by, deed, session, detail FROM deeds ORDER BY id")

    def seen(self) -> None:
        """Waits until the server has heard of it."""
        name = "SELECT seen FROM costtop.hosts WHERE name = %s AND seen > 0"
        until(lambda: self.fleet.rows(name, self.host), what=self.paths.log)

    @property
    def host(self) -> str:
        """What it is called in the fleet."""
        return self.root.name
