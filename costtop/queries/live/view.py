"""What a live screen shows at one moment, as frozen values. How it is read stands in `live`.

Money is int nano-dollars; a `floor` means that people see the sum as one (≥), `short` says what is
missing from it. Times are ms UTC. Text has been cleaned at ingest.
"""

from typing import TYPE_CHECKING

from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import PLAN
from costtop.queries.live.live_alerts import Held
from costtop.sum_floors import EXACT, Floor, Sum

if TYPE_CHECKING:  # the nouns take a quick command as long as the rest of it
    from costtop.model import Budget
    from costtop.queries.plans.billed_now import BilledNow
    from costtop.queries.plans.plan_windows import PlanWindow

TREND_BUCKETS = 30  # one a minute


class SessionRow(NamedTuple):
    """One root session with its subagents folded in, or one subagent of it (`agent` set)."""

    key: str  # "claude-code/ae4a77f8-…"; with "#agent" for a subagent: what selection holds on to
    source: str
    session: str
    agent: str  # "" for the session itself
    agent_type: str
    project: str
    branch: str
    cwd: str
    feature: str
    user: str
    host: str
    model: str  # the dearest
    state: str  # running | idle | ended | paused
    mark: str  # "" | watch | runaway | fine
    cost: int
    floor: bool
    calls: int
    errors: int
    unpriced: int
    rate: int  # nano-dollars an hour, now
    trend: tuple[int, ...]  # cost of each of the last TREND_BUCKETS minutes, oldest first
    tokens: int
    tokens_minute: int  # tokens a minute, now
    context: int  # input tokens of the latest call
    cache: float | None  # share of input read from the cache
    started: int | None
    last: int | None
    pid: int | None = None  # known exactly, by the daemon; None otherwise
    why: str = ""  # plain words of its worst open finding, "" where nothing is unusual
    severity: str = ""  # of that finding: "" | notice | warning | critical
    children: tuple["SessionRow", ...] = ()
    model_now: str = ""  # of the latest call
    short: Floor = EXACT  # what the cost is short of; `floor` is what people see of it
    label: str = ""  # of the config's [[source]] entry that found its log
    short_id: str = ""  # what people type of it; of a subagent its session's
    title: str = ""  # the agent's own, where the user asked for it
    ticket: str = ""  # in the name of its branch
    tags: str = ""  # as `model.Context.tags`
    pr: str = ""  # the pull request that it named last
    billed: int | None = None  # beyond plans' prices; None: the user pays no plan

    @property
    def called(self) -> str:
        """What people read of the session, and type."""
        return self.short_id or self.session

    @property
    def team(self) -> str:
        """The tag of this name; in a fleet that of its machine."""
        if '"team"' not in self.tags:
            return ""
        import json

        return str(json.loads(self.tags)["team"])


class WindowMeter(NamedTuple):
    """A window of a plan that a budget watches, as it was read last. Moments are ms UTC."""

    account: str  # whose, as people are told
    agent: str
    home: str
    plan: str
    title: str  # "5h", "week opus"
    used: float | None  # per cent; None: it was reset since, and nobody has told of it
    at: int  # when it was read
    resets: int | None
    full: int | None  # when it is full at this pace; None: not before its reset, or no pace
    spare: int | None = None  # ms by which it would outlast its reset


def stands(part: float) -> str:
    """The verdict of a spent part: `ok` below 80 %, `warn` from there, `over` from 100 %."""
    return "over" if part >= 1 else "warn" if part >= 0.8 else "ok"


class BudgetMeter(NamedTuple):
    """A budget's period so far."""

    name: str
    period: str
    spent: int  # of one that watches windows, and the amount: hundredths of a per cent
    floor: bool
    amount: int
    tiers: tuple[int, ...]
    resets: int  # ms, end of the period
    scope: tuple[tuple[str, str], ...] = ()  # () is everything
    expected: int | None = None  # at its end; None while too few days are known
    low: int = 0  # of the 80 % interval
    high: int = 0
    breach: float = 0.0  # P(it ends at or beyond the amount)
    hits: tuple[tuple[int, int], ...] = ()  # as in Forecast
    short: Floor = EXACT
    short_id: str = ""  # what people type of the one session that it is of
    windows: tuple[WindowMeter, ...] = ()  # that it watches, the fullest first
    holds_at: int | None = None  # per cent from which it does more than tell; None: it never does
    watch: str = ""  # as Budget.watch

    @property
    def watched(self) -> str:
        """What it counts, behind an amount: " billed", " value"; "" where there is but one."""
        return f" {self.watch}" if self.watch else ""

    @property
    def of_plan(self) -> bool:
        """Whether it watches windows of a plan: per cents, no dollars."""
        return self.period.startswith(PLAN)


