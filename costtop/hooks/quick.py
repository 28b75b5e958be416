"""What hooks need, in the fewest imports: places, one field of JSON, a line to the daemon.

It parses no JSON and decides nothing. An agent waits for its hook at every tool call: `re`,
`typing`, `pathlib` and `json` alone would each take half of the time that there is.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from types import ModuleType

_LARGEST = 8 << 20  # bytes of input taken
_LARGEST_PART = 4000  # bytes of an object that is handed on
_PATIENCE = 0.02  # s for the daemon: it reads who our parents are while we wait
_PEER = (1, 17)  # SOL_SOCKET, SO_PEERCRED of Linux; elsewhere the modes of files have to do


def files(environ: "os._Environ[str] | dict[str, str]") -> tuple[str, str, str]:
    """(database, lock, status line) as `paths.find` has them; a test holds them equal."""
    home = environ.get("COSTTOP_HOME")
    state = os.path.abspath(os.path.expanduser(home)) if home else _state(environ)
    return f"{state}/costtop.db", f"{state}/costtop.lock", f"{state}/status.txt"


def _state(environ: "os._Environ[str] | dict[str, str]") -> str:
    user = environ.get("HOME") or os.path.expanduser("~")
    if sys.platform == "darwin":
        return f"{user}/Library/Application Support/costtop"
    given = environ.get("XDG_STATE_HOME", "").strip()
    return f"{given or f'{user}/.local/state'}/costtop"


def door(database: str) -> "Connection":
    """The database, `mode=ro`, by the C module alone; raises its errors."""
    _sqlite3 = _sqlite()
    quoted = database.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    opened: Connection = _sqlite3.connect(f"file:{quoted}?mode=ro", timeout=0.2, uri=True)
    return opened


def _sqlite() -> "ModuleType":
    """The C module, which wants one function of `functools`.

    All of that takes as long to load as everything else here together, so it is lent one with that
    function alone.
    """
    lent = "functools" not in sys.modules
    if lent:
        from _functools import _lru_cache_wrapper as cached  # type: ignore[import-not-found]

        only = type(sys)("functools")
        vars(only)["lru_cache"] = lambda size: lambda ask: cached(ask, size, False, tuple)
        sys.modules["functools"] = only
    try:
        import _sqlite3
    finally:
        if lent:
            del sys.modules["functools"]
    return _sqlite3


def put(answer: str) -> None:
    """Prints a line. An agent that has gone, or a full disk, is no reason for a hook to fail."""
    try:
        os.write(1, answer.encode("utf-8", "replace") + b"\n")
    except OSError:
        return


def stdin() -> bytes:
    """What the agent says; nothing where a person called us by hand."""
    if os.isatty(0):
        return b""
    parts: list[bytes] = []
    size = 0
    while size < _LARGEST and (part := os.read(0, 1 << 16)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def word(text: bytes, *names: str) -> str:
    """The first string in JSON text under one of these keys; "" where there is none.

    A quote inside a JSON string is escaped, so `"name":` can only be a key. Agents write their own
    fields before a tool's arguments, so the first one is theirs.
    """
    for name in names:
        start = _value(text, name)
        if start and text[start : start + 1] == b'"':
            end = text.find(b'"', start + 1)
            return text[start + 1 : end].decode("utf-8", "replace") if end > 0 else ""
    return ""


def number(text: bytes, name: str) -> float | None:
    """The number under a key, else None."""
    start = _value(text, name)
    end = start
    while start and text[end : end + 1] in b"0123456789+-.eE" and end < len(text):
        end += 1
    try:
        return float(text[start:end]) if end > start else None
    except ValueError:
        return None


def part(text: bytes, name: str) -> str:
    """The JSON object under a key, as it stands there; "" where there is none, or it is large."""
    start = _value(text, name)
    if not start or text[start : start + 1] != b"{":
        return ""
    depth, inside, at = 0, False, start
    for at in range(start, min(len(text), start + _LARGEST_PART)):
        sign = text[at]
        if sign == 0x22 and text[at - 1] != 0x5C:
            inside = not inside
        elif not inside and sign in b"{}":
            depth += 1 if sign == 0x7B else -1
            if not depth:
                return text[start : at + 1].decode("utf-8", "replace")
    return ""


def _value(text: bytes, name: str, since: int = 0) -> int:
    """Where the value of a key begins, 0 where there is none."""
    key = f'"{name}"'.encode()
    at = text.find(key, since)
    while at >= 0:
        end = at + len(key)
        while text[end : end + 1] in (b" ", b"\n", b"\t", b"\r"):
            end += 1
        if text[end : end + 1] == b":":
            end += 1
            while text[end : end + 1] in (b" ", b"\n", b"\t", b"\r"):
                end += 1
            return end
        at = text.find(key, at + 1)
    return 0


def quoted(text: str) -> str:
    """`text` as a JSON string."""
    from _json import encode_basestring_ascii

    made: str = encode_basestring_ascii(text)
    return made


def tell(lock: str, fields: dict[str, object]) -> bool:
    """Hands one line to the daemon and lets it look at us for a moment; whether one has it."""
    import _socket

    pid, socket = _told(lock)
    if not socket:
        return False
    sent = False
    line = ", ".join(f"{quoted(key)}: {_json(value)}" for key, value in fields.items())
    try:
        peer = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        peer.settimeout(_PATIENCE)
        peer.connect(socket)
        if sys.platform == "linux":
            seen = peer.getsockopt(*_PEER, 12)
            at, uid = (int.from_bytes(seen[i : i + 4], sys.byteorder) for i in (0, 4))
            if uid != os.getuid() or at not in (pid, 0):
                return False  # 0: a daemon outside this container
        peer.sendall(b"{" + line.encode() + b"}\n")
        sent = True
        peer.recv(256)
    except OSError:
        return sent
    return sent


def _told(lock: str) -> tuple[int, str]:
    """(pid, socket) of the daemon, as `paths.told` has them; a test holds them equal."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return 0, ""
    try:
        found = os.fstat(descriptor)
        if found.st_mode & 0o170022 != 0o100000 or found.st_uid != os.getuid():
            return 0, ""
        pid, _, rest = os.read(descriptor, 4096).partition(b"\n")
        socket = os.fsdecode(rest.partition(b"\n")[0])
        return int(pid), socket if socket[:1] == "/" and "\0" not in socket else ""
    except (OSError, ValueError):
        return 0, ""
    finally:
        os.close(descriptor)


def _json(value: object) -> str:
    if value is None:
        return "null"
    return quoted(value) if isinstance(value, str) else repr(value)


def now() -> int:
    """The present, ms UTC."""
    import time

    return time.time_ns() // 1_000_000
