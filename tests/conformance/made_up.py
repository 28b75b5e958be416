"""Made-up logs with every complication at once, and what they truly cost.

The truth never reads a log: it is written down message by message, while they are made, by the list
prices below.
"""

from random import Random
from typing import Any, NamedTuple

from tests.conformance.pipeline import CLAUDE
from tests.conformance.rows import THREADS, count, meta, rollout, turn, used
from tests.sources.lines import joined, prompt, reply

SESSIONS = [f"5d1f0c1e-0000-4000-8000-00000000010{n}" for n in range(4)]
_OPUS = (5000, 500, 6250, 10_000, 25_000)  # nano-dollars a token: plain, read, 5 m, 1 h, output
_GPT5 = (1250, 125, 10_000)  # plain, read, output


class Truth(NamedTuple):
    """What a world holds."""

    calls: int
    nanos: int
    output: int
    owners: dict[str, int]  # session key -> calls


class World(NamedTuple):
    """Files below a home, and the truth about them."""

    files: dict[str, bytes]
    truth: Truth


class _Ledger:
    """The truth as it grows."""

    def __init__(self) -> None:
        self.calls, self.nanos, self.output = 0, 0, 0
        self.owners: dict[str, int] = {}

    def book(self, owner: str, nanos: int, output: int) -> None:
        self.calls, self.nanos, self.output = (
            self.calls + 1,
            self.nanos + nanos,
            self.output + output,
        )
        self.owners[owner] = self.owners.get(owner, 0) + 1


class _Claude:
    """Writes transcripts: streamed rows, side copies, subagents, forks of forks."""

    def __init__(self, random: Random, ledger: _Ledger) -> None:
        self.random, self.ledger, self.made = random, ledger, 0

    def message(self, owner: str, **more: Any) -> list[dict[str, Any]]:
        """The rows of one request: its output grows, its last row may come twice."""
        random, self.made = self.random, self.made + 1
        plain, read, short, hour, output = (random.randint(0, 9999) for _ in _OPUS)
        usage = {"input_tokens": plain, "cache_read_input_tokens": read,
                 "cache_creation_input_tokens": short + hour,
                 "cache_creation": {"ephemeral_5m_input_tokens": short,
                                    "ephemeral_1h_input_tokens": hour}}  # fmt: skip
        counts = zip((plain, read, short, hour, output), _OPUS, strict=True)
        self.ledger.book(owner, sum(n * rate for n, rate in counts), output)
        minutes = self.made * 97  # crosses days, and time never runs backwards
        at = f"2026-11-{1 + minutes // 1440:02}T{minutes // 60 % 24:02}:{minutes % 60:02}:00.000Z"
        request = f"req_{self.made}" if random.random() < 0.8 else None
        seen = sorted(random.randint(0, output) for _ in range(random.randint(0, 3)))
        rows = []
        for step in (*seen, output):
            counted = {**usage, "output_tokens": step}
            rows.append(reply(f"msg_{self.made}", request, timestamp=at, usage=counted, **more))
        if random.random() < 0.2 and not more:  # /btw is asked in the main thread
            rows.append({**rows[-1], "requestId": f"side_{self.made}", "isSidechain": True})
        return rows if random.random() < 0.7 else rows + rows[-1:]

    def turn(self, owner: str) -> list[dict[str, Any]]:
        asked = prompt(uuid=f"u-{self.made}", promptId=f"7c1f0c1e-0000-4000-8000-{self.made:012d}")
        return [
            asked,
            *(row for _ in range(self.random.randint(1, 4)) for row in self.message(owner)),
        ]

    def family(self) -> dict[str, list[dict[str, Any]]]:
        random = self.random
        files: dict[str, list[dict[str, Any]]] = {}
        history: list[dict[str, Any]] = []
        for session in SESSIONS[: random.randint(1, 4)]:
            key = f"claude-code/{session}"
            kept = history[: random.randint(0, len(history))]
            own = [row for _ in range(random.randint(1, 5)) for row in self.turn(key)]
            history = [{**row, "sessionId": session} for row in kept + own]
            files[f"{CLAUDE}/{session}.jsonl"] = history
            for n in range(random.randint(0, 2)):
                name = f"{CLAUDE}/{session}/subagents/agent-{n}.jsonl"
                files[name] = self.message(key, isSidechain=True, sessionId=session)
        return files


def claude(random: Random) -> World:
    """A family of Claude Code sessions, each a fork of the one before."""
    ledger = _Ledger()
    files = _Claude(random, ledger).family()
    return World({path: joined(rows) for path, rows in files.items()}, _truth(ledger))


def codex(random: Random) -> World:
    """A Codex thread whose counters are told again and again, and forks that replay it."""
    ledger = _Ledger()
    files: dict[str, bytes] = {}
    history: list[dict[str, Any]] = []
    sums = [0, 0, 0]
    for thread in range(random.randint(1, 4)):
        began = thread * 900
        about = {"forked_from_id": THREADS[thread - 1]} if thread else {}
        copied = [{**row, "timestamp": meta(0, began)["timestamp"]} for row in history]
        own, sums = _requests(random, ledger, thread, began + 60, sums)
        history = history + own
        files[rollout(thread)] = joined([meta(thread, began, **about), *copied, *own])
    return World(files, _truth(ledger))


def _requests(
    random: Random, ledger: _Ledger, thread: int, second: int, sums: list[int]
) -> tuple[list[dict[str, Any]], list[int]]:
    rows: list[dict[str, Any]] = []
    for n in range(random.randint(1, 6)):
        if n % 2 == 0:
            name = f"019f9100-0000-7000-8000-{thread:06d}{n:06d}"
            rows.append(turn(second + n, name, "gpt-5"))
        given, output = random.randint(1, 9999), random.randint(1, 999)
        read = random.randint(0, given)
        sums = [a + b for a, b in zip(sums, (given, read, output), strict=True)]
        told = count(second + n, used(*sums), used(given, read, output))
        rows += [told] * random.randint(1, 3)
        counts = zip((given - read, read, output), _GPT5, strict=True)
        ledger.book(f"codex/{THREADS[thread]}", sum(n * rate for n, rate in counts), output)
    return rows, sums


def _truth(ledger: _Ledger) -> Truth:
    return Truth(ledger.calls, ledger.nanos, ledger.output, ledger.owners)
