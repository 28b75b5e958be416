"""What `costtop doctor` says of gates: which agents a hook holds, which budgets hold nothing."""

from typing import TYPE_CHECKING, Any

from costtop import config
from costtop.cli.reports.diagnosis.diagnoses import Diagnosis
from costtop.durations import iso, now_ms
from costtop.errors import CosttopError
from costtop.hooks.dialects import AGENTS
from costtop.paths import Paths
from costtop.queries.connection import Door
from costtop.queries.gates import all_unheld, gates
from costtop.queries.plans import window_words

if TYPE_CHECKING:
    from costtop.hooks.install.installer import Installed
    from costtop.hooks.install.proof import Proof


def found(paths: Paths) -> list[dict[str, Any]]:
    """The gates that stand in agents' settings, each with what it has done."""
    from costtop.hooks.install.proof import proofs

    told = zip(*proofs(AGENTS, paths, now_ms()), strict=True)
    return [tree(one, proof) for one, proof in told if one.commands]


def tree(one: "Installed", proof: "Proof") -> dict[str, object]:
    """Both as JSON-able values."""
    call = proof.call
    return {
        "agent": one.agent,
        "installed": bool(one.commands),
        "settings": str(one.settings),
        "commands": list(dict.fromkeys(one.commands)),
        "trouble": one.trouble or None,
        "gate": proof.state,
        "said": proof.words,
        "called_at": iso(call.at) if call else None,
        "pid": call.pid or None if call else None,
        "session": call.session if call else None,
    }


def problems(paths: Paths, told: list[dict[str, Any]]) -> list[Diagnosis]:
    """Gates that do not run, and budgets that therefore hold nothing."""
    lines = [
        Diagnosis(f"gate-{one['gate']}", f"the gate of {one['agent']}: {one['said']}", _do(one))
        for one in told
        if one["gate"] in {"broken", "old", "untrusted", "silent"}
    ]
    try:
        budgets = config.budgets(config.load(paths))
        door = Door(paths)
        seen = door.read(gates, now_ms())
        untold = [
            Diagnosis("window-untold", f"budget {one.name}: {line}")
            for one in budgets
            for line in door.read(window_words.untold, one, now_ms())
        ]
    except CosttopError:
        return lines  # told elsewhere, or nothing was ever read
    unheld = (Diagnosis("budget-unheld", line) for line in all_unheld(seen, budgets, now_ms()))
    return [*lines, *unheld, *untold]


def _do(one: dict[str, Any]) -> str:
    """A gate that is broken is put in anew; of all others the agent has to be asked."""
    return f"costtop hooks install {one['agent']}" if one["gate"] == "broken" else ""


def plain(told: list[dict[str, Any]]) -> list[str]:
    """A line for each gate."""
    return [
        f"  {'✓' if one['gate'] == 'called' else '!'} gate of {one['agent']:<12} {one['said']}"
        for one in told
    ]
