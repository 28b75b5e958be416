"""Keeps one daemon alive: starts it again after a crash, within 5 s, and never in a loop.

A program of its own, run by path with `-I -S`, which imports next to nothing: it is there all day.
It ends with the daemon where that was stopped, cannot work, or has crashed time and again; then it
says why, in the log and in the status file. It is dismissed by taking its own file away.

    supervisor.py STATE-FOLDER COMMAND…
"""

import fcntl
import os
import signal
import sys
import time
from types import FrameType

PAUSES = (0.5, 1.0, 2.0, 3.0, 4.0)  # s before the next start, by crashes in a row
_SETTLED = 60.0  # s that a daemon has to live for its crash to be the first one again
_FINAL = (0, 2, 78)  # it was stopped; it was called wrongly; configuration or database unusable
_STEP = 0.2  # s between two looks whether this supervisor is dismissed
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
FILE = "costtop.keeper"


def main(state: str, command: list[str]) -> int:
    """The exit code of the last daemon; 0 where another supervisor or daemon is at work."""
    keeper = f"{state}/{FILE}"
    held = os.open(keeper, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if not _locked(held, fcntl.LOCK_EX):
        return 0
    os.pwrite(held, b"%d\n" % os.getpid(), 0)
    code = _keep(state, command, held, keeper)
    if _is_ours(held, keeper):
        os.unlink(keeper)
    return code


def _keep(state: str, command: list[str], held: int, keeper: str) -> int:
    crashes = 0
    while True:
        began = time.monotonic()
        pid, status, ended = _lived(state, command)
        code = os.waitstatus_to_exitcode(status)
        if code in _FINAL or ended or not _is_ours(held, keeper):
            return max(code, 0)
        if not crashes and not _was_up(state, pid):
            return code if code > 0 else 1  # `costtop start` waits to say so
        if _is_served(f"{state}/costtop.lock"):
            return 0
        crashes = 1 if time.monotonic() - began > _SETTLED else crashes + 1
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if crashes > len(PAUSES):
            _give_up(state, crashes, how)
            return 1
        pause = PAUSES[crashes - 1]
        _log(state, f"the daemon (pid {pid}) ended by {how}; it is started again in {pause} s")
        if not _rested(pause, held, keeper):
            return 0


def _lived(state: str, command: list[str]) -> tuple[int, int, bool]:
    """(pid, wait status, whether it was we who were told to end) of one daemon's whole life."""
    log = f"{state}/costtop.log"
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, _APPEND, 0o600),  # anew: the log is begun anew at times
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    told: list[int] = []

    def hand_on(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGHUP:
            told.append(number)
        os.kill(pid, number)  # not reaped yet, so it is nobody else's

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, hand_on)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # before its pid may become another's
    return pid, os.waitpid(pid, 0)[1], bool(told)


def _was_up(state: str, pid: int) -> bool:
    """Whether the lock file has the socket of this daemon, which a crash leaves there."""
    try:
        with open(f"{state}/costtop.lock", "rb", buffering=0) as file:
            return file.read(4096).startswith(b"%d\n/" % pid)
    except OSError:
        return False


def _is_served(path: str) -> bool:
    """Whether another daemon has the home; a scan that has the lock for a while names no socket."""
    try:
        asked = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return b"\n/" in os.read(asked, 4096) and not _locked(asked, fcntl.LOCK_SH)
    finally:
        os.close(asked)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_ours(held: int, keeper: str) -> bool:
    """False once `costtop stop` has taken the file away, or another supervisor has made its own."""
    try:
        return os.path.samestat(os.fstat(held), os.stat(keeper))
    except OSError:
        return False


def _rested(pause: float, held: int, keeper: str) -> bool:
    due = time.monotonic() + pause
    while time.monotonic() < due:
        if not _is_ours(held, keeper):
            return False
        time.sleep(_STEP)
    return _is_ours(held, keeper)


def _give_up(state: str, crashes: int, how: str) -> None:
    """Says so where `costtop status`, `doctor` and the screen look."""
    why = (
        f"the daemon has crashed {crashes} times in a row (last by {how}) and is not started"
        f" again; see {state}/costtop.log, then: costtop start"
    )
    _log(state, why)
    from _json import encode_basestring_ascii

    text = '{"schema": 1, "at": %d, "trouble": %s}'
    fresh = f"{state}/.status.json.{os.getpid()}.new"
    said = text % (time.time_ns() // 1_000_000, encode_basestring_ascii(why))
    _write(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, said)
    os.replace(fresh, f"{state}/status.json")


def _log(state: str, text: str) -> None:
    at = time.strftime("%Y-%m-%d %H:%M:%S")
    _write(f"{state}/costtop.log", _APPEND, f"{at},000 supervisor: {text}\n")


def _write(path: str, flags: int, text: str) -> None:
    try:
        file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    except OSError:
        return  # a full disk keeps nobody from starting the daemon again
    try:
        os.write(file, text.encode("utf-8", "surrogateescape"))
    except OSError:
        return
    finally:
        os.close(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
