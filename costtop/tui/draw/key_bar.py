"""The bar of keys at the foot of a screen, and what stands in that of the list."""

from collections.abc import Sequence

from costtop.tui.draw.ink import Line, Span, width_of

_ROOMY = 100  # cells from which keys stand apart
TOP_BAR = (
    ("F1", "Help", "app.help"),
    ("F2", "Setup", "app.setup"),
    ("F3", "Search", "screen.search"),
    ("F4", "Filter", "screen.filter"),
    ("F5", "Tree", "screen.tree"),
    ("F6", "Sort", "screen.sort"),
    ("F7", "Mark", "screen.mark"),
    ("F8", "Budget", "app.tab(7)"),
    ("F9", "Kill", "screen.kill"),
    ("F10", "Quit", "app.quit"),
)
TOP_MORE = (
    ("g", "Group", "screen.group"),
    ("p", "Period", "screen.span(1)"),
    ("[ ]", "Days", ""),
    ("?", "Keys", "app.help"),
)
_Keys = Sequence[tuple[str, str, str]]


def keybar(keys: _Keys, width: int, more: _Keys = ()) -> Line:
    """`F1Help F2Setup …`: (key, label, action) each; the last ones go where it is narrow.

    At the right as many as have room of those that there are besides.
    """
    gap = "  " if width >= _ROOMY else " "
    spans: list[Span] = []
    for key, label, act in keys:
        one = [Span(key, "key", act), Span(label + gap, "label", act)]
        if width_of((*spans, *one)) > width + len(gap):
            break
        spans += one
    return (*spans, *_at_the_right(more, width - width_of(tuple(spans))))


def _at_the_right(keys: _Keys, room: int) -> Line:
    """The last of the keys that fit, after a blank that takes the rest."""
    kept: Line = ()
    for key, label, act in reversed(keys):
        one = (Span(key, "key", act), Span(f"{label}  ", "label", act), *kept)
        if width_of(one) > room:
            break
        kept = one
    return (Span(" " * (room - width_of(kept)), "label"), *kept) if kept else ()
