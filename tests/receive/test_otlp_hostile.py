"""The OTLP receiver against hostile requests: O1 to O6 of RELIABILITY 3.7."""

import asyncio
import gzip
import os
import socket
import subprocess
from contextlib import suppress
from typing import Any

import pytest

from costtop import paths
from tests.patience import until
from tests.receive.otlp_client import JSON, PROTOBUF, chat, opened, post, reachable, shown, traces

pytest.importorskip("aiohttp", reason="needs the extra otlp")
pytest.importorskip("opentelemetry.proto", reason="needs the extra otlp")


REFUSED = (
    ("/v1/traces", {"Host": "evil.example"}, 403),
    ("/v1/traces", {"Host": "evil.example:4318"}, 403),
    ("/v1/traces", {"Origin": "http://localhost"}, 403),
    ("/v1/traces", {"Content_Type": "text/plain"}, 415),
    ("/v1/traces", {"Content_Encoding": "gzip, gzip"}, 415),
    ("/v1/traces", {"Content_Encoding": "snappy"}, 415),
    ("/v1/kill", {}, 404),
    ("/traces", {}, 404),
    ("/", {}, 404),
)


def test_what_a_browser_or_a_stranger_would_send_is_refused(heard, port):
    for path, headers, status in REFUSED:
        code, _, told = post(port, path, traces(chat()), **headers)
        assert code == status, (path, headers)
        assert not any(name.lower().startswith("access-control") for name in told)
    assert heard.calls() == 0


def test_a_bomb_is_refused_and_costs_no_memory(heard, port):
    bomb = gzip.compress(b"\0" * (256 << 20))
    post(port, "/v1/traces", traces(chat()))
    before = heard.memory()
    for body in (bomb, gzip.compress(bomb)):
        for _ in range(5):
            assert post(port, "/v1/traces", body, Content_Encoding="gzip")[0] in (400, 413)
    assert heard.memory() - before < 30 << 20
    with socket.create_connection(("127.0.0.1", port), 20) as peer:  # plain, without a length
        peer.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + _shown()
            + b"Transfer-Encoding: chunked\r\n\r\n"
        )
        with suppress(OSError):
            for _ in range(80):
                peer.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        assert b" 413 " in peer.recv(1000)


def _shown() -> bytes:
    return f"Authorization: {shown()['Authorization']}\r\n".encode()


def test_a_lying_length_and_a_body_that_is_never_read_are_harmless(heard, port):
    head = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), 20) as peer:
        peer.sendall(head + _shown() + b"Content-Length: 99999999999\r\n\r\n")
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
    b"Authorization: Bearer aaaaaaaaaaaaaaaaaaaa\r\nContent-Length: 1000\r\n\r\n",
    "second request": b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
    b"Authorization: Bearer aaaaaaaaaaaaaaaaaaaa\r\n"
    b"Content-Type: application/json\r\n\r\n{}POST",
}


