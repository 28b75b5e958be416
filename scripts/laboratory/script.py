"""What a prompt tells the fake models to do: `[[tools=3;delay=1]]`, the newest of its kind.

Words: tools=N (asks for the shell so often, then says that it is done) · loop=1 (asks for ever) ·
run=COMMAND (what the shell is asked for; $n is the step) · delay=S (seconds before each reply) ·
stall=S (half a reply, then seconds of nothing) · fault=429x2 (the first two requests fail so) ·
grow=N (tokens that the context grows by at each step) · say=TEXT (the last words) ·
in= read= write= hour= out= think= (tokens of each request; else they differ from call to call).
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_FORM = re.compile(r"\[\[([^\[\]]+)\]\]")
_FOR_EVER = 1_000_000


class Script(NamedTuple):
    """One prompt's words, read."""

    words: str = ""  # as they stood: what faults are counted by
    tools: int = 0
    command: str = "echo step-$n"
    delay: float = 0.0  # seconds
    stall: float = 0.0  # seconds
    fault: int = 0  # HTTP status; 0: none
    faults: int = 0  # how often
    grow: int = 0
    say: str = "All done."
    counts: Mapping[str, int] = {}


def newest(prompts: Iterable[str]) -> Script:
    """The script of the latest prompt that has one; without any, a model that only talks."""
    found = [words for prompt in prompts for words in _FORM.findall(prompt)]
    return _read(found[-1]) if found else Script()


def _read(words: str) -> Script:
    given = {}
    for part in words.split(";"):
        key, _, value = part.partition("=")
        given[key.strip()] = value.strip()
    status, _, times = given.get("fault", "0x0").partition("x")
    counts: dict[str, int] = {
        key: int(given[key])
        for key in ("in", "read", "write", "hour", "out", "think")
        if key in given
    }
    return Script(
        words=words,
        tools=_FOR_EVER if "loop" in given else int(given.get("tools", 0)),
        command=given.get("run", Script().command),
        delay=float(given.get("delay", 0)),
        stall=float(given.get("stall", 0)),
        fault=int(status),
        faults=int(times or 1),
        grow=int(given.get("grow", 0)),
        say=given.get("say", Script().say),
        counts=counts,
    )
