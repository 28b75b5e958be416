"""Alerts, silences and acknowledgements in the store: once each, kept over restarts, explained."""

import sqlite3
from contextlib import closing

import pytest

from costtop.alerts.choose import identity, subject
from costtop.alerts.wording import Message
from costtop.config import Config, Endpoint
from costtop.daemon.notices.post import audience, post_findings, post_summary, release_held
from costtop.errors import ConfigError, NothingFound, UsageError
from costtop.model import Finding, Silence
from costtop.queries.alerts.alert_json import detail, listing
from costtop.queries.live import live_alerts
from costtop.store.alerts import alerts, silences
from costtop.store.db import migrations, open_reader, open_writer
from tests.notify import desk
from tests.notify.desk import runaway, tier

START = 1_763_892_000_000
MINUTE, HOUR = 60_000, 3_600_000
TO = desk.audience("chat")


@pytest.fixture
def db(tmp_path):
    opened = open_writer(tmp_path / "costtop.db")
    yield opened
    opened.close()


def reasons(db, *findings, now=START):
    return [one.reason for one in post_findings(db, findings, TO, now)]


def test_there_is_one_row_for_a_budgets_period_and_tier_however_often_it_is_found(db):
    for restart in range(5):
        reasons(db, tier(50, START), tier(80, START), now=START + restart)
    assert db.execute("SELECT tier, times FROM alerts ORDER BY tier").fetchall() == [
        (50, 5),
        (80, 5),
    ]
    assert db.execute("SELECT count(*) FROM outbox").fetchone() == (1,)


def test_the_alert_json_is_as_interfaces_says(db):
    post_findings(db, [runaway("checkout-42", START)], TO, START)
    tree = listing(db)
    [one] = tree["alerts"]
    promised = {
        "rule": "median_5x",
        "severity": "warning",
        "session": "costtop/checkout-42",
        "budget": None,
        "period": None,
        "tier": None,
        "at": "2025-11-23T10:00:00.000Z",
        "turn": 14,
        "cost_usd": "5.800000000",
        "excess_usd": "4.230000000",
        "cause": None,
        "evidence": {"peers": 212, "median_usd": "1.570000000", "ratio": 3.7},
        "state": "open",
        "resolved_at": None,
    }
    assert tree["schema"] == 1
    assert {name: one[name] for name in promised} == promised
    assert one["title"]
    assert one["why"]
    assert len(one["id"]) == 12
    assert one["deliveries"][0]["endpoint"] == "chat"


def test_the_turn_and_cost_of_the_crossing_stay_while_the_cost_grows(db):
    reasons(db, runaway("x", START))
    later = runaway("x", START + MINUTE, cost=9_000_000_000)._replace(turn=40)
    reasons(db, later, now=START + MINUTE)
    [one] = listing(db)["alerts"]
    assert (one["turn"], one["cost_usd"]) == (14, "5.800000000")
    assert one["cost_now_usd"] == "9.000000000"


def test_each_rule_and_severity_has_its_row_and_a_session_is_told_as_one(db):
    outlier = runaway("x", START)._replace(rule="outlier")
    loop = outlier._replace(rule="retry_loop", cause="retry_loop")
    assert reasons(db, outlier) == ["first"]
    assert reasons(db, loop, now=START + 1) == ["already told"]
    assert reasons(db, loop._replace(severity="critical"), now=START + 2) == ["worse"]
    rows = {(one["rule"], one["severity"]): one for one in listing(db)["alerts"]}
    first = rows["outlier", "warning"]
    assert {one["incident"] for one in rows.values()} == {first["id"]}
    assert rows["retry_loop", "warning"]["pushed_at"] is None
    assert [rows[key]["told"] for key in sorted(rows)] == [1, 1, 0]
    assert first["pushed_at"] == "2025-11-23T10:00:00.000Z"
    assert first["told_to"] == ["chat"]
    assert {each["rule"] for each in first["also"]} == {"retry_loop"}
    [whole] = listing(db)["incidents"]
    assert (whole["severity"], whole["told"], whole["causes"]) == ("critical", 2, ["retry_loop"])
    assert whole["told_words"] == "told 2x: chat waits"
    titles = db.execute("SELECT body FROM outbox ORDER BY id").fetchall()
    assert "Also found" not in titles[0][0]


