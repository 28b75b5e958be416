"""A daemon that is ended and begun again at any commit tells the same as one that never was."""

import json
import random
from collections import Counter

import pytest

from costtop.detect.sessions.finished_peer import Peer
from costtop.model import SessionFact
from costtop.store.db import open_reader
from costtop.store.sessions import marks
from tests.daemon.stream import Life, ends, reading, stream

MINUTE, DAY = 60_000, 86_400_000
# Not the reason: of what is judged together after a sleep the loudest speaks for the others.
SAID = (
    "SELECT identity, rule, severity, at, turn, cost, excess, cause, title, why, evidence, state,"
    " user, feature"
    " FROM alerts WHERE state <> 'history' ORDER BY identity"
)


@pytest.fixture(scope="module")
def made():
    spends = stream(41, days=3)
    start = spends[0].call.at
    old = [spend for spend in spends if spend.call.at < start + DAY]
    return old, commits(spends[len(old) :]), ends(spends, 3)


def commits(spends):
    """Batches of what arrives together, each with its moment."""
    rng = random.Random(5)
    found, at = [], 0
    while at < len(spends):
        batch = spends[at : at + rng.randint(1, 40)]
        at += len(batch)
        found.append((batch, batch[-1].call.at + 700))
    return found


def lived(path, made, hurt):
    """Runs the stream; `hurt(life, nth, read, now)` may end the life and give another."""
    old, batches, over = made
    imported = list(old)
    random.Random(3).shuffle(imported)  # files of a first import come in any order
    now = batches[0][1] - 1000
    life = Life(path, now, waits=True)
    life.commit(reading(imported, facts(over, old)), now)
    life.begin(now)
    life.wake_up(now)
    left = Counter(spend.root for batch, _ in batches for spend in batch)
    killed = ""
    for nth, (batch, now) in enumerate(batches):
        left -= Counter(spend.root for spend in batch)
        read = reading(batch, facts(over, batch))
        life = hurt(life, nth, read, now)
        if life.watch.awake:
            life.tick(now)
        root = next((spend.root for spend in batch if spend.root not in left), "")
        if nth >= 60 and root and not killed:
            killed = root
            marks.journal(life.db, now, "me", "kill up to TERM", root, "gone")
    while not life.watch.awake:
        life.begin(now + 5000)
        life.wake_up(now + 5000)
    life.tick(now + DAY)
    life.end()
    reader = open_reader(path)
    said = reader.execute(SAID).fetchall()
    # The peaks of a session that rested over a restart are measured against other peers: left out.
    kept = reader.execute(
        "SELECT root, at, json_remove(peer, '$[11]', '$[10]', '$[9]') FROM peers ORDER BY root"
    ).fetchall()
    reader.close()
    return said, kept


def facts(over, spends):
    return [over[spend.call.key] for spend in spends if spend.call.key in over]


def unhurt(life, nth, read, now):
    life.commit(read, now)
    return life


@pytest.fixture(scope="module")
def undisturbed(made, tmp_path_factory):
    return lived(tmp_path_factory.mktemp("one") / "costtop.db", made, unhurt)


def test_the_stream_has_enough_to_say(undisturbed):
    said, kept = undisturbed
    assert len({row[1] for row in said}) >= 5
    assert len(said) >= 20
    assert all(user for identity, *_, user, _ in said if identity.startswith("session|"))
    assert len(kept) > 100
    censored = Peer._fields.index("censored") - len(Peer._fields)  # three before it are left out
    killed = [peer for *_, peer in kept if json.loads(peer)[censored]]
    assert len(killed) == 1


def test_ended_between_commits(made, undisturbed, tmp_path):
    def hurt(life, nth, read, now):
        life.commit(read, now)
        if nth % 23 == 11:
            life.end()
            return Life(life.path, now)
        return life

    same(lived(tmp_path / "costtop.db", made, hurt), undisturbed)


def test_killed_in_the_middle_of_a_commit(made, undisturbed, tmp_path):
    def hurt(life, nth, read, now):
        if nth % 29 == 7:
            life.killed_in(read, now)
            life = Life(life.path, now - 1)
        life.commit(read, now)
        return life

    same(lived(tmp_path / "costtop.db", made, hurt), undisturbed)


def test_what_is_read_while_it_still_learns_is_judged_as_if_it_had_been_awake(
    made, undisturbed, tmp_path
):
    def hurt(life, nth, read, now):
        if nth % 31 == 3:
            life.end()
            life = Life(life.path, now, waits=True)
            life.begin(now - 1)
        life.commit(read, now)
        if not life.watch.awake and nth % 31 == 5:
            life.wake_up(now)
        return life

    same(lived(tmp_path / "costtop.db", made, hurt), undisturbed)


def test_without_kept_peers_all_calls_are_read_again(made, undisturbed, tmp_path):
    def hurt(life, nth, read, now):
        life.commit(read, now)
        if nth % 67 == 40:
            life.db.execute("DELETE FROM peers")
            life.db.execute("DELETE FROM meta WHERE key = 'peers'")
            life.end()
            return Life(life.path, now)
        return life

    same(lived(tmp_path / "costtop.db", made, hurt), undisturbed)


def same(ours, theirs):
    for mine, wanted in zip(ours, theirs, strict=True):
        assert [row for row in mine if row not in wanted] == []
        assert len(mine) == len(wanted)


def test_a_session_goes_on_where_it_was_after_a_rest_over_a_restart(made, tmp_path):
    batches = made[1]
    spends = [spend for batch, _ in batches for spend in batch]
    long = max({spend.root for spend in spends}, key=lambda root: _turns(spends, root))
    own = [spend for spend in spends if spend.root == long]
    half, now = len(own) // 2, own[0].call.at
    life = Life(tmp_path / "costtop.db", now)
    life.commit(reading(own[:half], [SessionFact(own[0].call.source, own[0].call.session,
                                                 ended=own[half - 1].call.at)]), now)  # fmt: skip
    assert life.db.execute("SELECT count(*) FROM peers").fetchone() == (1,)
    life.end()
    life = Life(tmp_path / "costtop.db", now + DAY)
    late = own[half]._replace(call=own[half].call._replace(at=now + DAY))
    life.commit(reading([late]), now + DAY + 1)
    assert life.db.execute("SELECT count(*) FROM peers").fetchone() == (0,)
    life.tick(now + DAY + 31 * MINUTE)
    [(turns,)] = life.db.execute("SELECT json_extract(peer, '$[6]') FROM peers").fetchall()
    life.end()
    assert turns == sum(1 for spend in own[: half + 1] if not spend.call.agent)


def _turns(spends, root):
    return sum(spend.root == root for spend in spends)
