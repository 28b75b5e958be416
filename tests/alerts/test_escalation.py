"""When a gate or a stop is seen not to hold a session, and when nothing may follow."""

import pytest

from costtop.alerts.escalation import HeldSpending, may, slips
from costtop.model import Breaker

OPENED = 1_800_000_000_000
GATE = Breaker(
    *("daily", "2027-01-15", "gate", (), "spent", OPENED), confirmed=OPENED, escalate="pause"
)


def since(gate=0, calls=0, last=0, denials=0, argued=0, **given: int) -> HeldSpending:
    times = {"gate": gate and OPENED + gate, "last": last and OPENED + last}
    return HeldSpending(calls=calls, denials=denials, argued=argued, **times, **given)


@pytest.mark.parametrize(
    ("seen", "slipped"),
    [
        (since(), False),
        (since(calls=1, last=500), True),  # no hook was ever asked
        (since(gate=-60_000, calls=1, last=60_000), False),  # one may have been under way
        (since(gate=-60_000, calls=2, last=9_999), False),
        (since(gate=-60_000, calls=2, last=10_000), True),  # none is asked any more
        (since(gate=5_000, calls=2, last=14_999), False),
        (since(gate=5_000, calls=2, last=15_000), True),
        (since(gate=5_000, denials=1, argued=9), False),  # it winds up: commits, a summary
        (since(gate=5_000, denials=2, argued=1), False),
        (since(gate=5_000, denials=2, argued=2), True),  # it argues on
        (since(gate=5_000, denials=2, argued=1, apart=1, over=2), True),  # of a small amount
        (since(gate=5_000, denials=2, argued=1, apart=1, over=1), False),
        (since(gate=5_000, denials=2, argued=1, apart=0, over=2), False),  # one turn's two tools
        (since(gate=5_000, denials=1, argued=1, apart=1, over=9), False),
    ],
)
def test_a_gate_slips_by_turns_after_denials_or_by_spend_that_no_hook_answers(seen, slipped):
    assert slips(GATE, seen) is slipped


def test_nothing_follows_unconfirmed_unwanted_or_for_what_touches_processes_by_itself():
    assert may(GATE) and may(GATE._replace(action="stop", escalate="kill"))
    for other in ({"confirmed": None}, {"escalate": "none"}, {"action": "pause"}):
        assert not may(GATE._replace(**other))
