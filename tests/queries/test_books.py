"""The books of every session of every log there is add up, and so does every split: residual 0."""

from pathlib import Path

import pytest

from costtop.analysis import drivers, ledger
from costtop.cli.main import main
from costtop.detect.monitor import Monitor, as_it_was
from costtop.detect.sessions.peer_sums import Sums
from costtop.detect.settings import Settings
from costtop.paths import find
from costtop.queries.sessions import finished_sessions
from costtop.store.db import open_reader
from costtop.store.sessions.past_spends import History

LOGS = Path(__file__).resolve().parent.parent / "logs"
FORMATS = sorted(folder.name for folder in LOGS.iterdir() if (folder / "input").is_dir())
ALIASES = {"claude-code-sessions": "claude-code", "grok-build": "grok", "copilot-cli": "copilot"}
EVER = 1 << 45  # ms


def scanned(sources):
    """Reads (format, folder) pairs into the store of this test's home."""
    paths = find()
    paths.config.parent.mkdir(parents=True, exist_ok=True)
    paths.config.write_text(
        "".join(
            f'[[source]]\nname = "s{nth}"\nformat = "{name}"\npaths = ["{folder}/**/*"]\n'
            for nth, (name, folder) in enumerate(sources)
        )
    )
    assert main(["scan"]) == 0
    return open_reader(paths.database)


def assert_balanced(db):
    """How many sessions were looked at."""
    found = finished_sessions.read(db, 0, EVER)
    costs = dict(
        db.execute(
            "SELECT n.text || '/' || r.session, sum(s.cost) FROM sessions s"
            " JOIN sessions r ON r.id = s.root JOIN names n ON n.id = r.source GROUP BY r.id"
        ).fetchall()
    )
    monitor, spends = Monitor(Settings()), {}
    loops = set()
    for spend in History(db).between(0, EVER):
        loops |= {
            one.session
            for one in monitor.observe(as_it_was(spend))
            if one.rule.startswith("retry_loop")
        }
        spends.setdefault(spend.root, []).append(spend)
    sums = Sums()
    for one in found:
        sums.note(one.peer, 1)
        assert one.cost == costs[one.root], one.root
        assert sum(ledger.session(spends[one.root])) == costs[one.root], one.root
    usual = sums.reference(8)
    for one in found if usual else ():
        split = drivers.split(one.usage, usual)
        assert split.actual == costs[one.root], one.root
        assert sum(split.parts) == split.actual - split.usual, one.root
    assert not loops
    return len(found)


@pytest.mark.parametrize("name", FORMATS)
def test_the_books_of_a_golden_log_balance(name):
    assert_balanced(scanned([(name, LOGS / name / "input")]))


def test_there_are_books_to_balance():
    assert assert_balanced(scanned([(name, LOGS / name / "input") for name in FORMATS])) >= 40


def test_the_books_of_the_samples_balance(shared):
    samples = shared / "samples"
    named = [(name, samples / name) for name in FORMATS if (samples / name).is_dir()]
    named += [
        (name, samples / folder) for folder, name in ALIASES.items() if (samples / folder).is_dir()
    ]
    assert assert_balanced(scanned(named)) >= 10
