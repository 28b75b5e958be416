"""What is said of a budget that watches windows of a plan: tiers that are reached, and are over.

It keeps nothing: what was said stands on record and comes in, so it is the same after a crash, a
restart and in a replay. A tier speaks once a window, by what was read: an estimate never does. A
window is known by its beginning; that its anchor moves, or is stale, makes no other one of it.
"""

from _blake2 import blake2b  # hashlib loads OpenSSL
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import iso, moment_of, words
from costtop.model import Budget, Finding
from costtop.named_tuples import NamedTuple
from costtop.plan_reading import PlanReading
from costtop.plans import pace, windows
from costtop.plans.pace import PlanOutlook
from costtop.plans.windows import PlanKey, Window
from costtop.scope import fits

_EXACT = 100  # hundredths of a per cent


class WatchedWindow(NamedTuple):
    """The latest window of an account that a budget watches."""

    budget: Budget
    window: Window
    account: str  # as people are told of it

    @property
    def reached(self) -> int:
        """Hundredths of a per cent that were told, the most of them."""
        return round(self.window.top * _EXACT)

    @property
    def name(self) -> str:
        """What people call it: "5h window of claude-code"."""
        return f"{windows.title(self.window.key)} window of {self.account}"


class SaidTier(NamedTuple):
    """A tier that is on record."""

    period: str
    tier: int
    still: bool  # it holds, as far as was known


def watches(budget: Budget, key: PlanKey) -> bool:
    """Whether a budget watches this window: by its length, its limit and the budget's scope."""
    plan = periods.plan(budget.period)
    if plan is None or (plan.minutes, plan.limit.lower()) != (key.minutes, key.limit.lower()):
        return False
    scope = dict(budget.scope)
    homes = (key.home, key.home.rpartition("/")[2])
    return (
        fits(key.source, scope.get("source", "*"))
        and fits(key.plan, scope.get("plan", "*"))
        and any(fits(home, scope.get("home", "*")) for home in homes)
    )


def period_of(window: Window, said: Iterable[str]) -> str:
    """The name of a window: the one under which something was `said` of it, else its own.

    A reading that comes late may show that it began earlier than was known when that was said.
    """
    name = f"{windows.title(window.key)} {_account(window.key)}"
    for period in said:
        began, _, rest = period.partition("/")
        at = moment_of(began) if rest == name else 0
        if window.opened < at <= window.at or at == window.began:
            return period
    return f"{iso(window.began)}/{name}"


def _account(key: PlanKey) -> str:
    """An agent and a mark of its account, for names of periods."""
    whose = blake2b(f"{key.home}\0{key.plan}".encode(), digest_size=2).hexdigest()
    return f"{key.source}.{whose}"


def judge(one: WatchedWindow, said: Iterable[SaidTier], now: int, tz: ZoneInfo) -> list[Finding]:
    """What is true of a window and unsaid, the highest tier first; ms UTC.

    `said` is what is on record of its budget.
    """
    on_record = list(said)
    period = period_of(one.window, (tier.period for tier in on_record))
    known = {tier.tier for tier in on_record if tier.period == period}
    reached = [tier for tier in one.budget.tiers if one.reached >= tier * _EXACT]
    fresh = [tier for tier in reached if tier not in known]
    return [_reached(one, period, tier, fresh, now, tz) for tier in reversed(fresh)]


def ended(budget: Budget, said: SaidTier, now: int) -> Finding:
    """A tier whose window was reset, or is told of no longer."""
    name = said.period.partition("/")[2].rpartition(" ")[0]
    return Finding(
        "budget_tier",
        "notice",
        now,
        f"budget {budget.name}: {said.tier} % is over",
        f"the {name} window that {budget.name} watches was reset, or is told of no longer.",
        budget=budget.name,
        period=said.period,
        tier=said.tier,
        evidence=(("reason", "ended"), ("window", name)),
        resolved=True,
    )


