"""Words messages: titles that people filter on, and a post-mortem in four lines. It sends nothing.

Line 1 what, 2 how much against what is usual, 3 why, 4 what one can do. Titles keep to
INTERFACES.md, "Message titles". Text from logs goes through `plain`, once, here.
"""

import re
from collections.abc import Sequence

from costtop import durations
from costtop.alerts import fleet_wording
from costtop.alerts.choose import kind
from costtop.analysis import why
from costtop.durations import MINUTE
from costtop.model import SEVERITIES, Finding, Notification
from costtop.money import NANO, beside, bill, dollars, exactly
from costtop.named_tuples import NamedTuple
from costtop.text import clean, typed

MARK = "[costtop] "
SHORT = 150  # characters of the short form: one SMS with room for its gateway's prefix
LATE_AFTER = 5 * MINUTE  # ms
_LISTED = 10  # lines of a digest
# What a channel would act on (mentions, links, markup) becomes a look-alike that it does not: names
# stay readable, and no name can call @everyone, link anywhere or fake a second message.
_LOOK_ALIKES = str.maketrans("@<>[]*`~|#\\&", "＠＜＞［］＊＇～｜＃＼＆")
_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")  # evil.com, not 5.80 or claude-opus-4.1
_RUN = re.compile(r"_{2,}")
_CAUSES = {
    "retry_loop": "it repeats the same failing step",
    "context_growth": "its context keeps growing, and every call pays for it",
    "cache_miss": "its prompt cache keeps missing",
    "model_shift": "it moved to a dearer model",
    "verbose_output": "its answers are much longer than usual",
    "fan_out": "it started many subagents",
}


class Message(NamedTuple):
    """What is said: a title, a long form of a few lines, and a short form of one."""

    title: str
    body: str
    short: str


def message(
    one: Notification,
    spenders: Sequence[tuple[str, int]] = (),
    *,
    holds: bool = False,
    living: str = "",
    covered: str = "",
    of_fleet: bool = False,
) -> Message:
    """The words for one notification.

    `spenders` are ("source/session", nano-dollars) of the sessions that spent most of a budget;
    `holds`: at this tier it does more than tell. `living` is the dearest of them that still runs.
    `covered` is the plan by which a session's dollars are value and no bill. Of a budget `of_fleet`
    the spenders are hosts.
    """
    finding = one.finding
    title = MARK + headline(finding)
    family = kind(finding.rule)
    if family == "budget":
        told = _budget(one, spenders, living, holds=holds)
        if of_fleet:
            told = fleet_wording.budget(told, finding, spenders)
    else:
        told = {"blind": _blind, "common": _common}.get(family, _session)(one)
        if covered and family == "session":
            told[0] += f" It is value: {covered} covers it."
    lines = [plain(line, 400) for line in told]
    return Message(title, "\n".join(lines), short_form(title, lines[-1]))


def again(said: Message, ref: str, open_for: int) -> Message:
    """What is critical, told once more: after `open_for` ms nobody has acknowledged it."""
    title = f"{MARK}again {said.title.removeprefix(MARK)}"
    since = f"Open for {durations.words(open_for)} and acknowledged by nobody"
    todo = f"costtop alerts ack {ref}"
    return Message(title, f"{since}: {todo}\n{said.body}", short_form(title, todo))


def short_form(title: str, todo: str) -> str:
    """The title and, where there is room, the first thing one can do."""
    todo = todo.partition(" · ")[0]
    both = f"{title}. {todo}"
    return (
        both if len(both) <= SHORT else title if len(title) <= SHORT else title[: SHORT - 1] + "…"
    )


def headline(finding: Finding) -> str:
    """The title without its mark: "budget daily: 80 % of $20.00", "resolved session 9f767c4: …".

    A detector's own title is kept after the head; the head is made here, since filters rely on it.
    """
    head = _head(finding)
    rest = finding.title.partition(": ")[2] or finding.title
    if finding.rule == "budget_tier" and not rest.startswith(f"{finding.tier} %"):
        rest = f"{finding.tier} % {rest}"
    return plain(f"{'resolved ' if finding.resolved else ''}{head}: {rest}", 200)


