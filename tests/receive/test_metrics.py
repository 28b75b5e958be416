"""/metrics: totals as Prometheus text, for programs on this machine only."""

import asyncio
import json
import os
import re
import signal
import socket

import pytest

from costtop.config import Metrics
from costtop.daemon.status.counters import Counters
from costtop.daemon.status.own_health import OwnHealth
from costtop.daemon.status.prometheus import MetricsChannel
from costtop.durations import now_ms
from tests.free_ports import free_port
from tests.receive.running import ask, connected, line, until

pytest.importorskip("prometheus_client", reason="needs the extra metrics")


@pytest.fixture
def port(instance):
    number = free_port()
    instance.home.mkdir(mode=0o700)
    (instance.home / "config.toml").write_text(
        f'[metrics]\nport = {number}\n[[budget]]\nname = "daily"\namount = "$1"\n'
    )
    instance.start()
    until(lambda: _get(number, "/metrics"))
    return number


def _get(port: int, path: str, **headers: str) -> str:
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **headers}.items()
    )
    try:
        with socket.create_connection(("127.0.0.1", port), 10) as peer:
            peer.sendall(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
            parts = b""
            while part := peer.recv(65536):
                parts += part
    except OSError:
        return ""
    return parts.decode()


def test_totals_are_told_by_feature_model_and_provider_and_no_session_is_named(instance, port):
    with connected(instance.socket) as peer:
        for session in ("secret-1", "secret-2"):
            assert ask(peer, line(session, feature="checkout", provider="anthropic"))["ok"]
    text = _get(port, "/metrics")
    labels = '{feature="checkout",model="claude-sonnet-4-5",provider="anthropic"}'
    assert f"costtop_calls_total{labels} 2.0" in text
    assert f"costtop_cost_usd_total{labels} 0.0162" in text
    assert 'kind="output"' in text and "secret" not in text
    assert 'costtop_floor_calls{reason="placeholder"} 0.0' in text
    with connected(instance.socket) as peer:
        assert ask(peer, line("secret-3", model="no-list-knows-it"))["ok"]
    assert 'costtop_floor_calls{reason="unpriced"} 1.0' in _get(port, "/metrics")
    assert 'costtop_budget_ratio{budget="daily",period="day"} 0.0162' in text


def test_another_price_changes_no_counter_also_over_a_reload(instance, port):
    with connected(instance.socket) as peer:
        assert ask(peer, line(feature="shop", model="acme-1", provider="acme"))["ok"]
    labels = '{feature="shop",model="acme-1",provider="acme"}'
    text = _get(port, "/metrics")
    assert f"costtop_unpriced_calls{labels} 1.0" in text
    assert "costtop_cost_correction_usd 0.0" in text
    (instance.home / "prices.toml").write_text(
        '[[price]]\nmodel = "acme-1"\nper_million = { input = "$1", output = "$2" }\n'
    )
    assert instance.run("reprice").returncode == 0
    text = until(lambda: _corrected(port))
    assert f"costtop_cost_usd_total{labels} 0.0" in text
    assert f"costtop_unpriced_calls{labels} 0.0" in text
    os.kill(instance.pid, signal.SIGHUP)
    with connected(instance.socket) as peer:
        assert ask(peer, line("2", feature="shop", model="acme-1", provider="acme"))["ok"]
    text = until(lambda: _twice(port, labels))
    assert f"costtop_cost_usd_total{labels} 0.0018" in text and _corrected(port)


def _corrected(port: int) -> str:
    text = _get(port, "/metrics")
    return text if "costtop_cost_correction_usd 0.0018" in text else ""


def _twice(port: int, labels: str) -> str:
    text = _get(port, "/metrics")
    return text if f"costtop_calls_total{labels} 2.0" in text else ""


def test_counters_go_on_after_a_restart(instance, port):
    with connected(instance.socket) as peer:
        assert ask(peer, line())["ok"]
    instance.kill()
    instance.start()
    assert "costtop_calls_total{" in until(lambda: _get(port, "/metrics"))


def _price(instance, dollars: str) -> None:
    (instance.home / "prices.toml").write_text(
        f'[[price]]\nmodel = "acme-1"\nper_million = {{ input = "{dollars}", output = "$0" }}\n'
    )


def _again(instance, port: int) -> str:
    """What is told by another daemon; its first answer is kept for the next one."""
    instance.kill()
    instance.start()
    return until(lambda: _cost(port))


def _cost(port: int) -> str:
    found = re.search(r"costtop_cost_usd_total{.*} (\S+)", _get(port, "/metrics"))
    return found[1] if found else ""


def test_a_price_that_fell_while_no_daemon_ran_is_no_fall_of_a_counter(instance, port):
    instance.kill()
    _price(instance, "$10")
    instance.start()
    with connected(instance.socket) as peer:
        assert ask(peer, line(feature="shop", model="acme-1", provider="acme"))["ok"]
    assert _again(instance, port) == "0.012"
    instance.kill()
    _price(instance, "$1")
    assert instance.run("reprice").returncode == 0
    assert _again(instance, port) == "0.012"
    assert "costtop_cost_correction_usd -0.0108" in _get(port, "/metrics")
    kept = instance.home / "metrics.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.unlink()
    assert _again(instance, port) == "0.0012"


def test_how_costtop_is_stands_beside_the_totals(port):
    text = _get(port, "/metrics")
    for said in (
        *('listener_up{listener="metrics"} 1.0', "store_unreadable 0.0", "import_left_bytes 0.0"),
        *('faults{kind="full"} 0.0', 'open_alerts{severity="critical"} 0.0'),
    ):
        assert f"costtop_{said}" in text
    assert "costtop_channel_up{" not in text and "costtop_trouble{" not in text


def test_without_a_database_how_costtop_is_is_told_alone(tmp_path):
    (tmp_path / "costtop.db").write_bytes(b"no database" * 1000)
    health = OwnHealth(
        version="1", started=0, lag=9000, lag_at=now_ms() - 90_000, importing=False, left=0,
        bad_lines=0, faults=("broken", "broken"), trouble="disk-broken", listeners=(),
    )  # fmt: skip
    told = MetricsChannel(Metrics(), tmp_path / "costtop.db", Counters(), lambda: health)
    text = asyncio.run(told._text()).decode()
    assert "costtop_store_unreadable 1.0" in text and "costtop_calls_total" not in text
    assert 'costtop_faults{kind="broken"} 2.0' in text
    assert 'costtop_trouble{code="disk-broken"} 1.0' in text
    assert "costtop_read_lag_seconds 0.0" in text, "that was more than a minute ago"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/metrics", {"Host": "evil.example"}, "403"),
        ("/metrics", {"Origin": "http://localhost"}, "403"),
        ("/", {}, "404"),
        ("/v1/kill", {}, "404"),
    ],
)
def test_strangers_and_other_paths_get_nothing(port, path, headers, status):
    told = _get(port, path, **headers)
    assert told.split(" ")[1] == status and "costtop_" not in told


def test_an_endless_header_is_hung_up_on(port):
    with socket.create_connection(("127.0.0.1", port), 20) as peer:
        peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: " + b"x" * 20_000)
        assert peer.recv(100) == b""


def test_doctor_shows_where_it_is(instance, port):
    found = until(
        lambda: json.loads(instance.run("doctor", "--json").stdout)["daemon"].get("channels")
    )
    assert found[0]["address"] == f"http://127.0.0.1:{port}/metrics"
