"""What every test gets: a home of its own, UTC, and no way out of this machine. It fakes nothing.

A test that needs samples of real logs asks for `shared`; without that folder it is skipped.
"""

import ipaddress
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import new_stores

ROOT = Path(__file__).resolve().parent.parent

# Variables that would lead costtop to the user's own logs, config or bus.
_FOREIGN = (
    "AMP_",
    "APPRISE_",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "COSTTOP_",
    "DBUS_SESSION_BUS_ADDRESS",
    "GEMINI_",
    "GOOSE_",
    "NO_COLOR",
    "NOTIFY_SOCKET",
    "OPENCODE_",
    "OTEL_",
    "QWEN_",
    "XDG_",
)
_NOWHERE = "http://127.0.0.1:9"  # the discard port: children get no further than this

# Two shared cores make deadlines lie; CI repeats the same examples so that red means changed.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


# Who starts the tests in the background may have them ignore Ctrl-C, and so all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class NoNetwork(AssertionError):
    """A test tried to leave this machine."""


def _is_here(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        if isinstance(address, tuple) and not _is_here(address[0]):
            raise NoNetwork(f"{event} to {address}: tests reach the loopback only")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_here(args[0]):
        raise NoNetwork(f"{event} of {args[0]!r}: tests reach the loopback only")


sys.addaudithook(_refuse_network)  # below every library; it cannot be patched away by mistake


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty HOME under tmp_path; COSTTOP_HOME is `home / "costtop"` and does not exist yet."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) and name != "COSTTOP_PURE":  # `COSTTOP_PURE=1 scripts/test`
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("COSTTOP_HOME", str(folder / "costtop"))
    for name, below in (("CONFIG", ".config"), ("DATA", ".local/share"), ("STATE", ".local/state")):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / below))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".cache"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # children run the tree under test, from any folder
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, _NOWHERE)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost,::1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,::1")
    time.tzset()
    yield folder
    monkeypatch.undo()
    time.tzset()  # the zone of whoever runs the tests, for pytest's own clock


@pytest.fixture(scope="session", autouse=True)
def _new_stores_are_copies() -> Iterator[None]:
    with new_stores.copied():
        yield


@pytest.fixture
def shared() -> Path:
    """The folder of real samples beside the checkout; skips the test where there is none."""
    folder = ROOT.parent / "shared"
    if not (folder / "samples").is_dir():
        pytest.skip("needs ../shared/samples, which is not part of the repository")
    return folder
