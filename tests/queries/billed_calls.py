"""Random calls of several agents and accounts, and what the rule of plans says of each."""

import random
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import DAY
from costtop.model import Call, Context, Tokens, ToolUse
from costtop.money import NANO
from costtop.nouns.paid_plan import PaidPlan
from costtop.plans import billing
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.plans import paid_plans
from costtop.store.sessions import accounts
from costtop.store.sessions.accounts import Accounts

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
NOW = 1_795_444_327_000  # Mon 2026-11-23 14:32:07 UTC
HOMES = {"codex": ("/h/.codex", "/h/.codex-two"), "claude-code": ("/h/.claude", "/h/.claude-work")}
SOURCES = ("claude-code", "codex", "copilot", "opencode", "goose")


def day(key: str) -> int:
    return periods.bounds("day", key, BERLIN)[0]


PLANS = {
    "whole": (PaidPlan("Max", "claude", ("claude-code",), 200 * NANO),),
    "dated": (
        PaidPlan("Max", "claude", ("claude-code",), 200 * NANO, day("2026-11-10")),
        PaidPlan("Pro", "claude", ("claude-code",), 20 * NANO, None, day("2026-11-10")),
    ),
    "accounts": (
        PaidPlan("Work", "claude", ("claude-code",), 100 * NANO, account="/h/.claude-work"),
        PaidPlan("Plus", "codex", ("codex",), 20 * NANO, day("2026-11-12"), account="/h/.codex"),
    ),
    "unused": (PaidPlan("Kimi", "kimi", ("kimi",), 7 * NANO),),
}


class Made:
    """One call, and the home that its log stands in."""

    def __init__(self, nth: int, rng: random.Random) -> None:
        source = rng.choice(SOURCES)
        session = f"{source}-{rng.randrange(30):02}"
        homes = HOMES.get(source, ("/h/other",))
        self.home = homes[random.Random(session).randrange(len(homes))]
        whole, uses = rng.randrange(NANO), rng.choice([0, 0, 1, 2, 3])
        told = rng.random() < 0.6 and source != "goose"
        self.call = Call(
            nth.to_bytes(16, "big"), source, session, rng.choice(["opus", "gpt"]), Tokens(100, 7),
            NOW - round(40 * DAY * rng.random() ** 2),
            Context(feature=rng.choice(["", "f1", "f2"]), user=rng.choice(["", "ana"])),
            agent=rng.choice(["", "", "sub"]), reported=whole // 3 if told else None,
            tools=tuple(ToolUse(rng.choice(["Bash", "mcp__a__b"]), "k") for _ in range(uses)),
        )  # fmt: skip
        self.cost = whole if rng.random() < 0.95 or told else None

    def billed(self, plans: tuple[PaidPlan, ...]) -> int:
        call = self.call
        return billing.billed(
            plans, call.source, self.home, call.at, cost=self.cost, reported=call.reported
        )


def written(path: Path, calls: list[Made], folders: tuple[str, ...]) -> WriteContext:
    db, context = open_writer(path), WriteContext(lambda c, _s, _m: c.feature)
    context.accounts = Accounts(folders)
    db.execute("BEGIN")
    meta.put(db, {"timezone": BERLIN.key})
    accounts.renew(db, context.accounts)
    db.execute("COMMIT")
    logs = defaultdict(list)
    for made in calls:
        priced = Priced(made.call, made.cost, made.cost, None)
        logs[made.call.source, f"{made.home}/sessions/{made.call.session}.jsonl"].append(priced)
    db.execute("BEGIN")
    readings = [
        Reading(source, log.encode(), "{}", "{}", 1, False, rows, [], [], [], [])
        for (source, log), rows in logs.items()
    ]
    record(db, context, readings, NOW)
    db.execute("COMMIT")
    db.close()
    return context


def planned(path: Path, calls: list[Made], plans: tuple[PaidPlan, ...]) -> None:
    """A store of these calls, in which readers know of these plans."""
    written(path, calls, tuple(plan.account for plan in plans if plan.account))
    db = open_writer(path)
    db.execute("BEGIN")
    meta.put(db, paid_plans.encoded(plans))
    db.execute("COMMIT")
    db.close()
