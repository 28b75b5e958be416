"""What end-to-end tests get: an instance of costtop that is gone afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.house import House
from tests.e2e.instance import Instance


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    made = Instance(home)
    yield made
    made.kill9()


@pytest.fixture
def house(home: Path, tmp_path: Path) -> Iterator[House]:
    """An instance with scripted agents at work in a folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    found = House(home, folder)
    try:
        yield found
    finally:
        found.end()
