"""`costtop config edit`: the user's editor on a draft, which is saved only once it is right."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from costtop import paths
from costtop.cli.tables import put
from costtop.config import Config
from costtop.errors import ConfigError, CosttopError
from costtop.files import private_directory, private_file, replace
from costtop.paths import Paths

_EDITORS = ("sensible-editor", "nano", "vim", "vi")
_HEAD = """\
# costtop's configuration. Every setting with its default: costtop config show
#
# [[budget]]
# name = "daily"
# amount = "$20"
#
# [[notify]]
# label = "mine"
# url = "json://127.0.0.1:8080/alerts"
#
# [[source]]
# name = "my-app"
# format = "costtop"
# paths = ["~/logs/my-app/*.jsonl"]
"""


def run(options: argparse.Namespace) -> int:
    """Edits until the draft is right, or nothing is to change; raises ConfigError off a tty."""
    found = paths.find()
    private_directory(found.config.parent)
    before = _bytes(found.config)
    draft = found.config.with_name(f"config.draft-{os.getpid()}.toml")
    try:
        replace(draft, before or _HEAD.encode())
        while _edited(draft, before or _HEAD.encode()):
            try:
                said = _judged(found, draft)
            except ConfigError as error:
                _ask_again(error)
                continue
            _save(found, before, draft)
            put(f"{found.config} is saved: {said}; a running daemon reads it within seconds")
            return 0
        put(f"nothing changed in {found.config}")
    finally:
        draft.unlink(missing_ok=True)
    return 0


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None


def _edited(draft: Path, before: bytes) -> bool:
    """Whether the editor was left well, with something changed."""
    command = [*_editor(), str(draft)]
    try:
        ended = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise CosttopError(f"cannot run {command[0]}: {error.strerror}; set EDITOR") from None
    if ended:
        raise CosttopError(f"{command[0]} ended with {ended}; nothing is saved")
    return _bytes(draft) != before


def _editor() -> list[str]:
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if wanted:
        return shlex.split(wanted)
    known = next(filter(shutil.which, _EDITORS), None)
    if known is None:
        raise CosttopError("no editor is known; name one: EDITOR=nano costtop config edit")
    return [known]


def _judged(found: Paths, draft: Path) -> str:
    """What the draft holds, in words; raises ConfigError as if it were the file already."""
    from costtop.daemon.config_changes import loaded

    try:
        config, _ = loaded(found._replace(config=draft))
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(draft), str(found.config))) from None
    return counted(config)


def _ask_again(error: ConfigError) -> None:
    """Returns where the user wants to mend it; raises ConfigError otherwise. Nothing is saved."""
    if not sys.stdin.isatty():
        raise error
    print(f"costtop: {error}", file=sys.stderr)
    try:
        said = input("edit it again? [Y/n] ")
    except EOFError:
        said = "n"
    if said.strip().lower() in ("n", "no", "q"):
        raise ConfigError("nothing is saved") from None


def _save(found: Paths, before: bytes, draft: Path) -> None:
    """Puts the draft in place, through a link too; raises where the file was changed meanwhile."""
    if _bytes(found.config) != before:
        kept = found.config.with_name("config.draft.toml")
        os.replace(draft, kept)
        raise CosttopError(f"{found.config} was changed meanwhile; your draft is {kept}")
    with draft.open("rb") as file:
        os.fsync(file.fileno())  # a power cut must not leave the name with nothing behind it
    target = found.config.resolve()
    if not target.exists():
        os.close(private_file(target, os.O_WRONLY | os.O_CREAT))
    replace(target, _bytes(draft), target.stat().st_mode & 0o777)


def counted(config: Config) -> str:
    """What the configuration holds, in words: `2 budgets, 1 endpoint`, else whether it changes any
    default.
    """
    held = (
        (len(config.budget), "budget"),
        (len(config.plan), "plan"),
        (len(config.notify), "endpoint"),
        (len(config.source), "source"),
        (len(config.feature), "feature rule"),
    )
    words = [f"{many} {name}{'s' * (many != 1)}" for many, name in held if many]
    return ", ".join(words) or ("the defaults hold" if config == Config() else "settings alone")
