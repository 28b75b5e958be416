"""A process once known stays known while it lives, whatever a later search finds or misses."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from costtop.daemon.actions.process_search import ProcessSearch
from costtop.durations import now_ms
from costtop.processes.evidence.evidence_nouns import PeerReport, ProcessClaim, Wanted
from costtop.processes.inspect import linux
from costtop.store.writer import Writer

ACTOR = Path(__file__).with_name("actor.py")
ONE = Wanted("claude-code/aaaa", "claude-code", ("aaaa",))


def here():
    return ONE._replace(cwd=os.getcwd())


@pytest.fixture
def agent(tmp_path):
    """The actor under an agent's name."""
    path = tmp_path / "claude"
    path.write_text(ACTOR.read_text())
    return [sys.executable, str(path)]


def report(hand, pid, session="claude-code/aaaa"):
    chain = ((pid, linux.glance(pid).start),)
    return hand.holder.report(PeerReport(session, "hook", chain, "claude-code"))


async def test_a_search_that_began_before_the_first_call_was_stored_forgets_nobody(
    stage, hand, agent, home
):
    pid = stage.start("name=agent", program=agent)
    async with Writer(home / "costtop.db") as writer:
        hunt = ProcessSearch(writer, hand.holder, hand.vitals)
        report(hand, pid)  # by its hook; the store, which the search has read, knows no session yet
        await hunt.once()
        found = hand.holder.find("claude-code/aaaa")
        assert (found.process.pid, found.confidence, found.refusal) == (pid, "exact", "")
        stage.end_of("agent")
        stage.ended("agent")
        await hunt.once()
        assert hand.holder.sessions() == ()


def test_a_search_that_finds_nothing_takes_nothing_back(stage, hand, look, root):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    before = look(here())[0]
    file = root / f"sessions/{pid}.json"
    for content in ("", '{"pid":'):  # the agent is about to write it anew
        file.write_text(content)
        assert look(here())[0] == before
    file.unlink()
    assert look(here())[0] == before
    assert hand.holder.confirms(ONE.session)


def test_a_weaker_sign_of_another_process_counts_for_nothing(stage, hand, agent):
    pid = stage.start("name=agent", program=agent)
    report(hand, pid)
    other = stage.start("name=other")
    weaker = ProcessClaim(ONE.session, other, linux.glance(other).start, "strong", "a guess")
    hand.holder.take([ONE], [weaker])
    assert hand.holder.find(ONE.session).process.pid == pid


def test_a_claim_of_a_process_that_has_just_ended_does_not_displace_a_living_one(
    stage, hand, agent
):
    pid = stage.start("name=agent", program=agent)
    report(hand, pid)
    once = stage.start("name=once")
    stale = ProcessClaim(ONE.session, once, linux.glance(once).start, "exact", "as it was")
    stage.end_of("once")
    stage.ended("once")
    stage.reap()
    hand.holder.take([ONE], [stale])
    found = hand.holder.find(ONE.session)
    assert (found.process.pid, found.gone) == (pid, False)


def test_the_word_of_a_process_that_ended_does_not_hide_its_successor(
    stage, hand, look, root, agent
):
    first = stage.start("name=first", program=agent)
    report(hand, first)
    stage.end_of("first")
    stage.ended("first")
    second = stage.start("name=second", f"claude={root},aaaa")
    found = look(here())[0]
    assert (found.process.pid, found.gone, found.refusal) == (second, False, "")


def test_while_two_are_as_sure_it_is_refused_and_known_again_after(stage, hand, look, root):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    assert look(here())[0].refusal == ""
    second = stage.start("name=second", f"claude={root},aaaa")
    assert str(second) in look(here())[0].refusal
    stage.end_of("second")
    stage.ended("second")
    found = look(here())[0]
    assert (found.process.pid, found.refusal) == (pid, "")


def test_a_process_that_went_on_to_another_session_is_no_longer_the_formers(
    stage, hand, look, root
):
    pid = stage.start("name=agent", f"claude={root},aaaa")
    other = Wanted("claude-code/bbbb", "claude-code", ("bbbb",), cwd=os.getcwd())
    look(here(), other)
    file = root / f"sessions/{pid}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "sessionId": "bbbb"}))
    former, found = look(here(), other)
    assert "gone on to session claude-code/bbbb" in former.refusal and former.process is None
    assert (found.process.pid, found.refusal) == (pid, "")


