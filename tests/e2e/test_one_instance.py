"""One daemon a home, found from every shell: with XDG_RUNTIME_DIR or without, beside other homes.

Real daemons and real commands, each in an environment of its own; COSTTOP_HOME is not set.
"""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop import daemon_connection, paths
from tests.e2e.instance import COSTTOP, claude_line, claude_log
from tests.patience import PATIENCE, until

ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="makes files of another user")
ONE = "11111111-0000-4000-8000-000000000001"
RECORD = (
    *("record", "--session", "s1", "--model", "gpt-5.1"),
    *("--input-tokens", "9", "--output-tokens", "1"),
)


class Shell:
    """A home, and a runtime folder or none: what a shell's environment says of the instance."""

    def __init__(self, home: Path, runtime: Path | None = None, **more: str) -> None:
        kept = {name: value for name, value in os.environ.items() if "XDG_" not in name}
        kept.pop("COSTTOP_HOME", None)
        home.mkdir(mode=0o700, exist_ok=True)
        self.home = home
        self.environ = {**kept, "HOME": str(home), **more}
        if runtime is not None:
            runtime.mkdir(mode=0o700, exist_ok=True)
            self.environ["XDG_RUNTIME_DIR"] = str(runtime)
        self.state = home / ".local/state/costtop"

    def run(self, *arguments: str, code: int | None = 0, text: str = "") -> str:
        ran = subprocess.run(
            [*COSTTOP, *arguments], env=self.environ, input=text, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=2 * PATIENCE,
        )  # fmt: skip
        assert code is None or ran.returncode == code, ran.stdout
        return ran.stdout

    def start(self) -> int:
        self.run("start")
        return self.pid

    @property
    def folders(self) -> list[Path]:
        """Where a daemon may listen, as one in this environment sees it."""
        code = "from costtop import paths; print(*paths.runtime_folders(), sep='\\n')"
        said = subprocess.run(
            [*COSTTOP[:2], "-c", code], env=self.environ, check=True, capture_output=True, text=True
        ).stdout
        return [Path(line) for line in said.splitlines()]

    @property
    def lock(self) -> list[str]:
        return (self.state / "costtop.lock").read_text().splitlines()

    @property
    def pid(self) -> int:
        return int(self.lock[0])

    @property
    def socket(self) -> Path:
        return Path(self.lock[1])

    @property
    def calls(self) -> int:
        ran = self.run("report", "--by", "total", "--json", code=None)
        return int(json.loads(ran)["total"]["calls"]) if ran.startswith("{") else 0

    def kill9(self) -> None:
        """Of this home's own daemon, which this test started, and of what would bring it back."""
        (self.state / "costtop.keeper").unlink()
        held = os.pidfd_open(self.pid)
        signal.pidfd_send_signal(held, signal.SIGKILL)
        until(lambda: "no costtop daemon" in self.run("stop"))
        os.close(held)


@pytest.fixture
def runtime() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="run-") as made:  # short: it holds a socket
        yield Path(made) / "user"


@pytest.fixture
def shell(tmp_path: Path, runtime: Path) -> Iterator[type[Shell]]:
    """Makes shells; whatever daemon is left in their homes is stopped, while its socket stands."""
    del runtime  # outlives the daemons
    made: list[Shell] = []

    def shell(home: str, *given: Path | None, **more: str) -> Shell:
        made.append(Shell(tmp_path / home, *given, **more))
        return made[-1]

    yield shell  # type: ignore[misc]
    for one in made:
        one.run("stop", code=None)
        shutil.rmtree(one.folders[-1], ignore_errors=True)


@pytest.mark.parametrize("daemon_has_it", [True, False])
def test_a_shell_with_and_one_without_a_runtime_folder_see_the_same_daemon(
    shell, runtime, daemon_has_it
):
    given = (runtime, None) if daemon_has_it else (None, runtime)
    one, other = shell("ana", given[0]), shell("ana", given[1])
    pid = one.start()
    assert one.socket.parent == (runtime / "costtop" if daemon_has_it else one.folders[-1])
    assert f"is running already (pid {pid})" in other.run("start")
    until(lambda: "is running" in other.run("status", code=None))
    assert json.loads(other.run("status", "--json"))["socket"] == str(one.socket)
    assert json.loads(other.run("doctor", "--json", code=None))["places"]["socket"] == str(
        one.socket
    )
    assert other.run(*RECORD) == "recorded\n"
    assert other.calls == one.calls == 1
    assert "stopped" in other.run("stop")
    assert "no costtop daemon" in one.run("stop")