def test_an_incident_is_told_again_when_its_excess_has_doubled_whoever_says_so(db):
    first = runaway("x", START)  # $4.23 more than usual
    reasons(db, first)
    loop = first._replace(rule="retry_loop", cause="retry_loop")
    assert reasons(db, loop._replace(excess=8_459_999_999)) == ["already told"]
    assert reasons(db, loop._replace(excess=8_460_000_000)) == ["repeat"]
    assert reasons(db, first._replace(excess=16_000_000_000)) == ["already told"]
    assert reasons(db, first._replace(excess=16_920_000_000)) == ["repeat"]
    [whole] = listing(db)["incidents"]
    assert whole["told"] == 3


def test_an_acknowledgement_covers_the_incident_and_what_joins_it_until_it_is_worse(db):
    outlier = runaway("x", START)._replace(rule="outlier")
    loop = outlier._replace(rule="retry_loop", cause="retry_loop")
    reasons(db, outlier)
    reasons(db, outlier._replace(rule="fan_out"))
    [incident] = listing(db)["incidents"]
    alerts.acknowledge(db, incident["id"], "ana", START)
    assert {one["state"] for one in listing(db)["alerts"]} == {"acknowledged"}
    assert reasons(db, loop._replace(excess=99_000_000_000)) == ["already told"]
    assert {one["state"] for one in listing(db)["alerts"]} == {"acknowledged"}
    assert reasons(db, loop._replace(severity="critical")) == ["worse"]
    assert listing(db)["incidents"][0]["state"] == "open"


def test_what_was_over_and_is_true_again_stands_again_and_is_not_told_again(db):
    reasons(db, runaway("x", START))
    reasons(db, runaway("x", START)._replace(resolved=True), now=START + 1)
    assert reasons(db, runaway("x", START + 2 * HOUR), now=START + 2 * HOUR) == ["already told"]
    [one] = listing(db)["alerts"]
    assert (one["state"], one["resolved_at"], one["told"]) == ("open", None, 1)


def test_acknowledged_and_silenced_survive_a_restart_with_who_did_it(db, tmp_path):
    reasons(db, runaway("x", START))
    [one] = listing(db)["alerts"]
    alerts.acknowledge(db, one["id"][:5], "ana", START + 1)
    silences.begin(db, Silence(0, "ben", START, rule="median_5x", until=START + HOUR, note="demo"))
    db.close()
    with open_writer(tmp_path / "costtop.db") as again:
        tree = listing(again)
        assert tree["alerts"][0]["state"] == "acknowledged"
        assert tree["alerts"][0]["acknowledged"]["by"] == "ana"
        assert (tree["silences"][0]["by"], tree["silences"][0]["note"]) == ("ben", "demo")
        assert reasons(again, runaway("x", START, 99_000_000_000)) == ["already told"]
        assert reasons(again, runaway("y", START)) == ["silenced"]
        assert reasons(again, runaway("y", START), now=START + HOUR) == ["first"]


def test_a_silence_until_it_doubles_is_measured_from_the_dearest_alert(db):
    reasons(db, runaway("x", START))
    wanted = Silence(0, "ana", START, session="costtop/x", grows=100)
    silences.begin(db, wanted)
    assert silences.of_now(db, START)[0].cost == 5_800_000_000
    critical = runaway("x", START, 11_000_000_000, "critical")
    assert reasons(db, critical) == ["silenced"]
    assert reasons(db, critical._replace(cost=11_600_000_000)) == ["worse"]
    [one] = [each for each in listing(db)["alerts"] if each["severity"] == "critical"]
    decided = detail(db, alerts.find(db, one["id"]))["decisions"]
    assert [each["reason"] for each in decided] == ["silenced", "worse"]


def test_a_silence_can_be_ended_and_keeps_who_ended_it(db):
    number = silences.begin(db, Silence(0, "ana", START, budget="daily"))
    silences.end(db, number, "ben", START)
    assert not silences.of_now(db, START)
    assert db.execute("SELECT ended_by FROM silences").fetchone() == ("ben",)
    with pytest.raises(NothingFound):
        silences.end(db, number, "ben", START)


def test_what_a_silence_kept_back_is_told_by_itself_when_it_is_over(db):
    silences.begin(db, Silence(0, "ana", START, rule="median_5x", until=START + HOUR))
    assert reasons(db, runaway("x", START)) == ["silenced"]
    assert not release_held(db, TO, START + HOUR - 1)
    assert release_held(db, TO, START + HOUR)
    assert not release_held(db, TO, START + HOUR + MINUTE)
    titles = db.execute("SELECT title FROM outbox").fetchall()
    assert titles == [("[costtop] session x: $5.80, 3.7x the usual (median 5x)",)]


def test_a_silence_of_everything_is_refused(db):
    with pytest.raises(UsageError):
        silences.begin(db, Silence(0, "ana", START))