async def test_a_subagents_session_gives_its_process_to_the_root(stage, hand, agent, home):
    pid = stage.start("name=agent", program=agent)
    async with Writer(home / "costtop.db") as writer:
        hunt = ProcessSearch(writer, hand.holder, hand.vitals)
        report(hand, pid, "claude-code/child")
        await writer.transact(_child_of_root)
        await hunt.once()
        assert "claude-code/child" not in hand.holder.sessions()


def _child_of_root(db):
    _stored(db, "root", "child")


def _stored(db, *sessions):
    """The first of them is the root of all."""
    db.execute("INSERT INTO names (text) VALUES ('claude-code')")
    source, other = db.execute(
        "SELECT id FROM names WHERE text IN ('claude-code', '') ORDER BY text DESC"
    ).fetchall()
    columns = "source, session, model, feature, root"
    for session in sessions:
        db.execute(f"INSERT INTO sessions ({columns}) VALUES (?, ?, ?, ?, 1)",
                   (*source, session, *other, *other))  # fmt: skip


@pytest.mark.parametrize("looked", [True, False], ids=["seen alive", "gone between two looks"])
async def test_the_exit_of_a_known_process_is_noticed_also_after_a_reload(
    stage, hand, agent, home, looked
):
    pid = stage.start("name=agent", program=agent)
    exits: dict[str, int] = {}
    async with Writer(home / "costtop.db") as writer:
        search = ProcessSearch(writer, hand.holder, hand.vitals, exits=exits)
        report(hand, pid)
        if looked:
            assert search.exited() == {}
        stage.end_of("agent")
        stage.ended("agent")
        noticed = search.exited()
        assert set(noticed) == {"claude-code/aaaa"}
        again = ProcessSearch(writer, hand.holder, hand.vitals, exits=exits)
        assert again.exited() == noticed
        other = stage.start("name=other", program=agent)
        report(hand, other)  # the session was resumed
        assert again.exited() == {}


@pytest.mark.parametrize("looked", [True, False], ids=["while it ran", "while nobody did"])
async def test_an_exit_is_known_to_the_daemon_after_this_one(stage, hand, agent, home, looked):
    """Whoever ended before, or while no daemon ran, is not said to run by the next."""
    report(hand, stage.start("name=agent", program=agent))
    async with Writer(home / "costtop.db") as writer:
        await writer.transact(_stored, "aaaa")
        search = ProcessSearch(writer, hand.holder, hand.vitals)
        await search.once()
        stage.end_of("agent")
        stage.ended("agent")
        if looked:
            await search.once()
        hand.holder.forget("claude-code/aaaa")
        following = ProcessSearch(writer, hand.holder, hand.vitals)
        await following.restore()
        assert set(following.exited()) == {"claude-code/aaaa"}


async def test_the_exit_of_a_guessed_process_says_nothing(stage, hand, home):
    pid = stage.start("name=guess")
    guess = ProcessClaim(ONE.session, pid, linux.glance(pid).start, "weak", "its folder")
    async with Writer(home / "costtop.db") as writer:
        search = ProcessSearch(writer, hand.holder, hand.vitals)
        hand.holder.take([ONE], [guess])
        search.exited()
        stage.end_of("guess")
        stage.ended("guess")
        assert search.exited() == {}


async def test_young_sessions_are_searched_for_before_the_next_search_is_due(stage, hand, home):
    """Their cap or budget may be spent within seconds, and one look may come too early."""
    dear = 0.03  # s of a core that the search before took: the next is due in ten seconds
    async with Writer(home / "costtop.db") as writer:
        search = ProcessSearch(writer, hand.holder, hand.vitals)
        await search.once()
        rest = asyncio.create_task(search._rest(dear))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(rest), 1.5)
        await writer.transact(_begun, "aaaa")
        await asyncio.wait_for(rest, 8)
        await search.once()
        await asyncio.wait_for(search._rest(dear), 8)  # it is not known yet
        report(hand, stage.start("name=agent", program=stage.program("claude")))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(search._rest(dear), 1.5)


def _begun(db, session):
    _stored(db, session)
    # Its log hints at a process, which a search may find; of a socket alone the kernel tells.
    db.execute("UPDATE sessions SET started = ?1, last = ?1, pid = 4194305", (now_ms(),))
