"""Worker processes give what this process would, from nowhere but costtop's own code."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from costtop.daemon.ingest import order_encoding
from costtop.daemon.ingest.fold import Order, fold, sorted_events
from costtop.daemon.ingest.fold_workers import Workers, workers
from costtop.daemon.ingest.turn_encoding import packed, unpacked
from costtop.model import Media
from costtop.sources.registry import SOURCE
from costtop.tail.place import Place
from costtop.tail.rotation import FileChange
from tests.patience import PATIENCE
from tests.sources.golden import chunks, files, folded

ROOT = Path(__file__).resolve().parent.parent.parent
BUDGET = 1 << 20


def orders(folder: Path, files: int = 3) -> list[Order]:
    made = []
    for n in range(files):
        path = folder / f"log-{n}.jsonl"
        lines = [
            {
                "session": f"s{n}",
                "model": "m",
                "input_tokens": 10,
                "output_tokens": k,
                "id": f"{n}/{k}",
            }
            for k in range(5)
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        change = FileChange("new", Place(os.fsencode(path)))
        made.append(Order("costtop", "costtop", change, {}, 1_795_000_000_000))
    return made


async def test_a_worker_gives_what_this_process_would(tmp_path: Path) -> None:
    asked = orders(tmp_path)
    async with workers(2, BUDGET) as pool:
        one, two = await asyncio.gather(pool.fold(asked[:1]), pool.fold(asked[1:]))
    given = [([*item.calls], item.memo, item.read) for item in (*one, *two)]
    assert given == [([*item.calls], item.memo, item.read) for item in fold(asked, BUDGET)]
    assert sum(len(item.calls) for item in (*one, *two)) == 15


@pytest.mark.parametrize("count", [1, 2])
async def test_each_of_many_turns_at_once_has_the_answer_to_itself(
    tmp_path: Path, count: int
) -> None:
    turns = [[one] for one in orders(tmp_path, 24)]
    async with workers(count, BUDGET) as pool:
        begun = pool.begin(turns[:4]) if count == 1 else []
        assert begun == turns[: len(begun)]
        asked = []
        for turn in turns:
            asked.append(asyncio.create_task(pool.fold(turn)))
            if len(asked) % 5 == 0:  # some come while others are being answered
                await asked[-3]
        given = await asyncio.gather(*asked)
    paths = [[one.change.place.path for one in turn] for turn in turns]
    assert [[one.place.path for one in answer] for answer in given] == paths


def test_orders_cross_to_a_worker_as_they_are() -> None:
    place = Place(b"/logs/\xff", 1, 2, 3, 4, 5, 6, b"head", b"marker", True, True, 7, 8, True)
    memo = {"turn": {"id": "a", "at": 1 << 40, "busy": None}, "waiting": [["x", 1.5, False]]}
    asked = [
        Order("codex", "work", FileChange("grown", place, final=True), memo, 9, titles=True),
        Order("costtop", "costtop", FileChange("new", Place(b"/logs/new")), {}, 10),
    ]
    for orders in (asked, []):
        assert plain(order_encoding.unpacked(order_encoding.packed(orders))) == plain(orders)


def test_what_a_dead_worker_was_asked_is_folded_here(tmp_path: Path) -> None:
    dead = subprocess.Popen(
        [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    dead.wait()
    pool = Workers([dead], BUDGET)
    try:
        folded = asyncio.run(pool.fold(orders(tmp_path)))
    finally:
        (follower,) = pool.followers
        with follower:
            follower.kill()
        with pytest.raises(BrokenPipeError):
            dead.stdin.close()  # type: ignore[union-attr]
        dead.stdout.close()  # type: ignore[union-attr]
    assert sum(len(item.calls) for item in folded) == 15


async def test_a_worker_that_died_has_one_follower_and_all_its_files_are_folded(
    tmp_path: Path,
) -> None:
    asked = orders(tmp_path)
    given = []
    async with workers(1, BUDGET) as pool:
        for one in asked:
            (worker,) = (pool.followers or pool.processes)[-1:]
            worker.kill()
            worker.wait()
            given += await pool.fold([one])
        assert len(pool.followers) == 1
    assert [len(item.calls) for item in given] == [5, 5, 5]


def test_workers_import_nothing_from_the_current_folder(tmp_path: Path) -> None:
    hostile, logs = tmp_path / "hostile", tmp_path / "logs"
    hostile.mkdir()
    logs.mkdir()
    for name in ("json", "msgspec", "costtop", "gc", "pickle"):
        (hostile / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"sys.path.insert(1, {str(ROOT / 'tests' / 'daemon')!r})\n"
        "import asyncio, pathlib, msgspec, test_workers as t\n"
        "sys.path.insert(0, '')\n"
        "async def go():\n"
        "    async with t.workers(1, t.BUDGET) as pool:\n"
        f"        asked = t.orders(pathlib.Path({str(logs)!r}), 1)\n"
        "        print(len((await pool.fold(asked))[0].calls))\n"
        "asyncio.run(go())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=hostile, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "5\n"
    assert ran.stderr == ""
    assert not (tmp_path / "ran").exists()


def test_a_worker_ends_when_its_parent_is_gone() -> None:
    code = "from costtop.daemon.ingest.fold_worker import serve; serve(1)"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, b"")


def plain(value: object) -> object:
    """A value with the types of all that it holds."""
    parts = [plain(one) for one in value] if isinstance(value, tuple | list) else value
    return (type(value), parts)


@pytest.mark.parametrize("name", sorted(SOURCE))
def test_what_crosses_from_a_worker_is_what_it_folded(name: str) -> None:
    place, source = Place(b"/logs/one"), SOURCE[name]
    turns = [sorted_events(name, place, {"turn": {"id": "a"}}, [], 3)]
    for path, file in files(name):
        events = folded(source, chunks(source, path, file.read_bytes()))
        turns.append(sorted_events("", place, {}, events, 7))
    media = Media(1, 2, 3, 4, 5, 6)
    turns += [
        turn._replace(calls=[call._replace(media=media, at=1 << 70) for call in turn.calls])
        for turn in turns[:2]
    ]
    for asked in ([], turns[:1], turns):
        crossed = [turn._replace(calls=[*turn.calls]) for turn in unpacked(packed(asked))]
        assert plain(crossed) == plain([turn._replace(calls=[*turn.calls]) for turn in asked])
