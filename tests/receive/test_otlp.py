"""The OTLP receiver with the real OpenTelemetry exporters, and against hostile requests."""

import asyncio
import gzip
import json
import os
import socket
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.receive.running import Instance, until

pytest.importorskip("aiohttp", reason="needs the extra otlp")
pytest.importorskip("opentelemetry.proto", reason="needs the extra otlp")
PROTOBUF, JSON = "application/x-protobuf", "application/json"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def heard(instance: Instance, port: int) -> Instance:
    """A daemon with its receiver open."""
    return _listening(instance, port)


def _listening(instance: Instance, port: int, more: str = "") -> Instance:
    instance.home.mkdir(mode=0o700, exist_ok=True)
    config = f"[receive.otlp]\nport = {port}\n{more}"
    (instance.home / "config.toml").write_text(config)
    instance.start()
    until(lambda: _reachable(port))
    return instance


def _reachable(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _post(port: int, path: str, body: bytes, **headers: str) -> tuple[int, bytes, Any]:
    named = {"Content-Type": JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, named)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def _pairs(**said: Any) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    return [
        {"key": name.replace("__", "."), "value": {kinds[type(value)]: value}}
        for name, value in said.items()
    ]


def _chat(number: int = 1, **said: Any) -> dict[str, Any]:
    told = {
        "gen_ai__operation__name": "chat", "gen_ai__provider__name": "anthropic",
        "gen_ai__request__model": "claude-sonnet-4-5", "gen_ai__usage__input_tokens": 1200,
        "gen_ai__usage__output_tokens": 300, "gen_ai__conversation__id": "conv-1", **said,
    }  # fmt: skip
    now = time.time_ns()
    return {"traceId": "a" * 32, "spanId": f"{number:016x}", "name": "chat", "kind": 3,
            "startTimeUnixNano": str(now), "endTimeUnixNano": str(now),
            "attributes": _pairs(**told)}  # fmt: skip


def _traces(*spans: dict[str, Any]) -> bytes:
    resource = {"attributes": _pairs(service__name="shop", team__id="payments")}
    return json.dumps(
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}
    ).encode()


def test_spans_of_the_real_exporter_are_counted_and_a_resend_counts_once(heard, port):
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("t")
    usage = {"gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 300}
    with tracer.start_as_current_span("invoke_agent") as agent:
        agent.set_attributes({"gen_ai.operation.name": "invoke_agent", **usage})
        for _ in range(3):
            with tracer.start_as_current_span("chat") as chat:
                chat.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.system": "anthropic",
                    "gen_ai.response.model": "claude-sonnet-4-5", **usage})  # fmt: skip
    url = f"http://127.0.0.1:{port}/v1/traces"
    for compression in (None, None, _gzip()):
        exporter = OTLPSpanExporter(url, compression=compression)
        assert exporter.export(kept.get_finished_spans()).name == "SUCCESS"
        exporter.shutdown()
    total = heard.report()["total"]
    assert (total["calls"], total["input_tokens"], total["output_tokens"]) == (3, 3600, 900)
    assert total["cost_usd"] == "0.024300000"


def _gzip() -> Any:
    from opentelemetry.exporter.otlp.proto.http import Compression

    return Compression.Gzip


