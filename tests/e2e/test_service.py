"""costtop as a service: the files that systemd and launchd get, what the daemon tells systemd."""

import asyncio
import contextlib
import json
import os
import plistlib
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.daemon.lifecycle import service_files, signals
from tests.e2e.instance import Instance
from tests.patience import PATIENCE, until

ODD = {"COSTTOP_HOME": '/home/ana/c "t" 100%/$x', "TZ": "Europe/Berlin"}
COMMAND = ("/usr/bin/python3", "-P", "-m", "costtop", "daemon")
SOURCES = Path(service_files.__file__).parents[2] / "sources"
needs_analyze = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)
needs_systemctl = pytest.mark.skipif(
    not shutil.which("systemctl"), reason="systemctl is not installed"
)


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager, named in the environment."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear,
    ):
        ear.bind(f"{folder}/notify")
        ear.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        yield ear


def verified(folder: Path, text: str) -> str:
    file = folder / "costtop.service"
    file.write_text(text)
    ran = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(file)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    return ran.stdout + ran.stderr


@needs_analyze
def test_systemd_takes_the_unit_as_it_is(tmp_path):
    assert "costtop.service" not in verified(tmp_path, service_files.unit(COMMAND, ODD))
    wrong = service_files.unit(COMMAND, ODD).replace("Type=notify", "Typ=notify")
    assert "costtop.service" in verified(tmp_path, wrong), "the check would not notice"


def test_the_unit_hides_nothing_of_proc_and_quotes_what_it_is_given():
    text = service_files.unit(COMMAND, ODD)
    settings = re.findall(r"^(\w+)=", text, re.MULTILINE)
    blinding = re.compile(
        "Protect|Private|ReadOnly|Inaccessible|TemporaryFileSystem|BindPaths|Root"
    )
    assert not [name for name in settings if blinding.match(name)]
    assert {"WatchdogSec", "NoNewPrivileges", "SystemCallFilter", "LimitCORE"} <= set(settings)
    assert 'Environment="COSTTOP_HOME=/home/ana/c \\"t\\" 100%%/$x"' in text
    assert 'ExecStart="/usr/bin/python3" "-P"' in text


@needs_analyze
def test_the_unit_lets_a_kill_hold_processes():
    allowed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "@system-service", "@process", "@signal"],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    ).stdout.split()  # fmt: skip
    assert {"@process", "@signal", "pidfd_open", "pidfd_send_signal"} <= set(allowed)


def test_a_launch_agent_is_a_property_list_that_starts_again_after_a_crash():
    text = service_files.launch_agent("costtop", COMMAND, ODD, "/home/ana/costtop.log")
    tree = plistlib.loads(text.encode())
    assert tree["ProgramArguments"] == list(COMMAND) and tree["EnvironmentVariables"] == ODD
    assert tree["KeepAlive"] == {"SuccessfulExit": False} and tree["Umask"] == 63
    assert service_files.MARK in text


def test_a_service_is_told_where_every_source_looks():
    texts = "".join(path.read_text() for path in SOURCES.rglob("*.py"))
    named = set(re.findall(r'"([A-Z][A-Z0-9_]+_(?:HOME|DIR|DB|ROOT))"', texts))
    assert named and named <= set(service_files.VARIABLES)


@needs_systemctl
def test_a_service_is_installed_asked_and_removed(instance: Instance):
    assert "not installed" in instance.cli("service", "status", code=1)
    shown = instance.cli("service", "install", "--dry-run")
    said = instance.cli("service", "install")
    service = instance.json("service", "status")
    file = Path(service["file"])
    assert f"wrote {file}" in said
    assert service["installed"] and service["current"] and service["manager"] == "systemd"
    assert f"COSTTOP_HOME={instance.paths.lock.parent}" in file.read_text() in shown
    assert file.stat().st_mode & 0o777 == 0o600
    assert "started" in instance.cli("start")
    pid = instance.paths.lock.read_text().split()[0]
    until(lambda: f"(pid {pid})" in instance.cli("service", "status"))
    assert "removed" in instance.cli("service", "remove")
    assert not file.exists() and not list(file.parent.glob("**/*"))
    assert "no costtop daemon" in instance.cli("stop")
    assert "no service" in instance.cli("service", "remove")


@needs_systemctl
def test_a_service_that_somebody_else_wrote_is_left_alone(instance: Instance):
    file = Path(
        instance.cli("service", "install", "--dry-run")
        .partition("would install ")[2]
        .split("\n")[0]
    )
    file.parent.mkdir(parents=True)
    file.write_text("[Service]\nExecStart=/bin/true\n")
    for verb in ("install", "remove"):
        assert "was not written by costtop" in instance.cli("service", verb, code=1)
    assert file.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_the_manager_is_used_where_it_answers(instance: Instance, tmp_path, monkeypatch):
    """A program in the place of systemctl, which notes what it is asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    stand_in = folder / "systemctl"
    stand_in.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    name = json.loads(instance.cli("service", "status", "--json", code=1))["name"]
    assert "is enabled and runs" in instance.cli("service", "install")
    instance.cli("service", "remove")
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:2] == ["--user daemon-reload", f"--user enable --now {name}"]
    assert f"--user disable --now {name}" in asked


def test_a_daemon_tells_systemd_that_it_is_up_goes_on_and_ends(instance, listener, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    instance.start()
    said = [listener.recv(4096).decode() for _ in range(4)]
    assert said[0] == "READY=1" and said[1] == "WATCHDOG_USEC=2000000\nWATCHDOG=1"
    assert said[2:] == ["WATCHDOG=1"] * 2
    assert instance.paths.socket.exists()
    instance.stop()
    while (last := listener.recv(4096).decode()) != "STOPPING=1":
        assert last.endswith("WATCHDOG=1")


def test_a_daemon_that_nobody_watches_says_no_more_than_that_it_is_up(instance, listener):
    instance.start()
    assert listener.recv(4096) == b"READY=1"
    instance.stop()
    assert listener.recv(4096) == b"STOPPING=1"


def heard(ear: socket.socket) -> int:
    """How many words have come since the last time."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while ear.recv(4096):
            count += 1
    return count


async def test_what_does_not_move_is_not_vouched_for(listener):
    looks: list[int] = []

    def progress() -> int:
        looks.append(1)
        return min(len(looks), 8)  # it hangs from the eighth look on

    feeding = asyncio.create_task(signals.feed(progress, lambda: False, 0.4))
    while len(looks) < 25:
        await asyncio.sleep(0.02)
    listener.settimeout(0)
    assert 8 <= heard(listener) <= 14
    while len(looks) < 35:
        await asyncio.sleep(0.02)
    assert heard(listener) == 0
    feeding.cancel()


async def test_what_is_waited_out_is_vouched_for(listener):
    feeding = asyncio.create_task(signals.feed(lambda: 0, lambda: True, 0.1))
    for _ in range(12):
        assert await asyncio.to_thread(listener.recv, 4096) == b"WATCHDOG=1"
    feeding.cancel()


def test_the_socket_may_be_an_abstract_one_and_the_watchdog_another_process(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0costtop-test-{os.getpid()}")
        ear.settimeout(PATIENCE)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@costtop-test-{os.getpid()}")
        signals.tell("READY=1")
        assert ear.recv(100) == b"READY=1"
    signals.tell("nobody is there any more")
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    assert signals.patience() == 60.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert signals.patience() == 0.0
