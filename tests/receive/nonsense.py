"""Lines that no program would send: what a socket must answer all the same. It sends nothing."""

import json
import random
from collections.abc import Iterator
from typing import Any

_VERBS = (
    "ping scan mark unmark pause resume kill plan stop-session override hook run run-end reprice"
    " ack silence unsilence budget-set budget-remove reload nonsense"
).split()
_OF_COMMANDS = (
    "session kind note by typed rung deed budget span everything source event said cost five_hour"
    " seven_day id pid cwd feature task user alert rule grows ever silence name amount period tiers"
    " scope action"
).split()
_OF_CALLS = (
    "ts id session model provider user feature task parent input_tokens cache_read_tokens"
    " cache_write_tokens output_tokens reasoning_tokens cost_usd service_tier pid attempt status"
    " agent tools tags event project cwd branch host request media speed geo"
).split()
_VALUES = (
    *(None, True, False, 0, -1, 1, 1.5, 2**63, 2**64, -(2**63), 10**30, 9e999, -9e999, 9e999 * 0),
    *("", "x", "s", "\ud83d", "a\0b", "costtop/s", "../../etc", "[@click=x]", "$(id)", "x" * 5000),
    *([], [1], ["\udc00"], [10**30], {}, {"a": "b"}, {"session": "\ud83d"}),
    *("kill", "KILL", "INT", "runaway", "fine", "claude-code", "9" * 5000),
)
WHOLE = (
    *(b"", b" ", b"\r", b"\t\t", b"null", b"[]", b"true", b'"do"', b'["do"]', b'{"do"}'),
    *(b'{"do": null}', b'{"do": []}', b'{"do": {}}', b'{"do": 1e999}', b'{"do": "\\ud83d"}'),
    *(b'{"do": "ping", "do": null}', b'{"do": "mark", "session": "\\ud83d"}', b"\xff\xfe\x00"),
    *(b'\xef\xbb\xbf{"do": "ping"}', b'{"do": "ping", "x": ' + b"9" * 5000 + b"}", b"0" * 5000),
    *(b"[" * 100_000, b'["do"' * 2000, b'{"do":' * 990 + b"1" + b"}" * 990, b"{" * 5000 + b'"do"'),
    *(b'{"do": "silence", "session": "costtop/s", "span": 9223372036854775807}',),
    *(b'{"do": "unsilence", "silence": 1e30}', b'{"do": "unsilence", "silence": 99999999999999}'),
)


def lines(seed: int, count: int) -> Iterator[bytes]:
    """`count` lines, without their newlines: all of WHOLE among them, the others made up."""
    chance = random.Random(seed)
    for number in range(count):
        yield WHOLE[number] if number < len(WHOLE) else _line(chance)


def _line(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.4:
        verb = chance.choice(_VERBS) if chance.random() < 0.9 else _value(chance)
        return json.dumps({"do": verb, **_fields(chance, _OF_COMMANDS, 8)}).encode()
    if kind < 0.8:
        call = {"session": "s", "model": "gpt-5.1", "input_tokens": 1, "output_tokens": 2}
        text = json.dumps(call | _fields(chance, _OF_CALLS, 4), ensure_ascii=chance.random() < 0.7)
        return text.encode("utf-8", "surrogatepass")
    if kind < 0.9:
        return chance.randbytes(chance.randint(0, 200)).replace(b"\n", b"")
    whole = b'{"do": "hook", "source": "codex", "session": "h", "event": "prompt", "said": "deny"}'
    at = chance.randrange(len(whole))
    return whole[:at] + chance.randbytes(1).replace(b"\n", b"") + whole[at + 1 :]


def _fields(chance: random.Random, names: list[str], most: int) -> dict[str, Any]:
    return {name: _value(chance) for name in chance.sample(names, chance.randint(0, most))}


def _value(chance: random.Random, depth: int = 0) -> Any:
    if depth < 2 and chance.random() < 0.1:
        return {chance.choice(_OF_COMMANDS): _value(chance, depth + 1) for _ in range(3)}
    if depth < 2 and chance.random() < 0.1:
        return [_value(chance, depth + 1) for _ in range(3)]
    return chance.choice(_VALUES)
