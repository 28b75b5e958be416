"""A made-up conversation as a fleet of apps writes it: costtop's own JSON lines.

From a seeded generator to records; it opens no file.
"""

from collections.abc import Iterator
from random import Random

from costtop.demo.beats import Beat, Record
from costtop.demo.script import GEMINI, HAIKU, SONNET, ScriptedReply

USERS = ("ana", "ben", "chloe", "dmitri", "elif", "femi", "grace", "hiro")
_ASSISTANTS = (
    ("support-assistant", SONNET, "anthropic"),
    ("search-answers", HAIKU, "anthropic"),
    ("report-writer", GEMINI, "google"),
)


def beats(rng: Random, file: str) -> Iterator[Beat]:
    """A few questions of one user, each a task that is completed or given up."""
    feature, model, provider = rng.choices(_ASSISTANTS, (5, 4, 2))[0]
    session = f"{feature.split('-')[0]}-{rng.getrandbits(32):08x}"
    user = rng.choice(USERS)
    known = rng.randint(1_500, 6_000)
    for nth in range(rng.randint(2, 7)):
        task = f"T-{rng.randint(1000, 9999)}"
        for _ in range(rng.randint(1, 3)):
            asked = rng.randint(300, 4_000)
            reply = ScriptedReply(
                model, asked, known if nth else 0, 0, int(rng.lognormvariate(5.8, 0.6))
            )
            call = {
                **_whose(session, task),
                "id": f"req_{rng.getrandbits(64):016x}",
                "model": model,
                "provider": provider,
                "user": user,
                "feature": feature,
                **_tokens(reply),
                "tags": {"team": "web"},
            }
            yield Beat(rng.uniform(2, 9), file, (call,), reply.cost)
            known += asked + reply.output
        status = "completed" if rng.random() < 0.85 else "aborted"
        yield Beat(0.2, file, ({**_whose(session, task), "event": "task", "status": status},))
    ended = {"ts": None, "event": "session", "session": session, "status": "ended"}
    yield Beat(rng.uniform(5, 30), file, (ended,))


def _whose(session: str, task: str) -> Record:
    return {"ts": None, "session": session, "task": task}


def _tokens(reply: ScriptedReply) -> Record:
    return {
        "input_tokens": reply.fresh + reply.read,
        "cache_read_tokens": reply.read,
        "output_tokens": reply.output,
    }
