from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receive.running import Instance


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    """An instance without a daemon; whatever the test starts is ended with it."""
    made = Instance(home / "costtop")
    yield made
    made.kill()


@pytest.fixture
def daemon(instance: Instance) -> Instance:
    """An instance whose daemon runs."""
    instance.start()
    return instance
