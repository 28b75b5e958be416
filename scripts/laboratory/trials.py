"""What is tried with each agent: counted, seen, recognised, hook, pause, hold, kill, cap, line."""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from laboratory import status_bar
from laboratory.agent_programs import RealAgent
from laboratory.beside import COSTTOP, Beside, wait_for
from laboratory.bill import cost
from laboratory.books import compare
from laboratory.wire.exchange import Tokens

CHECKS = (
    "counted", "live", "recognised", "hook", "paused", "resumed", "held", "ended", "cap", "line",
)  # fmt: skip
_SHORT = "[[tools=3;grow=50{}]] go"
_LOOP = "[[loop=1;delay=0.7;run=echo $n >> steps]] go on"
_LONG_TOOL = "[[loop=1;delay=0.3;run=timeout 30 tail -f /dev/null]] go on"  # some refuse to sleep
_CALL = Tokens(fresh=20_000, out=500)
_COSTLY = "[[loop=1;delay=1;in=20000;read=0;write=0;hour=0;out=500;think=0]] go on"
_CAP = 4  # mean calls
_AT_CAP = 11  # the exit code of `costtop run` that ended its command
_PATIENCE = 150.0  # s for what a busy machine does late
_SOON = 2.0  # s in which a call is to be seen


class Check(NamedTuple):
    """What was seen; `passed` is None where the agent has no such thing."""

    passed: bool | None
    seen: str


def tried(agent: RealAgent, agents: Path, folder: Path) -> dict[str, Check]:
    """All checks with one agent, by name."""
    with Beside(agent, agents, folder / "walk") as lab:
        if agent.hooks:
            lab.costtop("hooks", "install", agent.hooks)
        found = _counted(lab) | _walked(lab) | {"ended": _ended(lab)}
        found["line"] = _line(lab)
    with Beside(agent, agents, folder / "cap") as lab:
        found["cap"] = _capped(lab)
    return {name: found.get(name, Check(False, "not reached")) for name in CHECKS}


def _counted(lab: Beside) -> dict[str, Check]:
    """One prompt to its end."""
    lab.start(_SHORT.format("" if lab.agent.tells_hours else ";hour=0"))
    ended = wait_for(lambda: not lab.lives, _PATIENCE)
    lab.end()
    wait_for(lambda: len(lab.counted()) >= len(lab.bill.billed()), 5)
    books = compare(lab.bill.billed(), lab.counted())
    if not ended:
        return {"counted": Check(False, f"it did not end within {_PATIENCE:.0f} s")}
    live = Check(books.exact > 0 and books.lag < _SOON, f"after {books.lag:.1f} s")
    return {"counted": Check(books.holds, books.words), "live": live}


def _walked(lab: Beside) -> dict[str, Check]:
    """One loop that is recognised, paused, resumed and held."""
    known = _started(lab, _LOOP)
    if not known:
        return {"recognised": Check(False, "no session was seen")}
    found = {"recognised": _recognised(known)}
    short = known["short"]
    lab.costtop("pause", short, "--now", "--yes", *_typed(known))
    found["paused"] = _rests(lab, 4.0)
    lab.costtop("resume", short, "--yes")
    found["resumed"] = _goes_on(lab)
    if lab.agent.hooks:
        found["hook"] = _hook(lab)
        lab.costtop("stop", short)
        found["held"] = _held(lab)
    else:
        found |= {name: Check(None, "no hook") for name in ("hook", "held")}
    lab.end()
    return found


def _started(lab: Beside, prompt: str) -> dict[str, Any]:
    """Starts the agent; what costtop says of the process of its session, once it has two calls."""
    time.sleep(3)
    earlier = len(lab.bill.billed())
    shorts = {one["short"] for one in lab.sessions()}
    lab.start(prompt)
    wait_for(lambda: len(lab.bill.billed()) >= earlier + 2, _PATIENCE)
    fresh = wait_for(lambda: [x for x in lab.sessions() if x["short"] not in shorts], 30)
    time.sleep(1)  # the search for processes follows what was counted
    if not fresh:
        return {}
    asked = lab.costtop("pause", fresh[0]["short"], "--now", "--dry-run", "--json")
    plan: dict[str, Any] = json.loads(asked.stdout)["plans"][0] if asked.stdout else {}
    return plan


