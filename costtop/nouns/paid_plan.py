"""A plan that the user pays for an agent: a noun beside those of `model`."""

from costtop.named_tuples import NamedTuple


class PaidPlan(NamedTuple):
    """What a month of a plan costs, and whose spend it covers: moments are ms UTC."""

    name: str
    agent: str  # as people call it: "claude", "codex"
    sources: tuple[str, ...]  # those that tell of this agent
    price: int  # nano-dollars a month
    since: int | None = None  # its first day's beginning; None: always
    until: int | None = None  # the end of its last day; None: it goes on
    account: str = ""  # the agent's home folder, of which alone it holds; "" is any

    def holds(self, since: int, until: int) -> bool:
        """Whether it does at some moment of [since, until)."""
        begun = self.since is None or self.since < until
        return since < until and begun and (self.until is None or since < self.until)
