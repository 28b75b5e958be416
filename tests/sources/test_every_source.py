"""What holds for every source. A new one needs a folder in tests/logs and no line here."""

import json
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE, SOURCES
from tests.sources import golden

NAMES = [source.name for source in SOURCES]
MEMO_LIMIT = 20_000  # bytes: it is stored with every commit of the file


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@cache  # each example is compared with it
def undisturbed(name):
    return golden.summary(name)


@cache
def counted(name, path, file):
    """What a file alone gives as it is."""
    source = SOURCE[name]
    return _counts(
        golden.settled(golden.folded(source, golden.chunks(source, path, file.read_bytes())))
    )


def test_each_source_is_registered_by_its_name_and_has_golden_logs():
    assert list(SOURCE) == NAMES
    assert not [name for name in NAMES if not golden.files(name)]


def test_a_source_asked_for_by_name_loads_no_other():
    code = (
        "import sys; from costtop.sources.registry import SOURCE; SOURCE['pi']\n"
        "print(*(name for name in sys.modules if name.startswith('costtop.sources.')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in ran.stdout.split() if not name.startswith("costtop.sources.fold")}
    assert loaded == {
        "costtop.sources.registry", "costtop.sources.agents", "costtop.sources.agents.pi"
    }  # fmt: skip


def test_the_golden_logs_give_what_is_expected_of_them(name):
    expected = json.loads((golden.LOGS / name / "expected.json").read_text())
    assert golden.summary(name) == expected


@pytest.mark.parametrize("name", NAMES)
@given(cuts=st.lists(st.integers(1, 80), max_size=12))
@example(cuts=list(range(200)))
def test_any_chunking_gives_the_same(name, cuts):
    assert golden.summary(name, cuts) == undisturbed(name)


def test_files_read_in_the_other_order_and_twice_count_the_same(name):
    forwards, backwards = [], []
    for path, file in golden.files(name):
        parts = golden.chunks(SOURCE[name], path, file.read_bytes())
        events = golden.folded(SOURCE[name], parts)
        forwards += events
        backwards = events + backwards
    once = _counts(golden.settled(forwards))
    assert _counts(golden.settled(backwards)) == once
    assert _counts(golden.settled(forwards + backwards)) == once


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=300), where=st.integers(0, 40))
def test_garbage_raises_nothing_and_costs_no_neighbour(name, data, where):
    for path, file in golden.files(name):
        if SOURCE[name].shape != "lines":
            golden.folded(SOURCE[name], [Chunk(path, data, 0, golden.SEEN)])
            continue
        lines = file.read_bytes().splitlines(keepends=True)
        garbage = data.replace(b"\n", b"").replace(b"{", b"") + b"\n"
        lines.insert(min(where, len(lines)), garbage)
        spoilt = golden.folded(SOURCE[name], golden.chunks(SOURCE[name], path, b"".join(lines)))
        assert _counts(golden.settled(spoilt)) == counted(name, path, file)


@pytest.mark.parametrize("name", NAMES)
@given(spots=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8))
def test_a_spoilt_log_raises_nothing(name, spots):
    for path, file in golden.files(name):
        data = bytearray(file.read_bytes())
        for place, byte in spots if data else ():
            data[place % len(data)] = byte
        if not path.endswith(".rows.json"):
            golden.folded(SOURCE[name], golden.chunks(SOURCE[name], path, bytes(data)))


def test_the_memo_stays_small(name):
    for path, file in golden.files(name):
        memo = {}
        for part in golden.chunks(SOURCE[name], path, file.read_bytes(), range(1000)):
            _, memo = SOURCE[name].read(part, memo)
            assert len(json.dumps(memo)) < MEMO_LIMIT


def test_calls_have_keys_of_16_bytes_and_tokens_that_fit_together(name):
    for path, file in golden.files(name):
        parts = golden.chunks(SOURCE[name], path, file.read_bytes())
        for event in golden.folded(SOURCE[name], parts):
            if tokens := getattr(event, "tokens", None):
                assert len(event.key) == 16
                assert tokens.cache_read + tokens.cache_write <= tokens.input
                assert tokens.cache_write_1h <= tokens.cache_write
                assert tokens.reasoning <= tokens.output


def _counts(told):
    """Calls without what only the order of equal sights decides: whose they are."""
    bare = ("tokens", "model", "at", "reported", "searches", "tier")
    return {key: {part: call.get(part) for part in bare} for key, call in told["calls"].items()}
