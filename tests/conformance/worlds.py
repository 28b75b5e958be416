"""Homes full of logs: every golden log of every source, written whole or piece by piece.

It knows where a source looks and nothing of what its lines mean.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from costtop.sources.registry import SOURCES
from tests.conformance import pipeline
from tests.sources.databases import built
from tests.sources.golden import LOGS

AT = 1_795_478_400  # when every file was last written, s: 2026-11-24T00:00:00Z
_DATED = "2026-11-24T01"  # no golden record says a later time
DATABASES = {
    "opencode/v1.sql": ".local/share/opencode/opencode.db",
    "opencode/v2.sql": ".local/share/opencode/opencode-next.db",
    "goose/v15.sql": ".local/share/goose/sessions/sessions.db",
    "kilo/v1.sql": ".local/share/kilo/kilo.db",
    "copilot/store.sql": ".copilot/session-store.db",
}
Files = dict[str, bytes]  # path below the home -> what is in it


@contextmanager
def another_home() -> Iterator[Path]:
    """An empty home for one example; the test's own comes back afterwards."""
    names = ("HOME", "COSTTOP_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
    kept = {name: os.environ[name] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        below = ("", "costtop", ".config", ".local/share", ".local/state")
        os.environ.update(
            {n: f"{folder}/{b}".rstrip("/") for n, b in zip(names, below, strict=True)}
        )
        try:
            yield Path(folder)
        finally:
            os.environ.update(kept)


def golden_files() -> Files:
    """Every golden log but the databases, below one folder a source."""
    files: Files = {}
    for source in SOURCES:
        root = LOGS / source.name / "input"
        for file in sorted(root.rglob("*")):
            if file.is_file() and not file.name.endswith(".rows.json"):
                files[f"logs/{source.name}/{file.relative_to(root)}"] = file.read_bytes()
    return files


def configure(folders: tuple[str, ...] = ("logs",)) -> None:
    """Tells costtop where the golden logs are."""
    entries = []
    for source in SOURCES:
        if source.shape != "rows":
            globs = [f'"{pipeline.home()}/{folder}/{source.name}/{pattern}"'
                     for folder in folders for pattern in source.patterns]  # fmt: skip
            entries.append(f'[[source]]\nname = "{source.name}"\nformat = "{source.name}"\n'
                           f"paths = [{', '.join(globs)}]\n")  # fmt: skip
    config = pipeline.home() / "costtop" / "config.toml"
    config.parent.mkdir(mode=0o700, exist_ok=True)
    config.write_text("\n".join(entries))


def databases() -> None:
    for script, path in DATABASES.items():
        to = pipeline.home() / path
        to.parent.mkdir(parents=True, exist_ok=True)
        built(LOGS / script, to)


def write(path: str, data: bytes) -> None:
    """The file with these bytes, as if it had been written at `AT`."""
    to = pipeline.home() / path
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(data)
    os.utime(to, (AT, AT))


def grow(path: str, data: bytes) -> None:
    to = pipeline.home() / path
    to.parent.mkdir(parents=True, exist_ok=True)
    with open(to, "ab") as file:
        file.write(data)
    os.utime(to, (AT, AT))


def whole(files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        write(path, data)
    pipeline.scan()


def piecemeal(files: Mapping[str, bytes], random: Random, looks: int) -> None:
    """The files in any order, grown by pieces cut anywhere, with about `looks` scans between.

    Each scan opens the store anew, so each is a restart too.
    """
    waiting = {path: data for path, data in files.items() if is_lines(path)}
    documents = [path for path in files if not is_lines(path)]
    random.shuffle(documents)
    while waiting or documents:
        for path in random.sample(sorted(waiting), min(len(waiting), 1 + len(files) // looks)):
            data = waiting.pop(path)
            cut = len(data) if random.random() < 0.3 else random.randint(0, len(data))
            grow(path, data[:cut])
            if cut < len(data):
                waiting[path] = data[cut:]
        for path in documents[: 1 + len(files) // looks]:
            write(path, files[path])
            documents.remove(path)
        pipeline.scan()
    pipeline.scan()


def is_lines(path: str) -> bool:
    """Whether a file grows; the others are written whole, every time."""
    parts = path.split("/")
    shapes = {source.name: source.shape for source in SOURCES}
    return shapes.get(parts[1], "lines") == "lines" if parts[0].startswith("logs") else True


def views() -> dict[str, object]:
    """Every report there is: rows by their keys, sums and totals."""
    return {by: _told(pipeline.report(by)) for by in pipeline.VIEWS}


def _told(tree: dict[str, Any]) -> object:
    return {row["key"]: _dated(row) for row in tree["rows"]}, tree["total"], tree["unpriced_models"]


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """A row without times that depend on when it was read.

    A record without a time gets that of its reading. And a session goes on having `started` with a
    call that turned out to be another session's. Short ids are given in order of arrival, and kept.
    """
    row = {name: value for name, value in row.items() if name != "short"}
    late = (row.get("last") or "") > _DATED
    return row | (
        {"started": None, "last": "now" if late else row["last"]} if "last" in row else {}
    )


if __name__ == "__main__":
    with another_home():
        began = time.monotonic()
        configure()
        databases()
        whole(golden_files())
        print(pipeline.agree(), time.monotonic() - began)