def _head(finding: Finding) -> str:
    heads = {"budget_tier": "budget", "budget_burn": "burn", "budget_forecast": "forecast"}
    if finding.rule in heads:
        return f"{heads[finding.rule]} {_name(finding.budget)}"
    if kind(finding.rule) == "budget":
        return f"budget {_name(finding.budget)}"
    if finding.rule.startswith("host_"):
        return f"host {_name(finding.period)}"
    if finding.rule == "fleet_away":
        return "fleet"
    if kind(finding.rule) == "blind":
        return finding.rule
    if kind(finding.rule) == "common":
        return f"common cause {_name(finding.feature)}"
    return f"session {short_name(finding.session)}"


def _name(text: str) -> str:
    return text.replace(":", "∶")  # a name must not end the head that filters look for


def short_name(session: str) -> str:
    """What people type of a session: seven characters of a hash, else the start of its id."""
    name = session.partition("/")[2] or session
    if len(name) >= 32 and all(char in "0123456789abcdef" for char in name[:8]):
        return name[:7]
    return _name(name if len(name) <= 24 else name[:24])


def _session(one: Notification) -> list[str]:
    finding = one.finding
    evidence = dict(finding.evidence)
    name = short_name(finding.session)
    return [
        _session_fact(finding, name),
        _against_usual(finding, evidence),
        _why(one),
        f"costtop kill {name} · costtop explain {name} · costtop alerts ack {one.id}",
    ]


def _session_fact(finding: Finding, name: str) -> str:
    source = finding.session.partition("/")[0]
    where = [part for part in (source, finding.feature, finding.user) if part]
    about = f" ({', '.join(where)})" if where else ""
    if finding.resolved:
        return f"Session {name}{about}: what was unusual has ended at ${dollars(finding.cost)}."
    turn = f" by turn {finding.turn}" if finding.turn is not None else ""
    return f"Session {name}{about} has cost ${dollars(finding.cost)}{turn}."


def _against_usual(finding: Finding, evidence: dict[str, str | int | float]) -> str:
    median = evidence.get("median")
    peers = number(evidence.get("peers"))
    if not isinstance(median, int) or not peers:
        return "There are too few finished sessions to say what is usual."
    of = f" {evidence['of']}" if evidence.get("of") else ""
    usual = f"Usual is ${dollars(median)} (median of {int(peers)} finished{of}{_end(evidence)})"
    return f"{usual}{_beyond(finding, median, number(evidence.get('ratio')))}."


def _beyond(finding: Finding, median: int, ratio: float | None) -> str:
    """How far beyond the usual: of the same median, or nothing where it is not beyond."""
    more = (finding.cost or 0) - median
    if finding.resolved or more <= 0:
        return "" if finding.resolved else "; it costs no more than that yet"
    times = f": {why.times(ratio)}, " if ratio and ratio >= why.TELLING else ": "
    return f"{times}${dollars(more)} more"


def _end(evidence: dict[str, str | int | float]) -> str:
    """How dear such sessions get: a 95 % point of many, the dearest of a few."""
    high, most = evidence.get("q95"), evidence.get("most")
    if isinstance(high, int):
        return f", 95 of 100 cost at most ${dollars(high)}"
    return f", the dearest ${dollars(most)}" if isinstance(most, int) else ""


def _why(one: Notification) -> str:
    said = one.finding.why.strip()
    cause = _CAUSES.get(one.finding.cause or "", "")
    others = [other.rule.replace("_", " ") for other in one.also if other.rule != one.finding.rule]
    others += [name.replace("_", " ") for name in one.causes if name != one.finding.cause]
    besides = f" Also found: {', '.join(dict.fromkeys(others))}." if others else ""
    return f"Why: {said or cause or 'nothing more is known yet'}{besides}"


def _budget(
    one: Notification, spenders: Sequence[tuple[str, int]], living: str, *, holds: bool
) -> list[str]:
    finding = one.finding
    evidence = dict(finding.evidence)
    return [
        _budget_fact(finding, evidence),
        _passed(one, evidence),
        f"Why: {finding.why.strip() or 'see the dearest sessions'}{_besides(one)}",
        *_spenders(finding, evidence, spenders),
        _budget_todo(one, spenders, living, holds=holds),
    ]