def replayed(
    budgets: Iterable[Budget], told: Iterable[Sequence[PlanReading]], tz: ZoneInfo
) -> list[Finding]:
    """All that would have been found by the readings of each limit, in order of event time."""
    runs = [run for readings in told if (run := windows.windows(readings))]
    keys = [run[-1].key for run in runs]
    found: list[Finding] = []
    for budget in budgets:
        for run in runs:
            if watches(budget, run[-1].key):
                found += _replayed(budget, run, windows.account(run[-1].key, keys), tz)
    return sorted(found, key=lambda one: one.at)


def _replayed(
    budget: Budget, run: Sequence[Window], account: str, tz: ZoneInfo
) -> Iterator[Finding]:
    for nth, window in enumerate(run):
        said: list[SaidTier] = []
        for count, (at, _) in enumerate(window.steps, start=1):
            so_far = window._replace(steps=window.steps[:count], at=at, below=0.0)
            for one in judge(WatchedWindow(budget, so_far, account), said, at, tz):
                said.append(SaidTier(one.period, one.tier or 0, still=True))
                yield one
        if nth + 1 < len(run):
            yield from (ended(budget, one, run[nth + 1].began) for one in said)


def _reached(
    one: WatchedWindow, period: str, tier: int, fresh: Sequence[int], now: int, tz: ZoneInfo
) -> Finding:
    window, budget = one.window, one.budget
    at = next((at for at, used in window.steps if round(used * _EXACT) >= tier * _EXACT), window.at)
    ahead = pace.outlook(window, now)
    text = f"the {one.name} is {_full(window)} at {periods.clock(window.at, now, tz)}"
    text += "".join(f", {part}" for part in to_come(ahead, window.end, now, tz))
    passed = ", ".join(f"{each} %" for each in fresh)
    text += f"; {passed} were passed at once" if len(fresh) > 1 else ""
    return Finding(
        "budget_tier",
        "critical" if tier >= 100 else "warning",
        at,
        f"budget {budget.name}: {tier} % of the {one.name}",
        f"{text}.",
        budget=budget.name,
        period=period,
        tier=tier,
        evidence=(*_whose(one), *_how(one, ahead), ("passed", passed), *_louder(tier, fresh)),
    )


def to_come(ahead: PlanOutlook, end: int | None, now: int, tz: ZoneInfo) -> list[str]:
    """What is known to come: "full ~12:38 at your pace", "resets 13:00"."""
    said = []
    if ahead.full is not None and ahead.full > now:
        said.append(f"full ~{periods.clock(ahead.full, now, tz)} at your pace")
    if end is not None:
        said.append(f"resets {periods.clock(end, now, tz)}")
    if ahead.spare is not None:
        said.append(f"{words(ahead.spare)} before it is full at your pace")
    return said


def _full(window: Window) -> str:
    return f"{window.top:.0f} % full"


def _whose(one: WatchedWindow) -> tuple[tuple[str, str | int], ...]:
    key = one.window.key
    told = (("home", key.home), ("plan", key.plan), ("limit", key.limit))
    return (
        ("window", windows.title(key)),
        ("account", one.account),
        ("agent", key.source),
        *((name, text) for name, text in told if text),
        ("minutes", key.minutes),
    )


def _how(one: WatchedWindow, ahead: PlanOutlook) -> tuple[tuple[str, str | float | int], ...]:
    window, spare = one.window, ahead.spare
    moments = (
        *(("read_at", window.at), ("began_at", window.began)),
        *(("resets_at", window.end), ("full_at", ahead.full)),
    )
    return (
        ("percent", window.top),
        *((name, iso(at)) for name, at in moments if at is not None),
        *((("outlasts_reset_by_seconds", spare // 1000),) if spare is not None else ()),
    )


def _louder(tier: int, fresh: Sequence[int]) -> tuple[tuple[str, int], ...]:
    return () if tier == fresh[-1] else (("spoken_by", fresh[-1]),)
