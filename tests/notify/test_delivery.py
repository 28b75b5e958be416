"""Alerts reach real endpoints, once each, through faults that are provoked for real."""

from tests.notify.desk import clock, desk, json_to, runaway, tier


async def test_each_tier_and_each_runaway_is_one_message(tmp_path, inbox):
    async with desk(tmp_path, [json_to(inbox)]) as it:
        for percent in (50, 80, 100):
            await it.tell(tier(percent, clock()))
            await it.tell(tier(percent, clock()))
        await it.tell(runaway("checkout-42", clock()))
        await it.tell(runaway("checkout-42", clock()))
        await it.settled()
    assert sorted(inbox.titles) == [
        "[costtop] budget daily: 100 % of $20.00",
        "[costtop] budget daily: 50 % of $20.00",
        "[costtop] budget daily: 80 % of $20.00",
        "[costtop] session checkout-42: $5.80, 3.7x the usual (median 5x)",
    ]


async def test_a_restart_repeats_nothing_and_forgets_nothing(tmp_path, inbox):
    async with desk(tmp_path, [json_to(inbox)]) as it:
        await it.tell(tier(50, clock()), tier(80, clock()))
        await it.settled()
    for _ in range(3):
        async with desk(tmp_path, [json_to(inbox)]) as it:
            assert await it.tell(tier(50, clock()), tier(80, clock())) == ["already told"] * 2
    async with desk(tmp_path, [json_to(inbox)]) as it:
        await it.tell(tier(100, clock()))
        await it.settled()
        assert await it.states() == ["sent", "sent"]
    assert inbox.titles == [
        "[costtop] budget daily: 80 % of $20.00",
        "[costtop] budget daily: 100 % of $20.00",
    ]
