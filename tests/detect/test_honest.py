"""People who do nothing wrong are left alone: habits of `scripts/bench honest`, two seeds."""

import pytest
from benches import honest

from costtop.detect.settings import Settings


@pytest.mark.parametrize(
    ("shape", "most"),
    [
        (honest.two_sizes, 20),
        (honest.weekends, 20),
        (honest.overnight, 20),
        (honest.batch, 20),
        (honest.resumed, 20),
        (honest.days_off, 20),
        (honest.swarm, 20),
        (honest.upgrade, 20),
        (honest.new_features, 20),
    ],
)
def test_an_honest_person_is_left_alone(shape, most):
    told = sessions = 0
    for seed in (11, 12):
        spends = honest.history(shape, seed)
        sessions += len({spend.root for spend in spends})
        told += len(honest.pushed(spends, Settings()))
    assert sessions > 100
    assert 1000 * told / sessions <= most
