"""The windows of the user's plans as they stand: how full, until when, and who filled them.

What is told is weeks of readings and the minutes of spend beside them; `plans` does the sums.
"""

import sqlite3
from collections.abc import Sequence

from costtop.durations import DAY, MINUTE
from costtop.named_tuples import NamedTuple
from costtop.plan_reading import PlanReading
from costtop.plans import pace, shares, windows
from costtop.plans.shares import PlanShares, PlanSpend
from costtop.plans.windows import PlanKey, Window
from costtop.queries.plans.plan_spend import PlanSpending
from costtop.store.plans import plan_readings

_HEARD = 15 * DAY  # a plan that was not heard of for so long is no longer the user's
_RUNS = 12  # lengths of a window that are read: some before the present one are among them
_PRICED_BY = 4  # windows before the present one that the price of a per cent is taken from


class Eaten(NamedTuple):
    """Per cents of a window that one session used."""

    session: str  # "source/session"
    points: float
    short: str = ""  # what to type


class PlanWindow(NamedTuple):
    """One window of a plan at one moment. Per cents are of the window, moments ms UTC."""

    agent: str  # source that told of it
    home: str  # the agent's folder, for its account
    plan: str  # as the agent calls it; "" is not told
    limit: str  # what alone it holds for; "" is all of the plan
    title: str  # "5h", "week", "week opus"
    minutes: int
    at: int  # of the latest reading
    opened: int = 0  # since when spend counts for it
    resets: int | None = None  # not told; or it was reset, and the next end is not known yet
    read: float | None = None  # the latest reading; None where it was reset since
    used: float | None = None  # by now; None: it was reset since, and nobody knows
    estimated: bool = False  # `used` is not `read`: what was spent since is in it
    full: int | None = None  # when it is full at this pace; None: not before its reset, or no pace
    earliest: int | None = None
    latest: int | None = None
    spare: int | None = None  # ms by which it would outlast its reset
    hourly: float | None = None  # per cents an hour; None: too little was seen
    point: int | None = None  # nano-dollars that one per cent costs
    sessions: tuple[Eaten, ...] = ()  # largest first
    elsewhere: float | None = None  # per cents that nobody here used; None: nothing tells who did
    models: tuple[tuple[str, float], ...] = ()  # per cents by model, largest first
    features: tuple[tuple[str, float], ...] = ()  # the same by feature; "" is none


def read(db: sqlite3.Connection, now: int) -> tuple[PlanWindow, ...]:
    """The windows that hold now, shortest first; () where no plan was told of."""
    latest = _possible(plan_readings.latest(db, now + windows.AHEAD), now)
    holding = windows.present([windows.follow(None, one) for one in latest], now)
    known = {}
    for minutes in {window.key.minutes for window in holding}:
        since = now - min(_HEARD, _RUNS * minutes * MINUTE)
        for told in plan_readings.read(db, since, minutes):
            if run := windows.windows(_possible(told, now)):
                known[run[-1].key] = run
    return tuple(_window(db, known[window.key], now) for window in holding if window.key in known)


def _possible(readings: Sequence[PlanReading], now: int) -> list[PlanReading]:
    return [reading for reading in readings if windows.is_possible(reading, now)]


def _window(db: sqlite3.Connection, run: Sequence[Window], now: int) -> PlanWindow:
    last = run[-1]
    spending = PlanSpending(db, last.key)
    spent = spending.steps(last.opened, now)
    price = _price(spending, run, spent)
    over = last.is_over(now)
    opened = last.opened if not over else max(last.at, last.end or last.at)
    since = sum(one.cost for one in spent if (one.at >= opened if over else one.at > last.at))
    more = shares.used_since(price, since)
    known = _named(last.key, last.at)._replace(opened=opened, point=price)
    if over:  # nobody has told of it since: an estimate, or nothing
        return known._replace(used=more, estimated=more is not None)
    stands = pace.outlook(last, now, more)
    known = known._replace(
        resets=last.end,
        read=last.used,
        used=stands.used,
        estimated=stands.estimated,
        full=stands.full,
        earliest=stands.earliest,
        latest=stands.latest,
        spare=stands.spare,
        hourly=stands.pace.hourly if stands.pace else None,
    )
    return _shared(known, db, spending, shares.shared(last, spent, price))


def _shared(
    known: PlanWindow, db: sqlite3.Connection, spending: PlanSpending, who: PlanShares
) -> PlanWindow:
    """With who filled it, and on what; as it is where nothing tells what counts for it."""
    if not spending.known():
        return known
    parts = spending.parts(known.opened, known.at)
    models = [(one.session, one.model, one.cost) for one in parts]
    features = [(one.session, one.feature, one.cost) for one in parts]
    return known._replace(
        sessions=_eaten(db, who),
        elsewhere=who.elsewhere,
        models=_largest(shares.split(who.by_session, models)),
        features=_largest(shares.split(who.by_session, features)),
    )


def _largest(points: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(points.items(), key=lambda one: (-one[1], one[0])))


def _named(key: PlanKey, at: int) -> PlanWindow:
    return PlanWindow(
        agent=key.source,
        home=key.home,
        plan=key.plan,
        limit=key.limit,
        title=windows.title(key),
        minutes=key.minutes,
        at=at,
    )


def _price(spending: PlanSpending, run: Sequence[Window], spent: Sequence[PlanSpend]) -> int | None:
    """What one per cent costs, by the present window and a few before it."""
    last = run[-1]
    mine = sum(one.cost for one in spent if last.began < one.at <= last.at)
    before = [
        (shares.seen_points(one), spending.total(one.began, one.at))
        for one in run[-1 - _PRICED_BY : -1]
    ]
    return shares.point_price([*before, (shares.seen_points(last), mine)])


def _eaten(db: sqlite3.Connection, shared: shares.PlanShares) -> tuple[Eaten, ...]:
    most = sorted(shared.by_session.items(), key=lambda one: -one[1])
    found = []
    for root, points in most:
        row = db.execute(
            "SELECT n.text || '/' || s.session, s.short FROM sessions s"
            " JOIN names n ON n.id = s.source WHERE s.id = ?",
            (root,),
        ).fetchone()
        if row:
            found.append(Eaten(row[0], points, row[1]))
    return tuple(found)
