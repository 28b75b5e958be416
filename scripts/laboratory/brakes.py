"""What a spent budget costs beyond its amount, by the bill: one cell an agent and an action."""

import time
from pathlib import Path
from typing import NamedTuple

from laboratory.agent_programs import RealAgent
from laboratory.beside import Beside
from laboratory.bill import cost
from laboratory.wire.exchange import Tokens

ACTIONS = ("gate", "stop", "pause", "kill")
_CALL = Tokens(fresh=20_000, out=500)
_LOOP = "[[loop=1;delay=1.5;in=20000;read=0;write=0;hour=0;out=500;think=0]] go on"
_QUIET = 10.0  # s without a request: it is held
_COUNTDOWN = 45.0  # s after which a kill has followed its pause
_RUNAWAY = 3  # times the cap: nothing holds it


class Cell(NamedTuple):
    """One budget to be tried."""

    action: str
    hooked: bool
    calls: int = 10  # mean calls that its amount is worth
    escalate: str = ""


class Braked(NamedTuple):
    """How it went."""

    ratio: float  # bill over cap
    over: float  # mean calls over the cap
    end: str  # ended | held | runs
    told: str  # what the user was told was done; "" is nothing

    @property
    def holds(self) -> bool:
        """At ten mean calls and more within a half, below that at most two calls over."""
        return self.end != "runs" and (self.ratio <= 1.5 or self.over <= 2)


def brake(agent: RealAgent, cell: Cell, agents: Path, folder: Path) -> Braked:
    """Lets the agent loop under a budget until it is held, has ended, or ran away."""
    each = cost(agent.model, _CALL)
    cap = cell.calls * each
    with Beside(agent, agents, folder, _config(cell, cap)) as lab:
        if cell.hooked:
            lab.costtop("hooks", "install", agent.hooks)
        lab.start(_LOOP)
        end = _awaited(lab, cell, cap)
        bill = lab.bill.total()
        said = lab.told.read_text().splitlines() if lab.told.exists() else []
    told = [line.partition("breaker daily: ")[2].partition(" / ")[0] for line in said]
    deeds = [words for words in told if words and not words.startswith("spent")]
    return Braked(bill / cap, (bill - cap) / each, end, "; ".join(deeds))


def _config(cell: Cell, cap: int) -> str:
    escalate = f'escalate = "{cell.escalate}"\n' if cell.escalate else ""
    amount = f"{cap / 1e9:.6f}"
    return f'[[budget]]\nname = "daily"\namount = {amount}\naction = "{cell.action}"\n{escalate}'


def _awaited(lab: Beside, cell: Cell, cap: int) -> str:
    """Until the agent has ended ("ended"), asks nothing any more ("held") or goes on ("runs")."""
    quiet = _COUNTDOWN if "kill" in (cell.action, cell.escalate) else _QUIET
    seen, since = 0, time.monotonic()
    while lab.lives:
        time.sleep(0.5)
        bill = lab.bill.total()
        if bill != seen:
            seen, since = bill, time.monotonic()
        if bill > _RUNAWAY * cap:
            return "runs"
        if bill >= 0.8 * cap and time.monotonic() - since > quiet:
            return "held"
        if time.monotonic() - since > 60:
            return "held" if bill else "never asked"
    return "ended"
