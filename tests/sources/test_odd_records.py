"""What every source's lines may hold: counts as floats, several records on one line, ruins."""

import json
import re

import pytest

from costtop.model import Call
from costtop.sources.registry import SOURCE, SOURCES
from tests.sources import golden
from tests.sources.golden import folded, settled
from tests.sources.lines import bad, events, unread

LINES = [source.name for source in SOURCES if source.shape == "lines"]
JSON_LINES = [name for name in LINES if name != "gemini-cli.telemetry"]
OWN = ["costtop", "otlp"]  # tell their writer what was not taken
_COUNT = re.compile(
    rb'(tokens\w*"|[a-z]Tokens"|count"|(?:in|out)put"|TokenCount")(\s*:\s*)(\d+)(?=[,}])'
)


def whole(name, change):
    """What the golden logs of a source give, each file's bytes changed."""
    told = []
    for path, file in golden.files(name):
        parts = golden.chunks(SOURCE[name], path, change(file.read_bytes()))
        told.append(folded(SOURCE[name], parts))
    return settled(*told)


def counts(told):
    return sorted(
        (call["session"], call["model"], sorted(call["tokens"].items()), call.get("searches"))
        for call in told["calls"].values()
    )


def readable(data):
    """The lines that are records, and none of those that are meant to be broken."""
    lines = []
    for line in data.splitlines():
        try:
            json.loads(line)
        except ValueError:
            continue
        lines.append(line)
    return b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize("name", [source.name for source in SOURCES if source.shape != "rows"])
def test_counts_written_as_floats_are_counts(name):
    as_floats = whole(name, lambda data: _COUNT.sub(rb"\1\2\3.0", data))
    assert counts(as_floats) == counts(whole(name, bytes))


@pytest.mark.parametrize("name", JSON_LINES)
def test_records_that_share_a_line_are_read_one_by_one(name):
    def pairs(data):
        lines = readable(data).splitlines()
        couples = zip(lines[::2], [*lines[1::2], b""], strict=False)
        return b"".join(one + other + b"\n" for one, other in couples)

    def apart(data):
        return readable(data)

    assert counts(whole(name, pairs)) == counts(whole(name, apart))


@pytest.mark.parametrize("name", JSON_LINES)
def test_of_records_on_one_line_a_ruin_costs_no_neighbour(name):
    def ruined(data):
        return b"".join(line + b'{"half":\n' for line in readable(data).splitlines())

    assert counts(whole(name, ruined)) == counts(whole(name, readable))


@pytest.mark.parametrize("name", [name for name in JSON_LINES if name not in OWN])
def test_a_billing_record_that_is_cut_is_named_and_makes_a_floor(name):
    for path, file in golden.files(name):
        data = readable(file.read_bytes())
        found = folded(SOURCE[name], golden.chunks(SOURCE[name], path, data))
        billed = [event for event in found if isinstance(event, Call) and not event.unreadable]
        starts = [data[call.offset :].splitlines()[0] for call in billed]
        line = next((line for line in starts if b'"ui_telemetry"' not in line), b"")
        if not line:  # Qwen tells each request again in its telemetry, which bills nothing
            continue
        cut = events(name, line[:-1] + b"!", path=f"/logs/{path}")
        assert len(bad(cut)) == len(unread(cut)) == 1
        assert unread(cut)[0].tokens.input == unread(cut)[0].tokens.output == 0
        return
    pytest.fail("no golden call")


@pytest.mark.parametrize("name", [name for name in JSON_LINES if name not in OWN])
def test_what_cannot_be_read_is_the_same_ruin_in_every_copy(name):
    for path, file in golden.files(name):
        data = b"".join(line[:-1] + b"!\n" for line in readable(file.read_bytes()).splitlines())
        once = folded(SOURCE[name], golden.chunks(SOURCE[name], path, data))
        again = folded(SOURCE[name], golden.chunks(SOURCE[name], path, data, range(50)))
        assert {call.key for call in unread(once)} == {call.key for call in unread(again)}
