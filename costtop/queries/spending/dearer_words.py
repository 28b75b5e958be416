"""Whether work gets dearer, in words: the verdict, what it rests on, what is excluded."""

from costtop.analysis.dearer import Dearer, Verdict, is_steady
from costtop.analysis.task_price import LikePrice
from costtop.analysis.trend import TooFew, Trend

_NOTHING = 0.005  # changes that round to none
SEEN = 2.0  # changes beyond it are told in times, or not at all


def judged(found: Dearer, verdict: Verdict) -> str:
    """A verdict with the numbers that it rests on, and what can be excluded."""
    whole, most = found.whole, found.telling
    if isinstance(whole, TooFew) or most is None or found.like is None:
        return _too_few(whole) if isinstance(whole, TooFew) else "not enough data"
    if verdict in {"rising", "falling"}:
        return f"{verdict}: {_measured(most)}, p {found.p:.3f}, {whole.tasks} tasks"
    like = min(found.like, key=lambda one: one.high - one.low)
    if verdict == "steady":
        return f"steady: {_measured(whole)}, {whole.tasks} tasks; {_measured(like)}"
    rise = f"a rise beyond {_share(whole.high)}" if whole.high > _NOTHING else "any rise"
    fall = f"a fall beyond {_share(whole.low)}" if whole.low < -_NOTHING else "any fall"
    out = f"of a whole task {rise} and {fall} are excluded ({whole.tasks} tasks)"
    sure = ", steady" if is_steady(like) else ""
    return f"cannot tell: {out}; {_measured(like)}{sure}"


def _too_few(found: TooFew) -> str:
    said = f"not enough data: {found.tasks} completed tasks on {found.days} days (needs 30 on 10)"
    if found.tasks <= 2:
        return said
    if found.detectable > SEEN:
        return f"{said}; they differ too much for any change to be seen"
    return f"{said}; a change of {found.detectable:.0%} would be seen"


def _measured(one: LikePrice | Trend) -> str:
    """A change with its interval: "a turn at like length +31 % (+12 % to +53 %)"."""
    what = f"a {one.per} at like length" if isinstance(one, LikePrice) else "a whole task"
    return f"{what} {_share(one.change)} ({_share(one.low)} to {_share(one.high)})"


def _share(change: float) -> str:
    """A change: "+31 %"; from tripled on in times, for nobody reads 1000 %."""
    if change > SEEN:
        return f"{1 + change:.0f}x"
    return f"{100 * change:+.0f} %" if abs(change) >= _NOTHING else "0 %"
