"""What holds sessions back, in words. Pictures only, from open breakers."""

from collections.abc import Sequence

from costtop.queries.live.held_sessions import Held
from costtop.tui.draw.figures import age, short_session
from costtop.tui.draw.ink import Line, line


def held_line(held: Sequence[Held], now: int) -> Line:
    """One line for the head of the screen: what is held back, since when, and the way out."""
    first, more = held[0], len(held) - 1
    others = f" and {more} more" if more else ""
    return line((f" HELD {named(first)}{others} ", "lamp"),
                (f" {first.action} since {age(now - first.opened)}", "warn"),
                (": O lets it pass  ", "text"), (first.why, "dim"))  # fmt: skip


def named(one: Held) -> str:
    """Which budget, or which session's own stop."""
    if one.budget:
        return f"Budget {one.budget}"
    return f"Session {short_session(one.session.partition('/')[2])}"
