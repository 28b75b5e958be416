"""When costtop cannot see, that is an alert; when it sees or has nothing to see, it is none."""

import pytest

from costtop.alerts.own_faults import Health, blind, sees_again

MINUTE = 60_000
WELL = Health(started=0, last_scan=0, roots=3, readable=3)


@pytest.mark.parametrize(
    ("health", "now", "why"),
    [
        (WELL._replace(readable=0), 1, "all 3 folders cannot be opened"),
        (WELL._replace(roots=1, readable=0), 1, "the only folder of logs cannot be opened"),
        (WELL._replace(store="database or disk is full"), 1, "cannot be written"),
        (WELL, 11 * MINUTE, "no scan of the logs has succeeded for 11 min"),
        (WELL._replace(last_scan=None), 11 * MINUTE, "11 min"),
    ],
)
def test_blindness_is_an_alert(health, now, why):
    found = blind(health, now)
    assert found.severity == "critical"
    assert found.title.startswith("blind: ")
    assert why in found.why
    assert sees_again(health, now) is None


@pytest.mark.parametrize(
    "health", [WELL, WELL._replace(roots=0, readable=0), WELL._replace(readable=1)]
)
def test_seeing_something_or_having_nothing_to_see_is_no_blindness(health):
    assert blind(health, 9 * MINUTE) is None
    assert sees_again(health, 9 * MINUTE).resolved
