"""Whether a session runs, idles or has ended, to the millisecond."""

import pytest

from costtop.queries.live.session_state import RUNNING_FOR, state
from costtop.store.meta import FINISHED_AFTER

NOW = 1_795_000_000_000
MINUTE = 60_000


@pytest.mark.parametrize(
    ("silence", "said"),
    [
        (0, "running"),
        (5 * MINUTE - 1, "running"),
        (5 * MINUTE, "idle"),
        (30 * MINUTE - 1, "idle"),
        (30 * MINUTE, "ended"),
    ],
)
def test_silence_alone_says_what_a_session_does(silence, said):
    assert state(NOW, NOW - silence, None, FINISHED_AFTER) == said
    assert (RUNNING_FOR, FINISHED_AFTER) == (300_000, 1_800_000)


def test_what_has_ended_or_never_called_is_over():
    assert state(NOW, NOW, NOW, FINISHED_AFTER) == "ended"
    assert state(NOW, None, None, FINISHED_AFTER) == "ended"


def test_the_configuration_says_when_silence_is_the_end():
    assert state(NOW, NOW - 6 * MINUTE, None, 6 * MINUTE) == "ended"
    assert state(NOW, NOW - 90 * MINUTE, None, 120 * MINUTE) == "idle"
