"""The short-lived process that hands messages to one endpoint. It imports nothing of costtop.

Run by path with `-I -P`, so that nothing is imported from the current directory or the environment
(RELIABILITY.md 0.9). A line of JSON on stdin says what to send and where, so that no secret stands
in argv or the environment; a line on stdout says how it went, without any text that came from
outside. It waits for another until it is half a minute old. Hard limits hold for each message,
whatever a channel's code does: Apprise cannot be cancelled (0.7).
"""

import contextlib
import functools
import ipaddress
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MEMORY = 512 << 20  # bytes of address space
SECONDS = 10  # of CPU, and of wall clock with a little grace: the parent kills sooner
STAYS = 30  # seconds from its beginning in which it waits for another message
REPLY = 65_536  # bytes of an answer that are read
REPLY_SECONDS = 1.5
TEMPORARY = {408, 409, 423, 425, 429}  # of the 4xx: worth another try
_TYPES = {"notice": "info", "warning": "warning", "critical": "failure", "": "success"}


def main() -> None:
    """Does one order after the other, says how each went, and leaves without waiting for more."""
    until = time.monotonic() + STAYS
    cap()
    while order := sys.stdin.buffer.readline():
        limit()
        sys.stdout.write(json.dumps(outcome_of(json.loads(order))) + "\n")
        sys.stdout.flush()
        left = until - time.monotonic()
        if left <= 0:
            break
        signal.setitimer(signal.ITIMER_REAL, left)
    os._exit(0)


def outcome_of(order: dict[str, Any]) -> dict[str, Any]:
    """How an order went, whatever comes of it."""
    try:
        return understood(order["urls"]) if "urls" in order else carry(order)
    except BaseException as error:  # whatever a plugin raises, MemoryError too
        return failure(f"the channel failed ({type(error).__name__})")


def cap() -> None:
    """Caps memory, and leaves no core dump with a secret in it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS refuses it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def limit() -> None:
    """Caps CPU and time of one message; of the CPU what went before is left out."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + SECONDS
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    signal.alarm(SECONDS + 2)


def carry(order: dict[str, Any]) -> dict[str, Any]:
    """Does the order: an Apprise URL, a line in a log file, or the desktop."""
    url = order["url"]
    if url.startswith("log:"):
        return write(url.removeprefix("log:"), order)
    if url.startswith("desktop:"):
        return show(order)
    return send(order)


def understood(urls: list[str]) -> dict[str, Any]:
    """What keeps each URL from ever being delivered, "" where nothing does. Nothing is sent."""
    import logging

    logging.disable(logging.CRITICAL)
    return {"faults": [fault(url) for url in urls]}


def fault(url: str) -> str:
    """Of one URL; it names its service at most, for the rest is a secret."""
    if url.startswith("log:"):
        folder = os.path.dirname(os.path.abspath(os.path.expanduser(url.removeprefix("log:"))))
        return "" if os.access(folder, os.W_OK) else "the folder of the log file cannot be written"
    if url.startswith("desktop:"):
        return ""
    import apprise

    schema = url.partition(":")[0].lower()
    known = channels(schema)
    if schema not in known:
        import difflib

        close = difflib.get_close_matches(schema, known.schemas(), 1)
        guess = f"; did you mean {close[0]}://?" if close else ""
        return f"{schema}:// is no service that Apprise knows{guess}"
    service = known[schema]
    if not service.enabled:
        needs = service.requirements.get("packages_required") or "what this machine lacks"
        needs = needs if isinstance(needs, str) else ", ".join(map(str, needs))
        return f"{schema}:// needs {needs} beside costtop"
    if apprise.Apprise.instantiate(url, suppress_exceptions=True) is None:
        name = service.service_name
        return f"{schema}:// is known, but the rest of the URL is not what {name} needs"
    return ""


def success(state: str = "sent") -> dict[str, Any]:
    return {"ok": True, "state": state, "permanent": False, "error": ""}


def failure(error: str, *, permanent: bool = False) -> dict[str, Any]:
    return {"ok": False, "state": "", "permanent": permanent, "error": error}


def write(path: str, order: dict[str, Any]) -> dict[str, Any]:
    """Appends one line to a file of this user's, made with mode 0600."""
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    body = " / ".join(order["body"].splitlines())
    line = f"{when} {order['severity'] or 'resolved'} {order['title']} / {body}\n"
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(os.path.expanduser(path), flags, 0o600)
        os.write(file, line.encode())
    except OSError as error:
        return failure(f"the log file: {error.strerror}")
    return success()


