"""One reply of the model while its rows come in, and the call that they make together.

It merges as the store does (`calls/call_row`), but builds one call where that would take one a row:
Claude Code writes a reply once a content block, and most rows only repeat what the last one says.
"""

from collections.abc import Sequence
from typing import Any

from costtop.model import Call, Context, Tokens, ToolUse
from costtop.named_tuples import NamedTuple
from costtop.sources.claude.records import Message, Row, Usage
from costtop.sources.claude.tokens import NAME, reported, searches_of, text, tokens_of
from costtop.sources.fold.fields import ANYWHERE, STANDARD_SPEED
from costtop.sources.fold.tool_memory import Asked

_PLACEHOLDER = 10  # output tokens up to which a row without stop reason is a stream's first count
_NOT_BILLED = Tokens()


class Whose(NamedTuple):
    """What a row says of whose it is, as it stands there."""

    cwd: Any = None
    branch: Any = None
    version: Any = None
    agent: Any = None
    agent_type: Any = None
    skill: Any = None
    plugin: Any = None
    side: Any = None  # True: of a side chain


class Manner(NamedTuple):
    """What a reply was made with, as a call says it."""

    model: str
    tier: str = ""
    speed: str = ""
    geo: str = ""


class Told(NamedTuple):
    """What one row of a reply says, or several ones of the same reply that follow each other."""

    whose: Whose
    manner: Manner
    tokens: Tokens
    request: str
    offset: int  # of the row that counts, in the file
    first: int  # times of the first and the last row
    last: int
    stop: object
    asks: bool  # whether the last row asks for a tool
    tools: Sequence[Asked]
    searches: int
    placeholder: bool
    yields: bool
    refused: bool = False
    reported: int | None = None
    usage: Usage | None = None  # whose iterations may hide requests


Regular = tuple[Sequence[Asked], tuple[Any, ...], int, object, bool]
"""What it comes to where nothing is odd: tools; key, first, tokens, request and offset (`own` of a
`PlainCall`); last; stop; asks."""


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
        "placeholder",
        "searches",
        "told",
        "tools",
        "yields",
    )

    def __init__(self, key: bytes, told: Told, home: Home, attempt: int) -> None:
        self.key, self.told, self.home, self.attempt = key, told, home, attempt
        self.at, self.searches = told.first, told.searches
        self.placeholder, self.yields = told.placeholder, told.yields
        self.tools: list[list[str]] = []

    def grow(self, told: Told, home: Home, attempt: int) -> None:
        """Takes one more row of the same key."""
        if _counts_more(told, self.told):
            self.told, self.attempt = told, attempt
        self.at = min(told.first, self.at)
        self.searches = max(self.searches, told.searches)
        self.placeholder = self.placeholder and told.placeholder
        if self.yields and not told.yields:
            self.home, self.yields = home, False

    def ask(self, tools: list[list[str]]) -> None:
        """Takes the tools that the reply asked for, as `tool_memory` holds them."""
        if len(tools) >= len(self.tools):
            self.tools = tools

    def call(self) -> Call:
        """The call.

        A refusal without output is not billed: it keeps its place in the session, with no tokens.
        `/btw` replays its parent's message under a new request id, so a sidechain row yields to a
        row of the same message that is none; so does a row that says which session it is forked
        from.
        """
        told, (session, agent, context) = self.told, self.home
        model, tier, speed, geo = told.manner
        return Call(
            self.key,
            NAME,
            session,
            model or "unknown",
            _NOT_BILLED if told.refused else told.tokens,
            self.at,
            context,
            agent,
            "",
            tier,
            speed,
            geo,
            self.searches,
            told.reported,
            told.request,
            "error" if told.refused else "ok",
            self.attempt,
            placeholder=self.placeholder,
            yields=self.yields,
            tools=tuple([ToolUse(name, arguments) for _, name, arguments in self.tools]),
            offset=told.offset,
        )


def told_by(
    row: Row, message: Message, usage: Usage, at: int, offset: int, tools: Sequence[Asked]
) -> Told:
    """What one decoded row says; `at` is its time, `tools` are those that it asks for."""
    tokens, tier, stop = tokens_of(usage), usage.service_tier, message.stop_reason
    return Told(
        whose=whose_of(row),
        manner=Manner(
            text(message.model),
            "" if tier == "standard" else text(tier),
            "" if usage.speed in STANDARD_SPEED else text(usage.speed),
            "" if usage.inference_geo in ANYWHERE else text(usage.inference_geo),
        ),
        tokens=tokens,
        request=text(row.request_id),
        offset=offset,
        first=at,
        last=at,
        stop=stop,
        asks=bool(tools),
        tools=tools,
        searches=searches_of(usage),
        placeholder=tokens.output <= _PLACEHOLDER and stop is None,
        yields=row.is_sidechain is True or bool(row.forked_from),
        refused=not tokens.output and stop == "refusal",
        reported=None if row.cost is None else reported(row.cost),
        usage=usage,
    )


def whose_of(row: Row) -> Whose:
    """What a decoded row says of whose it is."""
    return Whose(
        cwd=row.cwd,
        branch=row.git_branch,
        version=row.version,
        agent=row.agent_id,
        agent_type=row.attribution_agent,
        skill=row.attribution_skill,
        plugin=row.attribution_plugin,
        side=row.is_sidechain,
    )


def _counts_more(one: Told, other: Told) -> bool:
    output, known = one.tokens.output, other.tokens.output
    return output > known or (
        output == known and (one.tokens == other.tokens or _input(one) >= _input(other))
    )


def _input(told: Told) -> int:
    return 0 if told.refused else told.tokens.input
