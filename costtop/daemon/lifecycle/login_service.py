"""The service of this instance at the system's own manager: put in, taken out, asked, started.

systemd where there is `systemctl`, launchd on macOS. Each home has a service of its own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from costtop.daemon.lifecycle import service_files, stopping, supervisor_start
from costtop.errors import CosttopError
from costtop.files import replace
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths, runtime_folders

_PATIENCE = 60.0  # s for the manager's own commands
NONE = (
    "this system has neither systemd nor launchd; `costtop start` keeps the daemon alive by"
    " itself: put it into your ~/.profile, or `@reboot costtop start` into your crontab"
)


class Service(NamedTuple):
    """How the service stands."""

    manager: str  # systemd, launchd, or "" where there is neither
    name: str
    file: Path
    installed: bool
    current: bool  # its file is what this costtop would write
    enabled: str  # in the manager's words; "" where it does not say
    active: str


def status(paths: Paths) -> Service:
    """How it stands; changes nothing."""
    manager, name = _manager(), _name()
    file = _file(manager, name)
    text = _text(file)
    ours = service_files.MARK in text
    enabled = active = ""
    if ours and manager == "systemd":
        enabled = _asked("systemctl", "--user", "is-enabled", name)
        active = _asked("systemctl", "--user", "is-active", name)
    elif ours and manager == "launchd":
        active = "loaded" if _did(_launchctl("print", name)) else "not loaded"
    return Service(
        manager=manager,
        name=name,
        file=file,
        installed=ours,
        current=text == wanted(paths),
        enabled=enabled,
        active=active,
    )


def wanted(paths: Paths) -> str:
    """The text of the service's file, for this environment; "" where no manager is."""
    environment = _environment()
    match _manager():
        case "systemd":
            return service_files.unit(supervisor_start.DAEMON, environment)
        case "launchd":
            return service_files.launch_agent(
                _name(), supervisor_start.DAEMON, environment, str(paths.log)
            )
    return ""


def install(paths: Paths) -> list[str]:
    """Writes the file, checks it, hands the daemon over to the manager; says what was done."""
    service = status(paths)
    if not service.manager:
        raise CosttopError(NONE)
    _refuse_others(service)
    service.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = _text(service.file)
    replace(service.file, wanted(paths).encode())
    if wrong := _wrong(service):
        replace(service.file, before.encode()) if before else service.file.unlink()
        raise CosttopError(f"systemd does not take the unit: {wrong}")
    said = [f"wrote {service.file}"]
    if "stopped" in stopping.stop(paths):
        said.append("stopped the daemon that ran")
    return said + (_enabled(service) if service.manager == "systemd" else _loaded(service))


def remove(paths: Paths) -> list[str]:
    """Ends the service and takes its file away; says what was done."""
    service = status(paths)
    if not service.installed:
        _refuse_others(service)
        return ["no service of costtop is installed"]
    if service.manager == "systemd":
        _did(("systemctl", "--user", "disable", "--now", service.name))
    elif service.manager == "launchd":
        _did(_launchctl("bootout", service.name))
    stopping.stop(paths)
    for path in (_link(service), service.file):
        path.unlink(missing_ok=True)
    with suppress(OSError):
        _link(service).parent.rmdir()
    if service.manager == "systemd":
        _did(("systemctl", "--user", "daemon-reload"))
    return [f"removed {service.file}; costtop start runs the daemon without it"]


def start() -> bool:
    """Has the manager start the daemon; False where no service is installed, or nobody is there."""
    name, manager = _name(), _manager()
    if not manager or service_files.MARK not in _text(_file(manager, name)):
        return False
    if manager == "launchd":
        return _did(_launchctl("kickstart", name))
    return _did(("systemctl", "--user", "start", name))


def _enabled(service: Service) -> list[str]:
    name = service.name
    if _did(("systemctl", "--user", "daemon-reload")):
        if why := _fault(("systemctl", "--user", "enable", "--now", name)):
            raise CosttopError(f"systemd cannot start it: {why}; journalctl --user -u {name}")
        linger = "to have it run while you are logged out: loginctl enable-linger"
        return [f"{name} is enabled and runs", linger]
    link = _link(service)
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(service.file)  # what `systemctl enable` does
    return [
        f"{name} is enabled, and starts at your next login: no systemd of yours answers here",
        "until then: costtop start",
    ]


def _loaded(service: Service) -> list[str]:
    _did(_launchctl("bootout", service.name))
    domain = f"gui/{os.getuid()}"
    if why := _fault(("launchctl", "bootstrap", domain, str(service.file))):
        raise CosttopError(f"launchd cannot start it: {why}")
    return [f"{service.name} is loaded and runs"]


def _refuse_others(service: Service) -> None:
    if service.file.exists() and not service.installed:
        raise CosttopError(f"{service.file} was not written by costtop; remove it first")


def _wrong(service: Service) -> str:
    """What `systemd-analyze` has against the unit; "" also where it is not there to ask."""
    if service.manager != "systemd" or not shutil.which("systemd-analyze"):
        return ""
    folder = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"  # noqa: S108 - it is only looked up
    with_folder = ("env", f"XDG_RUNTIME_DIR={folder}")
    ran = _ran((*with_folder, "systemd-analyze", "--user", "verify", str(service.file)))
    lines = (ran.stdout + ran.stderr).splitlines() if ran is not None else []
    return next((line for line in lines if service.file.name in line), "")


def _manager() -> str:
    if sys.platform == "darwin":
        return "launchd"
    return "systemd" if shutil.which("systemctl") else ""


def _name() -> str:
    """Of the home that `COSTTOP_HOME` names, a service of its own."""
    mark = runtime_folders()[-1].name.rpartition("-")[2]
    return f"costtop-{mark}" if os.environ.get("COSTTOP_HOME") else "costtop"


def _file(manager: str, name: str) -> Path:
    if manager == "launchd":
        return Path.home() / "Library/LaunchAgents" / f"{name}.plist"
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "systemd/user" / f"{name}.service"


def _link(service: Service) -> Path:
    return service.file.parent / "default.target.wants" / service.file.name


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What leads this shell to costtop's home and to logs, and a service would not know."""
    import pwd

    found = {name: environ[name] for name in service_files.VARIABLES if environ.get(name)}
    try:
        usual = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        usual = ""
    home = environ.get("HOME", "")
    return ({"HOME": home} if home and home != usual else {}) | found


def _launchctl(verb: str, name: str) -> Sequence[str]:
    return ("launchctl", verb, f"gui/{os.getuid()}/{name}")


def _did(command: Sequence[str]) -> bool:
    return not _fault(command)


def _asked(*command: str) -> str:
    ran = _ran(command)
    return ran.stdout.strip() if ran is not None else ""


def _fault(command: Sequence[str]) -> str:
    """What the manager says that went wrong; "" where it did it."""
    ran = _ran(command)
    if ran is None:
        return f"{command[0]} gives no answer"
    said = (ran.stderr or ran.stdout).strip().splitlines()
    return "" if ran.returncode == 0 else (said[-1] if said else f"exit code {ran.returncode}")


def _ran(command: Sequence[str]) -> "subprocess.CompletedProcess[str] | None":
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
