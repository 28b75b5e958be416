"""A made-up fleet in a real store, built once: read by every test of a screen, changed by none."""

from pathlib import Path

import pytest

from costtop.paths import Paths
from scripts.benches import fleet


@pytest.fixture(scope="session")
def fleet_paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    paths = fleet.instance(Path(tmp_path_factory.mktemp("fleet")))
    fleet.build(paths, days=40)
    return paths


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """One kind of terminal for all: a style keeps the codes of the first it is written to."""
    monkeypatch.setenv("COLORTERM", "truecolor")
