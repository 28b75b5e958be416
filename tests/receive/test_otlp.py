"""The OTLP receiver with the real OpenTelemetry exporters, and joined with a real transcript."""

import gzip
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.receive.otlp_client import chat, post, reachable, shown, traces
from tests.receive.running import until

pytest.importorskip("aiohttp", reason="needs the extra otlp")
pytest.importorskip("opentelemetry.proto", reason="needs the extra otlp")


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
        exporter = OTLPSpanExporter(url, headers=shown(), compression=compression)
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

    exporter = OTLPMetricExporter(f"http://127.0.0.1:{port}/v1/metrics", headers=shown())
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
    assert post(port, "/v1/traces", traces(chat()))[0] == 200
    total = heard.report()["total"]
    assert (total["calls"], total["input_tokens"]) == (1, 1200)


def test_log_events_of_the_real_exporter_are_counted(heard, port):
    from opentelemetry._logs import LogRecord
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(Resource.create({"service.name": "claude-code"}))
    exporter = OTLPLogExporter(f"http://127.0.0.1:{port}/v1/logs", headers=shown())
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
    body = traces(chat(1), chat(2, gen_ai__usage__input_tokens=-1))
    status, answer, _ = post(port, "/v1/traces", gzip.compress(body), Content_Encoding="gzip")
    assert status == 200
    assert json.loads(answer)["partialSuccess"]["rejectedSpans"] == 1
    assert post(port, "/v1/traces", traces(chat(3)))[1] == b"{}"
    assert heard.calls() == 2


def test_a_daemon_killed_after_the_answer_has_every_call(heard, port):
    for number in range(1, 40):
        assert post(port, "/v1/traces", traces(chat(number)))[0] == 200
    heard.kill()
    heard.start()
    assert heard.calls() == 39


def test_the_receiver_is_off_unless_configured_and_doctor_shows_it(heard, port):
    post(port, "/v1/traces", traces(chat()))
    until(lambda: "otlp" in heard.run("doctor").stdout)
    told = json.loads(heard.run("doctor", "--json").stdout)["daemon"]["channels"]
    assert told[0]["address"].endswith(str(port)) and not told[0]["trouble"]
    (heard.home / "config.toml").write_text("")
    until(lambda: not reachable(port))


def test_a_port_that_another_program_has_is_told_and_the_daemon_goes_on(instance):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        instance.home.mkdir(mode=0o700)
        (instance.home / "config.toml").write_text(f"[receive.otlp]\nport = {port}\n")
        instance.start()
        until(lambda: "cannot listen" in instance.run("doctor").stdout)


def test_the_visual_studio_sample_has_no_inference_span_and_counts_nothing(heard, port, shared):
    folder = shared / "samples" / "copilot-visualstudio-otel"
    for file in sorted(folder.glob("*.jsonl")):
        for row in file.read_bytes().splitlines():
            assert post(port, "/v1/traces", row)[0] == 200
    assert heard.calls() == 0


def test_claude_codes_sample_joined_with_a_transcript_counts_once(heard, port, shared):
    sample = (shared / "samples/otel/SYNTHETIC_claude_code_api_request.otlp.json").read_bytes()
    session = "ae4a77f8-aedd-4bc1-888f-c94edc91af04"
    for _ in range(2):
        assert post(port, "/v1/logs", sample)[0] == 200
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