def test_metrics_of_the_real_exporter_are_counted_while_nothing_finer_comes(heard, port):
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource

    exporter = OTLPMetricExporter(f"http://127.0.0.1:{port}/v1/metrics")
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], resource=Resource.create({"service.name": "shop"}))
    usage = provider.get_meter("t").create_histogram("gen_ai.client.token.usage")
    who = {"gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.provider.name": "anthropic"}
    for tokens in (1000, 2000):
        usage.record(tokens, {**who, "gen_ai.token.type": "input"})
        usage.record(tokens // 10, {**who, "gen_ai.token.type": "output"})
        reader.collect()  # cumulative: the second export repeats the first
    provider.shutdown()  # and a third repeats both
    total = heard.report()["total"]
    assert (total["input_tokens"], total["output_tokens"]) == (3000, 300)
    assert _post(port, "/v1/traces", _traces(_chat()))[0] == 200
    total = heard.report()["total"]
    assert (total["calls"], total["input_tokens"]) == (1, 1200)


def test_log_events_of_the_real_exporter_are_counted(heard, port):
    from opentelemetry._logs import LogRecord
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(Resource.create({"service.name": "claude-code"}))
    exporter = OTLPLogExporter(f"http://127.0.0.1:{port}/v1/logs")
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    said = {"event.name": "api_request", "model": "claude-opus-5", "input_tokens": "3",
            "output_tokens": 345, "cache_read_tokens": 17842, "cache_creation_tokens": 8165,
            "cost_usd": "0.0686", "session.id": "s-1", "request_id": "req_1",
            "user.email": "ana@example.org"}  # fmt: skip
    for _ in range(2):
        record = LogRecord(
            timestamp=time.time_ns(), body="claude_code.api_request", attributes=said
        )
        provider.get_logger("com.anthropic.claude_code.events").emit(record)
    provider.shutdown()
    report = heard.report("session")
    (row,) = report["rows"]
    assert (row["key"], row["calls"], row["cost_usd"]) == ("claude-code/s-1", 1, "0.068600000")
    assert (row["user"], row["reported_cost_usd"]) == ("ana@example.org", "0.068600000")


def test_json_and_gzip_and_partial_success(heard, port):
    body = _traces(_chat(1), _chat(2, gen_ai__usage__input_tokens=-1))
    status, answer, _ = _post(port, "/v1/traces", gzip.compress(body), Content_Encoding="gzip")
    assert status == 200
    assert json.loads(answer)["partialSuccess"]["rejectedSpans"] == 1
    assert _post(port, "/v1/traces", _traces(_chat(3)))[1] == b"{}"
    assert heard.calls() == 2


def test_a_daemon_killed_after_the_answer_has_every_call(heard, port):
    for number in range(1, 40):
        assert _post(port, "/v1/traces", _traces(_chat(number)))[0] == 200
    heard.kill()
    heard.start()
    assert heard.calls() == 39


def test_the_receiver_is_off_unless_configured_and_doctor_shows_it(heard, port):
    _post(port, "/v1/traces", _traces(_chat()))
    until(lambda: "otlp" in heard.run("doctor").stdout)
    told = json.loads(heard.run("doctor", "--json").stdout)["daemon"]["channels"]
    assert told[0]["address"].endswith(str(port)) and not told[0]["trouble"]
    (heard.home / "config.toml").write_text("")
    until(lambda: not _reachable(port))


def test_a_port_that_another_program_has_is_told_and_the_daemon_goes_on(instance):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        instance.home.mkdir(mode=0o700)
        (instance.home / "config.toml").write_text(f"[receive.otlp]\nport = {port}\n")
        instance.start()
        until(lambda: "cannot listen" in instance.run("doctor").stdout)


# --------------------------------------------------------------- O1 to O6 of RELIABILITY 3.7


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/traces", {"Host": "evil.example"}, 403),
        ("/v1/traces", {"Host": "evil.example:4318"}, 403),
        ("/v1/traces", {"Origin": "http://localhost"}, 403),
        ("/v1/traces", {"Content_Type": "text/plain"}, 415),
        ("/v1/traces", {"Content_Encoding": "gzip, gzip"}, 415),
        ("/v1/traces", {"Content_Encoding": "snappy"}, 415),
        ("/v1/kill", {}, 404),
        ("/traces", {}, 404),
        ("/", {}, 404),
    ],
)
def test_what_a_browser_or_a_stranger_would_send_is_refused(heard, port, path, headers, status):
    code, _, told = _post(port, path, _traces(_chat()), **headers)
    assert code == status
    assert not any(name.lower().startswith("access-control") for name in told)
    assert heard.calls() == 0


def test_a_bomb_is_refused_quickly_and_costs_no_memory(heard, port):
    bomb = gzip.compress(b"\0" * (256 << 20))
    _post(port, "/v1/traces", _traces(_chat()))
    before, began = heard.memory(), time.monotonic()
    for body in (bomb, gzip.compress(bomb)):
        for _ in range(5):
            assert _post(port, "/v1/traces", body, Content_Encoding="gzip")[0] in (400, 413)
    assert time.monotonic() - began < 10
    assert heard.memory() - before < 30 << 20
    with socket.create_connection(("127.0.0.1", port), 20) as peer:  # plain, without a length
        peer.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        with suppress(OSError):
            for _ in range(80):
                peer.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        assert b" 413 " in peer.recv(1000)


def test_a_lying_length_and_a_body_that_is_never_read_are_harmless(heard, port):
    head = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), 20) as peer:
        peer.sendall(head + b"Content-Length: 99999999999\r\n\r\n")
        assert b" 413 " in peer.recv(1000)
    before = heard.memory()
    with socket.create_connection(("127.0.0.1", port), 20) as peer:
        unread = gzip.compress(b"\0" * (64 << 20))
        peer.sendall(
            b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
            b"Content-Length: %d\r\n\r\n" % len(unread) + unread
        )
        assert b" 404 " in peer.recv(1000)
    assert heard.memory() - before < 20 << 20


SLOW = {
    "request line": b"POST /v1/traces HTT",
    "headers": b"POST /v1/traces HTTP/1.1\r\nHost: a",
    "body": b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n",
    "second request": b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    b"Content-Type: application/json\r\n\r\n{}POST",
}


@pytest.mark.parametrize("start", SLOW.values(), ids=SLOW)
async def test_a_peer_that_drips_is_hung_up_on_at_the_deadline(start):
    from costtop.receive import body, otlp

    async def take(_signal: str, _tree: Any) -> otlp.Rejected:
        return otlp.Rejected()

    assert body.DEADLINE <= 10
    receiver = otlp.Receiver(take, "127.0.0.1", deadline=0.5)
    async with otlp.listening(receiver, "127.0.0.1", 0) as port:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(start)
        with suppress(OSError):
            while time.monotonic() - began < 10:
                try:
                    async with asyncio.timeout(0.1):
                        if not await reader.read(1000):
                            break
                except TimeoutError:
                    writer.write(b" ")
                    await writer.drain()
        writer.close()
    assert time.monotonic() - began < 3


