"""One reading of a plan's window, as an agent told it: a noun beside those of `model`."""

from costtop.named_tuples import NamedTuple


class PlanReading(NamedTuple):
    """How full one window of a plan was, as the agent told it: per cents, not dollars.

    A window is what its `minutes` say, never its position. Readings of another home, plan, limit
    or length are of other windows.
    """

    source: str
    home: str  # the agent's folder, which stands for the account; "" is not told
    plan: str  # "plus", "pro", ... as told; "" is not told
    limit: str  # what alone it holds for, a model mostly; "" is all of the plan
    minutes: int
    used: float  # per cent
    resets: int | None  # as told at that moment; it may move, and it may be stale
    at: int
    session: str = ""  # of the source: who told it
