"""What to do about a dear day: the most telling of what it shows, the dearest first, in words."""

import shlex

from costtop.analysis import increase, ledger
from costtop.queries.why import day_words, text_blocks
from costtop.queries.why.text_blocks import Block
from costtop.queries.why.why_day import WhyDay
from costtop.shown import currency

_MOST = 2  # lines
_WORTH = 20  # a line stands for at least such a part of the day: a twentieth
_WASTED = {
    ledger.RETRIES: "for repeated calls: the agent went in circles",
    ledger.TTL: "paid again after pauses: answer before the cache ends, or compact",
    ledger.PREFIX: "paid again: prompts changed at their beginning",
    ledger.SWITCH: "paid again: models were switched within a session",
}
_HOW = {
    increase.MODEL: "use the cheaper model for routine work",
    increase.CONTEXT: "begin anew for each task, or compact earlier",
    increase.CONTENT: "read less at a time: parts of files, shorter output of tools",
    increase.OUTPUT: "ask for shorter replies, or for edits instead of whole files",
    increase.SUBAGENTS: "use fewer subagents, or a cheaper model for them",
    increase.LENGTH: "cut them smaller, or look where the turns went",
    increase.PIECES: "more was done; nothing needs mending",
    increase.RETRIES: "the agent went in circles",
    increase.MISSES: "keep the prompt's beginning as it is, and pauses short",
}
_BOOKED = {increase.RETRIES, increase.MISSES}  # the ledger tells of them in its own lines


def day(found: WhyDay) -> Block:
    """What to do, and what to type next."""
    lines = _lines(found)
    if found.whole.usual is not None and found.whole.more <= 0:
        lines = ["it cost no more than usual", *lines[:1]]
    notes = (*lines[:_MOST], *_commands(found))
    return Block("What to do", notes=notes or ("nothing: no spend stands out",))


def _lines(found: WhyDay) -> list[str]:
    told = [(amount, line) for amount, line in (*_wasted(found), *_risen(found))]
    least = found.whole.spent.cost // _WORTH
    return [line for amount, line in sorted(told, key=lambda one: -one[0]) if amount > least]


def _wasted(found: WhyDay) -> list[tuple[int, str]]:
    """The avoidable lines of the ledger, and whose most of each is."""
    lines = []
    for nth, what in _WASTED.items():
        amount = found.books[nth]
        most = max(found.sessions, key=lambda one: one.session.books[nth], default=None)
        mine = most.session.books[nth] if most else 0
        where = f" (most in {most.id})" if most and 2 * mine > amount > 0 else ""
        lines.append((amount, f"{currency.amount(amount)} {what}{where}"))
    return lines


def _risen(found: WhyDay) -> list[tuple[int, str]]:
    split, pieces = found.whole.split, found.whole.pieces
    if split is None:
        return []
    return [
        (part, f"{day_words.driver(nth, part, pieces)} ({text_blocks.signed(part)}): {_HOW[nth]}")
        for nth, part in enumerate(split.parts)
        if part > 0 and nth not in _BOOKED
    ]


def _commands(found: WhyDay) -> tuple[str, ...]:
    if not found.sessions:
        return ()
    named = shlex.quote(found.sessions[0].id)
    return (f"where the dearest one's dollars went: costtop why {named}",)
