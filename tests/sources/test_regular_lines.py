"""Many of costtop's own lines at once say what each says alone, or are read one by one."""

import json
import random

import pytest

from costtop.durations import iso
from costtop.model import Bad, Call
from costtop.sources.apis import regular_lines
from costtop.sources.fold.source import Chunk
from costtop.sources.registry import SOURCE
from tests.sources.golden import SEEN

_OFFSET = 4_000


def _row(n, rng):
    row = {"session": f"s{n // 7}", "model": rng.choice(("gpt-5", "claude-sonnet-4-5", "m\u202e"))}
    row |= {"input_tokens": rng.randrange(10_000), "output_tokens": rng.randrange(500)}
    if rng.random() < 0.5:
        read = rng.randrange(row["input_tokens"] + 1)
        row |= {"cache_read_tokens": read, "cache_write_tokens": row["input_tokens"] - read}
    if rng.random() < 0.9:
        row |= {"id": rng.choice((f"id-{n}", n, f"é{n}")), "ts": iso(SEEN - 1000 * n)}
    for name in ("provider", "agent", "cwd", "user", "task", "project", "feature", "host"):
        if rng.random() < 0.3:
            row[name] = rng.choice((name, f"{name} {n}", "", "a\tb"))
    if rng.random() < 0.3:
        row["pid"] = rng.choice((None, 4242))
    return row


def _lines(count, seed):
    rng = random.Random(seed)
    return [json.dumps(_row(n, rng)).encode() + b"\n" for n in range(count)]


def _chunk(lines):
    return Chunk("/home/ana/calls.jsonl", b"".join(lines), _OFFSET, SEEN)


def _one_by_one(lines):
    """Each in a chunk of its own, which is too few to be read together."""
    offset, found = _OFFSET, []
    for line in lines:
        found += SOURCE["costtop"].read(Chunk("/home/ana/calls.jsonl", line, offset, SEEN), {})[0]
        offset += len(line)
    return found


def _together(lines):
    return SOURCE["costtop"].read(_chunk(lines), {})[0]


@pytest.mark.parametrize("seed", range(20))
def test_regular_lines_say_together_what_each_says_alone(seed):
    lines = [line for line in _lines(60, seed) if b'"id"' in line]
    assert regular_lines.calls(_chunk(lines)) is not None
    assert _together(lines) == _one_by_one(lines)
    assert len({call.key for call in _together(lines)}) == len(lines)


_ODD = [
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1}\n',  # its key is the line
    b'{"session":"","model":"m","input_tokens":1,"output_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"","input_tokens":1,"output_tokens":1,"id":"x"}\n',
    b'{"session":"s","input_tokens":1,"output_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"m","output_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"m","input_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"m","input_tokens":-1,"output_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"m","input_tokens":-0,"output_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"m","input_tokens":1.0,"output_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"cache_read_tokens":2,"id":1}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"reasoning_tokens":2,"id":1}\n',
    (
        b'{"session":"s","model":"m","input_tokens":9,"output_tokens":1,"cache_write_tokens":2,'
        b'"cache_write_1h_tokens":3,"id":1}\n'
    ),
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","pid":0}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","ts":1795428000}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","ts":null}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":null}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","user":null}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","cost_usd":0.5}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","parent":"p"}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","tags":{"a":1}}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x","new":[1]}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"\\ud83d"}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"\xff"}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"a\tb"}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x"}\r\n',
    b'{"event":"session","session":"s","status":"ended"}\n',
    (
        b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x"}'
        b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"y"}\n'
    ),
    b'{"session":"s",\n"model":"m","input_tokens":1,"output_tokens":1,"id":"x"}\n',
    b'{"session":"s","model":"m","input_tokens":1,"output_tokens":1,"id":"x"}{\n}\n',
    b"\n",
    b"[1]\n",
    b"nonsense\n",
    b"{}\n",
]


@pytest.mark.parametrize("odd", _ODD)
@pytest.mark.parametrize("place", [0, 9, 20])
def test_one_line_that_is_not_regular_has_all_of_them_read_one_by_one(odd, place):
    lines = [line for line in _lines(30, 5) if b'"id"' in line][:20]
    lines.insert(place, odd)
    whole = b"".join(lines).splitlines(keepends=True)
    assert regular_lines.calls(_chunk(lines)) is None
    assert _together(lines) == _one_by_one(whole)
    assert sum(isinstance(one, Call) for one in _together(lines)) >= 20


def test_a_few_lines_are_read_one_by_one():
    lines = [line for line in _lines(30, 5) if b'"id"' in line]
    assert regular_lines.calls(_chunk(lines[: regular_lines.LEAST - 1])) is None
    assert regular_lines.calls(_chunk([])) is None
    assert not any(isinstance(one, Bad) for one in _together(lines[:3]))
