"""Questions to a person at a terminal; usual answers where nobody is asked."""

import os
import sys
import termios
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from costtop import money
from costtop.cli.tables import put
from costtop.config import Endpoint
from costtop.errors import CosttopError, UsageError
from costtop.named_tuples import NamedTuple

if TYPE_CHECKING:
    from costtop.notify.send import Trial

UNASKED = "init asks, and nobody can answer here: --yes takes what it proposes, --dry-run shows it"


class BrokenOff(CosttopError):
    """Whoever was asked has left: Ctrl-C or Ctrl-D, before anything was written."""

    exit_code = 130


class Questions:
    """Asks, or with `usual` takes the usual answer of each."""

    def __init__(self, *, usual: bool) -> None:
        """Raises UsageError where nobody can be asked."""
        self.usual = usual
        if not usual and not sys.stdin.isatty():
            raise UsageError(UNASKED)

    def agreed(self, question: str, *, usual: bool) -> bool:
        """A yes or no; anything else is asked again."""
        if self.usual:
            return usual
        shown = "[Y/n]" if usual else "[y/N]"
        while True:
            said = _asked(f"{question} {shown} ").lower()
            if said in {"", "y", "yes", "n", "no"}:
                return usual if not said else said[0] == "y"
            put("  y or n; Ctrl-C leaves, and nothing is written")

    def budget(self, proposed: int | None) -> int | None:
        """An amount for the day in nano-dollars; None: no budget."""
        from costtop.cli.upkeep.setup.proposals import plainly

        if self.usual:
            return proposed
        none = (
            "Enter for none" if proposed is None else f"Enter for {plainly(proposed)}, n for none"
        )
        while True:
            said = _asked(f"A budget for the day, such as 20; {none}: ")
            if not said:
                return proposed
            if said.lower() in {"n", "no", "none", "0"}:
                return None
            try:
                if (amount := money.parse(said)) > 0:
                    return amount
            except money.NotMoney:
                pass
            put(f"  {said!r} is no amount of dollars; write it as 20 or 2.50")

    def channel(self, taken: Collection[str]) -> "NewChannel":
        """Where messages go; `taken` are labels there are."""
        if self.usual:
            return NOWHERE
        put("  An Apprise address (ntfy://topic, mailto://…), desktop:, or log:FILE.")
        while said := _asked("Where should messages go? Enter for nowhere yet: "):
            endpoint = named(said, taken)
            if wrong := fault(endpoint):
                put(f"  {wrong}")
                continue
            if not self.agreed("Send a test there?", usual=True):
                return NewChannel(endpoint)
            if is_file(endpoint):
                return NewChannel(endpoint, test=True)
            trial = tested(endpoint)
            if trial.ok:
                put(f"  {trial.said}: a test of costtop's alerts")
                return NewChannel(endpoint, reached=True)
            put(f"  it did not arrive: {trial.said}")
            if self.agreed("Keep the address all the same?", usual=False):
                return NewChannel(endpoint)
        return NOWHERE


class NewChannel(NamedTuple):
    """An endpoint to be, and how its test stands."""

    endpoint: Endpoint | None = None
    reached: bool = False  # a test has
    test: bool = False  # one is to be sent once all is written


NOWHERE = NewChannel()


def homely(path: object) -> str:
    """A path as people write it: ~ for their home."""
    home, text = os.path.expanduser("~"), str(path)
    return f"~{text[len(home) :]}" if home != "/" and text.startswith(f"{home}/") else text


def _asked(question: str) -> str:
    """One line; raises BrokenOff where nobody answers any more."""
    try:
        with suppress(termios.error):  # what was typed before it was asked answers nothing
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        return input(question).strip()
    except (EOFError, KeyboardInterrupt):
        print()
        raise BrokenOff("left; nothing was written") from None


def named(url: str, taken: Collection[str]) -> Endpoint:
    """An endpoint called by the kind of its address: ntfy, or ntfy-2."""
    kind = url.partition(":")[0].lower() or "phone"
    label, number = kind, 1
    while label in taken:
        number += 1
        label = f"{kind}-{number}"
    return Endpoint(label=label, url=url)


def is_file(endpoint: Endpoint) -> bool:
    """Whether a message to it is a line in a file: a test of it would write something."""
    return endpoint.url.startswith("log:")


def fault(endpoint: Endpoint) -> str:
    """What keeps it from ever being reached, by its text and by Apprise; "" is nothing."""
    import asyncio

    from costtop.notify import address, send

    return address.fault(endpoint.url) or asyncio.run(send.faults([endpoint.url]))[0]


def tested(endpoint: Endpoint) -> "Trial":
    """Sends a test, and says how it went."""
    from costtop.cli.control.alerts import tried_now

    (trial,) = tried_now((endpoint,))
    return trial
