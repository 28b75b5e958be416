"""`costtop statusline`: one line for Claude Code's status bar. Never empty, never fails.

It reads what the daemon has written and one sum of the store; what is older than ten seconds
stands behind a `~`. With `--then CMD` the user's own status line comes first, as it always was.
"""

import os
import sys

from costtop.hooks import quick
from costtop.hooks.dialects.claude_code import SOURCE  # the only agent that has such a bar

_FRESH = 10_000  # ms
_CENT = 10_000_000  # nano-dollars
_THEN = 2.0  # s that the user's own command may take
_PIPE = 60_000  # bytes that a pipe takes without a reader


def main(arguments: list[str]) -> int:
    """Prints the line; always 0."""
    theirs = ""
    try:
        text = quick.stdin()
        started = _start(_then(arguments), text)
        ours = line(text, quick.files(os.environ), quick.now())
        theirs = _finish(started)
    except Exception:
        text, ours = b"", "costtop ?"
    quick.put(f"{theirs} · {ours}" if theirs else ours)
    if text:
        _tell(text)
    return 0


def line(text: bytes, files: tuple[str, str, str], now: int) -> str:
    """Session cost and context, and the daemon's own line of today, budget, windows and burn."""
    database, _, status = files
    session = quick.word(text, "session_id")
    try:
        fresh = abs(now - os.stat(status).st_mtime_ns // 1_000_000) < _FRESH
        with open(status, "rb", buffering=0) as file:
            said = file.read(1000).decode("utf-8", "replace").strip()
    except OSError:
        fresh, said = False, ""
    cost = (_cost(database, session) or _own(text)) if session else ""
    if cost and " value · " in said:  # the user pays a plan: costs are no bill
        cost += " value"
    parts = [part for part in (cost, _context(text), said or _limits(text)) if part]
    if not parts:
        return "~ costtop: no data yet"
    return ("" if fresh else "~") + " · ".join(parts)


def _cost(database: str, session: str) -> str:
    from costtop.store import gating

    try:
        db = quick.door(database)
        cents, calls, unpriced, short = gating.cost(db, SOURCE, session)
        told = gating.currency(db)
        db.close()
    except Exception:
        return ""  # no database yet, or one of another version
    if not calls:
        return ""
    if unpriced == calls:
        return "session ?"
    if told:
        from costtop.queries import shown_currency

        amount = shown_currency.known(told, quick.now()).amount(cents * _CENT, floor=short)
        return f"session {amount}"
    floor = "≥" if short else ""
    return f"session {floor}${cents // 100:,}.{cents % 100:02d}"


def _own(text: bytes) -> str:
    """What the agent itself says, marked, while no log has told of the session yet."""
    told = quick.number(text, "total_cost_usd")
    return "" if told is None else f"session ~${told:,.2f}"


def _context(text: bytes) -> str:
    """How full the agent says that its context is; "" before its first answer."""
    used = quick.number(quick.part(text, "context_window").encode(), "used_percentage")
    return "" if used is None else f"context {used:.0f} %"


def _limits(text: bytes) -> str:
    """The plan's windows as the agent tells them, while no daemon has put them into its line."""
    limits = quick.part(text, "rate_limits").encode()
    told = [
        (title, quick.number(quick.part(limits, name).encode(), "used_percentage"))
        for title, name in (("5h", "five_hour"), ("week", "seven_day"))
    ]
    return " · ".join(f"{title} {used:.0f} %" for title, used in told if used is not None)


def _tell(text: bytes) -> None:
    """Says who our parents are, and what the agent itself makes of cost and limits."""
    session = quick.word(text, "session_id")
    if session:
        quick.tell(
            quick.files(os.environ)[1],
            {
                "do": "hook",
                "source": SOURCE,
                "session": session,
                "event": "statusline",
                "cost": quick.number(text, "total_cost_usd"),
                "limits": quick.part(text, "rate_limits"),
                "log": quick.word(text, "transcript_path"),
                "pr": quick.part(text, "pr"),
            },
        )


def _then(arguments: list[str]) -> str:
    for index, argument in enumerate(arguments):
        if argument == "--then" and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith("--then="):
            return argument[7:]
    return ""


def _start(command: str, text: bytes) -> tuple[int, int] | None:
    """(pid, what it prints) of the user's command, given the same input; None without one."""
    if not command:
        return None
    into, feed = os.pipe()
    out, printed = os.pipe()
    actions = [
        (os.POSIX_SPAWN_DUP2, into, 0),
        (os.POSIX_SPAWN_DUP2, printed, 1),
    ]
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", command], os.environ, file_actions=actions)
    os.close(into)
    os.close(printed)
    try:
        os.write(feed, text[:_PIPE])
    except BrokenPipeError:  # it does not read its input
        os.close(feed)
        return pid, out
    os.close(feed)
    return pid, out


def _finish(started: tuple[int, int] | None) -> str:
    """What the user's command printed in time; "" where it failed or said nothing."""
    if started is None:
        return ""
    import select

    pid, out = started
    end = quick.now() + int(_THEN * 1000)
    parts: list[bytes] = []
    while (left := end - quick.now()) > 0 and select.select([out], [], [], left / 1000)[0]:
        part = os.read(out, 65536)
        if not part:
            break
        parts.append(part)
    if left <= 0:
        return ""  # it goes on alone; its next line may be quicker
    _, status = os.waitpid(pid, 0)
    said = b"".join(parts).decode("utf-8", "replace").strip("\n")
    return said if status == 0 else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
