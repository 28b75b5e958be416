"""Whose a log is, for calls that do not say it themselves: a noun beside those of `model`."""

from costtop.named_tuples import NamedTuple

GIVEN_USER, GIVEN_HOST = 1, 2  # bits of `LogOwner.given`
PROGRAMS = frozenset({"costtop", "litellm", "otlp", "api-responses"})
"""Sources that are no agent's: their user is whom a program works for, which only it can say."""


class LogOwner(NamedTuple):
    """Who was found behind a log or a channel, before `[identity]` names or hides them."""

    user: str  # login name, or what a [[source]] gives; "" is not known
    host: str  # short host name, or what a [[source]] gives; "" is not known
    given: int = 0  # which of the two a [[source]] gives: they are shown as they are
    programs: bool = False  # it is also that of sessions that are no agent's
