"""One reply of the model while its rows come in, and the call that they make together.

It merges as the store does (`calls/call_row`), but builds one call where that would take one a row:
Claude Code writes a reply once a content block, and most rows only repeat what the last one says.
"""

from typing import Any

from costtop.model import Call, Context, Tokens, ToolUse
from costtop.named import NamedTuple
from costtop.sources.claude.records import Row, Usage
from costtop.sources.claude.tokens import NAME, reported, searches_of, text, tokens_of
from costtop.sources.fold.fields import ANYWHERE, STANDARD_SPEED

_PLACEHOLDER = 10  # output tokens up to which a row without stop reason is a stream's first count


class Home(NamedTuple):
    """Whose a row is."""

    session: str
    agent: str
    context: Context


class Reply:
    """What the rows of one key say so far.

    The row with the larger (output, input) counts, the later one on a tie. The earliest time, the
    longest list of tools and the most searches are kept. It stays with the session that saw it
    first, unless that sight yields and a later one does not.
    """

    __slots__ = (
        "at",
        "attempt",
        "home",
        "key",
        "offset",
        "output",
        "placeholder",
        "row",
        "searches",
        "tools",
        "usage",
        "yields",
    )

    def __init__(
        self, key: bytes, row: Row, usage: Usage, at: int, home: Home, attempt: int, offset: int
    ) -> None:
        self.key, self.at, self.home = key, at, home
        self.row, self.usage, self.attempt, self.offset = row, usage, attempt, offset
        self.output = usage.output_tokens or 0
        self.searches = searches_of(usage)
        self.yields = _yields(row)
        self.placeholder = _placeholder(row, self.output)
        self.tools: list[list[str]] = []

    def grow(self, row: Row, usage: Usage, at: int, home: Home, attempt: int, offset: int) -> None:
        """Takes one more row of the same key."""
        output = usage.output_tokens or 0
        if output > self.output or (
            output == self.output
            and (usage == self.usage or _billed(row, usage).input >= self._tokens().input)
        ):
            self.row, self.usage, self.output = row, usage, output
            self.attempt, self.offset = attempt, offset
        self.at = min(at, self.at)
        self.searches = max(self.searches, searches_of(usage))
        self.placeholder = self.placeholder and _placeholder(row, output)
        if self.yields and not _yields(row):
            self.home, self.yields = home, False

    def ask(self, tools: list[list[str]]) -> None:
        """Takes the tools that the reply asked for, as `tool_memory` holds them."""
        if len(tools) >= len(self.tools):
            self.tools = tools

    def _tokens(self) -> Tokens:
        return _billed(self.row, self.usage)

    def call(self) -> Call:
        """The call.

        A refusal without output is not billed: it keeps its place in the session, with no tokens.
        `/btw` replays its parent's message under a new request id, so a sidechain row yields to a
        row of the same message that is none; so does a row that says which session it is forked
        from.
        """
        row, usage, (session, agent, context) = self.row, self.usage, self.home
        tier = usage.service_tier
        return Call(
            self.key,
            NAME,
            session,
            text(row.message and row.message.model) or "unknown",
            self._tokens(),
            self.at,
            context,
            agent,
            "",
            "" if tier == "standard" else text(tier),
            "" if usage.speed in STANDARD_SPEED else text(usage.speed),
            "" if usage.inference_geo in ANYWHERE else text(usage.inference_geo),
            self.searches,
            None if row.cost is None else reported(row.cost),
            text(row.request_id),
            "error" if _refused(row, usage) else "ok",
            self.attempt,
            placeholder=self.placeholder,
            yields=self.yields,
            tools=tuple([ToolUse(name, arguments) for _, name, arguments in self.tools]),
            offset=self.offset,
        )


def _stop(row: Row) -> Any:
    return row.message.stop_reason if row.message else None


def _refused(row: Row, usage: Usage) -> bool:
    return not usage.output_tokens and _stop(row) == "refusal"


def _billed(row: Row, usage: Usage) -> Tokens:
    return Tokens() if _refused(row, usage) else tokens_of(usage)


def _yields(row: Row) -> bool:
    return row.is_sidechain is True or bool(row.forked_from)


def _placeholder(row: Row, output: int) -> bool:
    return output <= _PLACEHOLDER and _stop(row) is None
