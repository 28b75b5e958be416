"""Titles that agents give sessions are read apart from all else, of every format that has them.

A format that is read for them needs `titles.json` beside its golden log: session to title, and
whether the user gave it. `python -m tests.sources.test_session_titles` writes them anew.
"""

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest

from costtop.daemon.ingest.databases import asked
from costtop.model import SessionFact
from costtop.sources import session_titles
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from costtop.sources.session_titles import LONGEST, TITLES
from costtop.text import clean
from tests.sources.databases import built
from tests.sources.golden import LOGS, SEEN, chunks, files

NAMES = sorted(TITLES)


def told(facts: list[SessionFact]) -> dict[str, list[Any]]:
    """The last title of each session; one of the agent's never after the user's own."""
    found: dict[str, list[Any]] = {}
    for fact in facts:
        if fact.named or found.get(fact.session, [""])[1:] != [True]:
            found[fact.session] = [fact.title, fact.named]
    return dict(sorted(found.items()))


def of_chunks(name: str, parts: list[Chunk]) -> list[SessionFact]:
    facts, memo = list[SessionFact](), {}
    for part in parts:
        some, memo = session_titles.read(name, part, json.loads(json.dumps(memo)))
        facts += some
    return facts


def golden(name: str, folder: Path, cuts: tuple[int, ...] = ()) -> dict[str, list[Any]]:
    facts = list[SessionFact]()
    if TITLES[name].shape == "rows":
        for script in sorted((LOGS / name).glob("*.sql")):
            database = built(script, folder / f"{name}-{script.stem}.db")
            page = asked(str(database).encode(), TITLES[name], {}, SEEN)
            facts += [one for one in page.events if isinstance(one, SessionFact)]
    else:
        for path, file in files(name):
            parts = list(chunks(SOURCE[name], path, file.read_bytes(), cuts))
            facts += of_chunks(name, parts)
    return told(facts)


@pytest.mark.parametrize("name", NAMES)
def test_the_golden_logs_tell_these_titles(name: str, tmp_path: Path) -> None:
    expected = json.loads((LOGS / name / "titles.json").read_text())
    assert golden(name, tmp_path) == expected
    assert expected or name in ("oh-my-pi", "openclaw", "amp")


@pytest.mark.parametrize("name", [one for one in NAMES if TITLES[one].shape == "lines"])
def test_titles_are_the_same_from_any_chunks(name: str, tmp_path: Path) -> None:
    whole = golden(name, tmp_path)
    for cut in range(1, 40):
        assert golden(name, tmp_path, (cut, cut + 3)) == whole


@pytest.mark.parametrize("name", [one for one in NAMES if TITLES[one].shape != "rows"])
def test_no_garbage_raises_and_no_title_is_longer_or_harmful(name: str) -> None:
    shuffled = random.Random(name)
    for path, file in files(name):
        data = bytearray(file.read_bytes())
        for _ in range(200):
            data[shuffled.randrange(len(data))] = shuffled.randrange(256)
        for fact in of_chunks(name, [Chunk(f"/logs/{path}", bytes(data), 0, SEEN)]):
            assert fact.title == clean(fact.title, LONGEST)


@pytest.mark.parametrize("name", sorted(SOURCE))
def test_what_is_read_without_being_asked_has_no_title(name: str) -> None:
    for path, file in files(name):
        for chunk in chunks(SOURCE[name], path, file.read_bytes()):
            events, memo = SOURCE[name].read(chunk, {})
            facts = [one for one in events if isinstance(one, SessionFact)]
            assert not any(fact.title for fact in facts)
            titles = json.loads((LOGS / name / "titles.json").read_text()) if name in TITLES else {}
            said = json.dumps([events, memo], default=str)
            assert not any(" " in title and title in said for title, _ in titles.values())


def claude(*lines: dict[str, Any], at: int = 0) -> dict[str, list[Any]]:
    data = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
    name = "5d1f0c1e-0000-4000-8000-00000000000a"
    return told(of_chunks("claude-code", [Chunk(f"/p/{name}.jsonl", data, at, SEEN)]))


def test_a_summary_at_the_head_is_another_sessions_unless_its_leaf_is_here() -> None:
    of_another = {"type": "summary", "summary": "Another one", "leafUuid": "far"}
    own = {"type": "summary", "summary": "This one", "leafUuid": "near"}
    row = {"type": "user", "uuid": "near", "message": {"role": "user", "content": "x"}}
    assert claude(of_another, row) == {}
    assert [one for one, _ in claude(of_another, own, row).values()] == ["This one"]
    assert [one for one, _ in claude(of_another, row, of_another).values()] == ["Another one"]
    assert [one for one, _ in claude(of_another, at=900).values()] == ["Another one"]


def test_a_title_is_one_harmless_line() -> None:
    hostile = "  Fix\n\x1b]52;c;aGk=\x07the \u202eretry\u200b " + "x" * 300
    (title,) = (one for one, _ in claude({"type": "ai-title", "aiTitle": hostile}).values())
    assert len(title) == LONGEST
    assert title.startswith("Fix \ufffd]52;c;aGk=\ufffdthe \ufffdretry\ufffd xxx")
    for nothing in ("", "  \n", None, 7, ["x"], "New session - 2026-11-20T10:00:00.000Z"):
        assert claude({"type": "ai-title", "aiTitle": nothing}) == {}


if __name__ == "__main__":
    for given in NAMES:
        with tempfile.TemporaryDirectory() as place:
            text = json.dumps(golden(given, Path(place)), indent=1, ensure_ascii=False)
        (LOGS / given / "titles.json").write_text(text + "\n")