def metered(budget: "Budget", spent: Sum, resets: int, short_id: str) -> BudgetMeter:
    """How a budget stands with what was spent; `resets` is the end of its period, ms UTC."""
    return BudgetMeter(
        name=budget.name,
        period=budget.period,
        spent=spent.cost,
        floor=spent.floor,
        short=spent.short,
        amount=budget.amount,
        tiers=budget.tiers,
        resets=resets,
        scope=budget.scope,
        short_id=short_id,
        watch=budget.watch,
        holds_at=None if budget.action == "notify" else budget.act_at,
    )


class Forecast(NamedTuple):
    """Where a period is going, in nano-dollars, with an 80 % interval."""

    period: str  # day | month
    expected: int
    low: int
    high: int
    hits: tuple[tuple[int, int], ...] = ()  # (tier in per cent, ms UTC) to come, the next first
    coverage: float | None = None  # share of the user's own days on which such intervals held
    tested: int = 0  # days (or stretches of 30) that this was measured on
    beats_line: bool | None = None  # whether it errs less than a straight line did on them


class ProcessSeen(NamedTuple):
    """The process behind a session, as the daemon found it."""

    session: str  # key of the root session
    pid: int
    paused: bool
    confidence: str = "exact"  # exact | strong | weak: then a user must type the pid
    evidence: str = ""  # in words


class Pulse(NamedTuple):
    """The daemon as seen by a reader."""

    running: bool
    pid: int | None = None
    version: str = ""
    at: int = 0  # when it last said so, ms
    lag: int = 0  # ms between writing of the newest line and its commit
    importing: bool = False
    import_done: int = 0  # bytes
    import_total: int = 0
    watch: str = ""  # "" or why files are polled
    trouble: str = ""  # worst present trouble in one line
    exited: tuple[tuple[str, int], ...] = ()  # (session, ms) of processes that were known exactly
    processes: tuple[ProcessSeen, ...] = ()  # those known exactly
    guesses: tuple[ProcessSeen, ...] = ()  # the others


class SourceSeen(NamedTuple):
    """A source as the daemon found it on this machine."""

    source: str
    title: str
    folder: str
    files: int
    found: bool


class FleetHost(NamedTuple):
    """One machine. Times are ms, money int nano-dollars."""

    name: str
    team: str
    version: str  # of its costtop
    seen: int  # its last word, ms UTC; 0: it never had one
    silent: bool  # three of its heartbeats are missing
    skew: int  # its clock less the server's
    lag: int  # age of what it had not shipped yet
    running: int  # sessions
    burn: int  # nano-dollars an hour
    today: int
    short: Floor  # what today is short of
    calls: int
    unpriced: int  # calls of today
    held: str = ""  # what holds its sessions back
    accepts: str = ""  # what operators may ask of it: "mark kill"; "-" nothing, "" not known

    def takes(self, verb: str) -> bool:
        """Whether an operator may ask it for this, as far as it has said."""
        return not self.accepts or verb in self.accepts.split()

    @property
    def floor(self) -> bool:
        """Whether people see today's sum as a floor."""
        return self.short.shows(self.today, self.calls)


class Snapshot(NamedTuple):
    """All that one frame of the live screen needs; its numbers agree with each other."""

    at: int
    rev: int
    zone: str
    sessions: tuple[SessionRow, ...]  # unsorted; live ones and those of the asked window
    running: int
    today_sessions: int
    today: int
    today_floor: bool
    month: int
    month_floor: bool
    burn: int  # nano-dollars an hour, all sessions
    burn_trend: tuple[int, ...]  # as SessionRow.trend, all sessions
    usual_burn: int | None  # median of active hours of the last 28 days
    unpriced: int  # calls of today without a price
    budgets: tuple[BudgetMeter, ...]
    pulse: Pulse
    sources: tuple[SourceSeen, ...]
    alerts_open: int
    last_alert: str
    forecasts: tuple[Forecast, ...] = ()
    saved: int | None = None  # by the cache, today
    avoidable: int | None = None  # cache misses and retries, today
    avoidable_floor: bool = False  # sessions are missing from it
    held: tuple[Held, ...] = ()  # what holds sessions back, oldest first
    today_short: Floor = EXACT
    month_short: Floor = EXACT
    plans: "tuple[PlanWindow, ...]" = ()  # windows of plans, shortest first
    billed: "BilledNow | None" = None  # beside the value; None: the user pays no plan
    hosts: tuple[FleetHost, ...] = ()  # the machines of a fleet; (): it is this one alone
