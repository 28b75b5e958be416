"""`scripts/bench demo`: who carries `!` after half an hour of the demo; only the runaway may.

The month and the cast of a seed are written as the demo writes them, in event time, read by
`costtop scan` into a store, and judged as they stand there with the settings costtop comes with.
"""

# ruff: noqa: S311 - a play, no secrets

import argparse
import heapq
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from costtop.alerts.replay import replay
from costtop.demo import cast, past_month
from costtop.demo.beats import Beat, lines
from costtop.demo.play import CAST, CONVERSATIONS
from costtop.detect.monitor import Monitor, as_it_was
from costtop.detect.settings import Settings
from costtop.durations import MINUTE
from costtop.store import db as database
from costtop.store.sessions.past_spends import History

NOW = 1_795_618_800_000  # Wednesday 2026-11-25 15:00 UTC
_UTC = ZoneInfo("UTC")


def live(seed: int, home: str, minutes: int) -> Iterator[tuple[int, str, Beat]]:
    """(when, the part that is played, what is written) of half an hour, as `demo.play` has it."""
    rng, order = Random(seed), 0
    end = NOW + minutes * MINUTE
    due: list[tuple[float, int, str, Beat, Iterator[Beat]]] = []

    def enter(kind: str, at: float) -> None:
        nonlocal order
        part, beats = kind, cast.conversation(rng.getrandbits(48), past_month.app_log(NOW, _UTC))
        if kind != "talk":
            session = cast.session(kind, rng.getrandbits(48), home, int(at))
            part, beats = f"{kind} {session.id}", session.beats
        follow(part, beats, at)

    def follow(part: str, beats: Iterator[Beat], at: float) -> None:
        nonlocal order
        beat = next(beats, None)
        if beat is None:
            enter(part.split(maxsplit=1)[0], at)
            return
        order += 1
        heapq.heappush(due, (at + 1000 * beat.pause, order, part, beat, beats))

    for kind in (*CAST, *["talk"] * CONVERSATIONS):
        enter(kind, NOW)
    while due and due[0][0] < end:
        at, _, part, beat, beats = heapq.heappop(due)
        yield int(at), part, beat
        follow(part, beats, at)


def flagged(seed: int, minutes: int = 30) -> tuple[set[str], dict[str, str], int]:
    """The runaway's ids; sessions that carry `!` at the end, and why; how many were live."""
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        home = Path(folder)
        past = past_month.past(seed, folder, NOW, _UTC)
        written: dict[str, list[bytes]] = defaultdict(list)
        for name, data in past.files.items():
            written[name].append(data)
        parts: set[str] = set()
        for at, part, beat in live(seed, folder, minutes):
            written[beat.file].append(lines(beat, at))
            parts.add(part)
        for name, pieces in written.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(b"".join(pieces))
        state = home / "state"
        state.mkdir()
        (state / "config.toml").write_text(past_month.config(past, folder, "UTC"))
        spends = _read(home, state)
    runaways = {part.split()[1] for part in parts if part.startswith("runaway")}
    return runaways, _marked(spends), len({one.root for one in spends if one.call.at >= NOW})


def _read(home: Path, state: Path) -> list[Any]:
    base = {**os.environ, "HOME": str(home), "COSTTOP_HOME": str(state), "TZ": "UTC"}
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        base.pop(name, None)
    scan = [sys.executable, "-m", "costtop", "scan"]
    subprocess.run(scan, env=base, check=True, stdout=subprocess.DEVNULL)
    reader = database.open_reader(next(state.rglob("costtop.db")))
    try:
        return [as_it_was(spend) for spend in History(reader).between(0, 1 << 62)]
    finally:
        reader.close()


def _marked(spends: list[Any]) -> dict[str, str]:
    """What is open at the end and was told of, of sessions that were live."""
    monitor = Monitor(Settings())
    monitor.learn(spend for spend in spends if spend.call.at < NOW)
    found = [one for spend in spends if spend.call.at >= NOW for one in monitor.observe(spend)]
    return {
        made.one.finding.session: made.one.finding.why
        for made in replay(found)
        if made.pushed is not None and made.over is None
    }


def main(arguments: list[str]) -> None:
    """Prints of each seed which sessions carry `!`, and fails where it is not the runaway alone."""
    parser = argparse.ArgumentParser(prog="scripts/bench demo", description=__doc__)
    parser.add_argument("--seeds", default="0-19", help="one, or a range: 0-19")
    parser.add_argument("--minutes", type=int, default=30)
    given = parser.parse_args(arguments)
    first, _, last = given.seeds.partition("-")
    clean = 0
    seeds = range(int(first), int(last or first) + 1)
    for seed in seeds:
        runaways, marked, live_ones = flagged(seed, given.minutes)
        others = {root: why for root, why in marked.items() if root.split("/")[1] not in runaways}
        caught = len(marked) - len(others)
        clean += not others and caught == len(runaways)
        print(f"seed {seed}: {live_ones} live sessions, runaway {caught} of {len(runaways)},"
              f" others {len(others)}", *others.values(), sep="\n  ", flush=True)  # fmt: skip
    print(f"{clean} of {len(seeds)} seeds: only the runaway carries !")
    if clean < len(seeds):
        raise SystemExit(1)
