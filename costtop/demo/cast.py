"""Who plays in the demo: projects, branches, features, users, and which session a seed makes.

It names nobody real and touches nothing: sessions are iterators of beats.
"""

import uuid
from collections.abc import Iterator
from random import Random

from costtop.demo import claude_log, codex_log
from costtop.demo.beats import Beat, Record
from costtop.demo.script import (
    GEMINI,
    GPT,
    HAIKU,
    OPUS,
    SONNET,
    ScriptedReply,
    price,
    runaway,
    work,
)
from costtop.named_tuples import NamedTuple

USERS = ("ana", "ben", "chloe", "dmitri", "elif", "femi", "grace", "hiro")
_ASSISTANTS = (
    ("support-assistant", SONNET, "anthropic"),
    ("search-answers", HAIKU, "anthropic"),
    ("report-writer", GEMINI, "google"),
)
KINDS = ("claude", "codex", "runaway")


class Project(NamedTuple):
    """A repository that agents work on."""

    name: str
    branches: tuple[str, ...]


PROJECTS = (
    Project("shop", ("checkout-vat", "checkout-3ds", "cart-speed", "main")),
    Project("atlas-api", ("auth-oidc", "auth-tokens", "rate-limits", "main")),
    Project("ledger", ("invoice-pdf", "invoice-vat", "main")),
    Project("mobile", ("onboarding", "push-opt-in")),
)
FEATURES = (("checkout", "checkout-*"), ("auth", "auth-*"), ("invoicing", "invoice-*"))
"""Rules for the config: feature, glob of the branch."""

_USUAL = 0.45  # dollars that a session costs, in the past and live: the runaway alone stands out
_STUCK = Project("shop", ("checkout-3ds",))


class PlayedSession(NamedTuple):
    """A session of a coding agent, not yet begun."""

    id: str
    kind: str  # claude | codex
    cwd: str  # relative to the home
    beats: Iterator[Beat]


def session(kind: str, seed: int, home: str, began: int) -> PlayedSession:
    """The session that `seed` makes: the same every time, but for `began` (ms UTC).

    `kind` is one of KINDS.
    """
    rng = Random(seed)  # noqa: S311 - a play, no secrets
    name = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    project = _STUCK if kind == "runaway" else rng.choices(PROJECTS, (5, 4, 2, 2))[0]
    branch = rng.choice(project.branches)
    folder = f"work/{project.name}"
    if kind == "codex":
        thread = codex_log.PlayedThread(name, f"{home}/{folder}", branch, GPT, began)
        return PlayedSession(name, kind, folder, codex_log.beats(rng, thread, _task(rng, GPT)))
    model = rng.choices((OPUS, SONNET, HAIKU), (6, 4, 1))[0]
    who = claude_log.Who(name, f"{home}/{folder}", branch)
    if kind == "runaway":
        return PlayedSession(
            name, "claude", folder, claude_log.beats(rng, who, runaway(rng, OPUS), 1.6)
        )
    return PlayedSession(name, kind, folder, claude_log.beats(rng, who, _task(rng, model)))


def _task(rng: Random, model: str) -> Iterator[ScriptedReply]:
    return work(rng, model, price(rng, _USUAL))


def conversation(seed: int, file: str) -> Iterator[Beat]:
    """A user's conversation with an assistant of the app fleet, written to `file`."""
    return _questions(Random(seed), file)  # noqa: S311


def _questions(rng: Random, file: str) -> Iterator[Beat]:
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
