"""Sessions at rest lie in a file without a name, and come back byte for byte."""

import os
import random
from pathlib import Path

from costtop.daemon.alerting.packed_sessions import FileShelf


def test_what_lies_on_the_shelf_comes_back_in_any_order(tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    chance, shelf = random.Random(5), FileShelf(folder)
    kept: dict[bytes | int, bytes] = {}
    for _ in range(2_000):
        if kept and chance.random() < 0.4:
            ticket, data = chance.choice([*kept.items()])
            assert shelf.look(ticket) == data
            shelf.drop(ticket)
            del kept[ticket]
        else:
            data = chance.randbytes(chance.choice((0, 1, 63, 64, 65, 600, 5_000)))
            kept[shelf.put(data)] = data
    assert [shelf.look(ticket) for ticket in kept] == [*kept.values()]
    assert os.listdir(folder) == [], "nobody else finds it"


def test_room_that_was_given_back_is_used_again(tmp_path: Path) -> None:
    shelf = FileShelf(tmp_path)
    tickets = [shelf.put(bytes([nth]) * 600) for nth in range(50)]
    for nth, ticket in enumerate(tickets):
        assert shelf.look(ticket) == bytes([nth]) * 600
        shelf.drop(ticket)
    assert {shelf.put(b"x" * 600) for _ in range(50)} == {*tickets}


def test_where_the_disk_takes_nothing_memory_does(tmp_path: Path) -> None:
    shelf = FileShelf(tmp_path / "gone")
    ticket = shelf.put(b"a session")
    assert shelf.look(ticket) == b"a session"
    shelf.drop(ticket)
