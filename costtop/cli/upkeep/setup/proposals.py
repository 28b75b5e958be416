"""What `costtop init` proposes from the last 30 days, each with the sentence why.

A day that is not over counts for nothing. Amounts are nano-dollars; where too little was spent to
say anything, nothing is proposed, and that is what the sentence says.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from zoneinfo import ZoneInfo

from costtop import config as configuration
from costtop import money
from costtop.analysis.quantiles import quantile
from costtop.cli import progress
from costtop.config import Config
from costtop.money import NANO, bill
from costtop.named_tuples import NamedTuple
from costtop.queries.spending import days, report
from costtop.queries.spending.days import Day
from costtop.queries.spending.report_line import Line

DAYS = 30
ENOUGH_DAYS = 7  # with spend; fewer tell of no usual day
ENOUGH_SESSIONS = 20
PLAN_TIERS = (80, 95)  # per cents at which a window is told of
_WRITTEN = (10, 12, 15, 20, 25, 30, 40, 50, 60, 70, 80)  # what people write, in tenths of a power
_LEAST = NANO  # no amount below a dollar is worth a message
_OTHER = 1.5  # times by which a cap differs before another one is proposed
_CALMER = (8.0, 12.0)  # multipliers that are tried where the present one speaks too often


class DayBudget(NamedTuple):
    """A budget of the day, and why; amount None: none is proposed."""

    amount: int | None
    why: tuple[str, ...]


class WindowBudgets(NamedTuple):
    """Windows of plans to be watched, by their titles, and what they came to."""

    titles: tuple[str, ...]
    why: tuple[str, ...]


class AlertSettings(NamedTuple):
    """Keys of [anomaly] to set, as TOML values, and what the replay of history says of them."""

    values: Mapping[str, float | str]
    why: tuple[str, ...]


NO_SETTINGS: Mapping[str, float | str] = {}


def written(nanos: float) -> int:
    """The next amount that a person would write: 37.80 -> 40, 1.10 -> 1.20, never under $1."""
    power = NANO // 10
    while power * 10 <= nanos:
        power *= 10
    steps = (share * power // 10 for share in (*_WRITTEN, 100))
    return max(_LEAST, next(step for step in steps if step > nanos))


def whole_days(db: sqlite3.Connection, now: int, tz: ZoneInfo) -> tuple[Day, ...]:
    """The last 30 local days that are over."""
    return days.read(db, DAYS + 1, now, tz)[:-1]


def day_budget(told: Sequence[Day]) -> DayBudget:
    """What nine of ten days with spend stay under, rounded up."""
    spent = sorted((day for day in told if day.calls), key=lambda day: day.cost)
    said = f"Of the last {len(told)} days {len(spent)} had spend"
    if len(spent) < ENOUGH_DAYS or not spent[-1].cost:
        few = f"too few to propose a budget from ({ENOUGH_DAYS} are enough)"
        free = "but none of their calls has a price (costtop doctor)"
        return DayBudget(None, (f"{said}, {few if len(spent) < ENOUGH_DAYS else free}.",))
    most = quantile([day.cost for day in spent], 0.9)
    amount, short = written(most), any(day.floor for day in spent)
    under = sum(day.cost < amount for day in spent)
    known = ", as far as is known" if short else ""
    dearest = bill(spent[-1].cost, floor=spent[-1].floor)
    why = [
        f"{said}: the dearest cost {dearest}, nine of ten up to {bill(int(most), floor=short)}.",
        f"{plainly(amount)} a day: {under} of the {len(spent)} stayed under it{known}.",
    ]
    if short:
        part = sum(day.floor for day in spent)
        why.append(f"≥: on {_days(part)} more was spent than is known; why: costtop doctor")
    return DayBudget(amount, tuple(why))


def _days(count: int) -> str:
    return f"{count} day{'s' * (count != 1)}"


def plan_budgets(db: sqlite3.Connection, now: int, tz: ZoneInfo) -> WindowBudgets:
    """Budgets of the windows that agents tell of, for whom a plan stops before dollars do."""
    from costtop.queries.plans import plan_history

    passed: dict[str, list[float]] = {}
    for run in plan_history.read(db, now, tz):
        if not run.now.limit:  # one of a single model's fills within the others
            passed.setdefault(run.now.title, []).extend(top for _, _, top in run.past)
    why = tuple(
        f"Your plan's window of {title}: {sum(top >= PLAN_TIERS[0] for top in tops)} of the"
        f" {len(tops)} before it came to {PLAN_TIERS[0]} % or more."
        for title, tops in passed.items()
    )
    return WindowBudgets(tuple(passed), why)


def alert_settings(
    db: sqlite3.Connection,
    config: Config,
    kept: Collection[str],
    told: Sequence[Day],
    budget: int | None,
) -> AlertSettings:
    """Settings by which history would have told of one session at most on a day with spend.

    `kept` are keys of [anomaly] that the user has set; `budget` is the day's that is proposed.
    """
    since, until = told[0].start, told[-1].end
    sessions = report.read(db, "session", configuration.zone(config), since, until, until).lines
    if len(sessions) < ENOUGH_SESSIONS:
        few = f"{len(sessions)} sessions in {len(told)} days, too few to try alert settings on"
        return AlertSettings(NO_SETTINGS, (f"{few} ({ENOUGH_SESSIONS} are enough).",))
    cap, why = _session_cap(config, kept, sessions)
    day = {} if budget is None else {"budget.daily.amount": money.exact(budget)}
    pushed = _pushed(db, config, {**day, **_words(cap)}, (since, until))
    most, now = sum(day.calls > 0 for day in told), config.anomaly.multiplier
    found = calmed(pushed, now, most, () if "multiplier" in kept else _CALMER)
    calmer = {} if found.times == now else {"multiplier": found.times}
    return AlertSettings({**cap, **calmer}, (*why, found.words(len(sessions), most)))


class Calmed(NamedTuple):
    """The multiplier of those that were tried by which the fewest sessions are told of."""

    times: float
    spoken: Mapping[float, int]  # by multiplier: how many; the present one first

    def words(self, sessions: int, most: int) -> str:
        """What the rules would have told of, with it and as it was."""
        now, pushed = next(iter(self.spoken)), self.spoken[self.times]
        said = f"Replayed over these days, the rules tell of {pushed} of {sessions} sessions"
        if self.times != now:
            said += f" at {self.times:g}x the usual; at {now:g}x it was {self.spoken[now]}"
        more = ", more than one on a day with spend; by which rule: costtop alerts replay"
        return said + (more if pushed > most else ".")


def calmed(
    pushed: Callable[[float], int], now: float, most: int, others: Sequence[float]
) -> Calmed:
    """Tries others where the present multiplier tells of more than `most`, until one does not."""
    spoken = {now: pushed(now)}
    for times in others:
        if min(spoken.values()) <= most:
            break
        if times > now:
            spoken[times] = pushed(times)
    return Calmed(min(spoken, key=lambda one: (spoken[one], one)), spoken)


def _session_cap(
    config: Config, kept: Collection[str], sessions: Sequence[Line]
) -> tuple[Mapping[str, float | str], list[str]]:
    """From what is a session worth a word, while too few of its kind have finished."""
    costs = sorted(line.cost for line in sessions)
    most, now = quantile(costs, 0.95), money.parse(config.anomaly.session_cap)
    short = any(line.floor for line in sessions)
    said = f"Of {len(costs)} sessions 19 in 20 cost at most {bill(int(most), floor=short)}"
    said += f", the dearest {bill(costs[-1], floor=short)}"
    cap = written(most)
    if "session_cap" in kept or now / _OTHER < cap < now * _OTHER or not costs[-1]:
        return NO_SETTINGS, [f"{said}; one past {plainly(now)} is told of, as it is."]
    why = f"{said}: one past {plainly(cap)} is told of (it was {plainly(now)})"
    return {"session_cap": plainly(cap)}, [f"{why} while too few of its kind have finished."]


def _pushed(
    db: sqlite3.Connection, config: Config, words: Mapping[str, str], span: tuple[int, int]
) -> Callable[[float], int]:
    """Counts the sessions that would have been told of, by multiplier, with other settings too."""
    from costtop.daemon.alerting.rule_bench import bench
    from costtop.daemon.alerting.tried_settings import tried

    def count(times: float) -> int:
        asked = {**words, "anomaly.multiplier": str(times)}
        settings = tried(config, [f"{key}={value}" for key, value in asked.items()])
        with progress.bar("replaying history", "calls") as watch:
            return len(bench(db, settings, *span, watch=watch).pushed)

    return count


def _words(values: Mapping[str, float | str]) -> Mapping[str, str]:
    """Settings of [anomaly] as `--set` of the replay takes them."""
    return {f"anomaly.{key}": str(value) for key, value in values.items()}


def plainly(nanos: int) -> str:
    """An amount as a person writes it: $40, $2.50."""
    return bill(nanos).removesuffix(".00")
