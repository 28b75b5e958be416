"""Loops as they really look, in logs as agents write them, through a real store: found, or left.

Each is played line by line into a daemon's life, and once more over what the store then holds.
"""

import pytest

from costtop.analysis.ledger import full_price
from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings
from costtop.model import Call, Outcome, Rates, SessionFact
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from costtop.store.calls.batch import Priced, Reading
from costtop.store.sessions.past_spends import History
from tests.daemon.agent_logs import Turn, chunks, path
from tests.daemon.stream import Life

START = 1_795_000_000_000
CHEAP = Rates(3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000, 0, "cheap")
DEAR = Rates(15_000_000, 1_500_000, 18_750_000, 30_000_000, 75_000_000, 0, "dear")
PEERS = 6
FORMS = ("claude-code", "codex", "costtop")
WHOLE = pytest.mark.parametrize("form", FORMS)


def work(count, seed=0):
    """Honest turns: no two alike."""
    return [
        Turn("Bash", f"step {seed}-{n}", f"it says {'abcdefghij'[n % 10] * (n + seed + 1)}",
             growth=150 + (n * 577 + seed * 131) % 1900, output=60 + (n * 211 + seed * 77) % 700)
        for n in range(count)
    ]  # fmt: skip


def price(call):
    return full_price(call.tokens, rates(call))


def rates(call):
    return DEAR if "opus" in call.model else CHEAP


def played(form, turns, tmp_path, dear=0):
    """Some honest peers and one session that goes as told: (its findings, the same replayed)."""
    life = Life(tmp_path / "costtop.db", START - 1)
    found = []
    tell = life.watch._tell
    life.watch._tell = lambda db, news, now, **how: tell(
        db, _noted(found, list(news)), now, **how)  # fmt: skip
    sessions = [(f"peer{n}", work(14 + n, n)) for n in range(PEERS)]
    for nth, (name, said) in enumerate(sessions[:dear]):
        sessions[nth] = (name, [one._replace(model="claude-opus-4-1") for one in said])
    sessions.append(("x", work(3, 40) + turns))
    for nth, (name, said) in enumerate(sessions):
        began = START + nth * 3_600_000
        memo, offset = {}, 0
        for at, data in chunks(form, name, said, began):
            read, memo = SOURCE[form].read(Chunk(path(form, name), data, offset, at), memo)
            offset += len(data)
            life.commit(reading(form, name, read), at)
        life.tick(began + 3_500_000)
    monitor, again = Monitor(Settings()), []
    for spend in History(life.db).between(0, 1 << 62):
        again += monitor.tick(spend.call.at)
        again += monitor.observe(spend)
    life.end()
    return ours(found), ours(again)


def _noted(kept, news):
    kept += news
    return news


def reading(form, name, read):
    calls = [Priced(x, price(x), price(x), rates(x)) for x in read if isinstance(x, Call)]
    facts = [x for x in read if isinstance(x, SessionFact)]
    outcomes = [x for x in read if isinstance(x, Outcome)]
    return Reading(form, name.encode(), "{}", "{}", 0, False, calls, facts, [], outcomes, [])


def ours(found):
    return [
        (x.rule, x.severity, x.turn) for x in found if x.session.endswith("/x") and not x.resolved
    ]


def of(found, rule):
    return [(severity, turn - 3) for name, severity, turn in found if name == rule]


def words(n):
    return " ".join("alder birch cedar elm fir hazel"[n % 7 :].split()) + "abcdefghij"[n % 10] * n


def edits(count):
    lost = "<tool_use_error>String to replace not found in file.\nString: "
    return [Turn("Edit", f"old {words(n)}", lost + words(n), True, growth=90 + n * 37 % 300,
                 output=150 + n * 53 % 400) for n in range(count)]  # fmt: skip


def pushes(count):
    return [Turn("Bash", f"git push {words(n)}", "error: failed to push some refs", True,
                 growth=90 + n * 37 % 300, output=150 + n * 53 % 400)
            for n in range(count)]  # fmt: skip


def guesses(count):
    return [Turn("Read", f"lib/{words(n)}.py", "File does not exist.", True,
                 growth=90 + n * 37 % 300, output=150 + n * 53 % 400)
            for n in range(count)]  # fmt: skip


@WHOLE
@pytest.mark.parametrize("loop", [edits, pushes, guesses])
def test_the_same_error_with_other_arguments_is_found_within_25_turns(form, loop, tmp_path):
    live, replayed = played(form, loop(40), tmp_path)
    told = of(live, "retry_loop")
    assert told[0][1] <= 25
    assert "warning" in [severity for severity, _ in told]
    assert live == replayed


@WHOLE
def test_a_loop_without_any_tool_call_is_found_within_25_turns(form, tmp_path):
    silent = [Turn(growth=120 + n % 7, output=180 + n % 9) for n in range(40)]
    live, replayed = played(form, silent, tmp_path)
    told = of(live, "retry_loop_usage")
    assert min(turn for severity, turn in told if severity == "warning") <= 25
    assert live == replayed


@WHOLE
def test_an_identical_failing_call_is_named_by_turn_8_and_pushed_at_its_dollars(form, tmp_path):
    same = [Turn("Bash", "npm test", "Timeout of the sandbox", True, 90 + n, 90 + n * 7)
            for n in range(30)]  # fmt: skip
    live, replayed = played(form, same, tmp_path)
    told = of(live, "retry_loop")
    assert told[0][1] <= 8
    assert "warning" in [severity for severity, _ in told]
    assert live == replayed


@WHOLE
def test_page_after_page_is_growth_and_no_loop(form, tmp_path):
    pages = [Turn("Read", f"sed -n {n}00,{n}99p big.py", f"text {words(n)}", growth=9_000)
             for n in range(1, 30)]  # fmt: skip
    live, replayed = played(form, pages, tmp_path)
    assert not of(live, "retry_loop")
    assert of(live, "context_growth")
    assert live == replayed


def polling():
    wait = Turn("Bash", "gh run view 1", "queued", growth=96, output=70)
    return [wait] * 11 + [Turn("Bash", "gh run view 1", "success", growth=101, output=74)]


def flaky():
    fails = Turn("Bash", "curl a", "refused", True, 80, 60)
    return [fails, fails, fails, Turn("Bash", "curl a", "200", growth=90, output=60), *work(4, 50)]


def rounds():
    turns = []
    for n in range(7):
        turns.append(Turn("Bash", "pytest -q", f"{words(n % 2)} fails", True, 300 + n * 91, 90))
        turns.append(Turn("Edit", f"change {words(n)}", "edited", growth=120 + n * 31, output=210))
    return [*turns, Turn("Bash", "pytest -q", "all pass", growth=80, output=60)]


@WHOLE
@pytest.mark.parametrize("honest", [polling, flaky, rounds])
def test_honest_repetition_stays_quiet(form, honest, tmp_path):
    live, replayed = played(form, honest() + work(6, 60), tmp_path)
    assert not [one for one in live if one[1] != "notice"]
    assert not of(live, "retry_loop")
    assert live == replayed


@pytest.mark.parametrize("form", ["claude-code", "costtop"])
def test_a_move_to_a_dearer_model_is_measured_against_the_beginning(form, tmp_path):
    """Some peers work on the dearer model from their start; nobody moves to it on the way."""
    moved = [one._replace(model="claude-opus-4-1") for one in work(12, 70)]
    live, replayed = played(form, moved, tmp_path, dear=3)
    assert of(live, "model_shift")[0][1] <= 3
    assert live == replayed
