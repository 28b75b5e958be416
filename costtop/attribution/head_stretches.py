"""Stretches of work between two moves of a worktree's HEAD. Pure."""

from collections.abc import Sequence

from costtop.attribution.pull_names import is_telling
from costtop.attribution.split import ALWAYS, Stretch
from costtop.nouns.repository_facts import HeadMove

_ENDS_WORK = frozenset({"commit", "amend"})


def stretches(moves: Sequence[HeadMove], default: str) -> list[Stretch]:
    """From the first move on for ever; two moves in one moment leave nothing between them."""
    found: list[Stretch] = []
    cuts = [one for nth, one in enumerate(moves) if not nth or one.kind != "other"]
    for nth, move in enumerate(cuts):
        after = cuts[nth + 1] if nth + 1 < len(cuts) else None
        until = ALWAYS[1] if after is None else after.at
        if until <= move.at:
            continue
        commit = after.hash if after is not None and after.kind in _ENDS_WORK else ""
        onward = after.branch if after is not None and _carries(after, default) else ""
        found.append(Stretch(move.at, until, move.branch, commit, onward))
    return found


def _carries(move: HeadMove, default: str) -> bool:
    """Whether work that was under way went on on another branch: it was begun right there."""
    began = move.kind == "checkout" and move.hash == move.before
    return began and is_telling(move.branch, default)
