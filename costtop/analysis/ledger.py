"""Where a session's dollars went: every token of every call booked once, in int nano-dollars.

It does not judge whether that is much; it prices nothing (the call's own rates come with it). The
sum over the buckets is the cost of the call, exactly: amounts are computed in pico-dollars and cut
to nano-dollars by largest remainder. A cost that a log only reported, without rates, is "unsplit".
"""

from collections.abc import Iterable, Sequence

from costtop.durations import HOUR, MINUTE
from costtop.model import Rates, Spend, Tokens
from costtop.named_tuples import NamedTuple

_KEPT = 64  # turns whose books are kept
_NONE: frozenset[int] = frozenset()  # one for all: most sessions have no retries
BUCKETS = (
    "first_prompt",
    "new_content",
    "context_carry",
    "miss_ttl_expiry",
    "miss_prefix_break",
    "miss_model_switch",
    "compaction",
    "output",
    "retries",
    "subagents",
    "searches",  # and flat fees a request
    "unsplit",
)
(
    FIRST,
    NEW,
    CARRY,
    TTL,
    PREFIX,
    SWITCH,
    COMPACTION,
    OUTPUT,
    RETRIES,
    SUBAGENTS,
    SEARCHES,
    UNSPLIT,
) = range(len(BUCKETS))
_MISSES = {"ttl_expiry": TTL, "prefix_break": PREFIX, "model_switch": SWITCH}
_COMPACTED = 0.6  # a context below this share of the one before was compacted

Books = tuple[int, ...]
"""Nano-dollars by bucket, in the order of BUCKETS."""
Parts = dict[int, int]
"""The same of one call, by the number of the bucket: most have three."""
EMPTY: Books = (0,) * len(BUCKETS)


class Before(NamedTuple):
    """What the next call of the root agent is compared with."""

    context: int  # tokens of input, cached or not
    output: int
    caching: bool  # the session has read or written a cache before
    hour: bool  # the last cache write lives for an hour, not for five minutes
    at: int
    model: str


class BookedTurn(NamedTuple):
    """One call of the root agent against the one before it."""

    parts: Parts
    context: int
    growth: int | None  # new tokens in the context besides the last reply; None: first, compacted
    carried: int  # tokens that the request before already had
    missed: int  # of these, tokens that the cache should have had and did not
    miss: str  # ttl_expiry | prefix_break | model_switch | ""
    premium: int  # nano-dollars paid for the misses beyond the price of a hit

    @property
    def books(self) -> Books:
        """What its parts are as books."""
        return _books(self.parts)


