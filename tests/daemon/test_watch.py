"""What the watch makes of ends, marks, users and forecasts, on a real store."""

import json

from costtop.cli.main import main
from costtop.daemon.alerting.alerting_loop import forecasts_of
from costtop.daemon.notices.post import Audience, post_findings
from costtop.detect.sessions import finished_peer
from costtop.durations import now_ms
from costtop.model import Call, Context, Finding, Mark, Rates, SessionFact, Spend, Tokens
from costtop.money import NANO
from costtop.paths import find
from costtop.store.db import open_writer
from costtop.store.sessions import marks
from tests.daemon.stream import BUDGETS, Life, reading
from tests.queries.weeks import DAY, HOUR, MINUTE, NOON, call, iso, scanned, task

RATES = Rates(3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000, 0, "test")


def spend(session, at, dollars, nth=0, user="ana"):
    key = f"{session} {nth}".encode().rjust(16)[:16]
    context = Context(user=user, feature="checkout")
    made = Call(key, "own", session, "m", Tokens(1000, 0, 0, 0, 100), at, context)
    return Spend(made, f"own/{session}", round(dollars * NANO), RATES, at, "checkout")


def peers(life, at, count=6):
    """Sessions of a dollar whose logs say that they have ended."""
    spends = [spend(f"peer{nth}", at, 1.0) for nth in range(count)]
    over = [SessionFact("own", f"peer{nth}", ended=at + 1) for nth in range(count)]
    life.commit(reading(spends, over), at + 2)


def said(life, columns="rule, session, user"):
    return life.db.execute(f"SELECT {columns} FROM alerts WHERE session <> ''").fetchall()


def test_a_session_that_says_it_has_ended_is_a_peer_at_once(tmp_path):
    life = Life(tmp_path / "costtop.db", NOON)
    peers(life, NOON + 1000)
    life.commit(reading([spend("dear", NOON + 2000, 5.5)]), NOON + 2500)
    assert ("median_5x", "own/dear", "ana") in said(life)
    life.end()


def test_a_session_that_we_killed_is_no_measure_of_cost(tmp_path):
    life = Life(tmp_path / "costtop.db", NOON)
    life.commit(reading([spend("wild", NOON + 1, 50.0)]), NOON + 2)
    marks.journal(life.db, NOON + 3, "me", "kill up to TERM", "own/wild", "gone")
    life.tick(NOON + 4)
    [(peer,)] = life.db.execute("SELECT peer FROM peers WHERE root = 'own/wild'")
    assert finished_peer.restore(json.loads(peer)).censored is True
    life.end()


def test_a_session_marked_fine_is_silent_until_it_costs_twice_as_much(tmp_path):
    life = Life(tmp_path / "costtop.db", NOON)
    life.commit(reading([spend("long", NOON + 1, 5.0)]), NOON + 2)
    marks.put(life.db, Mark("own/long", "fine", "me", NOON + 3))

    def told(dollars, severity):
        found = Finding("cost_outlier", severity, NOON + 9, "session long: …", "why",
                        session="own/long", cost=round(dollars * NANO))  # fmt: skip
        [one] = post_findings(life.db, [found], Audience(), NOON + 10)
        return one.reason

    assert told(9.9, "notice") == "silenced"
    assert told(10.0, "warning") == "first"
    marks.put(life.db, Mark("own/long", "fine", "me", NOON + 11))
    assert told(9.9, "critical") == "silenced"
    marks.take_back(life.db, "own/long", "me", NOON + 12)
    assert life.db.execute("SELECT count(*) FROM silences WHERE ended IS NULL").fetchone() == (0,)
    life.end()


def test_a_breach_is_foreseen_at_the_second_look_and_told_once_over_a_restart(home):
    lines = [
        call(f"s{day}-{hour}", 0, NOON - NOON % DAY - day * DAY + hour * HOUR, feature="checkout",
             input_tokens=0, output_tokens=400_000)
        for day in range(30)
        for hour in range(8, 20 if day else 12)
    ]  # fmt: skip
    path = scanned(home, lines).database
    life = Life(path, NOON)

    def look(now):
        life.watch.take_forecasts(life.db, forecasts_of(life.db, BUDGETS, life.watch.tz, now), now)
        rows = life.db.execute("SELECT budget, state FROM alerts WHERE rule = 'budget_forecast'")
        return rows.fetchall()

    assert look(NOON) == []
    assert look(NOON + 15 * MINUTE) == [("daily", "open")]  # the month's is spent
    life.end()
    life = Life(path, NOON + HOUR)
    for nth in range(3):
        look(NOON + HOUR + nth * 15 * MINUTE)
    decided = life.db.execute(
        "SELECT count(*) FROM decisions d JOIN alerts a ON a.id = d.alert"
        " WHERE a.rule = 'budget_forecast'"
    )
    assert decided.fetchone() == (1,)
    life.end()


def test_a_replay_hears_what_logs_say_of_ends(home, capsys):
    def lines(ended):
        made = []
        for nth in range(6):
            at = NOON + nth * MINUTE
            made += [call(f"peer{nth}", n, at + n, output_tokens=10_000) for n in range(5)]
            made += [json.dumps({"ts": iso(at + 1000), "event": "session", "session": f"peer{nth}",
                                 "status": "ended"})] * ended  # fmt: skip
        return [*made, *(call("dear", n, NOON + 10 * MINUTE + n * 1000, output_tokens=100_000)
                         for n in range(6)), task("dear", NOON, "started")]  # fmt: skip

    def replay(*words):
        assert main(["alerts", "replay", "--since", "2026-11-18", *words]) == 0
        return capsys.readouterr().out

    scanned(home, lines(ended=False))
    capsys.readouterr()
    assert "nothing would have fired" in replay()
    scanned(home, lines(ended=True))
    capsys.readouterr()
    tree = json.loads(replay("--json"))
    [plain] = [one for one in tree["alerts"] if one["rule"] == "median_5x"]
    assert (plain["turn"], plain["state"]) == (3, "resolved")
    assert plain["resolved_at"] > plain["at"]
    assert tree["pushed_per_1000_sessions"] == round(1000 / 7, 1)
    assert "142.9 of 1000 sessions would have had a message pushed" in replay()
    assert replay("--json") == replay("--json")


def test_new_prices_void_the_kept_peers(home):
    path = scanned(home, [call("s", 0, NOON)]).database
    life = Life(path, now_ms())
    assert life.db.execute("SELECT count(*) FROM peers").fetchone() == (1,)
    life.end()
    assert main(["reprice"]) == 0
    db = open_writer(find().database)
    assert db.execute("SELECT count(*) FROM peers").fetchone() == (0,)
    db.close()
