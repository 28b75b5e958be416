"""What end-to-end tests get: an instance of costtop that is gone afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.instance import Instance


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    made = Instance(home)
    yield made
    made.kill9()
