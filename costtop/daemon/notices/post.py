"""From findings to letters in one transaction: decide, record, route, post.

`tell` runs with the calls that caused the findings; `gather` runs on a timer and lets go what was
held back. Both are plain functions of a connection inside the caller's transaction.
"""

import sqlite3
from _blake2 import blake2b  # hashlib loads OpenSSL
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.alerts import choose, routes, shared_cause, wording
from costtop.alerts.routes import Route
from costtop.alerts.shared_cause import SPAN, Flagged
from costtop.alerts.wording import Message
from costtop.config import Config, Endpoint, milliseconds
from costtop.daemon.notices import plan_messages
from costtop.detect import findings as findings_words
from costtop.model import SEVERITIES, Finding, Hold, Letter, Notification, Severity
from costtop.named_tuples import NamedTuple
from costtop.queries.alerts import incidents
from costtop.queries.plans import watched_spend
from costtop.store import meta
from costtop.store.alerts import alerts, outbox, silences
from costtop.store.alerts.alerts import Kept
from costtop.store.calls import scope_sums
from costtop.store.sessions import live_logs, short_ids

_OF_SESSIONS = frozenset({"session", "common"})
_NAMED = 3  # sessions that a message of a budget names


class Audience(NamedTuple):
    """Who is told, and in which time zone their quiet hours are."""

    routes: tuple[Route, ...] = ()
    zone: tzinfo = UTC
    leaves_sessions: bool = False  # to the fleet's steward: what is found of them is told there

    def hears(self, one: Notification) -> bool:
        """Whether it is for this machine to tell."""
        return not self.leaves_sessions or choose.kind(one.finding.rule) not in _OF_SESSIONS


def audience(config: Config, zone: tzinfo) -> Audience:
    """The routes of the config's endpoints; raises ConfigError for bad quiet hours or durations."""
    fleet = config.fleet
    leaves = fleet is not None and fleet.ships and fleet.alerts == "steward"
    return Audience(tuple(_route_of(endpoint) for endpoint in config.notify), zone, leaves)


def _route_of(endpoint: Endpoint) -> Route:
    return Route(
        label=endpoint.label,
        min_severity=endpoint.min_severity,
        rules=endpoint.rules,
        feature=endpoint.feature,
        user=endpoint.user,
        budget=endpoint.budget,
        session=endpoint.session,
        min_tier=endpoint.min_tier,
        quiet=routes.quiet_hours(endpoint.quiet),
        per_hour=endpoint.max_per_hour,
        digest=milliseconds(endpoint.digest),
        resolved=endpoint.resolved,
        direct=endpoint.url.startswith("log:"),
        summaries=endpoint.summary,
        repeat=milliseconds(endpoint.repeat) if endpoint.repeat else 0,
    )


def post_findings(
    db: sqlite3.Connection,
    findings: Sequence[Finding],
    audience: Audience,
    now: int,
    *,
    history: bool = False,
) -> list[Notification]:
    """Keeps the findings with what was decided of each, and posts a letter to every route.

    `now` is ms UTC. With `history` they are kept as known and told to nobody: what a first import
    finds. The courier is to be woken once the transaction is committed.
    """
    if not findings:  # as in most commits
        alerts.born(db, now)
        return []
    decided = _decide(db, [titled(db, each) for each in findings], now, history=history)
    joining = any(shared_cause.may_join(one) for one in decided)
    gathered = shared_cause.gather(decided, _lately(db, now) if joining else ())
    shared = [each.finding for each in gathered.found]
    decided = gathered.decided + _decide(db, shared, now, history=history)
    alerts.record(db, (_kept(one) for one in decided), now)
    for each in gathered.found:
        under = choose.alert_id(choose.identity(each.finding))
        alerts.put_under(db, under, each.sessions, each.finding.cause)
    speaking = [one for one in decided if one.speaks]
    for one in speaking:
        heard = audience.routes if audience.hears(one) else ()
        asked = any(routes.takes(route, one) for route in heard)
        alerts.tell(db, one.identity, choose.told_in(one, asked=asked), now)
    speaking = [one for one in speaking if audience.hears(one)]
    if speaking and audience.routes:
        said = {one.id: worded(db, one, audience.zone, now) for one in speaking}
        for route in audience.routes:
            outbox.post(db, _route(db, route, speaking, said, audience.zone, now), now)
    return decided


