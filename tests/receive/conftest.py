from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.receive.otlp_client import opened
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


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def heard(instance: Instance, port: int) -> Instance:
    """A daemon with its receiver open."""
    return opened(instance, port)
