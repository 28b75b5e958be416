"""What other programs are told of spend: sums of all of it for /metrics, words for status bars.

Read from the roll-ups; no session is named. A model that several providers serve counts under the
one that served it last, for the roll-ups do not hold the provider.
"""

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop.durations import DAY, QUARTER
from costtop.named_tuples import NamedTuple
from costtop.queries.live.frame import Live
from costtop.queries.live.view import BudgetMeter, stands
from costtop.shown import currency
from costtop.store.alerts import alert_reads
from costtop.store.alerts.alert_reads import EndpointState
from costtop.store.calls import floors
from costtop.sum_floors import Floor, Sum

if TYPE_CHECKING:  # who has no plan needs none of it
    from costtop.queries.plans.billed_now import BilledNow
    from costtop.queries.plans.plan_windows import PlanWindow

LATE = 35 * DAY  # by which is judged what is dear now
_SUMS = "calls, errors, unpriced, cost, input, cache_read, cache_write, output, reasoning"


class Total(NamedTuple):
    """Sums of one feature, model and provider; cost in nano-dollars."""

    feature: str
    model: str
    provider: str
    calls: int
    errors: int
    unpriced: int
    cost: int
    input: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int
    late_calls: int = 0  # of the last 35 days
    late_cost: int = 0


class Told(NamedTuple):
    """What /metrics tells of one moment."""

    totals: list[Total]
    budgets: tuple[BudgetMeter, ...]
    short: Floor  # what the sum of everything is short of
    plans: "tuple[PlanWindow, ...]" = ()
    billed: "BilledNow | None" = None  # None: the user pays no plan
    endpoints: Sequence[EndpointState] = ()
    alerts: Sequence[str] = ()  # the severity of each that is open


class Totals:
    """Reads one database, `mode=ro`, remembering who serves which model."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._live = Live(db)
        self._providers: dict[int, str] = {}

    def read(self, now: int) -> Told:
        """Everything at `now`, ms UTC."""
        sums = ", ".join(f"sum({name})" for name in _SUMS.split(", "))
        late = ", ".join(
            f"coalesce(sum({name}) FILTER (WHERE quarter >= ?1), 0)" for name in ("calls", "cost")
        )
        rows = self._db.execute(
            f"SELECT feature, model, {sums}, {late} FROM spend GROUP BY 1, 2",
            ((now - LATE) // QUARTER,),
        )
        totals = [
            Total(self._live.name(feature), self._live.name(model), self._provider(model), *rest)
            for feature, model, *rest in rows.fetchall()
        ]
        short = floors.of(self._db, "1", ())
        return Told(
            totals,
            self._live.budgets(now),
            short,
            plans=self._live.plans(now),
            billed=self._live.billed(now),
            endpoints=alert_reads.endpoints(self._db),
            alerts=[one.severity for one in alert_reads.open_ones(self._db)],
        )

    def _provider(self, model: int) -> str:
        found = self._providers.get(model)
        if found is None:
            row = self._db.execute(
                "SELECT provider FROM calls WHERE model = ?1 AND session ="
                " (SELECT id FROM sessions WHERE model = ?1 ORDER BY last DESC LIMIT 1)"
                " ORDER BY at DESC LIMIT 1",
                (model,),
            ).fetchone()
            if row is None:
                return ""  # another model was used since in each of its sessions: asked again later
            found = self._providers[model] = self._live.name(row[0])
        return found


def spending_line(
    today: Sum,
    burn: int,
    meters: Sequence[BudgetMeter],
    windows: Sequence[str] = (),
    billed: "BilledNow | None" = None,
) -> str:
    """Today, the budget that is nearest to its end, plans' windows, and the burn.

    "today $14.20 · daily 71 % · 5h 61 % · $3.10/h"; `burn` is nano-dollars an hour. Of who pays a
    plan: "today $14.20 value · billed $0.00 · …".
    """
    parts = [f"today {currency.amount(today.cost, floor=today.floor)}"]
    if billed is not None:
        from costtop.queries.plans import billed_words

        parts = [f"{parts[0]} value", billed_words.status(billed)]
    meters = [meter for meter in meters if not meter.of_plan]  # the windows say it themselves
    if meters:
        parts.append(_fullest(meters))
    parts += windows
    if burn:
        parts.append(f"{currency.amount(burn)}/h")
    return " · ".join(parts)


def bar_fields(
    today: Sum,
    burn: int,
    meters: Sequence[BudgetMeter],
    plans: "Sequence[PlanWindow]" = (),
    billed: "BilledNow | None" = None,
) -> dict[str, str]:
    """The parts of that line by name, for who makes a line of his own; "" where there is none.

    `level` and `percent` are of the budget or window that is nearest to its end: ok, warn, over.
    """
    own = [meter for meter in meters if not meter.of_plan]
    used = [one.used for one in plans if one.used is not None]
    part = max(
        [*(one.spent / one.amount for one in meters), *(one / 100 for one in used)], default=0
    )
    words = {
        "today": currency.amount(today.cost, floor=today.floor),
        "billed": "",
        "burn": f"{currency.amount(burn)}/h",
        "budget": _fullest(own) if own else "",
        "plan_5h": _share(plans, "5h"),
        "plan_week": _share(plans, "week"),
        "level": stands(part),
        "percent": f"{part * 100:.0f}" if meters or used else "",
    }
    if billed is not None:
        from costtop.queries.plans import billed_words

        words["billed"] = billed_words.beyond(billed)
    return words


def _share(plans: "Sequence[PlanWindow]", title: str) -> str:
    """How full the fullest window of that length is: of many accounts, of one or none."""
    named = [one for one in plans if one.title == title]
    if not named:
        return ""
    from costtop.queries.plans import plan_words

    return plan_words.share(max(named, key=plan_words.pressing))


def window_words(plans: "Sequence[PlanWindow]", now: int, tz: ZoneInfo) -> list[str]:
    """Plans' windows as a status bar shows them; none where there is no plan."""
    if not plans:
        return []
    from costtop.queries.plans import plan_words

    return plan_words.bars(plans, now, tz)


def _fullest(meters: Sequence[BudgetMeter]) -> str:
    one = max(meters, key=lambda meter: meter.spent / meter.amount)
    floor = "≥" if one.floor else ""
    mark = "!" if one.spent >= one.amount else ""
    name = f"{one.name} billed" if one.watch == "billed" else one.name
    return f"{name} {floor}{one.spent * 100 // one.amount} %{mark}"
