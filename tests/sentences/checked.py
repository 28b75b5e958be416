"""Reads one message about a session and checks its numbers against each other and the calls."""

import re
from collections import defaultdict
from collections.abc import Iterable

from costtop.alerts.wording import Message
from costtop.analysis import because, ledger
from costtop.model import Finding, Spend

AMOUNT = r"\$(-?[\d,]+\.\d\d)"
FACT = re.compile(rf"has cost {AMOUNT} by turn (\d+)\.$")
USUAL = re.compile(
    rf"^Usual is {AMOUNT} \(median of (\d+) finished ?(.*?)"
    rf"(?:, 95 of 100 cost at most {AMOUNT}|, the dearest {AMOUNT})\)(.*)\.$"
)
BEYOND = re.compile(rf"^: (?:([\d.]+)x, )?{AMOUNT} more$")
TITLE = re.compile(rf"^\[costtop\] session \S+: {AMOUNT}(?:, ([\d.]+)x the usual)? \((.+)\)$")
PEERS = re.compile(
    rf"peers \((?:(.*?), )?(?:few peers, )?n=(\d+)\) cost {AMOUNT},"
    rf" (?:p95|the dearest) {AMOUNT}(?:: ([\d.]+)x)?"
)
MORE = re.compile(rf"{AMOUNT} more than usual: (.*?)(?:;|\.$|\. Also)")
PART = re.compile(r"(-?)" + AMOUNT + r" from ([a-z ]+)")
CENT = 0.0051


class Known:
    """What the calls say: which cost each session had at which turn, and who had begun by when."""

    def __init__(self, spends: Iterable[Spend]) -> None:
        self.costs: dict[str, set[tuple[int, int]]] = defaultdict(set)
        self.begun: dict[str, list[tuple[int, str]]] = defaultdict(list)
        totals: dict[str, int] = defaultdict(int)
        turns: dict[str, int] = defaultdict(int)
        for spend in spends:
            if spend.root not in totals:
                source = spend.root.partition("/")[0]
                for group in (spend.feature, source, "all features"):
                    self.begun[group].append((spend.call.at, spend.root))
            totals[spend.root] += (spend.cost or 0) - (spend.previous or 0)
            turns[spend.root] += spend.new and ledger.is_root(spend)
            self.costs[spend.root].add((turns[spend.root], totals[spend.root]))


def dollars(text: str) -> float:
    return float(text.replace(",", ""))


def contradictions(finding: Finding, said: Message, known: Known) -> list[str]:
    """What is wrong in a message about a session, in words; empty: nothing."""
    fact, usual, why, _ = said.body.splitlines()
    wrong: list[str] = []

    def check(what: str, holds: object) -> None:
        if not holds:
            wrong.append(what)

    plain = re.search(r"has cost ([\d.]+)x the", why)
    check("the plain rule's own multiple", plain is None or f"{plain.group(1)}x" in said.title)
    for word in ("now at", "less than usual", "nan", "inf"):
        check(f"says {word}", not re.search(rf"\b{word}\b", said.body))
    check("a cost that the session had at that turn",
          (finding.turn, finding.cost) in known.costs[finding.session])  # fmt: skip
    cost, turn = FACT.search(fact).groups()
    check("the cost of the fact", abs(dollars(cost) - finding.cost / 1e9) < CENT)
    check("the turn of the fact", int(turn) == finding.turn)
    title, times, _ = TITLE.match(said.title).groups()
    check("the cost of the title", title == cost)
    evidence = dict(finding.evidence)
    booked = sum(amount for name, amount in evidence.items() if name.startswith("in_"))
    check("the ledger sums to the cost", booked == finding.cost)
    found = USUAL.match(usual)
    if found is None:
        check("peers that nobody knows", "too few" in usual and times is None)
        return wrong
    median, peers, group, high, most, rest = found.groups()
    wrong += _against(finding, dollars(median), int(peers), rest, times)
    check("the bound", dollars(high or most) >= dollars(median) - CENT)
    group = group or finding.feature
    begun = sum(at <= finding.at for at, _ in known.begun[group])
    check(f"{peers} peers of {group}, where {begun} had begun", int(peers) <= begun)
    there = PEERS.search(why)
    check("why tells of the same peers", there is not None)
    if there is not None:
        named, count, middle, bound, ratio = there.groups()
        check("the same group", (named or "") == group)
        check("the same count", count == peers)
        check("the same median", middle == median)
        check("the same bound", bound == (high or most))
        check("the same multiple", ratio == times)
    return wrong + _causes(finding, why, dollars(median))


def _against(
    finding: Finding, median: float, peers: int, rest: str, times: str | None
) -> list[str]:
    cost = finding.cost / 1e9
    wrong = [] if peers >= 5 else ["fewer than five peers"]
    beyond = BEYOND.match(rest)
    if beyond is None:
        if cost > median + 2 * CENT or times is not None:
            wrong.append("it is beyond the usual, and that is not said")
        return wrong
    ratio, more = beyond.groups()
    if abs(cost - median - dollars(more)) > 3 * CENT:
        wrong.append(f"{cost} - {median} is not {more}")
    if ratio != times:
        wrong.append("another multiple in the title")
    if ratio is not None:
        low, high = (cost - CENT) / (median + CENT), (cost + CENT) / max(median - CENT, 1e-9)
        half = 0.051 if float(ratio) < 10 else 0.51
        if not low - half <= float(ratio) <= high + half:
            wrong.append(f"{cost} is not {ratio} times {median}")
        if float(ratio) < 1.5:
            wrong.append("a multiple that says nothing")
    return wrong


def _causes(finding: Finding, why: str, median: float) -> list[str]:
    """The named cause is the largest driver of its own ledger, or none."""
    wrong = []
    evidence = dict(finding.evidence)
    more = MORE.search(why)
    if more is not None:
        if abs(finding.cost / 1e9 - median - dollars(more.group(1))) > 3 * CENT:
            wrong.append("the causes sum to another excess")
        parts = [
            (sign, dollars(amount), name) for sign, amount, name in PART.findall(more.group(2))
        ]
        names = because.BECAUSE[finding.cause or "longer"]
        if finding.cause is not None and parts[0][2].strip() not in names:
            wrong.append(f"the cause is {finding.cause}, the largest driver {parts[0][2]}")
        if any(not sign and amount > parts[0][1] + CENT for sign, amount, _ in parts):
            wrong.append("the largest driver is not the first")
    elif finding.cause == finding.rule != "retry_loop" and (
        evidence.get("in_retries", 0) > evidence["claimed_excess"]
    ):
        wrong.append("retries are dearer than the named cause")
    return wrong