def show(order: dict[str, Any]) -> dict[str, Any]:
    """A desktop notification, or "screen" where there is no desktop: an open screen rings."""
    title, body = order["title"], order["body"]
    urgency = "critical" if order["severity"] == "critical" else "normal"
    script = (
        "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
    )
    tools = (
        ["notify-send", "--app-name=costtop", f"--urgency={urgency}", "--", title, body],
        ["terminal-notifier", "-title", title, "-message", body],
        ["osascript", "-e", script, title, body],
    )
    for command in tools:
        tool = shutil.which(command[0])
        if tool is None:
            continue
        done = subprocess.run(
            [tool, *command[1:]],
            check=False,
            timeout=5,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if done.returncode == 0:
            return success()
    return success("screen")


def send(order: dict[str, Any]) -> dict[str, Any]:
    """Through Apprise; what the wire said decides between "try again" and "never"."""
    import logging

    logging.disable(logging.CRITICAL)  # tokens stand in Apprise's log, even at WARNING
    import apprise

    seen = guard(order["token"], insecure=order["insecure"])
    asset = apprise.AppriseAsset(
        app_id="costtop",
        app_desc="costtop",
        app_url="",
        async_mode=False,
        http_redirects=False,
        interpret_escapes=False,
        interpret_emojis=False,
        storage_mode="memory",
        plugin_paths=[],
    )
    channels(order["url"].partition(":")[0].lower())
    plugin = apprise.Apprise.instantiate(order["url"], asset=asset, suppress_exceptions=True)
    if plugin is None:
        return failure("Apprise does not understand the URL (costtop alerts test)", permanent=True)
    post = apprise.Apprise(asset=asset)
    post.add(plugin)
    if order["parent"] != os.getppid():  # killed meanwhile: the next daemon sends this letter
        return failure("the daemon is gone")
    room = plugin.body_maxlen - (0 if plugin.title_maxlen else len(order["title"]) + 2)
    done = post.notify(
        body=order["body"] if len(order["body"]) <= room else order["short"],
        title=order["title"],
        notify_type=_TYPES[order["severity"]],
        body_format="text",
    )
    return success() if done else judge(seen)


@functools.cache
def channels(schema: str) -> Any:
    """Apprise's register of channels with that of the schema, and with all where it is not found.

    Left to itself, Apprise loads its 180 channels for one message: more than half of what it costs.
    It loads what a folder names, so it is given one that names a single channel.
    """
    from apprise.manager_plugins import NotificationManager

    known: Any = NotificationManager()  # type: ignore[no-untyped-call]
    with contextlib.suppress(OSError):
        if name := channel_of(schema):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, name).touch()
                known.load_modules(folder, "apprise.plugins")
    if schema not in known:  # a page's own URL perhaps, which its channel alone recognises
        known.load_modules()
    return known


def channel_of(schema: str) -> str:
    """Apprise's module whose source names the schema as its protocol, or ""; raises OSError."""
    from apprise import plugins

    names = re.compile(
        rb"""protocol = (?:[(\[{][^)\]}]*)?["']%b["']""" % re.escape(schema.encode())
    )
    folder = Path(str(plugins.__file__)).parent
    for file in folder.rglob("*.py"):
        if names.search(file.read_bytes()):
            return file.relative_to(folder).parts[0].removesuffix(".py")
    return ""


def judge(seen: dict[str, Any]) -> dict[str, Any]:
    """What a failed notification means, from the status or the error that was seen on the wire."""
    status = seen.get("status")
    if seen.get("refused"):
        text = "refused: plain http to another machine; use https, or insecure = true"
        return failure(text, permanent=True)
    if status is None:
        return failure(seen.get("error", "the channel did not take it"))
    if 300 <= status < 400:
        return failure(f"HTTP {status}: a redirect, which is not followed", permanent=True)
    permanent = 400 <= status < 500 and status not in TEMPORARY
    return failure(f"HTTP {status}", permanent=permanent)


def guard(token: str, *, insecure: bool) -> dict[str, Any]:
    """Makes every HTTP request of this process harmless; returns what was seen last.

    No redirect is followed (it would carry the message, with its token, to another host), no plain
    http leaves the machine, and of an answer only its head and a little of its body are read.
    """
    import requests

    seen: dict[str, Any] = {}
    adapter: Any = requests.adapters.HTTPAdapter
    session: Any = requests.Session
    real = getattr(adapter.send, "real", adapter.send)  # of the message before, in this process

    def careful(self: Any, request: Any, **options: Any) -> Any:
        parts = urlsplit(request.url)
        host = str(parts.hostname)  # "None" of a URL without one: nowhere, so not this machine
        if parts.scheme == "http" and not insecure and not is_loopback(host):
            seen["refused"] = True
            raise requests.exceptions.ConnectionError
        request.headers["Idempotency-Key"] = token
        options.update(stream=True, timeout=(4, 8), proxies=proxies(host, options))
        try:
            response = real(self, request, **options)
        except requests.exceptions.RequestException as error:
            seen["error"] = kind_of(error)
            raise
        seen["status"] = response.status_code
        response._content = some(response)  # noqa: SLF001 - there is no public way to read less
        response._content_consumed = True  # noqa: SLF001
        return response

    careful.real = real  # type: ignore[attr-defined]
    adapter.send = careful
    session.resolve_redirects = lambda *_, **__: iter(())
    return seen


def proxies(host: str, options: dict[str, Any]) -> dict[str, str]:
    """The proxies of the environment, but none for this machine itself."""
    return {} if is_loopback(host) else options.get("proxies") or {}


def is_loopback(host: str) -> bool:
    """As in `daemon.ingest.otlp_calls`: written again, for this program imports nothing of ours."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def some(response: Any) -> bytes:
    """The beginning of the answer's body: a huge or dripping one has said enough by its status."""
    kept = b""
    until = time.monotonic() + REPLY_SECONDS
    with contextlib.suppress(Exception):
        while len(kept) < REPLY and time.monotonic() < until:
            part = response.raw.read1(REPLY - len(kept), decode_content=True)
            if not part:
                break
            kept += part
    with contextlib.suppress(Exception):
        response.close()
    return kept


def kind_of(error: Exception) -> str:
    """The failure in plain words, never the library's text: that contains the URL."""
    names = {type(error).__name__}
    cause: Any = error
    for _ in range(5):
        cause = getattr(cause, "reason", None) or cause.__cause__ or (cause.args or (None,))[0]
        if not isinstance(cause, BaseException):
            break
        names.add(type(cause).__name__)
    words = (
        ("NameResolutionError", "its name is not found"),
        ("SSLError", "TLS failed"),
        ("SSLCertVerificationError", "its certificate is not valid"),
        ("ConnectTimeout", "no connection in time"),
        ("ReadTimeout", "no answer in time"),
        ("ConnectionRefusedError", "connection refused"),
        ("ProxyError", "the proxy failed"),
    )
    return next((text for name, text in words if name in names), "no connection")


if __name__ == "__main__":
    main()
