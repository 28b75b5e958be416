"""Rollouts of Codex that tell of a plan's windows: real files for a test's own home."""

import json

from costtop.durations import MINUTE, iso

ID = "019f9000-0000-7000-8000-00000000000"


def rollout(home, nth, start, steps, folder=".codex", **told):
    """A rollout with one request of 1,000 tokens and one reading every two minutes."""
    rows = [
        {"type": "session_meta", "payload": {"id": f"{ID}{nth}", "cwd": "/w/app"}},
        {"type": "turn_context", "payload": {"cwd": "/w/app", "model": "gpt-5.5"}},
    ]
    ats = [start, start]
    total = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    one = {"input_tokens": 900, "output_tokens": 100, "total_tokens": 1000}
    for number, windows in enumerate(steps):
        total = {name: count + one[name] for name, count in total.items()}
        info = {"total_token_usage": total, "last_token_usage": one}
        limits = {**windows, **told}
        payload = {"type": "token_count", "info": info, "rate_limits": limits}
        rows.append({"type": "event_msg", "payload": payload})
        ats.append(start + number * 2 * MINUTE)
    path = home / folder / "sessions" / f"rollout-2026-11-20T10-00-00-{ID}{nth}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for at, row in zip(ats, rows, strict=True):
            file.write(json.dumps({"timestamp": iso(at), **row}) + "\n")


def window(used, minutes, ends):
    return {"used_percent": used, "window_minutes": minutes, "resets_at": ends // 1000}