def worded(db: sqlite3.Connection, one: Notification, zone: tzinfo, now: int) -> Message:
    """The words for a notification; of a budget they name the sessions that spent most of it."""
    covered = plan_messages.covering(db, one.finding)
    finding = one.finding._replace(session=short_ids.said(db, one.finding.session))
    one = one._replace(finding=finding)
    limit = next((each for each in meta.budgets(db) if each.name == finding.budget), None)
    if "window" in dict(finding.evidence):  # of a plan
        return plan_messages.worded(db, one, limit, zone, now)
    if limit is None or limit.of_plan or finding.resolved:
        return wording.message(one, covered=covered)
    window = dict(finding.evidence).get("window_ms")
    if isinstance(window, int):
        since, until = finding.at - window, finding.at + 1
    elif periods.hours(limit.period) is None:
        since, until = periods.bounds(limit.period, finding.period, ZoneInfo(str(zone)))
    else:
        since, until = periods.reach(limit.period, finding.at, ZoneInfo(str(zone))), finding.at + 1
    counted = watched_spend.rollup(db, limit.watch)
    spenders = scope_sums.dearest(db, dict(limit.scope), since, until, _NAMED, counted)
    if meta.get(db, meta.FLEET):  # a mirror's lines of spend stand under their hosts
        hosts = [(key.removeprefix("/").removesuffix(":"), cost) for key, cost in spenders]
        return wording.message(one, hosts, of_fleet=True)
    heard = finding.at - meta.shared(db).finished_after
    living = next((key for key, _ in spenders if live_logs.is_live(db, key, heard)), "")
    spenders = [(short_ids.said(db, key), cost) for key, cost in spenders]
    holds = limit.action != "notify" and (finding.tier or 0) >= limit.act_at
    return wording.message(one, spenders, holds=holds, living=short_ids.said(db, living))


def titled(db: sqlite3.Connection, finding: Finding) -> Finding:
    """The finding with its session's short id in the title: no id of a log is to be pasted."""
    short = short_ids.of(db, finding.session) if finding.session else ""
    head, colon, rest = finding.title.partition(
        f"session {findings_words.short(finding.session)}: "
    )
    if short and colon:
        finding = finding._replace(title=f"{head}session {short}: {rest}")
    return plan_messages.valued(db, finding)


def _lately(db: sqlite3.Connection, now: int) -> list[Flagged]:
    """The sessions told or listed lately, as `shared_cause` asks for them."""
    return [
        Flagged(session, (cause, feature or session.partition("/")[0]), at, excess, episode)
        for session, cause, feature, at, excess, episode in alerts.flagged(db, now - SPAN)
    ]


def _kept(one: Notification) -> Kept:
    """The decision with its incident; what was not told itself adds nothing to double from."""
    of_session = choose.kind(one.finding.rule) == "session"
    spoke = one.speaks or one.reason == "grouped" or not of_session
    return Kept(one, one.subject if of_session else "", choose.measure(one.finding) if spoke else 0)


def _decide(
    db: sqlite3.Connection, findings: Sequence[Finding], now: int, *, history: bool
) -> list[Notification]:
    if not findings:
        return []
    born = alerts.born(db, now)
    ledger = alerts.ledger(db, {choose.subject(finding) for finding in findings})
    quiet = silences.of_now(db, now)
    return choose.choose(findings, ledger, quiet, now, born, all_history=history)


def _route(
    db: sqlite3.Connection,
    route: Route,
    speaking: Sequence[Notification],
    said: Mapping[str, Message],
    zone: tzinfo,
    now: int,
) -> list[Letter]:
    """The letters of this moment for one route; several sessions at once share one."""
    wanted = [one for one in speaking if routes.takes(route, one)]
    crowd = sum(choose.kind(one.finding.rule) == "session" for one in wanted)
    traffic = outbox.traffic(db, route.label, route.digest, now)
    letters = []
    for one in wanted:
        why = routes.hold(route, one, crowd, traffic, minute_of(zone, now))
        letter = _letter(route, one, said[one.id], why, now)
        letters.append(letter)
        if not why and letter.kind != "session":  # those of sessions will share one
            traffic = traffic._replace(hour=traffic.hour + 1)
    now_of_crowd = [letter for letter in letters if letter.kind == "session" and not letter.hold]
    if len(now_of_crowd) < 2 or route.direct:
        return letters
    kept = [letter for letter in letters if letter not in now_of_crowd]
    return [*kept, _digest(db, route, now_of_crowd, now, now)]


