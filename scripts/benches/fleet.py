"""A made-up fleet in a real store: for screenshots, benches and tests of the screen.

The same seed and moment give the same store, to the byte of every name. It writes through the
store's own door and prices with round rates; no agent and no daemon runs.
"""

import json
import random
import sqlite3
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from costtop import __version__
from costtop.analysis import why
from costtop.detect.sessions.finished_peer import of_cost
from costtop.model import Call, Context, Rates, SessionFact, TaskFact, Tokens, ToolUse
from costtop.money import NANO, dollars
from costtop.paths import Paths
from costtop.queries.sessions import session as session_detail
from costtop.store import daemon_status, meta
from costtop.store.alerts import standings
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.sessions import finished_peers

AT = 1_795_530_727_000  # Tue 2026-11-24 14:32:07 UTC
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
_M = 1_000_000  # pico-dollars a token for each dollar a million tokens


def _rates(read: float, write: float, cached: float) -> Rates:
    return Rates(int(read * _M), int(cached * _M), int(read * 1.25 * _M), int(read * 2 * _M),
                 int(write * _M), card="made up")  # fmt: skip


MODELS = {
    "claude-opus-4-5-20251101": _rates(5, 25, 0.5),
    "claude-sonnet-4-5-20250929": _rates(3, 15, 0.3),
    "claude-haiku-4-5-20251001": _rates(1, 5, 0.1),
    "gpt-5.1": _rates(1.25, 10, 0.125),
    "gemini-3-pro": _rates(2, 12, 0.2),
    "acme-llm-2": None,
}


class Work(NamedTuple):
    """A kind of session: who runs what, how often, how dear."""

    source: str
    project: str
    feature: str
    branch: str
    user: str
    model: str
    weight: int  # how often, against the others
    prompt: int  # tokens of the first prompt
    grows: int  # tokens a call


_SONNET, _OPUS = "claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101"
_HAIKU = "claude-haiku-4-5-20251001"
WORK = (
    Work("claude-code", "web", "checkout", "checkout-v2", "ana", _SONNET, 9, 38_000, 2_400),
    Work("claude-code", "etl", "dedup", "fix/dedup", "ana", _OPUS, 5, 42_000, 2_100),
    Work("claude-code", "api", "search", "rank-v3", "kim", _SONNET, 6, 36_000, 2_200),
    Work("codex", "infra", "ci", "ci-cache", "kim", "gpt-5.1", 7, 34_000, 3_100),
    Work("costtop", "app", "triage", "", "svc", _HAIKU, 10, 13_000, 900),
    Work("gemini-cli", "docs", "guides", "main", "lee", "gemini-3-pro", 3, 22_000, 1_900),
    Work("costtop", "app", "acme-pilot", "", "svc", "acme-llm-2", 1, 2_000, 200),
)
RUNAWAY = WORK[1]._replace(prompt=24_000, grows=650)
_BY_HOUR = (1, 1, 5, 1, 1, 1, 1, 3, 6, 8, 9, 8, 4, 6, 8, 9, 9, 7, 4, 2, 2, 2, 1, 1)
TOOLS = ("Read", "Edit", "Bash", "Grep", "Write", "Task")


