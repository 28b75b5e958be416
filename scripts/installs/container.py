"""The image of docs/install/Dockerfile made without Docker, and run as compose.yaml runs it.

The base is a Debian root with python3, python3-venv and python-is-python3 instead of Docker's
python:3.11-slim. Logs are bind-mounted read-only; /metrics is asked over the loopback.
"""

import json
import shutil
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from . import dockerfile
from .ways import ROOT, checkout

_ROW = {
    "type": "assistant", "sessionId": "0a1b2c3d-4e5f-4061-8071-2a3b4c5d6e7f", "requestId": "r1",
    "uuid": "00000000-0000-4000-8000-000000000001", "cwd": "/src/shop",
    "message": {"id": "m1", "model": "claude-opus-4-6", "role": "assistant",
                "stop_reason": "end_turn", "usage": {"input_tokens": 1000, "output_tokens": 100}},
}  # fmt: skip
_PATIENCE = 60  # s
_METRICS = "http://127.0.0.1:9464/metrics"


def tried(base: Path, folder: Path) -> None:
    """Builds it, runs its entry point over read-only logs, and reads /metrics; or SystemExit."""
    made = folder / "base"
    dockerfile.copied(base, made)
    shutil.copy("/etc/resolv.conf", made / "etc")
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", made / "etc/ssl/certs")
    (made / "etc/hosts").write_text("127.0.0.1 localhost\n")
    tree = checkout(folder / "checkout")
    stage = dockerfile.built(ROOT / "docs/install/Dockerfile", tree, made, folder)
    size = subprocess.run(["du", "-sm", stage.root], capture_output=True, text=True, check=True)
    print(f"the last stage: {size.stdout.split()[0]} MB with its base")
    with ExitStack() as mounted:
        _mount(mounted, _logs(folder, stage), stage.root / "home/costtop/.claude/projects")
        config = stage.root / "data/config.toml"
        config.touch()
        _mount(mounted, ROOT / "docs/install/container.toml", config)
        _run(stage)


def _logs(folder: Path, stage: dockerfile.Stage) -> Path:
    logs = folder / "logs"
    (logs / "shop").mkdir(parents=True)
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    (logs / "shop" / f"{_ROW['sessionId']}.jsonl").write_text(json.dumps(_ROW | {"timestamp": at}))
    with open(next((logs / "shop").iterdir()), "a", encoding="utf-8") as file:
        file.write("\n")
    owner = stage.run("id", "-u").stdout.strip()
    subprocess.run(["chown", "-R", owner, logs], check=True)
    subprocess.run(["chmod", "-R", "go=", logs], check=True)
    return logs


def _mount(mounted: ExitStack, source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True)
    subprocess.run(["mount", "-o", "bind,ro", source, target], check=True)
    mounted.callback(subprocess.run, ["umount", target], check=True)


def _run(stage: dockerfile.Stage) -> None:
    proc = ["mount", "-t", "proc", "proc", str(stage.root / "proc")]
    subprocess.run(proc, check=True)
    words = [*stage.said["ENTRYPOINT"], *stage.said["CMD"]]
    begun = subprocess.Popen(_within(stage, words))
    try:
        text = _scraped()
        print("\n".join(x for x in text.splitlines() if x.startswith("costtop_calls_total")))
        health = stage.said["HEALTHCHECK"]
        asked = stage.run(*json.loads(" ".join(health[health.index("CMD") + 1 :])), check=False)
        print(f"HEALTHCHECK: {asked.returncode}: {asked.stdout.splitlines()[0]}")
        who = stage.run("id", "-un").stdout.strip()
        touched = stage.run("touch", "/home/costtop/.claude/projects/x", check=False)
        print(f"as {who}; writing to the logs: {touched.stderr.strip()}")
        print(stage.run("costtop", "report", "--by", "model").stdout)
        if asked.returncode or not touched.returncode or who == "root":
            raise SystemExit("not as it should be")
    finally:
        stage.run("costtop", "stop", check=False)
        begun.wait(_PATIENCE)
        subprocess.run(["umount", str(stage.root / "proc")], check=True)


def _within(stage: dockerfile.Stage, words: list[str]) -> list[str]:
    env = [f"{name}={value}" for name, value in stage.env.items()]
    user = f"--userspec={stage.user}:{stage.user}"
    home = f"HOME=/home/{stage.user}"
    return [dockerfile.CHROOT, user, str(stage.root), "/usr/bin/env", "-i", home, *env, *words]


def _scraped() -> str:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(_METRICS, timeout=5) as answer:
                text: str = answer.read().decode()
        except OSError:
            text = ""
        if "costtop_calls_total{" in text:
            return text
        time.sleep(0.2)
    raise SystemExit(f"{_METRICS} told of no call")