def step(before: Before | None, spend: Spend) -> BookedTurn:
    """Book one call of the root agent: each token once (DETECTION 3.4, level A)."""
    tokens, rates = spend.call.tokens, spend.rates
    context = tokens.input
    known = 0 if before is None else before.context
    if before is None or context < _COMPACTED * known:
        bucket = FIRST if before is None else COMPACTION
        shares = {} if rates is None else {bucket: _input_pico(tokens, rates)}
        return BookedTurn(_split(spend, shares), context, None, 0, 0, "", 0)
    carried, missed, miss = min(context, known), 0, ""
    if before.caching and carried > tokens.cache_read:
        missed, miss = carried - tokens.cache_read, _cause(before, spend)
    growth, shares, premium = context - known - before.output, {}, 0
    if rates is not None:
        shares, premium = _shares(tokens, rates, carried, missed, miss, before.caching)
    turn = (_split(spend, shares), context, growth, carried, missed, miss, (premium + 500) // 1000)
    return tuple.__new__(BookedTurn, turn)  # as its constructor, which a hot place goes round


def after(before: Before | None, spend: Spend) -> Before:
    """What the call after this one is compared with."""
    call = spend.call
    tokens = call.tokens
    caching = bool(tokens.cache_read or tokens.cache_write)
    hour = tokens.cache_write_1h > 0
    if before is not None:
        caching = caching or before.caching
        hour = hour or (before.hour and not tokens.cache_write)
    last = (tokens.input, tokens.output, caching, hour, call.at, call.model)
    return tuple.__new__(Before, last)


def subagent(spend: Spend) -> Books:
    """A call of a subagent: its whole cost in one bucket."""
    return _books({SUBAGENTS: spend.cost or 0})


def retried(books: Books) -> Books:
    """The same call judged a retry: its whole cost in that bucket."""
    return _books({RETRIES: sum(books)})


def add(left: Sequence[int], right: Sequence[int]) -> Books:
    """The sum of two books, bucket by bucket."""
    return tuple(map(int.__add__, left, right))


def full_price(tokens: Tokens, rates: Rates) -> int:
    """Nano-dollars of these tokens at these rates (fees apart), rounded half even."""
    pico = _input_pico(tokens, rates) + tokens.output * rates.output
    whole, rest = divmod(pico, 1000)
    return whole + (rest > 500 or (rest == 500 and whole % 2 == 1))


def is_root(spend: Spend) -> bool:
    """Whether the root agent of the session made the call."""
    call = spend.call
    return not call.agent and spend.root == f"{call.source}/{call.session}"


def session(
    spends: Iterable[Spend], retries: frozenset[bytes] = frozenset(), since: int = 0
) -> Books:
    """The books of one whole session, its calls in order, each once; sums to its cost exactly.

    `retries` are the keys of calls that repeated earlier ones (`detect.rules.loop.repeats`).
    Calls before `since`, ms UTC, are what the later ones are compared with, and are not booked.
    """
    total, before = EMPTY, None
    for spend in spends:
        counts = spend.call.at >= since
        if not is_root(spend):
            total = add(total, subagent(spend)) if counts else total
            continue
        if counts:
            books = step(before, spend).books
            total = add(total, retried(books) if spend.call.key in retries else books)
        before = after(before, spend)
    return total


def avoidable(books: Books) -> int:
    """What a session paid for cache misses and retries, in nano-dollars."""
    return books[TTL] + books[PREFIX] + books[SWITCH] + books[RETRIES]


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` cut in proportion to non-negative int weights, summing exactly (largest remainder).

    All weights zero: everything goes to the first.
    """
    whole = sum(weights)
    if not whole:
        return [total] + [0] * (len(weights) - 1)
    shares = [total * weight // whole for weight in weights]
    left = total - sum(shares)
    if left:
        rests = [total * weight % whole for weight in weights]
        order = sorted(range(len(rests)), key=rests.__getitem__, reverse=True)
        for nth in order[:left]:
            shares[nth] += 1
    return shares


def _shares(
    tokens: Tokens, rates: Rates, carried: int, missed: int, miss: str, caching: bool
) -> tuple[dict[int, int], int]:
    """Pico-dollars of the input side by bucket, and the premium of the misses among them."""
    whole, hit = _input_pico(tokens, rates), rates.cache_read
    if caching and not missed:
        carry = min(whole, carried * hit)
        return {CARRY: carry, NEW: whole - carry}, 0
    paid_tokens = tokens.input - tokens.cache_read
    paid = whole - tokens.cache_read * hit
    if not caching:
        carry = paid * carried // paid_tokens if paid_tokens else 0
        carry = min(whole, carry)
        return {CARRY: carry, NEW: whole - carry}, 0
    missed_pico = paid * missed // paid_tokens if paid_tokens else 0
    premium = max(0, missed_pico - missed * hit)
    carry = (carried - missed) * hit + missed_pico - premium
    carry = min(whole - premium, carry)
    shares = {CARRY: carry, NEW: whole - carry - premium}
    if premium:
        shares[_MISSES[miss]] = premium
    return shares, premium


def _cause(before: Before, spend: Spend) -> str:
    if spend.call.at - before.at > (HOUR if before.hour else 5 * MINUTE):
        return "ttl_expiry"
    return "prefix_break" if spend.call.model == before.model else "model_switch"


def _input_pico(tokens: Tokens, rates: Rates) -> int:
    whole, read, written, hourly, *_ = tokens
    return (
        (whole - read - written) * rates.input
        + read * rates.cache_read
        + (written - hourly) * rates.cache_write
        + hourly * rates.cache_write_1h
    )


def _split(spend: Spend, shares: dict[int, int]) -> Parts:
    """The cost of the call over its input `shares`, which it adds to: output and searches.

    Weights are pico-dollars by bucket.
    """
    cost = spend.cost or 0
    rates = spend.rates
    if rates is None or cost <= 0:
        return {UNSPLIT: cost}
    call = spend.call
    shares[OUTPUT] = call.tokens.output * rates.output
    if call.searches or rates.request:
        shares[SEARCHES] = (call.searches * rates.search + rates.request) * 1000
    weights = list(shares.values())
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        return {UNSPLIT: cost}
    if whole == 1000 * cost:  # nearly always: rates are whole nano-dollars for a thousand tokens
        parts = {bucket: weight // 1000 for bucket, weight in shares.items()}
        if sum(parts.values()) == cost:
            return parts
    return dict(zip(shares, apportion(cost, weights), strict=True))


def _books(parts: Parts) -> Books:
    return tuple([parts.get(bucket, 0) for bucket in range(len(BUCKETS))])


class TurnBooks:
    """Nano-dollars by bucket (`total`), the books of recent turns, and which turns were retries."""

    __slots__ = ("_recent", "retries", "total")

    def __init__(self) -> None:
        self.total = list(EMPTY)
        self.retries = _NONE
        self._recent: dict[int, Parts] = {}

    def put(self, turn: int, parts: Parts) -> None:
        """Book a turn of the root agent, which may be judged a retry later."""
        self._recent[turn] = parts
        if len(self._recent) > _KEPT:
            del self._recent[next(iter(self._recent))]
        self.add({RETRIES: sum(parts.values())} if turn in self.retries else parts)

    def take_back(self, turn: int, parts: Parts) -> None:
        """Undo a turn whose call has grown."""
        self.add({RETRIES: sum(parts.values())} if turn in self.retries else parts, -1)

    def add(self, parts: Parts, sign: int = 1) -> None:
        """Book a call that is no recent turn."""
        total = self.total
        for bucket, amount in parts.items():
            total[bucket] += sign * amount

    def retry(self, turn: int) -> None:
        """Judge a turn a retry: its dollars move to that bucket, once."""
        parts = self._recent.get(turn)
        if parts is None or turn in self.retries:
            return
        self.retries |= {turn}
        self.add(parts, -1)
        self.total[RETRIES] += sum(parts.values())

    def cost(self, turn: int) -> int:
        """Nano-dollars of a recent turn of the root agent, 0 for one that is no longer kept."""
        parts = self._recent.get(turn)
        return 0 if parts is None else sum(parts.values())