def _recognised(known: dict[str, Any]) -> Check:
    confidence = known.get("confidence") or "not"
    return Check(
        confidence == "exact", f"{confidence}: {known.get('refused') or known['evidence']}"
    )


def _typed(known: dict[str, Any]) -> list[str]:
    return ["--pid", str(known["pid"])] if known.get("confidence") == "weak" else []


def _rests(lab: Beside, seconds: float) -> Check:
    """Whether no further request begins; one may have been under way."""
    at = time.time() + 0.3
    time.sleep(seconds)
    late = [one for one in lab.bill.billed() if one.begun > at]
    allowed = 1 if lab.agent.hooks else 0
    return Check(len(late) <= allowed, f"{len(late)} requests in {seconds:.0f} s")


def _held(lab: Beside) -> Check:
    """Whether a stop by hand holds: no more requests, or no more tools where that is all."""
    asked = _rests(lab, 5.0)
    if lab.agent.ends_turns:
        return asked
    before = (lab.work / "steps").read_text()
    time.sleep(2)
    denied = (lab.work / "steps").read_text() == before
    return Check(denied, f"its tools are {'denied' if denied else 'NOT DENIED'}, {asked.seen}")


def _goes_on(lab: Beside) -> Check:
    before = len(lab.bill.billed())
    more = wait_for(lambda: len(lab.bill.billed()) > before + 1, 15)
    return Check(more, f"{len(lab.bill.billed()) - before} requests")


def _hook(lab: Beside) -> Check:
    asked = lab.costtop("hooks", "status", lab.agent.hooks, "--json")
    told = next(x for x in json.loads(asked.stdout)["agents"] if x["agent"] == lab.agent.hooks)
    return Check(told["gate"] == "called", str(told["said"]))


def _ended(lab: Beside) -> Check:
    """A kill while a tool runs: the process goes, and asks for nothing more."""
    known = _started_at_tool(lab)
    if not known:
        return Check(False, "no session was seen")
    before = len(lab.bill.billed())
    lab.costtop("kill", known["short"], "--yes", *_typed(known))
    gone = wait_for(lambda: not lab.lives, 15)
    more = len(lab.bill.billed()) - before
    lab.end()
    words = "it is gone" if gone else "it RUNS ON"
    return Check(gone and not more, f"{words}, {more} more requests")


def _started_at_tool(lab: Beside) -> dict[str, Any]:
    shorts = {one["short"] for one in lab.sessions()}
    time.sleep(3)  # another run, not the one before that goes on
    lab.start(_LONG_TOOL)
    fresh = wait_for(lambda: [x for x in lab.sessions() if x["short"] not in shorts], _PATIENCE)
    time.sleep(1.5)
    if not fresh:
        return {}
    asked = lab.costtop("kill", fresh[0]["short"], "--dry-run", "--json")
    plan: dict[str, Any] = json.loads(asked.stdout)["plans"][0] if asked.stdout else {}
    return plan


def _capped(lab: Beside) -> Check:
    """`costtop run --max-cost` ends it with its own exit code."""
    cap = _CAP * cost(lab.agent.model, _CALL)
    lab.start(_COSTLY, [str(COSTTOP), "run", "--max-cost", f"{cap / 1e9:.6f}", "--"])
    assert lab.process is not None
    ended = wait_for(lambda: not lab.lives, _PATIENCE)
    code = lab.process.returncode
    over = (lab.bill.total() - cap) / cost(lab.agent.model, _CALL)
    if not ended:
        return Check(False, f"RUNS ON at {over:.1f} calls over")
    return Check(code == _AT_CAP and over <= 2, f"exit {code}, {over:.1f} calls over")


def _line(lab: Beside) -> Check:
    if not lab.agent.screen:
        return Check(None, "no status line")
    shown = status_bar.shown(lab)
    return Check(bool(shown), shown or "not on its screen")
