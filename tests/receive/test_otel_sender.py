"""OpenTelemetry out: what a collector is sent, and that costtop never counts it again."""

import gzip
import itertools
import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from costtop.errors import ConfigError
from costtop.receive.otlp_plain import from_protobuf
from tests.patience import until
from tests.receive.running import ask, connected, line

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra otel")

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from costtop.config import Otel
from costtop.daemon.config_changes import otel_headers


class Collector:
    """A loopback collector: the bodies that it was sent, decoded by the SDK's own classes."""

    def __init__(self) -> None:
        self.status, self.bodies, self.headers = 200, [], []
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.bodies.append((self.path, body))
                outer.headers.append(dict(self.headers))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def told(self) -> ExportMetricsServiceRequest | None:
        if not self.bodies:
            return None
        path, body = self.bodies[-1]
        assert path == "/v1/metrics"
        return ExportMetricsServiceRequest.FromString(body)

    def points(self, name: str) -> dict[tuple[str, ...], object]:
        """The points of one metric by model and token type or part."""
        found = {}
        for metric in _metrics(self.told):
            if metric.name == name:
                held = metric.histogram if metric.HasField("histogram") else metric.sum
                for point in held.data_points:
                    told = {one.key: one.value.string_value for one in point.attributes}
                    key = ("gen_ai.request.model", "gen_ai.token.type", "costtop.token.part")
                    found[tuple(told[one] for one in key if one in told)] = point
        return found


def _metrics(told):
    return (
        [one for r in told.resource_metrics for s in r.scope_metrics for one in s.metrics]
        if told
        else []
    )


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def sending(instance, collector):
    """A daemon that holds one call of before and sends each second."""
    instance.start()
    with connected(instance.socket) as peer:
        assert ask(peer, line("before", model="claude-opus-4-6"))["ok"]
    instance.kill()
    (instance.home / "config.toml").write_text(
        f'[otel]\nendpoint = "http://127.0.0.1:{collector.port}"\nevery = "1s"\n'
    )
    instance.start()
    _until_sent(instance, lambda: collector.told)  # from then on every call is a new one
    return instance


def _until_sent(instance, true):
    """Records calls of one model until the answer is true: the first may come before the base."""
    numbers = itertools.count()
    return until(
        lambda: (_record(instance, f"warm-{next(numbers)}", model="claude-haiku-4-5"), true())[1]
    )


def _record(instance, session: str, **fields: object) -> None:
    with connected(instance.socket) as peer:
        assert ask(peer, line(session, provider="anthropic", feature="shop", **fields))["ok"]


def test_a_collector_gets_the_usage_of_the_conventions_and_the_cost(sending, collector):
    _record(sending, "s1", cache_read_tokens=200)
    _record(sending, "s2")
    usage = until(lambda: _whole(collector))
    assert {kind for model, kind in usage if model == "claude-sonnet-4-5"} == {"input", "output"}
    assert not any(model == "claude-opus-4-6" for model, _ in usage), "that was before"
    read = usage["claude-sonnet-4-5", "input"]
    assert (read.count, read.sum, list(read.bucket_counts)) == (2, 2400, [2])
    assert usage["claude-sonnet-4-5", "output"].sum == 600
    assert not read.HasField("min") and read.start_time_unix_nano < read.time_unix_nano
    said = {one.key: one.value.string_value for one in read.attributes}
    assert said == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
        "gen_ai.system": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.token.type": "input", "costtop.feature": "shop",
    }  # fmt: skip
    cost = collector.points("costtop.client.cost")["claude-sonnet-4-5",]
    assert 0.0150 < cost.as_double < 0.0163
    parts = collector.points("costtop.client.token.part")
    assert parts["claude-sonnet-4-5", "cache_read"].as_int == 200
    (resource,) = (one.resource for one in collector.told.resource_metrics)
    assert {one.key for one in resource.attributes} >= {"service.name", "costtop.exported"}


