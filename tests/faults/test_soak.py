"""The soak would see a promise that is broken. It is run by hand: `scripts/soak`."""

from collections import Counter

from soaks import verdict
from soaks.gauges import Gauges, Sample
from soaks.sent import Sent, Used


def test_the_verdict_sees_a_lost_call_and_one_too_many(monkeypatch):
    sent = Sent()
    sent.add("costtop/a", Used(10, 0, 5), calls=3)
    sent.add("costtop/b", Used(10, 0, 5))
    right = sent.sums()
    monkeypatch.setattr(verdict, "counted", lambda: right)
    assert all(one.kept for one in verdict.money(sent))
    for session, calls in (("costtop/a", 2), ("costtop/b", 2)):
        wrong = {**right, session: right[session]._replace(calls=calls)}
        monkeypatch.setattr(verdict, "counted", lambda wrong=wrong: wrong)
        broken = [one.promise for one in verdict.money(sent) if not one.kept]
        assert broken[0] == "no call is lost, none counts twice"
        assert f"session {session}" in broken
    one_nano = {**right, "costtop/a": right["costtop/a"]._replace(cost=1)}
    monkeypatch.setattr(verdict, "counted", lambda: one_nano)
    assert "the sum is exact" in [one.promise for one in verdict.money(sent) if not one.kept]


def test_the_verdict_sees_what_grows(tmp_path):
    gauges = Gauges(tmp_path / "costtop.db", tmp_path / "log")
    kept = Counter()
    for grows in (0, 1 << 20):
        gauges.samples = [Sample(at, 1, (50 << 20) + at * grows, 0, 50, 0, 0) for at in range(180)]
        kept[grows] = sum(one.kept for one in verdict.bounds(gauges, 120))
    assert kept[0] == kept[1 << 20] + 2  # the size of the memory, and that it grows