def test_a_python_program_and_a_hook_find_the_daemon_from_another_shell(shell, runtime):
    one, other = shell("ana", runtime), shell("ana")
    one.start()
    code = "import costtop; costtop.record(session='p', model='m', input_tokens=1, output_tokens=1)"
    sent = 0

    def heard_at_once() -> bool:
        """What a daemon is too busy to take lies in the spool: then once more."""
        nonlocal sent
        lying = sum(path.stat().st_size for path in (one.state / "spool").glob("*.jsonl"))
        subprocess.run([*COSTTOP[:2], "-c", code], env=other.environ, check=True, timeout=PATIENCE)
        sent += 1
        until(lambda: one.calls == sent)
        return lying == sum(path.stat().st_size for path in (one.state / "spool").glob("*.jsonl"))

    until(heard_at_once)
    log = one.home / claude_log(ONE)
    log.parent.mkdir(parents=True)
    log.write_text(claude_line(ONE, 1))
    until(lambda: one.calls == sent + 1)
    said = {"session_id": ONE, "cost": {"total_cost_usd": 7.5}}
    # An agent in between: whoever calls a hook is taken for the agent, and may only look then.
    agent = [*COSTTOP[:2], "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]
    call = [*agent, *COSTTOP, "statusline"]
    subprocess.run(call, env=other.environ, input=json.dumps(said).encode(), check=True)
    until(lambda: '"agent_usd": "7.5' in one.run("explain", ONE, "--json"))


def test_two_homes_of_one_user_share_nothing_and_stop_only_their_own(shell):
    ana, bob = shell("ana"), shell("bob")
    first, second = ana.start(), bob.start()
    assert first != second and ana.socket.parent != bob.socket.parent
    for one in (ana, bob):
        folder = one.socket.parent.lstat()
        assert stat.S_IMODE(folder.st_mode) == 0o700 and folder.st_uid == os.getuid()
        assert one.socket.parent.name.startswith(f"costtop-{os.getuid()}-")
    assert ana.run(*RECORD) == "recorded\n"
    assert (ana.calls, bob.calls) == (1, 0)
    ana.run("stop")
    assert bob.run(*RECORD) == "recorded\n"
    assert f"is running already (pid {second})" in bob.run("start")
    assert "no costtop daemon" in ana.run("stop")
    left = [*bob.folders, *ana.folders]
    bob.run("stop")
    assert not any(folder.exists() for folder in left)


def test_two_homes_share_no_folder_below_one_runtime_folder_either(shell, runtime):
    ana, bob = shell("ana", runtime), shell("bob", runtime)
    ana.start()
    bob.start()
    assert ana.socket.parent == runtime / "costtop"
    assert bob.socket.parent != ana.socket.parent and bob.socket.parent.parent == runtime
    assert ana.run(*RECORD) == bob.run(*RECORD) == "recorded\n"
    bob.run("stop")
    assert ana.run(*RECORD) == "recorded\n"
    assert (ana.calls, bob.calls) == (2, 1)


def test_what_a_killed_daemon_left_leads_nobody_to_another_homes_daemon(shell, runtime):
    ana, bob = shell("ana", runtime), shell("bob", runtime)
    ana.start()
    ana.kill9()
    bob.start()
    assert bob.socket == ana.socket, "the other home has taken the place"
    assert "kept for the daemon" in ana.run(*RECORD)
    assert "no costtop daemon" in ana.run("stop")
    where = paths.find(ana.environ)
    with pytest.raises(ConnectionRefusedError, match="another home's daemon"):
        daemon_connection.dialled(where._replace(lock=ana.state / "costtop.lock"), PATIENCE)
    assert bob.calls == 0 and "is running" in bob.run("start")
    ana.start()
    assert ana.run(*RECORD) == bob.run(*RECORD) == "recorded\n"


def test_a_lock_file_that_others_can_write_is_not_believed(shell, tmp_path):
    ana = shell("ana")
    ana.start()
    (ana.state / "costtop.lock").chmod(0o666)
    assert paths.told(ana.state / "costtop.lock") == paths.Told()
    assert "kept for the daemon" in ana.run(*RECORD)
    (ana.state / "costtop.lock").chmod(0o600)
    assert ana.run(*RECORD) == "recorded\n"


@ROOT_ONLY
def test_a_daemon_of_another_user_is_no_daemon(tmp_path):
    lock, nobody = tmp_path / "costtop.lock", 65534
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as ear:
        ear.bind(f"{short}/costtop.sock")
        ear.listen()
        lock.write_text(f"{os.getpid()}\n{short}/costtop.sock\n")
        lock.chmod(0o600)
        where = paths.find({"COSTTOP_HOME": str(tmp_path)})
        daemon_connection.dialled(where, PATIENCE).close()
        os.chown(lock, nobody, nobody)  # as if that user had written it, and root answered
        with pytest.raises(PermissionError, match="another user's program"):
            daemon_connection.dialled(where, PATIENCE)


@pytest.mark.parametrize("kind", ["link", pytest.param("foreign", marks=ROOT_ONLY)])
def test_a_runtime_folder_that_somebody_else_has_made_is_refused(shell, tmp_path, kind):
    ana = shell("ana")
    folder = ana.folders[-1]
    if kind == "link":
        (tmp_path / "trap").mkdir()
        folder.symlink_to(tmp_path / "trap")
    else:
        folder.mkdir(mode=0o700)
        os.chown(folder, 65534, 65534)
    try:
        assert "is not a directory of this user" in ana.run("start", code=78)
        assert list((tmp_path / "trap").glob("*")) == []
    finally:
        folder.unlink() if kind == "link" else folder.rmdir()


def test_a_socket_that_was_cleared_away_is_there_again(shell):
    ana = shell("ana")
    ana.start()
    ana.socket.unlink()
    until(ana.socket.exists)
    until(lambda: ana.run(*RECORD) == "recorded\n")


def test_another_users_runtime_folder_is_not_taken(tmp_path):
    if os.getuid() == 0:
        os.chown(tmp_path, 65534, 65534)
    given = str(tmp_path) if os.getuid() == 0 else "/"
    found = paths.runtime_folders({"HOME": "/home/ana", "XDG_RUNTIME_DIR": given})
    assert [one.parent for one in found] == [Path("/tmp")]
