"""Channels of different shapes on loopback: json, ntfy, Slack, Discord, a file, the desktop."""

import json
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from costtop.errors import ConfigError
from costtop.notify import address
from costtop.notify.send import send
from tests.notify.desk import endpoint
from tests.notify.test_faults import LETTER, asked

WORDS = LETTER._replace(
    title="[costtop] session 9f767c4: $5.80", body="what\nusual\nwhy\nkill it", severity="critical"
)


async def given(inbox, url: str) -> dict:
    outcome = await send(endpoint("chat", url.format(f"127.0.0.1:{inbox.port}")), WORDS)
    assert outcome.ok, outcome
    return json.loads(inbox.got[-1][3])


async def test_json_gets_title_body_and_severity(inbox):
    said = await given(inbox, "json://{}/hook")
    assert said["title"] == WORDS.title
    assert said["message"] == WORDS.body
    assert said["type"] == "failure"


@pytest.mark.parametrize(
    ("severity", "kind"),
    [("notice", "info"), ("warning", "warning"), ("critical", "failure"), ("", "success")],
)
async def test_severities_map_to_apprises_types(inbox, severity, kind):
    letter = WORDS._replace(severity=severity)
    assert (await send(endpoint("chat", f"json://127.0.0.1:{inbox.port}/"), letter)).ok
    assert json.loads(inbox.got[0][3])["type"] == kind


async def test_ntfy_gets_a_message_to_its_topic(inbox):
    inbox.answer = lambda _: (200, {}, b'{"id":"x"}')
    said = await given(inbox, "ntfy://{}/costs")
    assert said["topic"] == "costs"
    assert said["title"] == WORDS.title
    assert said["message"] == WORDS.body


async def test_mattermost_and_rocket_chat_get_slack_like_hooks(inbox):
    said = await given(inbox, "mmost://{}/3ccdd113474722377935511fc85d3dd4")
    assert WORDS.title in json.dumps(said, ensure_ascii=False)


async def test_a_hook_of_ones_own_shape_gets_its_field_names(inbox):
    said = await given(inbox, "json://{}/hook?:message=content&:title=username")
    assert said["content"] == WORDS.body
    assert said["username"] == WORDS.title


SERVICES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/costs",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
}


@pytest.fixture
def tls_proxy(tmp_path, monkeypatch):
    """A proxy that plays hooks.slack.com and discord.com with a certificate made for the test."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    names = "subjectAltName=DNS:hooks.slack.com,DNS:discord.com"
    key, cert = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test"
    subprocess.run(
        [*make.split(), "-keyout", key, "-out", cert, "-addext", names],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    got: list[tuple[str, bytes]] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            target = peer.recv(4096).split()[1].decode()
            peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with context.wrap_socket(peer, server_side=True) as inner:
                got.append((target, asked(inner)))
                inner.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    threading.Thread(target=serve, daemon=True).start()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", cert)
    yield got
    listener.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_real_service_gets_it_over_tls(tls_proxy, service):
    outcome = await send(endpoint("chat", SERVICES[service]), WORDS)
    assert outcome.ok, outcome
    [(target, body)] = tls_proxy
    assert target in {"hooks.slack.com:443", "discord.com:443"}
    text = json.dumps(json.loads(body), ensure_ascii=False)
    assert "session 9f767c4" in text
    assert "kill it" in text


async def test_a_channel_with_little_room_gets_the_short_form(inbox):
    long = WORDS._replace(body="x" * 40_000, short="short and sweet")
    inbox.answer = lambda _: (200, {}, b'{"id":"x"}')
    assert (await send(endpoint("chat", f"ntfy://127.0.0.1:{inbox.port}/costs"), long)).ok
    assert json.loads(inbox.got[0][3])["message"] == "short and sweet"


async def test_a_log_file_gets_one_private_line_a_message(tmp_path):
    path = tmp_path / "costs.log"
    for _ in range(2):
        assert (await send(endpoint("log", f"log:{path}"), WORDS)).ok
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith(f"critical {WORDS.title} / what / usual / why / kill it")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_log_file_that_is_a_link_or_a_pipe_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    outcome = await send(endpoint("log", f"log:{tmp_path}/link"), WORDS)
    assert not outcome.ok
    assert not (tmp_path / "elsewhere").exists()


async def test_the_desktop_is_notified_where_there_is_one(tmp_path, monkeypatch):
    tool, said = tmp_path / "notify-send", tmp_path / "said"
    tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    outcome = await send(endpoint("me", "desktop:"), WORDS)
    assert outcome.state == "sent"
    assert said.read_text().splitlines()[-5:] == [WORDS.title, *WORDS.body.splitlines()]
    assert "--urgency=critical" in said.read_text()


async def test_without_a_desktop_an_open_screen_is_to_ring(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = await send(endpoint("me", "desktop:"), WORDS)
    assert outcome.ok
    assert outcome.state == "screen"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ntfy://topic", ""),
        ("jsons://example.com/x", ""),
        ("json://127.0.0.1:8080/x", ""),
        ("https://discord.com/api/webhooks/1/x", ""),
        ("desktop:", ""),
        ("log:~/costs.log", ""),
        ("json://example.com/x", "json:// sends in the clear"),
        ("http://example.com/x", "http:// sends in the clear"),
        ("gotify://192.168.1.5/token", "use gotifys://"),
        ("dbus://", "no Apprise URL"),
        ("dbus://x", "use desktop:"),
        ("topic", "no Apprise URL"),
        ("log:", "needs a path"),
    ],
)
def test_a_url_is_judged_before_anything_is_sent(url, problem):
    found = address.fault(url)
    assert problem in found
    assert bool(found) == bool(problem)


def test_plain_http_may_be_allowed_by_name():
    assert not address.fault("gotify://192.168.1.5/token", insecure=True)


def test_the_config_is_checked_at_the_start_and_a_missing_secret_is_only_said():
    good = endpoint("a", "ntfy://topic")
    address.check(good, {})
    with pytest.raises(address.NoUrl, match="NOT_THERE is not set"):
        address.check(endpoint("b", "", url_env="NOT_THERE"), {})
    with pytest.raises(ConfigError, match="labels must differ"):
        address.check_labels([good, good])
    with pytest.raises(ConfigError, match="jsons://"):
        address.check(endpoint("a", "json://example.com/secret"), {})
    with pytest.raises(ConfigError, match="one of url"):
        address.check(endpoint("a", "ntfy://x", url_env="X"), {})
