"""Carries out a Dockerfile's own lines in folders, by chroot: for where no Docker engine runs.

It knows what docs/install/Dockerfile uses and refuses the rest, so that it cannot pass by skipping.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"  # not on the PATH of an image
_SAID = ("EXPOSE", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD")


def lines(text: str) -> Iterator[tuple[str, str]]:
    """(instruction, rest) in order; comments gone, continued lines joined."""
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in bare.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name, rest.strip()


class Stage:
    """One image: a root folder that grows by instructions. Only root can make one."""

    def __init__(self, base: Path, root: Path) -> None:
        copied(base, root)
        self.root, self.folder, self.user = root, "/", ""
        self.env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.arguments: dict[str, str] = {}
        self.said: dict[str, list[str]] = {}  # what only an engine does, as words

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command in it, as its user, with its environment and what pip needs of this one."""
        as_user = [f"--userspec={self.user}:{self.user}"] if self.user else []
        go = f"cd {shlex.quote(self.folder)} && exec " + shlex.join(words)
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_CERT")}
        return subprocess.run(
            [CHROOT, *as_user, str(self.root), "/bin/sh", "-c", go],
            env={**pip, **self.arguments, **self.env, **self._home()}, check=check,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip

    def _home(self) -> dict[str, str]:
        return {"HOME": f"/home/{self.user}" if self.user else "/root"}

    def copy(self, sources: Sequence[Path], to: str) -> None:
        """Files and the contents of folders, to a path of this root."""
        target = self.root / os.path.join(self.folder, to).lstrip("/")
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)


def copied(base: Path, root: Path) -> None:
    """A root folder once more, its devices as devices."""
    subprocess.run(["cp", "-a", str(base), str(root)], check=True)


def built(file: Path, context: Path, base: Path, folder: Path) -> Stage:
    """The last stage of a Dockerfile over one base for all its FROM lines; says what it does."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for name, rest in lines(file.read_text()):
        print(f"{name} {rest}", flush=True)
        if name == "FROM":
            stage = Stage(base, folder / f"stage{len(stages)}")
            stages[rest.partition(" AS ")[2] or str(len(stages))] = stage
        elif stage is None:
            raise SystemExit(f"{name} before FROM")
        else:
            _done(stage, name, rest, context, stages)
    if stage is None:
        raise SystemExit(f"{file} has no FROM")
    return stage


def _done(stage: Stage, name: str, rest: str, context: Path, stages: dict[str, Stage]) -> None:
    if name == "RUN":
        ran = stage.run("/bin/sh", "-c", rest, check=False)
        if ran.returncode:
            raise SystemExit(f"RUN {rest}\n{ran.stdout}{ran.stderr}")
    elif name == "COPY":
        *flags, paths = re.split(r"(?<=^--from=\w{5}) ", rest, maxsplit=1)
        *sources, to = paths.split()
        origin = stages[flags[0].partition("=")[2]].root if flags else context
        stage.copy([origin / one.lstrip("/") for one in sources], to)
    elif name == "WORKDIR":
        stage.folder = rest
        (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif name == "ENV":
        stage.env |= dict(one.split("=", 1) for one in shlex.split(rest))
    elif name == "ARG":
        stage.arguments |= dict([rest.split("=", 1)])
    elif name == "USER":
        stage.user = rest
    elif name in _SAID:
        stage.said[name] = json.loads(rest) if rest.startswith("[") else rest.split()
    else:
        raise SystemExit(f"{name} is not known here")
