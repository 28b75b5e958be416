"""How the replies of a made-up session follow each other: context, cache, output, tools.

It knows no log format and no exact price: rates are rough, to give sessions a believable size.
"""

import math
from collections.abc import Iterator
from random import Random

from costtop.named_tuples import NamedTuple

OPUS, SONNET, HAIKU = "claude-opus-5", "claude-sonnet-5", "claude-haiku-4-5"
GPT, GEMINI = "gpt-5.4", "gemini-2.5-pro"

# Dollars of a million tokens: input, cache read, cache write, output.
_ROUGHLY = {
    OPUS: (5.0, 0.5, 6.25, 25.0),
    SONNET: (2.0, 0.2, 2.5, 10.0),
    HAIKU: (1.0, 0.1, 1.25, 5.0),
    GPT: (2.5, 0.25, 2.5, 15.0),
    GEMINI: (1.25, 0.125, 1.25, 10.0),
}
_DEAREST = 1.9  # spreads above the middle: honest sessions stay within five times the usual
_WINDOW = 170_000  # tokens of context at which an agent compacts
_TOOLS = (
    *(("Bash", "pytest -q tests/unit"), ("Bash", "git status --short")),
    *(("Read", "src/app.py"), ("Read", "README.md"), ("Grep", "def handle")),
    *(("Edit", "src/app.py"), ("Edit", "src/views.py")),
    *(("Glob", "**/*.py"), ("Write", "tests/unit/test_new.py")),
)


class ScriptedTool(NamedTuple):
    """A tool call that a reply asks for, and how it turned out."""

    name: str
    argument: str
    error: bool = False
    result: str = "ok"


class ScriptedReply(NamedTuple):
    """One request: its tokens by kind (disjoint), and what it asks for."""

    model: str
    fresh: int  # tokens neither read from the cache nor written to it
    read: int
    write: int
    output: int
    tools: tuple[ScriptedTool, ...] = ()
    ends: bool = False  # the turn is over
    long: bool = False  # what is written to the cache lives an hour, not 5 minutes

    @property
    def cost(self) -> float:
        """Dollars, roughly."""
        fresh, read, write, out = _ROUGHLY[self.model]
        rates = (fresh, read, 2 * fresh if self.long else write, out)
        counts = (self.fresh, self.read, self.write, self.output)
        return sum(rate * count for rate, count in zip(rates, counts, strict=True)) / 1e6


def price(rng: Random, median: float, spread: float = 0.75) -> float:
    """What a session is to cost: log-normal, as real sessions are (DETECTION, D1)."""
    return median * math.exp(min(rng.gauss(0, spread), _DEAREST * spread))


def work(rng: Random, model: str, dollars: float) -> Iterator[ScriptedReply]:
    """Replies of an agent that gets on with it, until they cost about `dollars`."""
    context, spent = 0, 0.0
    while spent < dollars:
        grown = rng.randint(14_000, 24_000) if not context else int(rng.lognormvariate(7.3, 0.7))
        output = int(rng.lognormvariate(5.6, 0.9)) + 20
        tools = (
            () if rng.random() < 0.16 else (ScriptedTool(*rng.choice(_TOOLS), rng.random() < 0.06),)
        )
        long = rng.random() < 0.3 and model in (OPUS, SONNET)
        fresh = rng.randint(3, 12)
        reply = ScriptedReply(
            model, fresh, context, grown, output, tools=tools, ends=not tools, long=long
        )
        spent += reply.cost
        if spent >= dollars:
            reply = reply._replace(tools=(), ends=True)
        yield reply
        context = context + grown + output if context < _WINDOW else 28_000


def runaway(rng: Random, model: str) -> Iterator[ScriptedReply]:
    """An agent in a loop: the same failing command again and again, each time with more context."""
    said = "Exit code 1\nE  TimeoutError: sandbox did not answer"
    stuck = ScriptedTool("Bash", "pytest -x tests/checkout/test_3ds.py", error=True, result=said)
    context = 0
    while True:
        grown = rng.randint(16_000, 22_000) if not context else rng.randint(6_500, 9_500)
        output = rng.randint(350, 700)
        yield ScriptedReply(model, 4, context, grown, output, tools=(stuck,))
        context = context + grown if context < _WINDOW else 60_000
