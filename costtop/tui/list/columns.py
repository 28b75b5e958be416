"""The columns of the session list: one `Column` each. Their order and choice is the user's.

A cell is a pure function of the row, so a column can be tested, sorted and shown anywhere.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby

from costtop.durations import short
from costtop.money import NANO
from costtop.queries.live.view import BudgetMeter, SessionRow
from costtop.queries.spending.sum_keys import agent
from costtop.scope import FIELDS, matches
from costtop.tui.draw.figures import cash, share, short_model, short_place, si, stroke
from costtop.tui.draw.ink import Line, Span
from costtop.tui.draw.spark import sparkline
from costtop.tui.list.latest_calls import BRIGHT, SEEN
from costtop.tui.list.shown_rows import CellLook, Column, Shown

_BLANK = Span("")
_BAR = 12  # cells of the dearest of a day
_STATES = {"running": ("▶", "accent"), "idle": ("∙", "dim"), "paused": ("‖", "warn")}
_MARKS = {"watch": ("●", "accent"), "runaway": ("⚑", "bad"), "fine": ("✓", "dim")}
_EDGES = {"critical": ("!", "lamp-bad"), "warning": ("▲", "warn")}


def budget_share(row: SessionRow, budgets: Sequence[BudgetMeter]) -> float | None:
    """Its cost over the amount of the tightest budget that covers it; None where none does."""
    about = {field: getattr(row, field) for field in FIELDS}
    about["session"] = f"{row.source}/{row.session}"
    dollars = [one for one in budgets if one.amount > 0 and not one.of_plan]
    covering = [one for one in dollars if matches(one.scope, about)]
    if not covering:
        return None
    tightest = min(covering, key=lambda one: one.amount)
    billed = row.billed if tightest.watch == "billed" else None
    return (row.cost if billed is None else billed) / tightest.amount


def _flags(shown: Shown, look: CellLook) -> Line:
    row = shown.row
    if shown.members:
        edge = _edge(shown) if shown.folded else Span(" ")
        return edge, Span(" "), Span("▶" if shown.folded else "▼", "accent")
    state = Span(*_STATES.get(row.state, (" ", "dim")))
    if row.why.startswith("killed by "):
        state = Span("✕", "bad")
    elif row.unpriced and not row.cost:
        state = Span("?", "warn")
    return _edge(shown), state, Span(*_MARKS.get(row.mark, (" ", "text")))


def _edge(shown: Shown) -> Span:
    if shown.tagged:
        return Span("*", "tagged")
    return Span(*_EDGES.get(shown.row.severity, (" ", "text")))


def _alarm_ink(shown: Shown, usual: str) -> str:
    if shown.tagged:
        return "tagged"
    if shown.members and not shown.folded:
        return usual  # its rows say which of them
    if shown.row.severity == "critical":
        return "bad"
    return "warn" if shown.row.severity == "warning" else usual


def _loud(shown: Shown, usual: str) -> str:
    """Red only for what asks to act: a warning is in the edge and in WHY."""
    return _alarm_ink(shown, usual) if shown.row.severity != "warning" else usual


def _text_ink(shown: Shown) -> str:
    if shown.members:
        return "strong"
    return "text" if shown.row.state == "running" and not shown.row.short.silent else "dim"


def _name(shown: Shown, look: CellLook) -> Span:
    row = shown.row
    if shown.members:
        many = "s" if shown.members > 1 else ""
        return Span(f"{short_place(row.session)}  {shown.members} session{many}", "strong")
    name = row.agent_type or row.agent if row.agent else row.called
    more = f" +{len(row.children)}" if shown.folded else ""
    return Span(shown.branch + name + more, _text_ink(shown))


def _place(shown: Shown, look: CellLook) -> Span:
    row = shown.row
    if shown.members:
        return _BLANK
    told = row.feature if look.group == "project" else row.project  # the group's head says the rest
    both = [short_place(told), row.title or short_place(row.feature)]
    both = [part for part in both if part]
    return Span("·".join(dict.fromkeys(both)) or row.cwd, _text_ink(shown))


def _total(shown: Shown, look: CellLook) -> Span:
    row = shown.row
    if row.unpriced and not row.cost:
        return Span("?", "dim")
    worth = "strong" if row.cost >= NANO and row.state == "running" else _text_ink(shown)
    return Span(_money(row.cost, row.floor), _loud(shown, worth))


def _billed(shown: Shown, look: CellLook) -> Span:
    billed = shown.row.billed
    return Span("-" if billed is None else _money(billed), _text_ink(shown))


def _money(nanos: int, floor: bool = False) -> str:
    """Cents, so that points stand under each other; what is less than half of one is said so."""
    if 0 < nanos < NANO // 200:
        return "≥0.00" if floor else "<0.01"
    return cash(nanos, floor=floor)


def _rate(shown: Shown, look: CellLook) -> Span:
    row = shown.row
    if row.state != "running" and not row.rate:
        return Span("-", "dim")
    if row.unpriced and not row.rate:
        return Span("?", "dim")
    heavy = "strong" if row.rate >= 5 * NANO else "accent"
    heat = "dim" if row.rate < 2 * NANO else "h6" if row.rate >= 20 * NANO else heavy
    return Span(_money(row.rate), _loud(shown, heat))


def _added(shown: Shown, look: CellLook) -> Span:
    fresh = look.added.get(shown.key)
    if fresh is None or look.at - fresh.at >= SEEN:
        return Span("")
    return Span(f"+{_money(fresh.cost)}", "h6" if look.at - fresh.at < BRIGHT else "text")


def _trend(shown: Shown, look: CellLook) -> Line:
    alarm, quiet = _loud(shown, ""), shown.row.state != "running" and not shown.members
    return _bars(shown.row.trend, look.top, alarm or ("dim" if quiet else ""))


@lru_cache(maxsize=1_000)
def _bars(trend: tuple[int, ...], top: int, ink: str) -> Line:
    """Bars in one ink, or brighter the higher."""
    bars = sparkline(trend, len(trend), top)
    if ink:
        return (Span(bars, ink),)
    return tuple(Span("".join(alike), of) for of, alike in groupby(bars, _heat))


def _heat(bar: str) -> str:
    return _HEAT.get(bar, "h5")


_HEAT = dict(zip(" ▁▂▃▄▅", ("h2", "h2", "h2", "h2", "h3", "h3"), strict=True))


def _why(shown: Shown, look: CellLook) -> Span:
    row = shown.row
    if shown.members and not shown.folded:
        return _BLANK
    if row.why:
        return Span(row.why, _alarm_ink(shown, "text"))
    if row.unpriced:
        return Span("model has no price", "dim")
    if row.state == "paused":
        return Span("paused", "accent")
    if row.state == "idle" and row.last is not None:
        return Span(f"idle {short(look.at - row.last)}", "dim")
    return Span("ended", "dim") if row.state == "ended" else Span("")


def _word(read: Callable[[SessionRow], str]) -> Callable[[Shown, CellLook], Span]:
    """What a session has and a group has not."""

    def cell(shown: Shown, look: CellLook) -> Span:
        return _BLANK if shown.members else Span(read(shown.row), _text_ink(shown))

    return cell


def _figure(read: Callable[[SessionRow], str]) -> Callable[[Shown, CellLook], Span]:
    def cell(shown: Shown, look: CellLook) -> Span:
        return Span(read(shown.row), _text_ink(shown))

    return cell


def _budget(shown: Shown, look: CellLook) -> Span:
    part = budget_share(shown.row, look.budgets)
    heavy = part is not None and part >= 1
    return Span(share(part), "bad" if heavy and shown.row.state != "ended" else _text_ink(shown))


def _part(shown: Shown, look: CellLook) -> Span:
    unknown = shown.row.unpriced and not shown.row.cost
    part = None if unknown else shown.row.cost / max(look.whole, 1)
    return Span("?" if part is None else share(part), _text_ink(shown))


def _bar(shown: Shown, look: CellLook, width: int = _BAR) -> Span:
    return Span(stroke(shown.row.cost / max(look.top, 1), width), "h3")


def _age(shown: Shown, look: CellLook) -> Span:
    started = shown.row.started
    return Span(short(None if started is None else look.at - started), _text_ink(shown))


def _last(shown: Shown, look: CellLook) -> Span:
    last = shown.row.last
    return Span(short(None if last is None else look.at - last), _text_ink(shown))


def _busy(row: SessionRow) -> str:
    return si(row.tokens_minute) if row.tokens_minute else "-"


def _context(row: SessionRow) -> str:
    return si(row.context) if row.context else "-"


def _errors(row: SessionRow) -> str:
    return str(row.errors or "-")


COLUMNS: tuple[Column[Shown], ...] = (
    Column("flags", "", 3, 0, _flags, about="alarm or tag, state, mark"),
    Column("session", "SESSION", 11, 0, _name, sort=lambda r: r.called, falling=False, name=True,
           id=21, measured=True, stages=((1, 23),),
           about="short id, + subagents; of a subagent its kind"),
    Column("project", "PROJECT·FEATURE", 12, 3, _place, sort=lambda r: (r.project, r.feature),
           falling=False, pair=True, measured=True, stages=((3, 30), (6, 90)),
           about="where and for what, or its title"),
    Column("agent", "AGENT", 6, 6, _word(lambda r: agent(r.source)), sort=lambda r: r.source,
           spare=32, falling=False, measured=True, stages=((3, 8),),
           about="the tool that wrote its log"),
    Column("model", "MODEL", 10, 5, _word(lambda r: short_model(r.model)),
           sort=lambda r: r.model, falling=False, measured=True, stages=((3, 18),),
           about="its dearest model"),
    Column("cost", "$TOTAL", 7, 0, _total, sort=lambda r: r.cost, align=">", measured=True,
           stages=((1, 10),), about="cost so far"),
    Column("added", "LAST", 6, 4, _added, align=">",
           about="what its latest calls cost, for ten seconds"),
    Column("rate", "$/h", 7, 1, _rate, sort=lambda r: r.rate, align=">", measured=True,
           stages=((1, 9),), about="cost an hour, now"),
    Column("share", "%BUDG", 6, 2, _budget, sort=lambda r: r.cost, align=">",
           about="its cost in per cent of the tightest budget that covers it"),
    Column("trend", "TREND {}m", 8, 4, _trend, sort=lambda r: sum(r.trend),
           align=">", stages=((5, 15), (6, 30)), about="cost by minute, all rows on one log scale"),
    Column("tokens", "TOK/m", 5, 10, _figure(_busy), sort=lambda r: r.tokens_minute, align=">",
           spare=50, about="tokens a minute, now"),
    Column("context", "CTX", 5, 8, _word(_context), sort=lambda r: r.context, align=">", spare=50,
           about="input tokens of its latest call"),
    Column("cache", "CACHE", 5, 9, _word(lambda r: share(r.cache)), align=">", spare=50,
           sort=lambda r: r.cache or 0.0, about="share of input read from the cache"),
    Column("age", "AGE", 5, 11, _age, sort=lambda r: -(r.started or 0), align=">", spare=50,
           about="since it began"),
    Column("calls", "CALLS", 5, 10, _figure(lambda r: si(r.calls)), sort=lambda r: r.calls,
           align=">", about="requests to a model"),
    Column("why", "WHY", 19, 2, _why, sort=lambda r: r.why, facts=True,
           stages=((2, 25), (4, 43), (7, 999)), about="what is unusual, in words"),
    Column("last", "AGO", 5, 11, _last, sort=lambda r: r.last or 0, align=">",
           about="since its last call"),
    Column("errors", "ERR", 4, 12, _figure(_errors), sort=lambda r: r.errors, align=">",
           about="calls that failed"),
    Column("user", "USER", 6, 13, _word(lambda r: r.user), sort=lambda r: r.user, falling=False,
           measured=True, stages=((3, 12),), about="who runs it"),
    Column("branch", "BRANCH", 10, 14, _word(lambda r: r.branch), sort=lambda r: r.branch,
           falling=False, measured=True, stages=((3, 24),), about="its branch of the repository"),
    Column("ticket", "TICKET", 10, 14, _word(lambda r: r.ticket), sort=lambda r: r.ticket,
           falling=False, measured=True, about="the ticket in the name of its branch"),
    Column("pr", "PR", 10, 14, _word(lambda r: r.pr), sort=lambda r: r.pr, falling=False,
           measured=True, about="the pull request that it named last"),
    Column("host", "HOST", 8, 3, _word(lambda r: r.host), sort=lambda r: r.host, falling=False,
           measured=True, stages=((2, 16),), about="the machine"),
    Column("team", "TEAM", 6, 7, _word(lambda r: r.team), sort=lambda r: r.team, falling=False,
           measured=True, stages=((3, 14),), about="the tag team; in a fleet the machine's"),
    Column("pid", "PID", 7, 16, _word(lambda r: str(r.pid or "-")), sort=lambda r: r.pid or 0,
           align=">", about="its process, where known exactly"),
    Column("billed", "BILLED", 7, 5, _billed, sort=lambda r: r.billed or 0, align=">",
           measured=True, stages=((2, 10),),
           about="charged of it, beside its value, where you pay a plan"),
)  # fmt: skip

# What stands of a past day, which burns nothing any more: its parts, and no latest calls.
_PAST: dict[str, Column[Shown] | None] = {
    "added": None,
    "rate": Column("part", "SHARE", 6, 1, _part, sort=lambda r: r.cost, align=">"),
    "trend": Column("bar", "COST", 12, 4, _bar, sort=lambda r: r.cost, wide=_bar,
                    stages=((5, 30),)),
}  # fmt: skip
_USUAL = "flags session project agent model cost added rate trend why context cache tokens age"
USUAL = tuple(_USUAL.split())


def sighted(keys: Sequence[str], sort: str) -> tuple[str, ...]:
    """The keys of the columns to show: the chosen ones, and the one that the list is sorted by."""
    if sort in keys or "cost" not in keys or sort not in {column.key for column in COLUMNS}:
        return tuple(keys)
    at = list(keys).index("cost") + 1
    return (*keys[:at], sort, *keys[at:])


def chosen(keys: Sequence[str], *, past: bool = False, value: bool = False) -> list[Column[Shown]]:
    """The columns with these keys, in this order, or what is theirs of a `past` day.

    `value`: what sessions cost is called their value. Unknown keys are left out.
    """
    by_key: dict[str, Column[Shown] | None] = {column.key: column for column in COLUMNS}
    by_key |= _PAST if past else {}
    if value and (cost := by_key["cost"]):
        by_key["cost"] = cost._replace(title="VALUE", about="what the API would charge")
    return [column for key in keys if (column := by_key.get(key))]
