"""The nouns: what costtop counts, says and does, as immutable values.

Nothing here does I/O or knows a clock. Money is int nano-dollars, `None` where it is unknown (never
0); times are int milliseconds UTC; token counts are ints; text from logs has been cleaned.
"""

from typing import Any, Literal

from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import Breaker, Budget, Escalation
from costtop.nouns.pull_link import PullLink
from costtop.plan_reading import PlanReading

__all__ = ("Breaker", "Budget", "Escalation")  # of these the home is `budget_nouns`

Severity = Literal["notice", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("notice", "warning", "critical")  # ascending
Cause = Literal[
    "retry_loop", "context_growth", "cache_miss", "model_shift", "verbose_output", "fan_out"
]
Evidence = tuple[tuple[str, str | int | float], ...]
AlertState = Literal["open", "acknowledged", "resolved", "history"]
MarkKind = Literal["watch", "runaway", "fine"]
Reason = Literal[
    "first", "worse", "repeat", "resolved", "late", "grouped", "already told", "silenced", "history"
]
Hold = Literal["", "grouped", "quiet hours", "rate cap", "digest"]


class Tokens(NamedTuple):
    """What one request used, in the OpenTelemetry GenAI meaning.

    `input` is the total: it contains `cache_read` and `cache_write`; `cache_write` is the total of
    writes and contains `cache_write_1h`; `output` contains `reasoning`.
    """

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0


class Media(NamedTuple):
    """Tokens within a request's `Tokens` that are no text: some lists price them apart.
    An input contains its cache read (`audio_input` `audio_cache_read`), as `Tokens.input` does.
    """

    audio_input: int = 0
    audio_cache_read: int = 0
    audio_output: int = 0
    image_input: int = 0
    image_output: int = 0
    image_cache_read: int = 0
    video_input: int = 0
    video_output: int = 0


FloorReason = Literal["unpriced", "placeholder", "unreadable", "tier", "modality", "silent"]
"""Why a sum is less than what was billed: no list knows the model; an output was not finished; a
row could not be read; tier, speed or region are at a base price; a kind of token has no rate."""


class Context(NamedTuple):
    """Whose call it was: what reports group by. Empty text means that the log does not say.

    `feature` is the log's own tag, before the config's rules; `tags` is a JSON object, keys sorted.
    """

    cwd: str = ""
    branch: str = ""
    project: str = ""
    feature: str = ""
    user: str = ""
    task: str = ""
    host: str = ""
    tags: str = ""


class ToolUse(NamedTuple):
    """One tool call that a reply asked for, content-free, for loop detection.

    `key` is a hash of the normalised arguments, `result` of the outcome; `error` is None until the
    outcome is known.
    """

    name: str
    key: str
    error: bool | None = None
    result: str | None = None


class Call(NamedTuple):
    """One request to a model, as a log recorded it; the price comes later.

    `key` is 16 bytes and the same at every sight of this request. `group` rule: the first 8 bytes
    may name the message, so that side copies of one message stand next to each other (`yields`).
    """

    key: bytes
    source: str
    session: str
    model: str
    tokens: Tokens
    at: int
    context: Context = Context()
    agent: str = ""  # subagent inside the session; "" is the root agent
    provider: str = ""
    tier: str = ""  # service tier as billed: batch, flex, priority, ...; "" is standard
    speed: str = ""  # "fast" where the log says so
    geo: str = ""  # "us" where the log says so
    searches: int = 0  # web searches billed with it
    reported: int | None = None  # nano-dollars that the tool itself wrote down
    request: str = ""  # the provider's request id: joins what two channels saw
    status: str = "ok"  # ok | error
    attempt: int = 1
    pid: int | None = None  # a hint from the log, never proof
    placeholder: bool = False  # the log never got the final output count: a floor
    estimated: bool = False  # the model or the split is a guess, and shown as one
    yields: bool = False  # a side copy: dropped where another call has the same key group
    tools: tuple[ToolUse, ...] = ()
    offset: int = 0  # where in the file its line starts
    heard: bool = False  # told over OTLP: one with the log's call of the same `request`
    coarse: int = 0  # 1 span, 2 event, 3 sum: counts only where nothing finer tells of its session
    service: str = ""  # session (same source) whose sums this call makes superfluous
    settled: bool = False  # `reported` counts, whatever the config says: tokens lack a split
    unreadable: bool = False  # a billing row that could not be read: its tokens are not known
    media: Media | None = None  # None: text alone


class PlainCall(NamedTuple):
    """One call by its parts, as many are handed on; `columnar` makes the call, or columns of many.

    The first two are alike in many calls. Its `request` is one that channels can be joined by.
    """

    kind: tuple[Any, ...]  # the fields of `CallKind`
    rest: tuple[Any, ...]  # of `CallRest`
    own: tuple[Any, ...]  # key, at, the fields of `Tokens`, request, offset
    tools: tuple[tuple[Any, ...], ...]  # the fields of `ToolUse` of each


class SessionFact(NamedTuple):
    """Something a log says about a session besides its calls. `None` and "" change nothing."""

    source: str
    session: str
    agent: str = ""
    parent: str = ""  # session id (same source) that started this one
    agent_type: str = ""  # "explore", "general-purpose", ... for subagents
    context: Context | None = None
    started: int | None = None
    ended: int | None = None  # explicit end; a later call reopens the session
    at: int | None = None
    version: str = ""  # of the tool that wrote the log
    title: str = ""  # the agent's own, where the user asked for it; it says nothing else then
    named: bool = False  # the title is the user's own
    premium: int | None = None  # thousandths of GitHub's premium requests, since the session began


class TaskFact(NamedTuple):
    """A task of a session began, completed, failed or was abandoned."""

    source: str
    session: str
    task: str
    status: str  # started | completed | failed | aborted
    at: int


class Outcome(NamedTuple):
    """The result of a tool that an earlier call asked for: the `nth` of the call with this key."""

    call: bytes
    nth: int
    error: bool
    result: str


class Untold(NamedTuple):
    """A request that was billed and whose usage the log does not tell: it is only estimated.

    `key` is 16 bytes and the same in every copy of the record; it is that of the call itself where
    the log names its response, so that the call, should it turn up, takes the estimate's place.
    """

    key: bytes
    kind: Literal["compaction", "cancelled"]
    source: str
    session: str
    at: int
    agent: str = ""
    after: bytes = b""  # key of the call before it in the same log
    context: int = 0  # tokens of the conversation that it sent; 0 is not told
    asked: int = 0  # tokens of the instructions that it sent besides, uncached
    output: int = 0  # tokens of its answer, as far as the log shows it
    took: int | None = None  # ms until it was cancelled: no answer is longer than that allows


class Bad(NamedTuple):
    """A record that could not be read: counted and named, never stored."""

    offset: int
    reason: str


Event = Call | PlainCall | SessionFact | TaskFact | Outcome | Untold | PlanReading | PullLink | Bad


class Rates(NamedTuple):
    """What one token of each kind costs in one request, in int pico-dollars (1e-12 dollars).

    The rates are those of the request's own time, tier, modifiers and size, so that
    cost = (uncached*input + cache_read*cache_read + (cache_write - cache_write_1h)*cache_write
    + cache_write_1h*cache_write_1h + output*output) / 1000 + searches*search + request, rounded
    half even once. `search` (0: none listed) and `request` (a flat fee that few sellers take) are
    nano-dollars each. `card` names where the rates come from. `media` has the rates of tokens that
    are no text by the fields of `Media`, sorted; one without a rate is counted as text. `floor`:
    tier, speed or region are not listed, and these are the least that it can cost.
    """

    input: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    output: int
    search: int = 0
    card: str = ""  # "genai-prices 0.2.3 anthropic:claude-opus-4-6", "override prices.toml:acme"
    request: int = 0
    media: tuple[tuple[str, int], ...] = ()
    floor: bool = False


class CallBefore(NamedTuple):
    """The call before an untold request, and its session so far: what an estimate goes by."""

    tokens: Tokens
    rates: Rates | None
    output: int  # mean of the session's calls up to it
    written: int  # mean of what they added to the cache, calls that found nothing in it left out


class Price(NamedTuple):
    """What a request costs by the lists: None and None where none of them knows it.

    `short` says why `computed` is less than what was billed, where that is known.
    """

    computed: int | None
    rates: Rates | None
    short: tuple[FloorReason, ...] = ()  # "tier", "modality"


class Spend(NamedTuple):
    """A stored call with its price, as budgets and detectors see it, in order of arrival.

    `root` is "source/session" of the root session. `cost` is None when the price is unknown.
    `previous` is the cost booked at an earlier sight, which a grown row replaces, where not `new`.
    """

    call: Call
    root: str
    cost: int | None
    rates: Rates | None
    seen: int  # receive time, ms UTC
    feature: str = ""  # resolved: tag, rule, branch or project
    new: bool = True
    previous: int | None = None
    label: str = ""  # of the root session: the name of the config's [[source]] entry
    owner: str = ""  # whose its session is: the call's own user goes before it


class Finding(NamedTuple):
    """Something true now that a user may want to know: a level, not an edge.

    What is told of it, to whom and whether again is decided in `alerts.choose`.
    """

    rule: str  # median_5x budget_tier budget_burn budget_forecast blind retry_loop ...
    severity: Severity
    at: int  # event time that made it true
    title: str  # "budget daily: 80 % ..." without the "[costtop] " prefix
    why: str  # one plain sentence with numbers, no log text but cleaned ids and names
    session: str = ""  # "source/session" of the root session
    budget: str = ""
    period: str = ""  # "2026-11-23", "2026-11", "2026-W48", ...
    tier: int | None = None
    turn: int | None = None  # calls of the root agent, from 1
    cost: int | None = None  # of the session or the budget's period so far
    excess: int | None = None  # beyond what is usual
    cause: Cause | None = None
    evidence: Evidence = ()
    feature: str = ""
    user: str = ""
    late: bool = False  # it belongs to a period that is closed
    amount: int | None = None  # of the budget it is about: another amount is another alert
    resolved: bool = False  # the level ended


class Notification(NamedTuple):
    """A finding and what was decided about it: is it told now, and why or why not.

    first, worse, repeat, resolved and late speak; "grouped" is told in another's message.
    """

    id: str  # 12 hex digits, a hash of `identity`
    identity: str  # what makes it one alert: "budget|daily|2026-11-23|20000000000|80"
    subject: str  # what it is about: of one subject one message is told at a time
    finding: Finding
    reason: Reason
    speaks: bool
    size: int = 0  # largest cost seen of it, nano-dollars
    also: tuple[Finding, ...] = ()  # told in the same message
    causes: tuple[Cause, ...] = ()  # that were found of its incident before, the first first


class Told(NamedTuple):
    """What the ledger knows of one alert."""

    identity: str
    subject: str  # "session|claude-code/…", "budget|daily|2026-11-23|20000000000"
    severity: Severity
    tier: int | None
    state: AlertState
    told: int | None  # when it, or another of its incident in its place, was told, ms; None: never
    size: int  # when it spoke last: a session's excess, else the cost; 0: it never did
    cause: Cause | None = None


class Letter(NamedTuple):
    """A message to one endpoint, as it lies in the outbox."""

    label: str  # the endpoint, as the user named it
    kind: str  # budget session blind digest summary deed
    severity: str  # notice | warning | critical; "" where the level ended
    title: str
    body: str
    short: str
    at: int  # when what it tells of became true, ms: messages say how late they are
    token: str  # idempotency id: the same at every try
    alerts: tuple[str, ...] = ()  # ids of Notifications it tells of
    hold: Hold = ""  # why it waits; "" goes now
    id: int = 0  # row of the outbox
    attempts: int = 0


class Traffic(NamedTuple):
    """What one endpoint got lately; durations in ms."""

    since_last: int | None = None  # since the latest message about sessions was let go
    burst: int = 0  # such messages within the digest interval
    hour: int = 0  # messages of any kind within the last hour
    backlog: int = 0  # let go, not yet delivered
    held: int = 0  # waiting for a digest
    held_for: int = 0  # the oldest of them
    patient: bool = False  # all of them are notices: they wait the whole interval


class Silence(NamedTuple):
    """Who asked not to be told about what, until when or until it grows."""

    id: int
    by: str
    at: int
    session: str = ""
    rule: str = ""
    feature: str = ""
    budget: str = ""
    until: int | None = None
    grows: int | None = None  # per cent over `cost` at which it speaks again
    cost: int | None = None
    note: str = ""


class Mark(NamedTuple):
    """What a user said of a session."""

    session: str  # "source/session"
    kind: MarkKind
    by: str
    at: int
    note: str = ""
