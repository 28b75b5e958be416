"""Puts the gate and the status line into an agent's settings, and takes them out again.

`dialects` know the formats of hooks. A file that cannot be understood is left alone, and what it
was before is kept in a receipt.
"""

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from costtop.errors import CosttopError, UsageError
from costtop.hooks.dialects import AGENTS, dialect_of
from costtop.hooks.install import entries, receipts
from costtop.hooks.install.receipts import Receipt
from costtop.named_tuples import NamedTuple

if TYPE_CHECKING:
    from costtop.hooks.dialects import Dialect

T = TypeVar("T")
_PLAIN = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_ABOVE = 5  # folders above a script in which its package is described
_BY_PATH = str(Path(__file__).parents[1] / "by_path.py")


class Installed(NamedTuple):
    """How an agent's settings stand."""

    agent: str
    settings: Path
    commands: tuple[str, ...]  # ours that stand in them
    trouble: str  # why they would not work; "" is fine
    since: int = 0  # ms UTC: when they were put in; 0: not known
    old: str = ""  # why the agent's program, as installed, runs no hooks at all


def dialect(agent: str) -> "Dialect":
    """The agent's dialect; raises UsageError for one that is not known."""
    if agent not in AGENTS:
        raise UsageError(f"unknown agent {agent!r}; one of {', '.join(AGENTS)}")
    return dialect_of(agent)


def place(agent: str, environ: Mapping[str, str] = os.environ) -> Path:
    """The agent's settings, behind all links: a linked dotfile stays one."""
    return Path(os.path.realpath(dialect(agent).settings(environ, Path.cwd())))