def _letter(route: Route, one: Notification, said: Message, hold: Hold, now: int) -> Letter:
    return Letter(
        label=route.label,
        kind=choose.kind(one.finding.rule),
        severity="" if one.finding.resolved else one.finding.severity,
        **said._asdict(),
        at=min(one.finding.at, now),
        token=token_of(route.label, one.id, one.reason, now),
        alerts=(one.id, *(choose.alert_id(choose.identity(other)) for other in one.also)),
        hold=hold,
    )


def _digest(
    db: sqlite3.Connection, route: Route, letters: Sequence[Letter], since: int, now: int
) -> Letter:
    lines = incidents.digested(db, letters)
    worst = max(reversed(letters), key=lambda one: _rank(one.severity))
    said = Message(worst.title, worst.body, worst.short)
    if len(lines) > 1:  # of one subject its latest message says it all
        said = wording.digest(lines, len(lines), since, now)
    refs = tuple(dict.fromkeys(ref for letter in letters for ref in letter.alerts))
    token = token_of(route.label, *(letter.token for letter in letters))
    return Letter(
        label=route.label,
        kind="digest",
        severity=worst.severity,
        **said._asdict(),
        at=now,
        token=token,
        alerts=refs,
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity else -1


def release_held(db: sqlite3.Connection, audience: Audience, now: int) -> bool:
    """Lets go what was held back and may go now; True where the courier has something to do."""
    waiting = set(outbox.holding(db))
    freed = _after_silence(db, audience, now)
    over = [one._replace(resolved=True, at=now) for one in alerts.shared_and_quiet(db, now - SPAN)]
    freed |= any(one.speaks for one in post_findings(db, over, audience, now)) if over else False
    for route in audience.routes:
        if route.label not in waiting:
            continue
        traffic = outbox.traffic(db, route.label, route.digest, now)
        if not routes.digest_is_due(route, traffic, minute_of(audience.zone, now)):
            continue
        freed = True
        held = outbox.held(db, route.label)
        if len(held) == 1:
            outbox.release(db, held[0].id, now)
        else:
            letter = _digest(db, route, held, now - traffic.held_for, now)
            outbox.digest(db, letter, held, now)
    return freed


def post_notice(
    db: sqlite3.Connection, audience: Audience, said: Message, severity: Severity, now: int
) -> bool:
    """Posts what was done, by command or by itself; True where the courier has something to do."""
    letters = []
    for route in audience.routes:
        if routes.hears_deeds(route, severity):
            quiet = routes.is_quiet(route, minute_of(audience.zone, now))
            waits = quiet and severity != "critical" and not route.direct
            token = token_of(route.label, "deed", said.title, said.body, now)
            letters.append(
                Letter(
                    label=route.label,
                    kind="deed",
                    severity=severity,
                    **said._asdict(),
                    at=now,
                    token=token,
                    hold="quiet hours" if waits else "",
                )
            )
    return bool(outbox.post(db, letters, now))


def post_summary(
    db: sqlite3.Connection, audience: Audience, kind: str, key: str, said: Message, now: int
) -> int:
    """Posts the summary of a "day" or "week" to the routes that want it, once for each `key`."""
    letters = [
        Letter(
            label=route.label,
            kind="summary",
            severity="notice",
            **said._asdict(),
            at=now,
            token=token_of(route.label, kind, key),
        )
        for route in audience.routes
        if kind in route.summaries
    ]
    return len(outbox.post(db, letters, now))


def _after_silence(db: sqlite3.Connection, audience: Audience, now: int) -> bool:
    """Tells what a silence kept back, once it is over and the thing is still true."""
    kept = alerts.kept_back(db)
    quiet = silences.of_now(db, now) if kept else []
    heard = [one for one in kept if not any(choose.covers(each, one, now) for each in quiet)]
    return any(one.speaks for one in post_findings(db, heard, audience, now)) if heard else False


def minute_of(zone: tzinfo, now: int) -> int:
    local = datetime.fromtimestamp(now / 1000, zone)
    return local.hour * 60 + local.minute


def token_of(*parts: object) -> str:
    """An idempotency id: the same message to the same endpoint has the same one."""
    text = "\0".join(map(str, parts))
    return blake2b(text.encode(), digest_size=12).hexdigest()
