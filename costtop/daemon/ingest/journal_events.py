"""Events of channels that no log holds, as the intake journal keeps them, and read again.

They are written in the transaction of their own commit; text of prompts is in no event.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from costtop.daemon.ingest.fold import Folded
from costtop.model import Bad, Call, Outcome, SessionFact, TaskFact, Untold
from costtop.nouns.pull_link import PullLink
from costtop.plan_reading import PlanReading
from costtop.store.recovery import journal
from costtop.tail.place import Place

_AT_ONCE = 2_000  # calls taken in together
_MOMENT = 60_000  # ms within which they have arrived


class _Told(msgspec.Struct):
    """One turn of a channel."""

    label: str
    path: str
    memo: Any
    calls: list[Call]
    facts: list[SessionFact]
    tasks: list[TaskFact]
    outcomes: list[Outcome]
    untold: list[Untold]
    bad: list[Bad]
    plans: list[PlanReading] = []
    pulls: list[PullLink] = []


_ENCODER = msgspec.json.Encoder()


def encoded(folded: Folded, memo: str) -> bytes:
    """What a channel's turn told, as JSON; `memo` is that of the fold after it, as JSON."""
    return _ENCODER.encode(
        _Told(
            label=folded.label,
            path=base64.b85encode(folded.place.path).decode(),
            memo=msgspec.Raw(memo.encode()),
            calls=[*folded.calls],
            facts=folded.facts,
            tasks=folded.tasks,
            outcomes=folded.outcomes,
            untold=folded.untold,
            bad=folded.bad,
            plans=folded.plans,
            pulls=folded.pulls,
        )
    )


def decoded(events: Any) -> Folded | None:
    """The turn again; None where it is of another version and cannot be understood."""
    try:
        told = msgspec.convert(events, _Told)
    except msgspec.ValidationError:
        return None
    return Folded(
        label=told.label,
        place=Place(base64.b85decode(told.path)),
        memo=told.memo,
        fresh=False,
        calls=told.calls,
        facts=told.facts,
        tasks=told.tasks,
        outcomes=told.outcomes,
        untold=told.untold,
        plans=told.plans,
        pulls=told.pulls,
        bad=told.bad,
        read=0,
        more=False,
    )


def told_since(database: Path, generation: int) -> Iterator[tuple[int, list[Folded]]]:
    """(ms UTC, turns that arrived about then), in order, from this generation of the journal on.

    What cannot be understood is passed over: whoever began the rebuild has counted it.
    """
    group: list[Folded] = []
    began = 0
    for record in journal.read(database, generation):
        turns = [] if record is None else [decoded(one) for one in record.events]
        for turn in filter(None, turns):
            assert record is not None
            full = sum(len(one.calls) for one in group) >= _AT_ONCE
            if group and (full or record.at - began > _MOMENT):
                yield began, group
                group = []
            began = began if group else record.at
            group.append(turn)
    if group:
        yield began, group