def _spenders(
    finding: Finding,
    evidence: dict[str, str | int | float],
    spenders: Sequence[tuple[str, int]],
) -> list[str]:
    """Which sessions spent most of it: "Dearest: 7b4acd3 $4.12, 9f767c4 $2.01."."""
    if not spenders:
        return []
    window = evidence.get("window_ms")
    within = f" of the last {durations.words(window)}" if isinstance(window, int) else ""
    whole = finding.amount or NANO
    each = (f"{short_name(name)} ${beside(cost, whole)}" for name, cost in spenders)
    return [f"Dearest{within}: {', '.join(each)}."]


def _budget_todo(
    one: Notification, spenders: Sequence[tuple[str, int]], living: str, *, holds: bool
) -> str:
    """What to type, the most useful first; nothing that a shell or costtop would refuse."""
    budget = typed(one.finding.budget)
    todo = ["costtop --once --sort rate"]
    if spenders:
        todo = [f"costtop explain {short_name(spenders[0][0])}"]
        todo += [f"costtop kill {short_name(living)}"] if living else []
        if plain(budget) == budget:  # else a channel gets a look-alike, which names no budget
            todo += [f"costtop override {budget}"] if holds else []
            todo.append(f"costtop budget set {budget} {_roomier(one.finding)}")
    return " · ".join((*todo, "costtop budget list", f"costtop alerts ack {one.id}"))


