"""Puts the gate and the status line into an agent's settings, and takes them out again.

It knows no formats of hooks; `dialects` do. A file that cannot be understood is left alone.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from costtop.errors import CosttopError, UsageError
from costtop.hooks.dialects import AGENTS, dialect_of
from costtop.hooks.install import entries, receipts
from costtop.hooks.install.receipts import Receipt

if TYPE_CHECKING:
    from costtop.hooks.dialects import Dialect

T = TypeVar("T")
_NEW = "{\n}\n"
_NEW_COPILOT = '{\n  "version": 1\n}\n'


class Installed(NamedTuple):
    """How an agent's settings stand."""

    agent: str
    settings: Path
    commands: tuple[str, ...]  # ours that stand in them
    trouble: str  # why they would not work; "" is fine


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
    before = _read(path)
    text = _text(path, before, agent)
    ours = speaks.entries(_gate(agent, environ))
    plain = _understood(path, entries.without, text)
    after = _understood(path, entries.with_hooks, plain, ours)
    if agent == "claude-code":
        after = _understood(path, entries.with_line, after, _line(environ))
    if before is not None and after == before.decode():
        return [f"{path}: costtop's hooks are there already"]
    earlier = receipts.find(kept, path)
    first = before if plain == text else plain.encode()
    if earlier and before is not None and receipts.of(before) == earlier.after:
        first = earlier.before  # they were put in anew: the way back leads to the first state
    folders = tuple(earlier.folders) if earlier else _missing(path)
    backup = receipts.keep(kept, path, Receipt(first, receipts.of(after.encode()), folders))
    _write(path, after.encode())
    said = [f"{path}: the gate is in" + (" and the status line" if agent == "claude-code" else "")]
    if first is not None:
        said.append(f"as it was before: {backup}")
    return [*said, *filter(None, [_disabled(agent, path)])]


def remove(agent: str, kept: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Takes our entries out; the file is byte for byte what it was, or was changed to since."""
    path = place(agent, environ)
    now = _read(path)
    receipt = receipts.find(kept, path)
    if now is None:
        receipts.drop(kept, path)
        return [f"{path}: there are no settings"]
    if receipt and receipts.of(now) == receipt.after:
        before = receipt.before
    else:
        before = _understood(path, entries.without, _text(path, now, agent)).encode()
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


def status(agent: str, environ: Mapping[str, str] = os.environ) -> Installed:
    """How the agent's settings stand now."""
    path = place(agent, environ)
    now = _read(path)
    if now is None:
        return Installed(agent, path, (), "")
    commands = tuple(_understood(path, entries.found, _text(path, now, agent)))
    program = shlex.split(commands[0])[0:2] if commands else []
    words = [word for word in program if "=" not in word]
    gone = bool(words) and not os.access(words[0], os.X_OK)
    trouble = f"{words[0]} is not there any more: install again" if gone else ""
    return Installed(agent, path, commands, trouble or (commands and _disabled(agent, path)) or "")


def _disabled(agent: str, path: Path) -> str:
    """Why the agent would not run its hooks."""
    if agent == "codex":
        try:
            config = path.with_name("config.toml").read_text()
        except (OSError, UnicodeDecodeError):
            return ""
        off = any(line.replace(" ", "") in {"hooks=false", "codex_hooks=false"}
                  for line in config.splitlines())  # fmt: skip
        return "Codex's config.toml switches hooks off ([features] hooks = false)" if off else ""
    try:
        root = entries.parse_root(path.read_text())
    except (OSError, UnicodeDecodeError, CosttopError):
        return ""
    return "its settings switch all hooks off (disableAllHooks)" if (
        root.plain.get("disableAllHooks") is True
    ) else ""  # fmt: skip


def _gate(agent: str, environ: Mapping[str, str]) -> str:
    # A hook that ends with 2 blocks the agent: a program that has gone must not be able to.
    return f"{_program(environ)} gate --agent {agent} || true"


def _line(environ: Mapping[str, str]) -> str:
    return f"{_program(environ)} statusline || true"


def _program(environ: Mapping[str, str]) -> str:
    """How to start costtop from any folder, with this instance's home where it has its own."""
    found = shutil.which("costtop")
    own = Path(sys.argv[0]) if Path(sys.argv[0]).name == "costtop" else None
    words = [str(Path(found).absolute())] if found else [sys.executable, "-P", "-m", "costtop"]
    if own and own.is_file() and os.access(own, os.X_OK):
        words = [str(own.absolute())]
    home = environ.get("COSTTOP_HOME")
    given = [f"COSTTOP_HOME={shlex.quote(str(Path(home).expanduser().absolute()))}"] if home else []
    return " ".join([*given, shlex.join(words)])


def _understood(path: Path, ask: Callable[..., T], *arguments: object) -> T:
    try:
        return ask(*arguments)
    except CosttopError as error:
        raise CosttopError(f"cannot change {path}: {error}; nothing was changed") from None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CosttopError(f"cannot read {path}: {error.strerror}") from None


def _text(path: Path, content: bytes | None, agent: str) -> str:
    """The content as text; what a new file begins with where there is none."""
    try:
        text = (content or b"").decode()
    except UnicodeDecodeError:
        raise CosttopError(f"cannot change {path}: it is not UTF-8; nothing was changed") from None
    return text if text.strip() else (_NEW_COPILOT if agent == "copilot" else _NEW)


def _missing(path: Path) -> tuple[str, ...]:
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
        young.write_bytes(content)
        young.chmod(mode)
        os.replace(young, path)
    except OSError as error:
        young.unlink(missing_ok=True)
        raise CosttopError(f"cannot write {path}: {error.strerror}") from None