async def test_a_full_queue_and_a_store_that_cannot_are_told_when_to_try_again():
    from costtop.receive import otlp

    release = asyncio.Event()

    async def take(_signal: str, _tree: Any) -> otlp.Rejected:
        await release.wait()
        raise otlp.Unstorable("disk full")

    receiver = otlp.Receiver(take, "127.0.0.1")
    async with otlp.listening(receiver, "127.0.0.1", 0) as port:
        posts = [asyncio.create_task(_posted(port)) for _ in range(7)]
        done, _ = await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 3:
            done, _ = await asyncio.wait(posts, timeout=0.05)
        release.set()
        answers = await asyncio.gather(*posts)
    assert sorted(status for status, _, _ in answers) == [429] * 3 + [503] * 4
    assert all(int(headers["Retry-After"]) > 0 for _, _, headers in answers)


async def _posted(port: int) -> tuple[int, bytes, Any]:
    return await asyncio.to_thread(_post, port, "/v1/traces", b"{}")


def test_a_token_is_asked_for_before_the_body_is_read(instance, port):
    token = instance.home / "token"
    instance.home.mkdir(mode=0o700)
    token.write_text("0123456789abcdef-secret\n")
    token.chmod(0o600)
    _listening(instance, port, f'token_file = "{token}"\n')
    body = _traces(_chat())
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        assert _post(port, "/v1/traces", body, **given)[0] == 401
    with socket.create_connection(("127.0.0.1", port), 20) as peer:
        peer.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
        assert b" 401 " in peer.recv(1000)  # though not a byte of the body has been sent
    good = {"Authorization": "Bearer 0123456789abcdef-secret"}
    assert _post(port, "/v1/traces", body, **good)[0] == 200
    assert "secret" not in instance.log()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ('host = "0.0.0.0"', "open to other machines"),
        ('token_file = "{home}/none"', "cannot read"),
        ('token_file = "{home}/open"', "chmod 600"),
    ],
)
def test_a_receiver_open_to_others_is_refused_at_start(instance, config, reason):
    instance.home.mkdir(mode=0o700)
    open_file = instance.home / "open"
    open_file.write_text("0123456789abcdef-secret")
    open_file.chmod(0o644)
    text = f"[receive.otlp]\n{config.format(home=instance.home)}\n"
    (instance.home / "config.toml").write_text(text)
    ran = instance.run("daemon")
    assert ran.returncode == 78 and reason in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_garbage_is_answered_with_400(heard, port, kind):
    for body in (os.urandom(1000), b"[" * 100_000, b"\x0a\xff\xff\xff\xff\x0f"):
        assert _post(port, "/v1/traces", body, Content_Type=kind)[0] == 400
    for body in (b"null", b'{"resourceSpans": 7}', b'{"resourceSpans": [{"scopeSpans": [[]]}]}'):
        assert _post(port, "/v1/traces", body)[0] in (200, 400)
    assert heard.calls() == 0


def test_a_million_attributes_cost_a_bounded_time(heard, port):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    for _ in range(1_000_000):
        span.attributes.add()
    body = message.SerializeToString()
    began = time.monotonic()
    assert _post(port, "/v1/traces", body, Content_Type=PROTOBUF)[0] == 200
    assert time.monotonic() - began < 5


def test_the_visual_studio_sample_has_no_inference_span_and_counts_nothing(heard, port, shared):
    folder = shared / "samples" / "copilot-visualstudio-otel"
    for file in sorted(folder.glob("*.jsonl")):
        for row in file.read_bytes().splitlines():
            assert _post(port, "/v1/traces", row)[0] == 200
    assert heard.calls() == 0


def test_claude_codes_sample_joined_with_a_transcript_counts_once(heard, port, shared):
    sample = (shared / "samples/otel/SYNTHETIC_claude_code_api_request.otlp.json").read_bytes()
    session = "ae4a77f8-aedd-4bc1-888f-c94edc91af04"
    for _ in range(2):
        assert _post(port, "/v1/logs", sample)[0] == 200
    assert heard.calls() == 1
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 8165, "output_tokens": 345,
             "cache_read_input_tokens": 17842}  # fmt: skip
    row = {"type": "assistant", "sessionId": session, "requestId": "req_011CY4", "cwd": "/shop",
           "timestamp": "2026-11-20T10:00:00.000Z", "uuid": "u",
           "message": {"id": "msg_1", "model": "claude-opus-5", "usage": usage}}  # fmt: skip
    folder = Path(os.environ["HOME"]) / ".claude" / "projects" / "-shop"
    folder.mkdir(parents=True)
    (folder / f"{session}.jsonl").write_text(json.dumps(row) + "\n")
    until(lambda: heard.report("project")["rows"][0]["key"] != "(none)")
    (found,) = heard.report("session")["rows"]
    assert (found["calls"], found["cost_usd"]) == (1, "0.068600000")
    assert found["project"]
