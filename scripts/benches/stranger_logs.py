"""`scripts/bench stranger_logs`: the detectors on another company, read from logs as agents write.

The sessions of `strangers` are written as costtop's own lines and as transcripts of Claude Code,
read by `costtop scan` into a store, and given to the detectors as they stand there. All that is
pushed counts as flagged, with the settings that costtop comes with.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from costtop.analysis.ledger import full_price
from costtop.detect.monitor import as_it_was
from costtop.detect.settings import Settings
from costtop.durations import iso
from costtop.model import Rates, Tokens
from costtop.store import db as database
from costtop.store.sessions.past_spends import History

from . import detect, scoring
from .generator import Corpus, Event, Truth
from .strangers import Session, Turn, Usage, company

FORMS = ("costtop", "claude-code")
_CONFIG = '[[source]]\nname = "fleet"\nformat = "costtop"\npaths = ["{home}/fleet.jsonl"]\n'


def corpus(seed: int, form: str, days: int = 40) -> Corpus:
    """The company of a seed, by way of its logs in that form and a store."""
    sessions = list(company(seed, days))
    with tempfile.TemporaryDirectory(prefix="costtop-bench-") as folder:
        home = Path(folder)
        write(home, sessions, form)
        state = home / "state"
        base = {**os.environ, "HOME": folder, "COSTTOP_HOME": str(state), "TZ": "UTC"}
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
            base.pop(name, None)
        scan = [sys.executable, "-m", "costtop", "scan"]
        subprocess.run(scan, env=base, check=True, stdout=subprocess.DEVNULL)
        reader = database.open_reader(next(state.rglob("costtop.db")))
        try:
            return _joined(reader, sessions, form)
        finally:
            reader.close()


def write(home: Path, sessions: Iterable[Session], form: str) -> None:
    """The logs of these sessions below a home."""
    if form == "costtop":
        (home / "state").mkdir()
        (home / "state" / "config.toml").write_text(_CONFIG.format(home=home))
        with (home / "fleet.jsonl").open("w") as file:
            for session in sessions:
                file.writelines(_own(session, nth, turn) for nth, turn in enumerate(session.turns))
        return
    for session in sessions:
        folder = home / ".claude" / "projects" / f"-src-{session.team}"
        files: dict[Path, list[str]] = defaultdict(list)
        for nth, turn in enumerate(session.turns):
            name = f"{session.id}/subagents/agent-{turn.agent}" if turn.agent else session.id
            files[folder / f"{name}.jsonl"] += _rows(session, nth, turn)
        for path, rows in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(rows))


def _own(session: Session, nth: int, turn: Turn) -> str:
    """The turn as a line of costtop's own: the tools with hashes that a program might make."""
    used = turn.used
    tools = [
        {
            "name": one.name,
            "key": json.dumps(one.asked),
            "error": one.failed,
            "result": one.answer.split("\nString")[0],
        }
        for one in turn.said
    ]
    line = {
        "ts": iso(turn.at),
        "id": f"{session.id}-{nth}",
        "session": session.id,
        "agent": turn.agent or None,
        "feature": session.team,
        "model": used.model,
        "input_tokens": used.fresh + used.read + used.write,
        "cache_read_tokens": used.read,
        "cache_write_tokens": used.write,
        "output_tokens": used.output,
        "tools": tools,
    }
    return json.dumps(line) + "\n"


def _rows(session: Session, nth: int, turn: Turn) -> list[str]:
    """The turn as rows of a transcript: a reply by blocks, then the results of its tools."""
    used, message = turn.used, f"msg_{session.id[:8]}{nth:06d}{turn.agent}"
    usage = {
        "input_tokens": used.fresh,
        "cache_read_input_tokens": used.read,
        "cache_creation_input_tokens": used.write,
        "output_tokens": used.output,
    }
    names = [f"toolu_{message}{each}" for each in range(len(turn.said))]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": "…"}]
    blocks += [
        {"type": "tool_use", "id": name, "name": one.name, "input": one.asked}
        for name, one in zip(names, turn.said, strict=True)
    ]
    rows: list[dict[str, Any]] = []
    for block in blocks:
        body = {"id": message, "role": "assistant", "model": used.model, "content": [block],
                "usage": usage, "stop_reason": "tool_use" if names else "end_turn"}  # fmt: skip
        rows.append({"type": "assistant", "requestId": f"req_{message}", "message": body})
    for name, one in zip(names, turn.said, strict=True):
        result = {"type": "tool_result", "tool_use_id": name, "content": one.answer,
                  **({"is_error": True} if one.failed else {})}  # fmt: skip
        rows.append({"type": "user", "message": {"role": "user", "content": [result]}})
    where = {"sessionId": session.id, "cwd": f"/src/{session.team}", "version": "2.1.140",
             "isSidechain": bool(turn.agent), "timestamp": iso(turn.at), "gitBranch": "main",
             **({"agentId": turn.agent} if turn.agent else {})}  # fmt: skip
    return [json.dumps({**where, **row, "uuid": f"{message}-{k}"}) + "\n"
            for k, row in enumerate(rows)]  # fmt: skip


def _joined(reader: Any, sessions: list[Session], form: str) -> Corpus:
    """What the store has, beside what each call should have cost."""
    spends = [as_it_was(spend) for spend in History(reader).between(0, 1 << 62)]
    cards = {spend.call.model: spend.rates for spend in spends if spend.rates is not None}
    should = {
        (session.id, turn.agent, turn.at): _cost(turn.should, cards)
        for session in sessions
        for turn in session.turns
    }
    assert len(spends) == sum(len(session.turns) for session in sessions)
    events: list[Event] = []
    over: dict[str, int] = defaultdict(int)
    honest: dict[str, int] = defaultdict(int)
    for spend in spends:
        name = spend.root.partition("/")[2]
        fair = should[name, spend.call.agent, spend.call.at]
        events.append(Event(spend, fair))
        over[name] += (spend.cost or 0) - fair
        honest[name] += fair
    truths = {
        root: Truth(root, one.team, one.kind, one.onset, over[one.id], honest[one.id])
        for one in sessions
        if (root := f"{form}/{one.id}")
    }
    return Corpus(events, truths)


def _cost(used: Usage | None, cards: dict[str, Rates]) -> int:
    if used is None:
        return 0
    whole = used.fresh + used.read + used.write
    return full_price(Tokens(whole, used.read, used.write, 0, used.output), cards[used.model])


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench stranger_logs", description=__doc__)
    parser.add_argument("--seeds", default="500-519", help="one, or a range: 500-519")
    parser.add_argument("--days", type=int, default=40)
    parser.add_argument("--form", choices=FORMS, help="one of them (default: both)")
    parser.add_argument("--quick", action="store_true", help="without the rules of others")
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    for form in (options.form,) if options.form else FORMS:
        ours: list[scoring.Score] = []
        others: dict[str, list[scoring.Score]] = defaultdict(list)
        for seed in seeds:
            made = corpus(seed, form, options.days)
            ours.append(scoring.score(made, detect.run(made, Settings())))
            for name, rule in {} if options.quick else detect.RULES.items():
                others[name].append(scoring.score(made, rule(made)))
        score = scoring.together(ours)
        print(f"{form}, seeds {options.seeds}: {len(score.catches)} material anomalies,"
              f" {score.normal} normal sessions\n{detect.HEAD}")  # fmt: skip
        for name, scores in others.items():
            print(detect.line(name, scoring.together(scores)))
        print(detect.line("costtop as it comes", score), flush=True)
        print("\n".join(detect.parts(score)), flush=True)
