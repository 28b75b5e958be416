"""How `costtop pause` spares a terminal: a stopped agent's shell runs what is typed there next.

It asks people, and decides for scripts: where an agent's hook was heard, a hold does.
"""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from costtop.cli.tables import put

if TYPE_CHECKING:
    import argparse


def held(
    options: "argparse.Namespace", called: Mapping[str, str], plans: Mapping[str, Mapping[str, Any]]
) -> set[str]:
    """The sessions that are to be held by their hook instead of being stopped; says which."""
    if options.hold:
        return set(called)
    found = {key for key, plan in plans.items() if plan.get("terminal") and plan.get("hooked")}
    if options.now:
        return set()
    for key in sorted(found):
        put(f"{called[key]}: held by its hook instead, its terminal stays its own (--now: stop it)")
    return found


def wanted(
    options: "argparse.Namespace",
    called: Mapping[str, str],
    plans: Mapping[str, Mapping[str, Any]],
    held: set[str],
) -> dict[str, str]:
    """The sessions without those of which a person, asked, says that they are not to be stopped."""
    if options.verb != "pause" or options.yes or options.now or not sys.stdin.isatty():
        return dict(called)
    at_terminals = {key for key, plan in plans.items() if plan.get("terminal")} - held
    spared = {key for key in at_terminals if not _yes(called[key])}
    return {key: name for key, name in called.items() if key not in spared}


def _yes(name: str) -> bool:
    question = f"{name}: what is typed at its terminal next, its shell runs. Stop it? [y/N] "
    return input(question).strip().lower() in {"y", "yes"}