class Fleet:
    """Writes sessions into a store."""

    def __init__(self, db: sqlite3.Connection, seed: int = 7) -> None:
        self._db = db
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._write_context = WriteContext(lambda context, source, model: context.feature)
        self._number = 0

    def history(self, at: int, days: int) -> None:
        """Finished sessions of the days before `at`, more on weekdays, slowly dearer."""
        for ago in range(days, 0, -1):
            start = at - at % DAY - ago * DAY
            weekend = (start // DAY + 3) % 7 >= 5
            count = self._random.randint(0, 4) if weekend else self._random.randint(18, 30)
            readings = []
            for _ in range(count):
                begins = start + self._random.randint(7 * HOUR, 19 * HOUR)
                calls = self._random.randint(6, 56)
                readings.append(self.session(self._pick(), begins, calls, ends=True))
            self.write(readings, start + DAY)

    def around(self, at: int, sessions: int) -> None:
        """Finished sessions of the last 24 hours: most by day, some in the night."""
        hours = self._random.choices(range(24), _BY_HOUR, k=sessions)
        readings = []
        for hour in hours:
            ago = at - (at - hour * HOUR) % DAY + self._random.randint(0, HOUR)
            begins = min(ago, at - 2 * HOUR)
            readings.append(
                self.session(self._pick(), begins, self._random.randint(8, 60), ends=True)
            )
        self.write(readings, at)

    def live(self, at: int, sessions: int) -> None:
        """Sessions of today: some run, some idle, some have ended, one has run away."""
        readings = [self.runaway(at)]
        for n in range(sessions - 1):
            work = self._pick()
            calls = self._random.randint(6, 50)
            ended = n % 3 == 2
            last = at - (self._random.randint(40 * MINUTE, 5 * HOUR) if ended else
                         self._random.randint(6, 25) * MINUTE if n % 7 == 3 else
                         self._random.randint(1_000, 90_000))  # fmt: skip
            step = self._random.randint(20_000, 70_000)
            agents = 2 if n % 5 == 1 and work.source != "costtop" else 0
            begins = last - calls * step
            readings.append(self.session(work, begins, calls, step=step, ends=ended, agents=agents))
        self.write(readings, at)

    def runaway(self, at: int) -> Reading:
        """A session that repeats a failing command with an ever larger prompt."""
        calls = 78
        name = _RUNAWAY.partition("/")[2]
        return self.session(RUNAWAY, at - 34 * MINUTE, calls, step=26_000, name=name, loops=True)

    def _pick(self) -> Work:
        return self._random.choices(WORK, [work.weight for work in WORK])[0]

    def session(
        self, work: Work, begins: int, calls: int, *, step: int = 45_000, name: str = "",
        ends: bool = False, agents: int = 0, loops: bool = False, first: int = 0,
    ) -> Reading:  # fmt: skip
        """Calls of a session from its `first` on, `step` ms apart, and a task that it completes."""
        self._number += 1
        session = name or self._name(work)
        task = f"T-{self._number}" if work.source == "costtop" or self._number % 3 == 0 else ""
        context = Context(f"/home/{work.user}/{work.project}", work.branch, work.project,
                          work.feature, work.user, task, "dev-01", "")  # fmt: skip
        made = list(self._calls(work, session, context, begins, calls, step, loops, "", first))
        facts = [SessionFact(work.source, session, started=begins, at=begins, context=context)]
        for n in range(agents):
            agent = f"a{n + 1}1"
            facts.append(
                SessionFact(work.source, session, agent, session, ("explore", "review")[n])
            )
            made += self._calls(
                work, session, context, begins + step * 2, calls // 4, step, False, agent
            )
        last = begins + calls * step
        tasks = [TaskFact(work.source, session, task, "started", begins)] if task else []
        if task and ends:
            status_ = "completed" if self._random.random() < 0.85 else "failed"
            tasks.append(TaskFact(work.source, session, task, status_, last))
        if ends:
            facts.append(SessionFact(work.source, session, ended=last, at=last))
        path = f"/logs/{work.source}/{session}.jsonl".encode()
        return Reading(work.source, path, "{}", "{}", begins, False, made, facts, tasks, [], [])

    def _name(self, work: Work) -> str:
        if work.source == "costtop":
            return f"{work.feature}-{self._number}"
        digest = blake2b(str(self._number).encode(), digest_size=16).hexdigest()
        return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))

    def _calls(
        self, work: Work, session: str, context: Context, begins: int, calls: int, step: int,
        loops: bool, agent: str = "", first: int = 0,
    ) -> Iterator[Priced]:  # fmt: skip
        prompt = work.prompt + first * work.grows
        for n in range(first, first + calls):
            fresh = work.grows if n else prompt
            written = int(fresh * self._random.uniform(0.6, 1.6))
            cached = prompt if n and not (loops and n % 3) else 0
            output = int(self._random.lognormvariate(5.6, 0.8))
            tokens = Tokens(cached + written + (0 if cached or not n else prompt), cached, written,
                            0, output, 0)  # fmt: skip
            prompt += fresh
            failed = (loops and n > 20) or self._random.random() < 0.03
            tool = ToolUse(
                "Bash" if loops else self._random.choice(TOOLS), f"k{n % 5}", failed, "r"
            )
            key = blake2b(f"{session}/{agent}/{n}".encode(), digest_size=16).digest()
            model = _HAIKU if agent else work.model
            at = begins + (n - first) * step + self._random.randint(0, step // 3)
            call = Call(key, work.source, session, model, tokens, at, context, agent,
                        tools=(tool,))  # fmt: skip
            yield _priced(call)

    def write(self, readings: list[Reading], seen: int) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        record(self._db, self._write_context, readings, seen)
        self._db.execute("COMMIT")


def _priced(call: Call) -> Priced:
    rates = MODELS[call.model]
    if rates is None:
        return Priced(call, None, None, None)
    tokens = call.tokens
    plain = tokens.input - tokens.cache_read - tokens.cache_write
    pico = (plain * rates.input + tokens.cache_read * rates.cache_read
            + tokens.cache_write * rates.cache_write + tokens.output * rates.output)  # fmt: skip
    cost = (pico + 500) // 1000
    return Priced(call, cost, cost, rates)


def build(
    paths: Paths, at: int = AT, *, days: int = 100, sessions: int = 24, around: int = 0
) -> None:
    """A whole instance: history, today's fleet, budgets, alerts, the daemon's last word.

    `around` is how many sessions more were finished in the last 24 hours.
    """
    db = open_writer(paths.database)
    fleet = Fleet(db)
    fleet.history(at, days)
    fleet.live(at, sessions)
    fleet.around(at, around)
    db.execute("BEGIN IMMEDIATE")
    daily = 60 * NANO if not around else 150 * NANO
    meta.put(db, {"timezone": "UTC", "budgets": json.dumps(_budgets(daily))})
    _alerts(db, at, daily)
    _peers(db, at)
    db.execute("COMMIT")
    _stand(db, at)
    db.close()
    say(paths, at)


def _peers(db: sqlite3.Connection, at: int) -> None:
    """Finished sessions, as a daemon that has seen all this would keep them, by their costs."""
    rows = db.execute(
        "SELECT n.text || '/' || r.session, n.text, f.text, max(s.last), sum(s.cost)"
        " FROM sessions s JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source"
        " JOIN names f ON f.id = r.feature GROUP BY r.id HAVING max(s.last) BETWEEN ? AND ?"
        " AND sum(s.unpriced) = 0 ORDER BY max(s.last)",
        (at - 28 * DAY, at - 30 * MINUTE),
    ).fetchall()
    peers = (
        of_cost(root, source, feature, estimated=False, at=last, cost=cost)
        for root, source, feature, last, cost in rows
    )
    finished_peers.keep(db, [(one.root, one.at, json.dumps(one)) for one in peers], ())


def say(paths: Paths, at: int) -> None:
    """The daemon's status, as of `at`."""
    sources = [
        {"source": name, "title": title, "folder": folder, "files": files, "found": bool(files)}
        for name, title, folder, files in (
            ("claude-code", "Claude Code", "~/.claude/projects", 41),
            ("codex", "Codex CLI", "~/.codex/sessions", 12),
            ("gemini-cli", "Gemini CLI", "~/.gemini/tmp", 3),
        )
    ]
    import os

    pulse = {"schema": 1, "at": at, "pid": os.getpid(), "version": __version__, "lag_ms": 40}
    daemon_status.write(paths.status, {**pulse, "import": {}, "sources": sources})


def _budgets(daily: int) -> list[dict[str, object]]:
    tiers = [50, 80, 100]
    return [
        {"name": "daily", "period": "day", "amount": daily, "tiers": tiers, "scope": {},
         "action": "notify"},
        {"name": "monthly", "period": "month", "amount": 900 * NANO, "tiers": tiers, "scope": {},
         "action": "gate"},
        {"name": "etl", "period": "week", "amount": 40 * NANO, "tiers": tiers,
         "scope": {"project": "etl"}, "action": "notify"},
    ]  # fmt: skip


_EVIDENCE = json.dumps({"peers": 38, "median_usd": "2.03", "ratio": 6.1})
_RUNAWAY = "claude-code/9f767c4e-30d1-4b07-8f0a-2f8a7c5e1b11"


def _alerts(db: sqlite3.Connection, at: int, daily: int) -> None:
    half, most = dollars(daily // 2 + NANO), dollars(daily * 4 // 5 + NANO)
    rows = (
        ("d4c3", "budget_tier", "notice", "", "daily", 3 * HOUR, None, "resolved", None,
         f"budget daily: 50 % of ${dollars(daily)}",
         f"${half} of ${dollars(daily)} are spent, 12.5 hours remain"),
        ("c3d2", "budget_tier", "warning", "", "daily", 40 * MINUTE, None, "open", None,
         f"budget daily: 80 % of ${dollars(daily)}",
         f"${most} of ${dollars(daily)} are spent, 9.5 hours remain"),
        ("b2e1", "median_5x", "warning", _RUNAWAY, "", 15 * MINUTE, 41, "acknowledged", None,
         "session 9f767c4: 6.1x the median of its peers",
         "cost $12.40 after 41 turns; 38 finished sessions of dedup cost $2.03 in the median"),
        ("a1f0", "retry_loop", "critical", _RUNAWAY, "", 3 * MINUTE, 78, "open", "retry_loop",
         "session 9f767c4: Bash failed 57 times the same way",
         "turns 21-78 repeated Bash with the same outcome: most of $21 of the session went there"),
    )  # fmt: skip
    for n, (
        ref,
        rule,
        severity,
        session,
        budget,
        ago,
        turn,
        state,
        cause,
        title,
        said,
    ) in enumerate(rows, 1):
        db.execute(
            "INSERT INTO alerts (id, ref, identity, subject, rule, severity, session, budget, at,"
            " raised, turn, cost, cost_now, cause, title, why, evidence, state, reason, told,"
            " incident, pushed, tellings, voiced)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1,1)",
            (n, ref * 3, ref, ref, rule, severity, session, budget, at - ago, at - ago, turn,
             12 * NANO, 21 * NANO if session else daily * (8 if state == "open" else 5) // 10,
             cause, title, said, _EVIDENCE, state, "first", at - ago,
             "b2e1" * 3 if session else ref * 3, at - ago),
        )  # fmt: skip
        db.execute(
            "INSERT INTO outbox (id, token, label, kind, severity, title, body, short, at, made,"
            " state, next_at, attempts, sent_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (n, ref, "phone" if session else "chat", "alert", severity, title, said, title,
             at - ago, at - ago, "pending" if cause else "sent", at, 1,
             None if cause else at - ago + 900),
        )  # fmt: skip
        db.execute("INSERT INTO outbox_alerts (outbox, alert) VALUES (?, ?)", (n, n))
    db.execute(
        "INSERT INTO silences (id, by, at, session, feature, until, note)"
        " VALUES (1, 'ana', ?, '', 'guides', ?, 'launch week')",
        (at - HOUR, at + 5 * HOUR),
    )
    db.execute("INSERT INTO marks VALUES (?, 'watch', 'ana', ?, '')", (_RUNAWAY, at - 10 * MINUTE))
    db.execute(
        "INSERT INTO deeds (at, by, deed, session, detail) VALUES (?, 'ana', 'mark watch', ?, '')",
        (at - 10 * MINUTE, _RUNAWAY),
    )


def _stand(db: sqlite3.Connection, at: int) -> None:
    """Where the runaway stands, as the daemon would keep it."""
    detail = session_detail.read(db, _RUNAWAY)
    assert detail is not None
    books = tuple(dict(detail.books).get(line, 0) for line in why.LINES)
    now = why.Standing(at, 78, detail.total, books, "retry_loop")
    if (peers := detail.peers) is not None:
        now = now._replace(
            peers=peers.size, median=peers.median, high=peers.p95, level=peers.level, of=peers.name
        )
    standings.keep(db, {_RUNAWAY: why.encoded(now)})


def instance(folder: Path) -> Paths:
    """The paths of an instance in `folder`."""
    from costtop import paths

    return paths.find({"COSTTOP_HOME": str(folder)})
