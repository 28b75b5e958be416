"""Installs agents with npm, each into a folder of its own. Nothing else here asks the network."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from laboratory.agent_programs import RealAgent

NODE = 22  # the oldest that all of them run on


class NoNpm(Exception):
    """There is no npm, or it could not install."""


def default_folder(environ: Mapping[str, str]) -> Path:
    """Where agents are kept from one run to the next."""
    cache = environ.get("XDG_CACHE_HOME") or Path(environ["HOME"]) / ".cache"
    return Path(cache) / "costtop-real-agents"


def install(agent: RealAgent, folder: Path, anew: bool) -> str:
    """The agent's version, installed where it is missing or wanted `anew`; raises NoNpm."""
    if not _node(folder):
        _npm(f"node@{NODE}", folder / "node")
    if anew or not _program(folder / agent.name, agent.program):
        _npm(f"{agent.package}@latest", folder / agent.name, _node(folder))
    return version(agent, folder)


def version(agent: RealAgent, folder: Path) -> str:
    """As its package says."""
    about = folder / agent.name / "node_modules" / agent.package / "package.json"
    return str(json.loads(about.read_bytes())["version"])


def search_path(agent: RealAgent, folder: Path) -> str:
    """PATH on which the agent and a node that is new enough come first."""
    own = folder / agent.name / "node_modules/.bin"
    return ":".join([_node(folder), str(own), "/usr/local/bin:/usr/bin:/bin"])


def _program(folder: Path, name: str) -> bool:
    return (folder / "node_modules/.bin" / name).exists()


def _node(folder: Path) -> str:
    """The folder of a node that is new enough; "" where there is none."""
    own = folder / "node/node_modules/node/bin"
    found = str(own / "node") if (own / "node").exists() else shutil.which("node")
    if not found:
        return ""
    asked = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    major = asked.stdout.removeprefix("v").partition(".")[0]
    return str(Path(found).parent) if major.isdigit() and int(major) >= NODE else ""


def _npm(package: str, folder: Path, node: str = "") -> None:
    """Installs a package; of one that its `node` is too old for, npm takes an older version."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoNpm("npm is not there: install Node.js, or name a folder that holds the agents")
    folder.mkdir(parents=True, exist_ok=True)
    words = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error"]
    path = f"{node}:{os.environ['PATH']}" if node else os.environ["PATH"]
    done = subprocess.run(
        [*words, package], cwd=folder, env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoNpm(f"npm could not install {package}: {done.stderr.strip()[-300:]}")