def _whole(collector):
    usage = collector.points("gen_ai.client.token.usage")
    both = usage.get(("claude-sonnet-4-5", "output"))
    return usage if both and both.count == 2 else None


def test_the_page_has_every_metric_with_its_kind_and_unit(sending, collector):
    _record(sending, "s1")
    until(lambda: collector.told)
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `([\w.]+)` \| (histogram|sum) \| `(\S+)` \|", page, re.MULTILINE)
    sent = [(one.name, one.WhichOneof("data"), one.unit) for one in _metrics(collector.told)]
    assert sorted(rows) == sorted(sent)
    sums = [one.sum for one in _metrics(collector.told) if one.HasField("sum")]
    assert all(one.is_monotonic and one.aggregation_temporality == 2 for one in sums)


def test_what_it_sent_is_not_counted_when_a_collector_hands_it_back(sending, collector, tmp_path):
    from costtop.sources.otlp.records import points

    _record(sending, "s1")
    until(lambda: collector.points("gen_ai.client.token.usage"))
    tree = from_protobuf("metrics", collector.bodies[-1][1])
    assert len(tree["resourceMetrics"]) == 1 and not list(points(tree))
    text = json.dumps(tree).replace("costtop.exported", "other.exported")
    assert list(points(json.loads(text))), "without the mark it would count"


def test_a_collector_that_refuses_is_a_trouble_that_ends(sending, collector):
    collector.status = 400
    _record(sending, "s1")
    said = until(lambda: _trouble(sending))
    assert (
        said.startswith(f"no metrics reach http://127.0.0.1:{collector.port}: ") and "400" in said
    )
    collector.status = 200
    until(lambda: not _trouble(sending))
    assert _record(sending, "s2") is None, "the daemon lives"
    assert "Traceback" not in sending.log()


def test_where_nobody_listens_it_says_so_and_the_daemon_ends_at_once(instance, collector):
    collector.server.shutdown()
    collector.server.server_close()
    instance.home.mkdir(mode=0o700)
    address = f"http://127.0.0.1:{collector.port}"
    (instance.home / "config.toml").write_text(f'[otel]\nendpoint = "{address}"\nevery = "1s"\n')
    instance.start()
    assert (
        _until_sent(instance, lambda: _trouble(instance))
        == f"no metrics reach {address}: Connection refused"
    )
    instance.stop()


def _trouble(instance) -> str:
    said = json.loads(instance.run("status", "--json").stdout)
    return str(said["trouble"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[otel]\nendpoint = "http://localhost:4318"\n[receive.otlp]\n', "costtop's own"),
        ('[otel]\nendpoint = "127.0.0.1:4318"\n', "where a collector listens"),
        ('[otel]\nendpoint = "http://127.0.0.1:99999"\n', "no such port"),
        ('[otel]\nendpoint = "http://127.0.0.1:1"\nevery = "0s"\n', "every"),
        ('[otel]\nendpoint = "http://127.0.0.1:1"\nheaders_file = "/nowhere"\n', "headers_file"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(instance, text, why):
    instance.home.mkdir(mode=0o700)
    (instance.home / "config.toml").write_text(text)
    ran = instance.run("config", "check")
    assert ran.returncode == 78 and why in ran.stdout + ran.stderr


def test_headers_come_from_a_file_of_ones_own(tmp_path):
    path = tmp_path / "headers"
    path.write_text("Authorization: Bearer x:y\n\nX-Team:  web \n")
    path.chmod(0o600)
    wanted = Otel(headers_file=str(path))
    assert otel_headers(wanted) == {"authorization": "Bearer x:y", "x-team": "web"}
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="open to others"):
        otel_headers(wanted)


def test_the_sdk_is_loaded_only_where_there_is_an_endpoint(home):
    code = (
        "import sys, costtop.daemon.main, costtop.daemon.status.otel_sender\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'requests'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
