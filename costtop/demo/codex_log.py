"""A made-up session as Codex CLI writes it: a rollout with cumulative counters, some told twice.

From a seeded generator to records; it opens no file.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from costtop.demo.beats import Beat, Record
from costtop.demo.script import ScriptedReply
from costtop.durations import DAY, HOUR, iso
from costtop.named_tuples import NamedTuple

_VERSION = "0.140.2"
_KINDS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
_FIVE, _WEEK = 5 * HOUR, 7 * DAY
_ODD = 2_654_435_761  # spreads the numbers of windows


class PlayedThread(NamedTuple):
    """Whose rollout it is."""

    id: str
    cwd: str
    branch: str
    model: str
    began: int  # ms UTC: the file is named for it

    @property
    def file(self) -> str:
        """The rollout, relative to the home."""
        began = iso(self.began)
        day = began[:10].replace("-", "/")
        moment = began[:19].replace(":", "-")
        return f".codex/sessions/{day}/rollout-{moment}-{self.id}.jsonl"


def beats(
    rng: Random, thread: PlayedThread, replies: Iterator[ScriptedReply], pace: float = 6.0
) -> Iterator[Beat]:
    """The session; `pace` is about the seconds between two replies."""
    yield Beat(0.1, thread.file, (_meta(thread),))
    total = [0, 0, 0, 0]
    turn, pause = "", 0.1
    for reply in replies:
        if not turn:
            turn = f"{rng.getrandbits(128):032x}"
            yield Beat(pause, thread.file, _begun(thread, turn))
            pause = rng.uniform(1, 3) * pace
        call = f"call_{rng.getrandbits(64):016x}"
        yield Beat(pace * rng.uniform(0.5, 1.2), thread.file, _asked(reply, call))
        last = _counts(rng, reply)
        total = [a + b for a, b in zip(total, last, strict=True)]
        used = {**_usage("total", total), **_usage("last", last), "model_context_window": 258_400}
        told = _event("token_count", info=used, rate_limits=limits)
        yield Beat(0.2, thread.file, (told,), reply.cost)
        if rng.random() < 0.4:
            yield Beat(0.3, thread.file, (told,))  # the same counters again: no new request
        if reply.tools:
            yield Beat(rng.uniform(0.1, 0.3) * pace, thread.file, _answered(reply, call))
        if reply.ends:
            done = _event("task_complete", turn_id=turn, duration_ms=rng.randint(9_000, 240_000))
            yield Beat(0.1, thread.file, (done,))
            turn = ""


def _meta(thread: PlayedThread) -> Record:
    return _record(
        "session_meta",
        id=thread.id,
        cwd=thread.cwd,
        originator="codex_cli_rs",
        cli_version=_VERSION,
        source="cli",
        model_provider="openai",
        git={"branch": thread.branch},
    )


def _begun(thread: PlayedThread, turn: str) -> tuple[Record, ...]:
    context = _record("turn_context", turn_id=turn, cwd=thread.cwd, model=thread.model)
    return _event("task_started", turn_id=turn), context


def _asked(reply: ScriptedReply, call: str) -> tuple[Record, ...]:
    given = [f'{{"command":["{tool.argument}"]}}' for tool in reply.tools]
    kind: Record = {"type": "function_call", "name": "shell"}
    return tuple(_record("response_item", **kind, arguments=one, call_id=call) for one in given)


def _answered(reply: ScriptedReply, call: str) -> tuple[Record, ...]:
    said = [f'{{"metadata":{{"exit_code":{int(tool.error)}}}}}' for tool in reply.tools]
    kind: Record = {"type": "function_call_output", "call_id": call}
    return tuple(_record("response_item", **kind, output=one) for one in said)


def _counts(rng: Random, reply: ScriptedReply) -> list[int]:
    """Input with its cached part in it, output with its reasoning in it."""
    whole = reply.fresh + reply.read + reply.write
    return [whole, reply.read, reply.output, int(reply.output * rng.uniform(0.1, 0.6))]


def _usage(which: str, counts: list[int]) -> dict[str, Record]:
    named = dict(zip(_KINDS, counts, strict=True))
    return {f"{which}_token_usage": {**named, "total_tokens": counts[0] + counts[2]}}


def _event(kind: str, **more: Any) -> Record:
    return _record("event_msg", type=kind, **more)


def _record(kind: str, /, **payload: Any) -> Record:
    return {"timestamp": None, "type": kind, "payload": payload}


def limits(at: int) -> Record:
    """`rate_limits` as Codex writes them at a moment, ms UTC."""
    return {
        "limit_id": "codex",
        "primary": _window(at, _FIVE),
        "secondary": _window(at, _WEEK),
        "credits": {"has_credits": False, "unlimited": False, "balance": None},
        "plan_type": "plus",
    }


def _window(at: int, length: int) -> Record:
    """It fills evenly, each window to another height: some to more than there is."""
    number, since = divmod(at, length)
    height = 60 + number * _ODD % 1000 * 70 // 1000
    return {
        "used_percent": float(min(since * height // length, 100)),
        "window_minutes": length // 60_000,
        "resets_at": (number + 1) * length // 1000,
    }
