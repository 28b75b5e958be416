"""List, pane, alerts and digests of a living store say one thing of each flagged session."""

import re

import pytest

from costtop.alerts.routes import Route
from costtop.alerts.wording import Message
from costtop.analysis import why
from costtop.daemon.notices.post import Audience
from costtop.model import Finding
from costtop.queries.alerts import alert_json, alert_list
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.queries.sessions import session
from costtop.store.alerts import standings
from costtop.store.alerts.alert_reads import by_id
from tests.daemon.stream import Life, reading, stream
from tests.sentences.checked import AMOUNT, Known, contradictions

TO = Audience((Route("chat"), Route("all", "notice"), Route("log", "notice", direct=True)))
LINE = re.compile(rf"session \S+: {AMOUNT}(?:, ([\d.]+)x the usual)?")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Three days of commits, judged and told as they come; ends in the middle of the last day."""
    spends = stream(44, days=3)
    life = Life(tmp_path_factory.mktemp("life") / "costtop.db", spends[0].call.at, audience=TO)
    for nth in range(0, len(spends), 25):
        batch = spends[nth : nth + 25]
        life.commit(reading(batch), batch[-1].call.at + 700)
        life.db.execute("UPDATE outbox SET state = 'sent' WHERE state = 'pending'")  # delivered
        if nth % 500 == 0:
            life.tick(batch[-1].call.at + 5_000)
    yield life, spends
    life.end()


def test_there_is_enough_to_read(lived):
    life, _ = lived
    count = "SELECT count(*) FROM outbox WHERE kind = ?"
    assert life.db.execute(count, ("session",)).fetchone()[0] > 20
    assert life.db.execute(count, ("digest",)).fetchone()[0] > 0


def test_what_was_sent_agrees_with_the_calls(lived):
    life, spends = lived
    known, wrong, read = Known(spends), [], 0
    rows = life.db.execute(
        "SELECT o.title, o.body, o.short, a.ref FROM outbox o JOIN alerts a ON a.id ="
        " (SELECT min(alert) FROM outbox_alerts WHERE outbox = o.id)"
        " WHERE o.kind = 'session' AND o.label = 'log' AND o.severity <> ''"
    ).fetchall()
    for title, body, short, _ in rows:
        ref = re.search(r"alerts ack (\w+)", body).group(1)
        one = by_id(life.db, ref)
        found = Finding(one.rule, one.severity, one.at, one.title, one.why, session=one.session,
                        turn=one.turn, cost=one.cost, excess=one.excess, cause=one.cause,
                        feature=one.feature, evidence=tuple(one.evidence.items()))  # fmt: skip
        if f"${one.cost / 1e9:,.2f} by turn {one.turn}." not in body:
            continue  # told again: the row keeps its first moment
        read += 1
        wrong += [
            (each, title) for each in contradictions(found, Message(title, body, short), known)
        ]
    assert read > 20
    assert wrong == []


def test_a_digest_has_one_line_a_subject_with_a_cost_that_it_had(lived):
    life, spends = lived
    costs = {round(c / 1e7) for each in Known(spends).costs.values() for _, c in each}
    digests = life.db.execute("SELECT body FROM outbox WHERE kind = 'digest'").fetchall()
    for (body,) in digests:
        subjects = re.findall(r"^• (session \S+|budget \S+ \d+ %)", body, re.MULTILINE)
        assert len(subjects) == len(set(subjects)), body
        for amount, _ in LINE.findall(body):
            cents = round(100 * float(amount.replace(",", "")))
            assert {cents - 1, cents, cents + 1} & costs, body


def test_list_pane_and_alerts_give_the_same_reason_of_now(lived):
    life, spends = lived
    now = spends[-1].call.at + 1000
    lines = {one.alert.session: one for one in alert_list.read(life.db, now).lines}
    tree = {one["session"]: one for one in alert_json.listing(life.db)["incidents"]}
    rows = {row.key: row for row in Live(life.db).take(now, Pulse(True), window=10**12).sessions}
    compared = 0
    for key, text in standings.of(life.db, lines).items():
        detail, now_known = session.read(life.db, key), why.decoded(text)
        assert detail.total == now_known.cost == sum(now_known.books) == rows[key].cost
        books = tuple(dict(detail.books).get(name, 0) for name in why.LINES)
        assert books == now_known.books, key
        peers = detail.peers
        assert (peers.median if peers else 0) == now_known.median
        said = why.words(now_known)
        assert lines[key].why == tree[key]["why"] == said
        if rows[key].severity:
            assert rows[key].why == said
            compared += 1
        if now_known.peers and now_known.ratio >= why.TELLING:
            assert f"{why.times(rows[key].cost / peers.median)} usual" in said
    assert compared > 0
