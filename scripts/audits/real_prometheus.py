"""`scripts/prometheus`: what a real Prometheus makes of /metrics, of the rules and the dashboard.

A daemon in a home of its own, calls in two parts so that rates are known, a spent budget and a
channel that nobody answers; Prometheus (a Debian package, with promtool) scrapes it each second.
Says what it saw; 0 where everything holds, 1 where not, 69 where the programs are not there.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "docs" / "prometheus"
PATIENCE = 60.0  # s
COSTTOP = [sys.executable, "-P", "-m", "costtop"]
_CONFIG = """[metrics]
port = {port}
[[budget]]
name = "daily"
amount = "$0.01"
[[notify]]
label = "nobody"
url = "json://127.0.0.1:1/"
min_severity = "notice"
"""
_SCRAPES = """global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: costtop
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def main() -> int:
    """Runs it and prints what it saw."""
    missing = [name for name in ("prometheus", "promtool") if not shutil.which(name)]
    if missing:
        print(f"not here: {', '.join(missing)} (Debian: apt-get install prometheus)")
        return 69
    with tempfile.TemporaryDirectory(prefix="costtop-prometheus-") as folder:
        home = Path(folder)
        environ = {**os.environ, "HOME": folder, "COSTTOP_HOME": f"{folder}/costtop"}
        port, served = _free_port(), _free_port()
        (home / "costtop").mkdir(mode=0o700)
        (home / "costtop" / "config.toml").write_text(_CONFIG.format(port=port))
        settings = home / "prometheus.yml"
        settings.write_text(_SCRAPES.format(rules=FOLDER / "alerts.yml", port=port))
        with _running([*COSTTOP, "daemon"], home / "daemon.log", environ):
            text = _until(lambda: _get(f"http://127.0.0.1:{port}/metrics"))
            _calls(environ, "first")
            _plan(environ, home)
            _until(lambda: b"costtop_channel_up" in _get(f"http://127.0.0.1:{port}/metrics"))
            text = _get(f"http://127.0.0.1:{port}/metrics")
            good = [_checked(text, settings)]
            command = [
                *("prometheus", f"--config.file={settings}", f"--storage.tsdb.path={home}/tsdb"),
                f"--web.listen-address=127.0.0.1:{served}",
            ]
            with _running(command, home / "prometheus.log", environ):
                good.append(_asked(f"http://127.0.0.1:{served}", environ))
    print("all of it holds" if all(good) else "NOT all of it holds")
    return 0 if all(good) else 1


def _checked(text: bytes, settings: Path) -> bool:
    """promtool on what is served, on the rules and on the settings of this Prometheus."""
    series = sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))
    print(f"/metrics: {len(text)} bytes, {series} series")
    results = []
    for words, given in (
        (["check", "metrics"], text),
        (["check", "rules", str(FOLDER / "alerts.yml")], b""),
        (["check", "config", str(settings)], b""),
    ):
        ran = subprocess.run(["promtool", *words], input=given, capture_output=True, check=False)
        said = (ran.stdout + ran.stderr).decode().strip().replace("\n", "\n    ")
        print(f"promtool {' '.join(words[:2])}: rc {ran.returncode}{said and ': '}{said}")
        results.append(ran.returncode == 0)
    return all(results)


def _asked(server: str, environ: dict[str, str]) -> bool:
    """Every query of the dashboard and every rule, once there are rates."""
    _until(lambda: _query(server, "costtop_calls_total"))
    time.sleep(3)
    _calls(environ, "second")
    _until(lambda: _query(server, "sum(increase(costtop_calls_total[10s])) > 0"))
    board = json.loads((FOLDER / "dashboard.json").read_text())
    good = True
    for panel in board["panels"]:
        for target in panel["targets"]:
            asked = target["expr"].replace("$instance", ".*").replace("$__rate_interval", "10s")
            found = _query(server, asked)
            good &= found is not None
            said = "REFUSED" if found is None else f"{len(found)} series"
            value = f", first {float(found[0]['value'][1]):.4g}" if found else ""
            print(f"panel {panel['title']!r}: {said}{value}")
    for rule in _until(lambda: _rules(server)):
        good &= rule["health"] == "ok"
        print(f"rule {rule['name']}: {rule['health']}, {rule['state']} {rule.get('lastError', '')}")
    fired = {rule["name"]: rule["state"] for rule in _rules(server)}
    return (
        good
        and fired["CosttopBudgetSpent"] == "firing"
        and fired["CosttopChannelFails"] == "pending"
        and fired["CosttopPlanNearlyFull"] == "firing"
        and fired["CosttopDown"] == "inactive"
    )


def _rules(server: str) -> list[dict[str, Any]]:
    """All rules, once each was judged; none before."""
    told = json.loads(_get(f"{server}/api/v1/rules"))
    rules: list[dict[str, Any]] = [
        one for group in told["data"]["groups"] for one in group["rules"]
    ]
    judged = all(one["health"] != "unknown" for one in rules)
    fires = any(one["state"] == "firing" for one in rules)
    return rules if judged and fires else []


def _query(server: str, asked: str) -> list[dict[str, Any]] | None:
    """The series that a query finds now; None where Prometheus refuses it."""
    told = _get(f"{server}/api/v1/query?{urllib.parse.urlencode({'query': asked})}")
    found: list[dict[str, Any]] | None = json.loads(told)["data"]["result"] if told else None
    return found


def _calls(environ: dict[str, str], session: str) -> None:
    for number, model in enumerate(("claude-sonnet-4-5", "gpt-5.1", "nobody-knows-1")):
        call = {"session": session, "model": model, "input_tokens": 90_000, "output_tokens": 500,
                "feature": f"feature {number}", "status": "ok" if number else "error"}  # fmt: skip
        command = [*COSTTOP, "record", "--json", json.dumps(call)]
        subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)


def _plan(environ: dict[str, str], home: Path) -> None:
    """Two windows of a plan, as Claude Code hands them to its status line."""
    resets = {"resets_at": int(time.time()) + 7200}
    told = {"session_id": "first", "transcript_path": f"{home}/.claude/projects/x/first.jsonl",
            "rate_limits": {"five_hour": {"used_percentage": 91, **resets},
                            "seven_day": {"used_percentage": 12, **resets}}}  # fmt: skip
    command, given = [*COSTTOP, "statusline"], json.dumps(told).encode()
    subprocess.run(command, env=environ, input=given, check=True, stdout=subprocess.DEVNULL)


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - on the loopback
            told: bytes = answer.read()
            return told
    except OSError:
        return b""


def _until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (answer := true()):
        if time.monotonic() > end:
            raise SystemExit("waited in vain: see the traceback of what it waited for")
        time.sleep(0.3)
    return answer


@contextmanager
def _running(command: list[str], log: Path, environ: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
    try:
        yield
    except BaseException:
        print(log.read_text()[-2000:])
        raise
    finally:
        child.terminate()
        child.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
