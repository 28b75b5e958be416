"""A review in plain sentences with their numbers, for the command and for messages.

What is said: what is sure (p below 0.01) and large enough to matter, or that too little is known.
"""

from costtop.analysis import because
from costtop.analysis.drivers import DRIVERS, Split
from costtop.analysis.mix import Mix
from costtop.queries.spending import dearer_words
from costtop.queries.spending.review import Review, ReviewLine, Step
from costtop.shown import currency

_SURE = 0.01
_INDEX = 0.05  # of the price, by which a mix of models counts as dearer
_STEP = 0.2  # of the spend before, from which a change is worth a sentence
_LEAST = 1_000_000_000  # nano-dollars: smaller changes are none


def trend(line: ReviewLine) -> str:
    """Whether a completed task of the feature gets dearer, and why."""
    named = reason(line.reason) if line.verdict in {"rising", "falling"} else ""
    return ", ".join(
        part for part in (dearer_words.judged(line.dearer, line.verdict), named) if part
    )


def reason(split: Split | None) -> str:
    """The driver that moved most from the first third to the last, by name and dollars."""
    if split is None:
        return ""
    gap = split.actual - split.usual
    sign = 1 if gap >= 0 else -1
    nth = max(range(len(DRIVERS)), key=lambda place: sign * split.parts[place])
    return f"mostly {because.part(nth, split.parts[nth])}" if split.parts[nth] else ""


def step(found: Step | None, before: str = "the week before") -> str:
    """Why it cost more or less than before, in one sentence; "" where that cannot be said."""
    if found is None:
        return ""
    gap = found.spend - found.before
    named = [(amount, because.part(nth, amount)) for nth, amount in enumerate(found.parts)]
    word = "more" if found.more_sessions > 0 else "fewer"
    amount = currency.amount(abs(found.more_sessions))
    minus = "-" if found.more_sessions < 0 else ""
    named.append((found.more_sessions, f"{minus}{amount} from {word} sessions"))
    named.sort(key=lambda pair: -abs(pair[0]))
    said = ", ".join(words for part, words in named[:3] if abs(part) * 10 >= abs(gap) > 0)
    more = "more" if gap > 0 else "less"
    text = f"{currency.amount(abs(gap))} {more} than {before} ({currency.amount(found.before)})"
    return f"{text}: {said}" if said else text


def compared(found: Review) -> str:
    """What the recent part was compared with, in words."""
    return "the days before" if found.against == "before" else "the like days of an earlier week"


def mixed(found: Mix | None, *, steady: bool | None) -> str:
    """How far the mix of models alone moved the price."""
    if found is None:
        return "not enough data"
    index = found.price_index - 1
    sure = found.p < _SURE and abs(index) >= _INDEX
    moved = ", ".join(f"{name} {by * 100:+.0f} points" for name, by in found.drivers[:3] if by)
    said = f"{index:+.1%} at the same tokens (p {found.p:.3f}{f'; {moved}' if moved else ''})"
    if not sure:
        return f"{said}: no sure change"
    return f"{said}: {'dearer mix' if steady is not False else 'mix moved with workload'}"


def changes(found: Review, before: str = "the week before") -> tuple[str, ...]:
    """What a message says has changed, the most telling first; none where all is as usual."""
    said = []
    one = found.step
    if one is not None:
        gap = abs(one.spend - one.before)
        if gap >= max(_LEAST, _STEP * one.before):
            said.append(step(one, before))
    said += [
        f"work on {line.feature} is {trend(line)}"
        for line in found.lines
        if line.verdict in {"rising", "falling"}
    ]
    if found.mix is not None and found.mix.p < _SURE and found.mix.price_index >= 1 + _INDEX:
        said.append(f"models: {mixed(found.mix, steady=found.steady)}")
    spread = found.whole.spread
    if spread is not None and spread.uneven:
        said.append(f"sessions' costs are {spread.ratio:.1f}x as uneven as before")
    if found.whole.change.idle and one is not None and one.spend - one.before >= _LEAST:
        said.append("spend rose and the number of completed tasks did not")
    return tuple(said)
