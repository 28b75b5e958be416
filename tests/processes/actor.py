"""A real process that behaves as its words say, for tests of signals. It ends itself in a minute.

Words: name=N · ignore=INT,TERM · exit=INT (politely) · child=<words joined by +, in them by ~> ·
resend=<path> (one more request before it goes) ·
setsid · orphan=<words> (a child of a child that ends) · zombie (a child never reaped) ·
claude=<config root>,<session id>[,<kind>] · open=<path> · read=<path> · env=NAME=VALUE · uid=N.
Prints `ready <name> <pid>` when all is set up.
"""

import json
import os
import signal
import subprocess
import sys
import time


def start_of(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[19]


def child(words: str) -> None:
    each = [word.replace("~", "+") for word in words.split("+")]
    subprocess.Popen([sys.executable, "-I", "-S", __file__, *each])


def orphan(words: str) -> None:
    if os.fork() == 0:
        child(words)
        os._exit(0)
    os.wait()


def zombie(_: str) -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def claude(words: str) -> None:
    root, session, *more = words.split(",")
    pid = os.getpid()
    entry = {
        "pid": pid,
        "sessionId": session,
        "cwd": os.getcwd(),
        "startedAt": int(time.time() * 1000),
        "procStart": start_of(pid),
        "kind": more[0] if more else "interactive",
        "status": "busy",
    }
    os.makedirs(f"{root}/sessions", exist_ok=True)
    with open(f"{root}/sessions/{pid}.json", "w") as file:
        json.dump(entry, file)


def ignore(names: str) -> None:
    for name in names.split(","):
        signal.signal(signal.Signals[f"SIG{name}"], signal.SIG_IGN)


def resend(path: str) -> None:
    """Interrupted, it sends one more request before it goes, as Claude Code does at a tool."""

    def again(*_: object) -> None:
        with open(path, "a") as file:
            file.write("request\n")
        os._exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, again)


def leave(names: str) -> None:
    for name in names.split(","):
        signal.signal(signal.Signals[f"SIG{name}"], lambda *_: os._exit(0))


DEEDS = {
    "ignore": ignore,
    "exit": leave,
    "resend": resend,
    "child": child,
    "orphan": orphan,
    "zombie": zombie,
    "claude": claude,
    "open": lambda path: os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT),
    "read": lambda path: os.open(path, os.O_RDONLY),
    "env": lambda pair: os.environ.update([pair.split("=", 1)]),
    "uid": lambda uid: os.setresuid(int(uid), int(uid), int(uid)),
    "setsid": lambda _: os.setsid(),
    "name": lambda _: None,
}

name = "actor"
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.alarm(60)
for word in sys.argv[1:]:
    deed, _, value = word.partition("=")
    name = value if deed == "name" else name
    DEEDS.get(deed, lambda _: None)(value)
print(f"ready {name} {os.getpid()}", flush=True)
while True:
    signal.pause()