@pytest.mark.parametrize("start", SLOW.values(), ids=SLOW)
async def test_a_peer_that_drips_is_hung_up_on_at_the_deadline(start):
    from costtop.receive import body, otlp_http

    async def take(_signal: str, _tree: Any) -> otlp_http.Rejected:
        return otlp_http.Rejected()

    assert body.DEADLINE <= 10
    receiver = otlp_http.Receiver(take, "127.0.0.1", "a" * 20, deadline=0.5)
    async with otlp_http.listening(receiver, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(start)
        with suppress(OSError):
            while True:  # for ever, if nobody hangs up: the test's own timeout says so
                try:
                    async with asyncio.timeout(0.1):
                        if not await reader.read(1000):
                            break
                except TimeoutError:
                    writer.write(b" ")
                    await writer.drain()
        writer.close()


async def test_a_full_queue_and_a_store_that_cannot_are_told_when_to_try_again():
    from costtop.receive import otlp_http

    release = asyncio.Event()

    async def take(_signal: str, _tree: Any) -> otlp_http.Rejected:
        await release.wait()
        raise otlp_http.Unstorable("disk full")

    receiver = otlp_http.Receiver(take, "127.0.0.1", "a" * 20)
    async with otlp_http.listening(receiver, "127.0.0.1", 0) as port:
        posts = [asyncio.create_task(_posted(port)) for _ in range(7)]
        done, _ = await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 3:
            done, _ = await asyncio.wait(posts, timeout=0.05)
        release.set()
        answers = await asyncio.gather(*posts)
    assert sorted(status for status, _, _ in answers) == [429] * 3 + [503] * 4
    assert all(int(headers["Retry-After"]) > 0 for _, _, headers in answers)


async def _posted(port: int) -> tuple[int, bytes, Any]:
    return await asyncio.to_thread(
        post, port, "/v1/traces", b"{}", Authorization=f"Bearer {'a' * 20}"
    )


def test_the_receiver_makes_its_own_token_and_takes_nothing_without_it(heard, port):
    file = paths.find().otlp_token
    assert file.stat().st_mode & 0o777 == 0o600
    secret = file.read_text().strip()
    assert len(secret) >= 32
    body = traces(chat())
    for given in ("", "Bearer", "Bearer wrong", f"Basic {secret}", f"Bearer {secret}x", secret):
        assert post(port, "/v1/traces", body, Authorization=given)[0] == 401
    assert heard.calls() == 0
    assert post(port, "/v1/traces", body)[0] == 200
    assert heard.calls() == 1
    heard.stop()
    heard.start()
    until(lambda: reachable(port))
    assert file.read_text().strip() == secret  # programs that know it need not be told anew
    assert secret not in heard.log()


@pytest.mark.parametrize("left", [b"", b"\0" * 44, b"\n"])
def test_a_token_that_a_power_cut_has_emptied_is_made_anew(instance, port, left):
    file = paths.find().otlp_token
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(left)
    opened(instance, port)
    assert len(file.read_text().strip()) > 30
    assert post(port, "/v1/traces", traces(chat()))[0] == 200


def test_doctor_says_where_the_token_is_and_how_it_is_sent(heard, port):
    file = paths.find().otlp_token
    ran = heard.run("doctor")
    assert f"http://127.0.0.1:{port} asks for the token in {file}" in ran.stdout
    line = next(line for line in ran.stdout.splitlines() if "export OTEL_" in line)
    told = subprocess.run(
        ["sh", "-c", f"{line}; env"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/bin"},
    )
    secret = file.read_text().strip()
    assert f"OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20{secret}" in told.stdout
    assert secret not in ran.stdout


def test_a_token_is_asked_for_before_the_body_is_read(instance, port):
    token = instance.home / "token"
    instance.home.mkdir(mode=0o700)
    token.write_text("0123456789abcdef-secret\n")
    token.chmod(0o600)
    opened(instance, port, f'token_file = "{token}"\n')
    body = traces(chat())
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        assert post(port, "/v1/traces", body, **given)[0] == 401
    with socket.create_connection(("127.0.0.1", port), 20) as peer:
        peer.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
        assert b" 401 " in peer.recv(1000)  # though not a byte of the body has been sent
    good = {"Authorization": "Bearer 0123456789abcdef-secret"}
    assert post(port, "/v1/traces", body, **good)[0] == 200
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
        assert post(port, "/v1/traces", body, Content_Type=kind)[0] == 400
    for body in (b"null", b'{"resourceSpans": 7}', b'{"resourceSpans": [{"scopeSpans": [[]]}]}'):
        assert post(port, "/v1/traces", body)[0] in (200, 400)
    assert heard.calls() == 0


def test_a_million_attributes_cost_a_bounded_time(heard, port):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add()
    for _ in range(1_000_000):
        span.attributes.add()
    body = message.SerializeToString()
    before = heard.worked()
    assert post(port, "/v1/traces", body, Content_Type=PROTOBUF)[0] == 200
    assert heard.worked() - before < 5