def install(agent: str, kept: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Writes our entries; `kept` is the folder of receipts. Returns what was done."""
    speaks, path = dialect(agent), place(agent, environ)
    before = bytes_of(path)
    text = _text(path, before, speaks)
    ours = speaks.entries(_gate(agent, environ))
    plain = _understood(path, entries.without, text)
    after = _understood(path, entries.with_hooks, plain, ours)
    if speaks.LINE:
        after = _understood(path, entries.with_line, after, _line(environ))
    if before is not None and after == before.decode():
        receipts.keep_launchers(kept, _launchers())
        return [f"{path}: costtop's hooks are there already"]
    earlier = receipts.read(kept, path)
    first = before if plain == text else plain.encode()
    if earlier and before is not None and receipts.digest(before) == earlier.after:
        first = earlier.before  # they were put in anew: the way back leads to the first state
    folders = tuple(earlier.folders) if earlier else missing(path)
    backup = receipts.keep(kept, path, Receipt(first, receipts.digest(after.encode()), folders))
    _write(path, after.encode())
    receipts.keep_launchers(kept, _launchers())
    said = [f"{path}: the gate is in" + (" and the status line" if speaks.LINE else "")]
    if first is not None:
        said.append(f"as it was before: {backup}")
    doubts = [_disabled(speaks, path), too_old(speaks, environ), speaks.TRUST]
    return [*said, *filter(None, doubts)]


def remove(agent: str, kept: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Takes our entries out; the file is byte for byte what it was, or was changed to since."""
    path = place(agent, environ)
    now = bytes_of(path)
    receipt = receipts.read(kept, path)
    if now is None:
        receipts.drop(kept, path)
        return [f"{path}: there are no settings"]
    if receipt and receipts.digest(now) == receipt.after:
        before = receipt.before
    else:
        before = _understood(path, entries.without, _text(path, now, dialect(agent))).encode()
        if receipt and receipt.before is None and not before.strip(b"{} \r\n\t"):
            before = None
    if before == now:
        return [f"{path}: nothing of costtop is in it"]
    if before is None:
        path.unlink()
        _remove_folders(receipt.folders if receipt else ())
    else:
        _write(path, before)
    receipts.drop(kept, path)
    return [f"{path}: costtop's hooks are out"]


def status(agent: str, kept: Path, environ: Mapping[str, str] = os.environ) -> Installed:
    """How the agent's settings stand now; `kept` is the folder of receipts."""
    path = place(agent, environ)
    now = bytes_of(path)
    if now is None:
        return Installed(agent, path, (), "")
    commands = tuple(_understood(path, entries.found, _text(path, now, dialect(agent))))
    trouble = _gone(commands[0]) if commands else ""
    trouble = trouble or (commands and _disabled(dialect(agent), path)) or ""
    old = too_old(dialect(agent), environ) if commands else ""
    return Installed(
        agent=agent,
        settings=path,
        commands=commands,
        trouble=trouble,
        since=receipts.since(kept, path),
        old=old,
    )


def _gone(command: str) -> str:
    """That nothing is left of the programs that a command of ours would start; "" where one is."""
    tried = [
        [word for word in shlex.split(one) if "=" not in word] for one in command.split(" || ")
    ]
    programs = [words for words in tried if words and words != ["true"]]
    if not programs or any(_starts(words) for words in programs):
        return ""
    return f"{programs[-1][0]} is not there any more: install again"


def _starts(words: list[str]) -> bool:
    files = [word for word in words if word.endswith("/" + os.path.basename(_BY_PATH))]
    return os.access(words[0], os.X_OK) and all(os.path.isfile(one) for one in files)


def _disabled(speaks: "Dialect", path: Path) -> str:
    """Why the agent would not run its hooks."""
    beside, lines = speaks.OFF
    try:
        config = path.with_name(beside).read_text() if beside else ""
        root = entries.parse_root(path.read_text())
    except (OSError, UnicodeDecodeError, CosttopError):
        return ""
    if lines & {line.replace(" ", "") for line in config.splitlines()}:
        return f"{beside} beside them switches hooks off ([features] hooks = false)"
    key = _switch(root.plain)
    which = "costtop's" if key.endswith("disabled") else "all"
    return f"its settings switch {which} hooks off ({key})" if key else ""


def _switch(settings: Mapping[str, Any]) -> str:
    """The key of an agent's settings by which it runs no hooks, or none called costtop; or ""."""
    if settings.get("disableAllHooks") is True:  # Claude Code, Qwen Code
        return "disableAllHooks"
    for room, key in (("hooksConfig", "enabled"), ("hooks", "enabled"), ("tools", "enableHooks")):
        part = settings.get(room)  # Gemini CLI; the latter two in its older versions
        if isinstance(part, dict) and part.get(key) is False:
            return f"{room}.{key}"
        names = part.get("disabled") if isinstance(part, dict) else None
        if isinstance(names, list) and "costtop" in names:
            return f"{room}.disabled"
    return ""


def _gate(agent: str, environ: Mapping[str, str]) -> str:
    """By path, for that starts soonest; by the launcher where an update has moved the file."""
    sooner = [sys.executable, "-I", "-S", _BY_PATH]
    commands = [sooner] if sys.executable and os.path.isfile(_BY_PATH) else []
    home = _home(environ)
    said = [f"{home}{shlex.join(one)} gate --agent {agent}" for one in [*commands, _launcher()]]
    # A hook that ends with 2 blocks the agent: a program that has gone must not be able to.
    return " || ".join([*said, "true"])


def _line(environ: Mapping[str, str]) -> str:
    return f"{_home(environ)}{shlex.join(_launcher())} statusline || true"


def _launcher() -> list[str]:
    """How to start costtop from any folder."""
    return _launchers()[:1] or [sys.executable, "-P", "-m", "costtop"]


def _launchers() -> list[str]:
    """The programs that start costtop, this one first, then the one that PATH has."""
    own = Path(sys.argv[0]) if Path(sys.argv[0]).name == "costtop" else None
    found = [own] if own and own.is_file() and os.access(own, os.X_OK) else []
    found += [Path(one) for one in [shutil.which("costtop")] if one]
    return list(dict.fromkeys(str(one.absolute()) for one in found))


def _home(environ: Mapping[str, str]) -> str:
    """This instance's home, put before a command, where it has its own."""
    home = environ.get("COSTTOP_HOME")
    return f"COSTTOP_HOME={shlex.quote(str(Path(home).expanduser().absolute()))} " if home else ""


def _understood(path: Path, ask: Callable[..., T], *arguments: object) -> T:
    try:
        return ask(*arguments)
    except CosttopError as error:
        raise CosttopError(f"cannot change {path}: {error}; nothing was changed") from None


def bytes_of(path: Path) -> bytes | None:
    """The content of a file; None where there is none. Raises CosttopError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CosttopError(f"cannot read {path}: {error.strerror}") from None


def _text(path: Path, content: bytes | None, speaks: "Dialect") -> str:
    """The content as text; what a new file begins with where there is none."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        raise CosttopError(f"cannot change {path}: it is not UTF-8; nothing was changed") from None
    return text if text.strip() else speaks.NEW


def missing(path: Path) -> tuple[str, ...]:
    """The folders above a file that are not there yet, the deepest first."""
    return tuple(str(one) for one in path.parents if not one.exists())


def _remove_folders(folders: tuple[str, ...]) -> None:
    for folder in folders:
        try:
            os.rmdir(folder)
        except OSError:
            return  # someone has put something there


def _write(path: Path, content: bytes) -> None:
    """Replaces the file at once, with the mode that it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    young = path.with_name(f".{path.name}.costtop-{os.getpid()}")
    try:
        with young.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a power cut must not leave an agent without settings
        young.chmod(mode)
        os.replace(young, path)
    except OSError as error:
        young.unlink(missing_ok=True)
        raise CosttopError(f"cannot write {path}: {error.strerror}") from None


def too_old(speaks: "Dialect", environ: Mapping[str, str]) -> str:
    """Why this agent's program runs no hooks; "" where it does, or where that is not known."""
    program, since = speaks.PROGRAM
    path = shutil.which(program, path=environ.get("PATH"))
    version = _version(Path(os.path.realpath(path))) if path and since else ""
    if not version or _number(version) >= _number(since):
        return ""
    return f"{program} {version} is too old for hooks, which came with {since}: update it"


def _version(program: Path) -> str:
    """As its package says, or a folder or a file on the way that is called by a version."""
    for folder in list(program.parents)[:_ABOVE]:
        try:
            said = json.loads((folder / "package.json").read_bytes())["version"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return said if isinstance(said, str) and _PLAIN.match(said) else ""
    return next((part for part in reversed(program.parts) if _PLAIN.fullmatch(part)), "")


def _number(version: str) -> tuple[int, ...]:
    found = _PLAIN.match(version)
    return tuple(map(int, found.groups())) if found else ()
