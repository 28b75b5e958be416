"""People who look at it meanwhile: real screens on pseudo-terminals, and commands in loops."""

import os
import subprocess
from collections import Counter
from random import Random

from benches.terminal import Terminal

from .keeper import COSTTOP

_SCREEN = "import sys; sys.argv = ['costtop']; from costtop.__main__ import main; sys.exit(main())"
_KEYS = (b"j", b"k", b"\t", b"s", b"?", b"\x1b", b"G", b"g", b"\x1b[B", b"\x1b[A", b"c")
_QUESTIONS = (
    ("--once",), ("--once", "--json", "--all"), ("report", "--by", "model"), ("status",),
    ("report", "--by", "session", "--json"), ("alerts", "list"), ("statusline",), ("doctor",),
)  # fmt: skip


class Screens:
    """Two screens of different sizes; keys are pressed, and what they write is read."""

    def __init__(self) -> None:
        env = {**os.environ}
        self._terminals = [Terminal(_SCREEN, size=size, environ=env)
                           for size in ((120, 40), (80, 24))]  # fmt: skip
        self.tracebacks = 0

    def look(self, rng: Random) -> None:
        for one in self._terminals:
            if one.process.poll() is None:
                one.send(rng.choice(_KEYS))
            self.tracebacks += b"Traceback" in one.read(0.1)
            one.written = one.written[-10_000:]

    def end(self) -> list[str]:
        """What was wrong with them."""
        wrong = [f"a screen had ended by itself: exit {one.process.returncode}"
                 for one in self._terminals if one.process.poll() is not None]  # fmt: skip
        for one in self._terminals:
            if one.process.poll() is None:
                one.end()
            one.__exit__()
        return wrong + ["a screen showed a traceback"] * bool(self.tracebacks)


class Asking:
    """Commands that look, one after the other."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.wrong: list[str] = []

    def ask(self, rng: Random) -> None:
        question = rng.choice(_QUESTIONS)
        try:
            ran = subprocess.run([*COSTTOP, *question], stdin=subprocess.DEVNULL, check=False,
                                 capture_output=True, text=True, timeout=120)  # fmt: skip
        except subprocess.TimeoutExpired:
            self.wrong.append(f"costtop {' '.join(question)}: no answer within 120 s")
            return
        self.codes[str(ran.returncode)] += 1
        if "Traceback" in ran.stdout + ran.stderr or ran.returncode < 0:
            said = (ran.stdout + ran.stderr)[-600:]
            self.wrong.append(f"costtop {' '.join(question)}: exit {ran.returncode}: {said}")
