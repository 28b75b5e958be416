"""Draws what the laboratory has seen as two tables, and says whether all of it holds."""

from typing import Any

from laboratory.agent_programs import UNTRIED
from laboratory.trials import CHECKS

_SIGNS = {True: "yes", False: "NO", None: "-"}
_WIDE = 11


def of(report: dict[str, Any]) -> str:
    """Checks, brakes, and what is behind every NO."""
    agents = report["agents"]
    lines = [f"costtop with the real agents, {report['at']}", ""]
    if any("checks" in seen for seen in agents.values()):
        lines += [*_checks(agents), ""]
    if any("brakes" in seen for seen in agents.values()):
        lines += [*_brakes(agents), ""]
    lines.append(f"not tried, needs an account: {', '.join(UNTRIED)}")
    return "\n".join(lines)


def holds(report: dict[str, Any]) -> bool:
    """Whether no check failed and no cell ran away."""
    agents = report["agents"].values()
    checks = [x["passed"] for seen in agents for x in seen.get("checks", {}).values()]
    return False not in checks and all(x["holds"] for y in agents for x in y.get("brakes", ()))


def _checks(agents: dict[str, Any]) -> list[str]:
    head = f"{'agent':<18}" + "".join(f"{name:<{_WIDE}}" for name in CHECKS)
    rows, notes = [], []
    for name, seen in agents.items():
        signs = [_SIGNS[one["passed"]] for one in seen["checks"].values()]
        about = f"{name} {seen['version']}"
        rows.append(f"{about:<18}" + "".join(f"{sign:<{_WIDE}}" for sign in signs))
        notes += [
            f"  {name}, {check}: {one['seen']}"
            for check, one in seen["checks"].items()
            if one["passed"] is not True or check in {"counted", "held", "ended", "cap", "line"}
        ]
    return [line.rstrip() for line in [head, *rows, "", *notes]]


def _brakes(agents: dict[str, Any]) -> list[str]:
    lines = [f"{'agent':<18}{'action':<14}{'hook':<7}{'calls':<7}{'bill/cap':<10}end"]
    for name, seen in agents.items():
        for one in seen["brakes"]:
            action = f"{one['action']}{', ' + one['escalate'] if one['escalate'] else ''}"
            about = f"{name} {seen['version']}"
            hook = "yes" if one["hooked"] else "no"
            figures = f"{hook:<7}{one['calls']:<7}{one['ratio']:<10.2f}"
            told = f"; {one['told']}" if one["told"] else ""
            sign = "" if one["holds"] else "  NO: "
            lines.append(f"{about:<18}{action:<14}{figures}{sign}{one['end']}{told}")
    return lines
