"""Four weeks of made-up work as lines of costtop's own log, read into a test's own store."""

import json
import random
from datetime import UTC, datetime

from costtop.cli.main import main
from costtop.paths import find

NOON = 1_795_003_200_000  # 2026-11-18T12:00:00Z, a Wednesday: no clock may be ahead of ours
DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000


def iso(at):
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def call(session, nth, at, **what):
    given = {
        "ts": iso(at), "id": f"{session}-{nth}", "session": session, "model": "claude-sonnet-4-5",
        "input_tokens": 1000, "output_tokens": 200,
    }  # fmt: skip
    return json.dumps(given | what)


def task(session, at, status):
    return json.dumps(
        {"ts": iso(at), "event": "task", "session": session, "task": "T", "status": status}
    )


def work(feature, days, each, seed=1, bloat=lambda day: 1.0, model=lambda day: "claude-sonnet-4-5",
         lost=0.1, end=NOON):  # fmt: skip
    """`each` sessions a day, one task each, whose context grows `bloat(day)` times as fast."""
    rng = random.Random(f"{feature} {seed}")
    lines = []
    for day in range(days):
        for nth in range(each):
            session = f"{feature}-{day}-{nth}"
            at = end - (days - day) * DAY + round(rng.uniform(0, 8) * HOUR)
            context = 0
            turns = rng.randint(4, 8)
            for turn in range(turns):
                grown = round(rng.lognormvariate(8, 0.3) * bloat(day))
                lines.append(
                    call(session, turn, at + turn * MINUTE, feature=feature, task="T",
                         model=model(day), user="ana", input_tokens=context + grown,
                         cache_read_tokens=context, cache_write_tokens=grown,
                         output_tokens=rng.randint(100, 400))
                )  # fmt: skip
                context += grown
            status = "aborted" if rng.random() < lost else "completed"
            lines.append(task(session, at + turns * MINUTE, status))
    return lines


def scanned(home, lines, more=""):
    log = home / "calls.jsonl"
    log.write_text("\n".join(lines) + "\n")
    paths = find()
    paths.config.parent.mkdir(parents=True, exist_ok=True)
    paths.config.write_text(
        f'timezone = "UTC"\n[[source]]\nname = "own"\npaths = ["{log}"]\n{more}'
    )
    assert main(["scan"]) == 0
    return paths