def test_an_id_is_found_by_a_unique_beginning(db):
    reasons(db, *(runaway(f"s{n}", START) for n in range(40)))
    with pytest.raises(NothingFound):
        alerts.find(db, "zz")
    with pytest.raises(NothingFound):
        alerts.find(db, "")
    refs = [one["id"] for one in listing(db)["alerts"]]  # 40 ids share 16 first digits
    shared = next(ref[0] for ref in refs if sum(ref[0] == other[0] for other in refs) > 1)
    with pytest.raises(UsageError, match="more than one"):
        alerts.find(db, shared)
    assert alerts.find(db, refs[0]) == 40


def test_history_is_kept_but_listed_only_when_asked_for(db):
    reasons(db)
    old = [tier(p, START - 20 * MINUTE, period=f"d{n}") for n in range(50) for p in (50, 100)]
    assert set(reasons(db, *old)) == {"history"}
    assert listing(db)["alerts"] == []
    assert len(listing(db, history=True)["alerts"]) == 100
    assert db.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_an_end_resolves_the_alert_and_is_not_pushed_unless_asked_for(db):
    reasons(db, runaway("x", START))
    assert reasons(db, runaway("x", START)._replace(resolved=True), now=START + 1) == ["resolved"]
    [one] = listing(db)["alerts"]
    assert (one["state"], one["resolved_at"]) == ("resolved", "2025-11-23T10:00:00.001Z")
    assert db.execute("SELECT count(*) FROM outbox").fetchone() == (1,)


def test_a_summary_is_posted_once_for_its_day_to_those_who_want_it(db):
    config = Config(
        notify=(Endpoint(label="chat", url="ntfy://x", summary=("day",)), Endpoint(label="log"))
    )
    to = audience(config, TO.zone)
    said = Message("[costtop] digest: Mon", "body", "short")
    assert post_summary(db, to, "day", "2026-11-23", said, START) == 1
    assert post_summary(db, to, "day", "2026-11-23", said, START + HOUR) == 0
    assert post_summary(db, to, "week", "2026-W48", said, START) == 0


def test_bad_quiet_hours_in_the_config_are_refused():
    config = Config(notify=(Endpoint(label="chat", url="ntfy://x", quiet="late"),))
    with pytest.raises(ConfigError, match="22:00-08:00"):
        audience(config, TO.zone)


def test_readers_see_open_alerts_and_the_latest_title(db, tmp_path):
    assert live_alerts.open_alerts(db)[1:] == (0, "")
    reasons(db, runaway("x", START), tier(80, START))
    reader = open_reader(tmp_path / "costtop.db")
    assert live_alerts.open_alerts(reader)[1:] == (2, "budget daily: 80 % of $20.00")
    reader.close()


def test_no_query_of_the_live_path_scans_a_table(db):
    for query in (
        "SELECT identity FROM alerts WHERE subject IN ('a', 'b')",
        "SELECT id FROM outbox WHERE state = 'pending' AND next_at <= 1 ORDER BY attempts, id",
        "SELECT label, min(next_at) FROM outbox WHERE state = 'pending' GROUP BY label",
        "SELECT max(released) FROM outbox WHERE label = 'x' AND released > 1 AND released <= 2",
        "SELECT DISTINCT label FROM outbox WHERE state = 'held'",
    ):
        plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))
        assert "USING" in plan, plan


def test_an_older_store_gives_tiers_that_were_told_the_amount_of_their_budget(tmp_path):
    old = sqlite3.connect(tmp_path / "old.db")
    for step in migrations()[:6]:
        old.executescript(step)
    one = Finding(
        "budget_tier", "warning", START, "budget daily: 80 %", "why",
        budget="daily", period="2026-11-23", tier=80, amount=20_000_000_000,
    )  # fmt: skip
    old.execute(
        "INSERT INTO alerts (ref, identity, subject, rule, severity, budget, period, tier, at,"
        " raised, title, why, evidence, state, reason) VALUES ('abc', ?, ?, 'budget_tier',"
        " 'warning', 'daily', '2026-11-23', 80, 1, 1, 't', 'w', ?, 'open', 'first')",
        ("budget|daily|2026-11-23|80", "budget|daily|2026-11-23", '{"amount": 20000000000}'),
    )
    old.execute("PRAGMA user_version = 6")
    old.commit()
    old.close()
    with closing(open_writer(tmp_path / "old.db")) as db:
        assert db.execute("SELECT identity, subject, amount FROM alerts").fetchall() == [
            (identity(one), subject(one), one.amount)
        ]
