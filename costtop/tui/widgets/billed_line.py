"""What is billed, below the value in the head: ` billed $0.00 + plan $6.67 today · …`. One line."""

from costtop.queries.plans import billed_words
from costtop.queries.plans.billed_now import BilledNow
from costtop.tui.draw.ink import Line, cut, line, width_of


def billed_line(billed: BilledNow, width: int) -> Line:
    """Whole facts from the most to the least telling, as many as fit."""
    facts = [
        line((" billed ", "dim"), (billed_words.today(billed), "strong"), (" today", "dim")),
        line((" · ", "dim"), (billed_words.month(billed), "text"), (" month", "dim")),
        line((" · above: value", "dim")),
        *(line((f" · {name}", "dim")) for name in billed_words.names(billed)),
    ]
    told: Line = ()
    for fact in facts:
        if width_of(told) + width_of(fact) <= width:
            told += fact
    return told or cut(facts[0], width)