def _roomier(finding: Finding) -> str:
    """A round amount that has room again: 1, 2, 3, 5 or 7.5 times a power of ten."""
    amount = dict(finding.evidence).get("amount")
    whole = amount if isinstance(amount, int) else 0
    least = max(whole, finding.amount or 0, finding.cost or 0) * 6 // 5
    size = NANO // 100
    while size * 10 <= least:
        size *= 10
    steps = (10, 20, 30, 50, 75, 100)
    rounded = exactly(next(size * n // 10 for n in steps if size * n // 10 >= least))
    return rounded.replace(",", "").removesuffix(".00")


def _besides(one: Notification) -> str:
    """What else was found of the budget at the same moment."""
    said = [other.title for other in one.also if other.rule != one.finding.rule]
    return f" Also: {'; '.join(said)}." if said else ""


def _budget_fact(finding: Finding, evidence: dict[str, str | int | float]) -> str:
    amount = evidence.get("amount")
    whole = amount if isinstance(amount, int) else NANO
    of = f" of ${exactly(amount)}" if isinstance(amount, int) else ""
    spent = bill(finding.cost, floor=bool(evidence.get("floor")), of=whole)
    watched = f" {evidence['watch']}" if evidence.get("watch") else ""
    return f"Budget {finding.budget} ({finding.period}) has spent {spent}{watched}{of}."


def _passed(one: Notification, evidence: dict[str, str | int | float]) -> str:
    finding = one.finding
    if finding.rule == "budget_burn":
        return _burning(evidence)
    if finding.rule == "budget_share":
        return "Out of the fleet's reach, this machine counts by itself."
    if finding.rule == "budget_forecast":
        expected = evidence.get("expected")
        most = f"${dollars(expected)}" if isinstance(expected, int) else "more than its amount"
        return f"Forecast, not spent yet: {most} by the end of the period."
    tiers = {other.tier for other in one.also if other.tier is not None} | {finding.tier or 0}
    said = ", ".join(str(tier) for tier in sorted(tiers))
    late = " This came late: the period is closed." if finding.late else ""
    return f"Passed {said} %.{late}"


def _burning(evidence: dict[str, str | int | float]) -> str:
    """How fast, against what."""
    burn, hourly = number(evidence.get("burn")), evidence.get("hourly_nano")
    if not burn or not isinstance(hourly, int):
        return "Burning fast."
    usual = evidence.get("usual_hourly_nano")
    against = f", your usual hour is ${dollars(usual)}" if isinstance(usual, int) else ""
    return f"${dollars(hourly)} an hour, {burn:.1f}x what the period allows{against}."


def _common(one: Notification) -> list[str]:
    """What many sessions have in common: once, in place of a message for each."""
    finding = one.finding
    return [
        f"{finding.why.strip()}",
        "The sessions that follow are listed under this alert instead of told.",
        f"Why: {_CAUSES.get(finding.cause or '', 'they have a cause in common')} (each of them).",
        f"costtop alerts show {one.id} · costtop why today · costtop alerts ack {one.id}",
    ]


def _blind(one: Notification) -> list[str]:
    finding = one.finding
    if finding.rule == "fleet_away":
        return [finding.why, "costtop fleet status · costtop doctor"]
    if finding.rule == "store":
        return [
            "The database of costtop was not as costtop had left it, and is rebuilt.",
            finding.why,
            f"costtop doctor · costtop backup --list · costtop alerts ack {one.id}",
        ]
    if finding.rule.startswith("host_"):
        return fleet_wording.host(finding)
    if finding.resolved:
        return [
            "costtop can see costs again.",
            finding.why or "Nothing was lost.",
            "costtop doctor",
        ]
    return [
        "costtop cannot see costs: no number and no alert of it can be trusted now.",
        "Spending may go on unseen.",
        f"Why: {finding.why}",
        "costtop doctor · costtop status",
    ]


def deed(what: str, session: str, by: str, detail: str) -> Message:
    """The words for something that was done by command or by a breaker: T3 of RELIABILITY.md.

    `session` is "source/session" or "" where the deed is about none.
    """
    of = f" of session {short_name(session)}" if session else ""
    title = plain(f"{what}{of}", 150)
    lines = [f"{title}.", f"By: {by or 'costtop'}.", detail or "Nothing more is known."]
    body = "\n".join(plain(line, 400) for line in lines)
    return Message(f"{MARK}deed: {title}", body, short_form(f"{MARK}deed: {title}", f"by {by}"))


def breaker(budget: str, what: str, why: str) -> Message:
    """The words for a breaker that opened, counts down, acted or was held back."""
    title = f"{MARK}breaker {_name(plain(budget))}: {plain(what, 120)}"
    undo = f"costtop override {typed(budget)}"
    if plain(undo) != undo:
        undo = "costtop override --all"
    lines = [plain(why, 400), f"Let it pass: {undo} · costtop --once --sort rate"]
    return Message(title, "\n".join(lines), short_form(title, undo))


def digest(titles: Sequence[tuple[str, str]], total: int, since: int, now: int) -> Message:
    """One message for many: `titles` are (severity, title) of them, one a subject, oldest first.

    The worst comes first. `total` counts the subjects, `since` is when the first was held, ms.
    """
    worst = sorted(titles, key=lambda pair: -SEVERITIES.index(pair[0] or "notice"))
    critical = sum(severity == "critical" for severity, _ in titles)
    grave = f", {critical} critical" if critical else ""
    span = f" in {durations.words(now - since)}" if now - since >= MINUTE else ""
    title = f"{MARK}digest: {total} alert{'s' if total != 1 else ''}{span}{grave}"
    lines = [f"• {name.removeprefix(MARK)}" for _, name in worst[:_LISTED]]
    if len(worst) > _LISTED:
        lines.append(f"and {len(worst) - _LISTED} more")
    lines.append("costtop alerts list · costtop --once --sort cost")
    return Message(title, "\n".join(lines), short_form(title, "costtop alerts list"))


def delayed(title: str, body: str, at: int, now: int) -> tuple[str, str]:
    """Title and body, saying how late they come where that is more than five minutes."""
    if now - at < LATE_AFTER:
        return title, body
    late = f"delayed {durations.words(now - at)}"
    return f"{title} ({late})", f"{body}\n{late}"


def trial(label: str) -> Message:
    """What `costtop alerts test` sends."""
    title = f"{MARK}test"
    body = f"This is a test of the endpoint {plain(label)}. Alerts of costtop will arrive here."
    return Message(title, body, title)


def plain(text: str, limit: int = 200) -> str:
    """`text` on one line of at most `limit` characters that no channel acts on."""
    safe = clean(text, limit).translate(_LOOK_ALIKES).replace("://", ":／／")
    safe = _DOT.sub("․", safe)  # one dot leader: no channel makes a link of it
    return _RUN.sub("_", safe).strip()


def number(value: object) -> float | None:
    """`value` as a number if it is one (a bool is none)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
