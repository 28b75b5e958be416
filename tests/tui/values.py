"""Hand-made snapshots for the screen's tests: fixed clock, believable fleet, no store."""

from costtop import __version__
from costtop.money import NANO
from costtop.queries.live.view import BudgetMeter, Pulse, SessionRow, Snapshot, SourceSeen

AT = 1_795_444_327_000  # Mon 2026-11-23 14:32:07 UTC
MINUTE = 60_000


def dollars(amount: float) -> int:
    return round(amount * NANO)


def row(session: str = "9f767c4e-1111-4222-8333-944455566677", **changes: object) -> SessionRow:
    source = str(changes.pop("source", "claude-code"))
    agent = str(changes.pop("agent", ""))
    base = SessionRow(
        key=f"{source}/{session}" + (f"#{agent}" if agent else ""), source=source, session=session,
        agent=agent, agent_type="", project="etl", branch="main", cwd="/home/ana/etl",
        feature="dedup", user="ana", host="dev-01", model="claude-sonnet-4-5-20250929",
        state="running", mark="", cost=dollars(1.5), floor=False, calls=40, errors=0, unpriced=0,
        rate=dollars(4), trend=tuple(dollars(0.02 + 0.01 * (n % 4)) for n in range(30)),
        tokens=900_000, tokens_minute=12_000, context=42_000, cache=0.84,
        started=AT - 90 * MINUTE, last=AT - 3_000, pid=None, why="", severity="",
        short_id=session[:8] if len(session) == 36 else session,
    )  # fmt: skip
    return base._replace(**changes)  # type: ignore[arg-type]


def ramp(low: float, high: float) -> tuple[int, ...]:
    return tuple(dollars(low * (high / low) ** (n / 29)) for n in range(30))


FLEET = (
    row(cost=dollars(22.74), rate=dollars(31.4), trend=ramp(0.01, 0.9), severity="critical",
        model="claude-opus-4-5-20251101", calls=112, errors=38, cache=0.12, context=142_000,
        tokens_minute=98_200, started=AT - 34 * MINUTE, pid=48121,
        why="retry loop: Bash failed 38 times the same way"),
    row("8a59d06b-1111-4222-8333-944455566677", cost=dollars(2.43), rate=dollars(22.24),
        severity="warning", why="6.1x the median of its peers", started=AT - 201 * MINUTE),
    row("54f46a6c-1111-4222-8333-944455566677", source="codex", project="infra", feature="ci",
        model="gpt-5.1", cost=dollars(1.12), rate=dollars(9.1),
        children=(row("54f46a6c-1111-4222-8333-944455566677", source="codex", agent="a11",
                      agent_type="explore", model="claude-haiku-4-5", cost=dollars(0.31),
                      rate=dollars(2.1), why=""),
                  row("54f46a6c-1111-4222-8333-944455566677", source="codex", agent="a12",
                      agent_type="write-tests", model="claude-haiku-4-5", cost=dollars(0.12),
                      rate=dollars(1.9), why=""))),
    row("152ae58d-1111-4222-8333-944455566677", project="web", feature="checkout",
        cost=dollars(1.36), rate=dollars(8.94), mark="watch"),
    row("checkout-42", source="costtop", project="", feature="checkout-assistant", user="svc",
        cost=dollars(5.41), rate=dollars(5.5), model="gemini-3-pro"),
    row("36ca1a4e-1111-4222-8333-944455566677", source="svc", project="app", feature="triage",
        model="acme-llm-2", cost=0, floor=True, unpriced=31, calls=31, rate=0, trend=(0,) * 30),
    row("06aaa9ff-1111-4222-8333-944455566677", project="infra", feature="ci", state="paused",
        cost=dollars(4.43), rate=0),
    row("7ade3b40-1111-4222-8333-944455566677", project="app", feature="triage", state="idle",
        cost=dollars(1.48), rate=0, last=AT - 12 * MINUTE, trend=ramp(0.01, 0.02)[:3] + (0,) * 27),
    row("f7afdeb1-1111-4222-8333-944455566677", project="infra", feature="ci", state="ended",
        cost=dollars(1.17), rate=0, last=AT - 100 * MINUTE, tokens_minute=0, trend=(0,) * 30),
)  # fmt: skip

BUDGETS = (
    BudgetMeter("daily", "day", dollars(84.2), False, dollars(100), (50, 80, 100), AT + 10**7),
    BudgetMeter("monthly", "month", dollars(812), False, dollars(2000), (50, 80, 100), AT + 10**9),
)
SOURCES = (
    SourceSeen("claude-code", "Claude Code", "~/.claude/projects", 41, True),
    SourceSeen("codex", "Codex CLI", "~/.codex/sessions", 12, True),
    SourceSeen("gemini-cli", "Gemini CLI", "~/.gemini/tmp", 0, False),
)


def snapshot(sessions: tuple[SessionRow, ...] = FLEET, **changes: object) -> Snapshot:
    base = Snapshot(
        at=AT, rev=7, zone="UTC", sessions=sessions,
        running=sum(one.state == "running" for one in sessions), today_sessions=len(sessions),
        today=dollars(84.2), today_floor=True, month=dollars(812), month_floor=False,
        burn=dollars(48.1), burn_trend=ramp(0.2, 0.8), usual_burn=dollars(15.5), unpriced=3,
        budgets=BUDGETS, pulse=Pulse(True, 4242, __version__, AT, 400), sources=SOURCES,
        alerts_open=2, last_alert="",
    )  # fmt: skip
    return base._replace(**changes)  # type: ignore[arg-type]
