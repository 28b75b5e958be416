"""Blindness is told when it begins and when it ends, even when the store is what fails."""

import asyncio
import sqlite3
from collections.abc import Callable

from costtop.alerts.own_faults import Health
from costtop.daemon.notices.self_check import SelfCheck
from tests.notify.desk import clock, desk, json_to, tier, until

MINUTE = 60_000


class Patient:
    """Health that a test sets."""

    def __init__(self) -> None:
        self.health = Health(clock(), clock(), 2, 2)

    def __call__(self, now: int) -> Health:
        return self.health


async def test_blindness_is_told_once_and_its_end_too(tmp_path, inbox):
    patient = Patient()
    async with desk(tmp_path, [json_to(inbox)]) as it:
        sight = SelfCheck(patient, it.writer, it.to, it.courier)
        await sight.look(clock())
        patient.health = patient.health._replace(readable=0)
        for _ in range(3):
            await sight.look(clock())
        await it.settled()
        patient.health = patient.health._replace(readable=2)
        for _ in range(3):
            await sight.look(clock())
        await it.settled()
    assert inbox.titles == [
        "[costtop] blind: no log can be read, all 2 folders cannot be opened",
        "[costtop] resolved blind: costs are seen again",
    ]


async def test_an_end_is_told_by_the_next_daemon_too(tmp_path, inbox):
    patient = Patient()
    patient.health = patient.health._replace(last_scan=None, started=clock() - 20 * MINUTE)
    async with desk(tmp_path, [json_to(inbox)]) as it:
        await SelfCheck(patient, it.writer, it.to, it.courier).look(clock())
        await it.settled()
    patient.health = patient.health._replace(last_scan=clock())
    async with desk(tmp_path, [json_to(inbox)]) as it:
        await SelfCheck(patient, it.writer, it.to, it.courier).look(clock())
        await it.settled()
    assert [title.partition(":")[0] for title in inbox.titles] == [
        "[costtop] blind",
        "[costtop] resolved blind",
    ]


async def test_a_store_that_cannot_be_written_does_not_stop_the_message(tmp_path, inbox):
    patient = Patient()
    patient.health = patient.health._replace(store="attempt to write a readonly database")
    async with desk(tmp_path, [json_to(inbox)]) as it:

        def break_it(db: sqlite3.Connection) -> None:
            db.execute("PRAGMA query_only = ON")

        await it.writer.read(break_it)
        await SelfCheck(patient, it.writer, it.to, it.courier).look(clock())
        await until(lambda: inbox.got)
    assert inbox.titles[0].startswith("[costtop] blind: the database cannot be written")


async def test_a_letter_that_was_sent_is_not_sent_again_while_the_store_cannot_keep_that(
    tmp_path, inbox
):
    def writable(yes: bool) -> Callable[[sqlite3.Connection], object]:
        return lambda db: db.execute(f"PRAGMA query_only = {'OFF' if yes else 'ON'}")

    async with desk(tmp_path, [json_to(inbox)]) as it:
        await it.tell(tier(50, clock()))
        await it.writer.read(writable(False))
        await until(lambda: it.courier.trouble)
        await asyncio.sleep(1.5)  # a second try of the courier goes by
        await it.writer.read(writable(True))
        await it.settled()
        assert await it.states() == ["sent"]
    assert len(inbox.got) == 1
