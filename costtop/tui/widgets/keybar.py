"""The bottom lines: what keys do, and what is to be known of the selected row. Pictures only."""

from collections.abc import Sequence

from costtop.tui.draw.ink import Line, Span, width_of


def keybar(keys: Sequence[tuple[str, str, str]], width: int) -> Line:
    """`F1Help F2Setup …`: (key, label, action) each; the last ones go where it is narrow."""
    spans: list[Span] = []
    for key, label, act in keys:
        one = [Span(key, "key", act), Span(label + " ", "label", act)]
        if width_of((*spans, *one)) > width + 1:
            break
        spans += one
    return tuple(spans)
