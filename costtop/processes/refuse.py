"""Which processes are never signalled, and why, in words. It sends nothing and finds no sessions.

RELIABILITY.md K5 and K7: numbers that mean more than one process, costtop and all above it, other
users, kernel threads, and programs that carry more than one session.
"""

import os

from costtop.processes.inspect.process import SHELLS, Inspector, Process, ancestors, program

_SERVERS = {"app-server": "an app server", "mcp-server": "an MCP server"}
_EDITORS = "code code-insiders codium cursor windsurf electron zed emacs vim nvim idea pycharm"
_TERMINALS = "xterm kitty alacritty konsole foot ghostty iterm2 terminal gnome-terminal-server"
_HOSTS = {
    *_EDITORS.split(),
    *_TERMINALS.split(),
    *("tmux", "tmux:", "screen", "zellij", "sshd", "sshd:", "login"),
    *("systemd", "init", "launchd", "dockerd", "containerd", "containerd-shim"),
}


def refusal(pid: object, inspector: Inspector, asker: int | None = None) -> str:
    """Why `pid` must not be signalled; empty when nothing speaks against it.

    `asker` is the pid of the screen or command that asks: it and all above it are refused, like
    this process and all above it.
    """
    reason = never_held(pid, inspector)
    if reason or not isinstance(pid, int):
        return reason
    one = inspector.glance(pid)
    if one is None:
        return f"there is no process {pid}"
    return _asking(pid, inspector, asker) or _server(inspector.argv(pid), one)


def never_held(pid: object, inspector: Inspector) -> str:
    """Why `pid` is never a session's process at all, whatever says so; "" where it may be.

    Numbers that name no process, costtop and all above it, threads, other users, and what hosts
    other programs: a file that names one of these must not even put it under a session's name.
    """
    if isinstance(pid, bool) or not isinstance(pid, int):
        return f"{pid!r:.40} is not a process number"
    if pid <= 1:
        return f"{pid} does not name one process of yours" if pid < 1 else "1 is the system itself"
    one = inspector.glance(pid)
    if one is None:
        return f"there is no process {pid}"
    return (
        _kin(pid, inspector)
        or _nature(one, inspector)
        or _ownership(pid, inspector)
        or _host(inspector.argv(pid), one)
    )


def unfit(argv: tuple[str, ...], one: Process) -> str:
    """Why a program is never the process of one session: servers, editors, terminals, shells."""
    return _server(argv, one) or _host(argv, one)


def _server(argv: tuple[str, ...], one: Process) -> str:
    for word, title in _SERVERS.items():
        if word in argv[1:]:
            return f"process {one.pid} is {title}, shared by several sessions"
    return ""


def _host(argv: tuple[str, ...], one: Process) -> str:
    shown = program(argv, one.name)
    # A program that has just begun shows no command line yet, but its name.
    first = (shown.partition(" ")[0] if argv else one.name).lower()
    title = os.path.basename((argv[0] if argv else "").partition(" ")[0])  # "sshd: ana@pts/1"
    if {first, title} & _HOSTS or any("extensionHost" in word for word in argv):
        return f"process {one.pid} ({shown}) is an editor, a terminal or a host of other programs"
    if first in SHELLS and not any(not word.startswith("-") for word in argv[1:]):
        return f"process {one.pid} ({shown}) is an interactive shell"
    return ""


def _kin(pid: int, inspector: Inspector) -> str:
    if pid == os.getpid():
        return f"process {pid} is costtop itself"
    if any(one.pid == pid for one in ancestors(os.getpid(), inspector)):
        return f"costtop runs under process {pid}"
    return ""


def _asking(pid: int, inspector: Inspector, asker: int | None) -> str:
    if asker is None:
        return ""
    if pid == asker:
        return f"process {pid} is the one that asks"
    if any(one.pid == pid for one in ancestors(asker, inspector)):
        return f"the costtop that asks runs under process {pid}: act from another terminal"
    return ""


def _nature(one: Process, inspector: Inspector) -> str:
    if one.kernel:
        return f"{one.pid} is a thread of the kernel"
    leading = inspector.leading_thread(one.pid)
    if leading != one.pid:
        return f"{one.pid} is a thread of process {leading}, not a process"
    return ""


def _ownership(pid: int, inspector: Inspector) -> str:
    ids = inspector.owners(pid)
    if not ids:
        return f"there is no process {pid}"
    if any(one != os.getuid() for one in ids[:2]):
        return f"process {pid} belongs to another user (uid {ids[0]})"
    return ""
