"""`costtop why --json`: why a day, or a session, cost what it did, for scripts."""

from typing import Any

from costtop import money, periods
from costtop.analysis.increase import DRIVERS, Increase
from costtop.analysis.ledger import BUCKETS, Books
from costtop.durations import iso
from costtop.queries.why import advice, day_words, session_words
from costtop.queries.why.day_sessions import DearStep
from costtop.queries.why.why_day import Risen, RisenSession, Usual, WhyDay
from costtop.queries.why.why_session import WhySession
from costtop.sum_floors import Sum


def day(found: WhyDay, now: int) -> dict[str, Any]:
    """Why a day cost what it did."""
    whole = found.whole
    return {
        "schema": 1,
        "currency": "USD",
        "of": "day" if found.span.kind == "day" else "span",
        "span": found.span.said,
        "since_at": iso(found.start),
        "until_at": iso(found.end),
        "tz": found.zone,
        "feature": found.feature or None,
        **_risen(whole),
        "features": [{"feature": one.name, **_risen(one)} for one in found.features],
        "sessions": [_risen_session(one) for one in found.sessions],
        "causes_usd": causes(found.books),
        "dearest_step": None if found.step is None else step(found.step),
        "unpriced_models": list(found.shorts),
        "said": [day_words.headline(found, now)],
        "advice": list(advice.day(found).notes),
    }


def _risen(one: Risen) -> dict[str, Any]:
    return {
        **_spent(one.spent),
        "usual": None if one.usual is None else _usual(one.usual),
        "more_usd": None if one.usual is None else money.exact(one.more),
        "mostly": None if one.split is None else day_words.mostly(one.split, one.pieces),
        "pieces": one.pieces,
        "drivers": _drivers(one),
    }


def _drivers(one: Risen) -> list[dict[str, Any]] | None:
    """Each driver's part; they sum to `more_usd`."""
    if one.split is None:
        return None
    return [
        {
            "driver": name,
            "usd": money.exact(part),
            "said": day_words.driver(nth, part, one.pieces),
            "numbers": day_words.counted(nth, one) or None,
        }
        for nth, (name, part) in enumerate(zip(DRIVERS, one.split.parts, strict=True))
    ]


def _spent(spent: Sum) -> dict[str, Any]:
    known = spent.short.known(spent.cost) is not None
    return {"cost_usd": money.exact(spent.cost), "known": known, **spent.short.tree()}


def _usual(one: Usual) -> dict[str, Any]:
    return {
        "usd": money.exact(one.cost),
        "floor": one.floor,
        "of": one.name,
        "days": [{"since_at": iso(at), "cost_usd": money.exact(cost)} for at, cost in one.days],
    }


def _risen_session(one: RisenSession) -> dict[str, Any]:
    return {
        "key": one.session.root,
        "id": one.id,
        "short": one.id,
        "feature": one.session.feature,
        **_spent(one.spent),
        "usual_usd": None if one.usual is None else money.exact(one.usual),
        "more_usd": money.exact(one.more),
        "mostly": None if one.split is None else day_words.mostly(one.split, "sessions"),
        "drivers_usd": None if one.split is None else _parts(one.split),
    }


def _parts(split: Increase) -> dict[str, str]:
    return {name: money.exact(part) for name, part in zip(DRIVERS, split.parts, strict=True)}


def step(one: DearStep) -> dict[str, Any]:
    """One call as a step of its session, for scripts."""
    return {
        "call": one.call,
        "at": iso(one.at),
        "session": one.root,
        "short": one.id or None,
        "agent": one.agent or None,
        "turn": one.turn or None,
        "model": one.model,
        "cost_usd": money.exact(one.cost),
        "input_tokens": one.input,
        "cache_read_tokens": one.cache_read,
        "output_tokens": one.output,
        "missed_tokens": one.missed,
        "miss": one.miss or None,
        "premium_usd": money.exact(one.premium),
        "retry": one.retry,
        "tools": list(one.tools),
    }


def session(found: WhySession) -> dict[str, Any]:
    """Why a session cost what it did."""
    tz, one = periods.zone(found.zone), found.compared
    usual = None
    if one.usual is not None:
        usual = {
            "usd": money.exact(one.usual.median),
            "p95_usd": money.exact(one.usual.high),
            "peers": one.usual.peers,
            "of": one.of,
        }
    parts = {name: money.exact(part) for name, part in (one.parts or {}).items()}
    return {
        "schema": 1,
        "currency": "USD",
        "of": "session",
        "session": found.key,
        "id": found.id,
        "short": found.id,
        "feature": found.session.feature or None,
        "since_at": iso(found.began),
        "until_at": iso(found.last),
        "tz": found.zone,
        **_spent(found.spent),
        "usual": usual,
        "more_usd": money.exact(one.gap) if usual else None,
        "drivers_usd": parts or None,
        "turns": found.session.turns,
        "causes_usd": causes(found.session.books),
        "models_usd": {name: money.exact(cost) for name, cost in found.models},
        "days_usd": {periods.key("day", at, tz): money.exact(cost) for at, cost in found.days},
        "dearest_steps": [step(one) for one in found.session.steps],
        "said": [
            line
            for line in (
                session_words.headline(found),
                session_words.by_what(found),
                *found.missing,
            )
            if line
        ],
        "advice": list(session_words.advice(found)),
    }


def causes(books: Books) -> dict[str, str]:
    """The filled buckets of a ledger; they sum to the cost."""
    filled = zip(BUCKETS, books, strict=True)
    return {name: money.exact(amount) for name, amount in filled if amount}
