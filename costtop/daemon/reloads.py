"""Reads a saved configuration for a daemon at work: says what changed, holds back what loosens.

A budget that is raised, weakened or taken out by hand goes on for a minute as it was: whoever is
told of it can put it back. What tightens holds at once. Commands are told and guarded elsewhere.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, get_args

import msgspec

from costtop import config as configuration
from costtop import money
from costtop.config import Config
from costtop.config_mistakes import SECRET, shown
from costtop.daemon import session_scopes
from costtop.daemon.config_changes import loaded
from costtop.daemon.notices import budget_changes
from costtop.daemon.notices.budget_changes import BudgetChange
from costtop.daemon.notices.post import Audience
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.model import Budget
from costtop.paths import Paths
from costtop.settings.budget_settings import Action, entry_of
from costtop.store import meta
from costtop.store.db import open_reader
from costtop.store.writer import Writer

HELD = 60.0  # s
_NAMED = 5  # changes that are named
_ACTIONS = ("notify", "gate", "stop", "pause", "kill")  # the weakest first
_ESCALATIONS = ("none", "pause", "kill")  # the weakest first
assert set(_ACTIONS) == set(get_args(Action))
log = logging.getLogger("costtop")


class Reloads:
    """What became of the configuration since the daemon started."""

    def __init__(self, paths: Paths) -> None:
        self.said = ""  # what the latest reload changed
        self._paths = paths
        self._held: dict[str, tuple[Budget | None, float]] = {}
        self._untold: list[BudgetChange] = []

    def read(self, old: Config) -> Config:
        """The configuration to go by from now on: the old one where the new one is wrong."""
        try:
            new, missing = loaded(self._paths)
        except CosttopError as error:
            log.error("kept the old configuration: %s", error)
            return old
        with closing(open_reader(self._paths.database, unfinished=True)) as db:
            known = meta.budgets(db)  # those set by command since the last reload too
            old, new = (session_scopes.addressed(db, one) for one in (old, new))
            missing += session_scopes.unknown(db, new)
        for one in missing:
            log.warning("%s", one)
        budgets = self._judged(known, configuration.budgets(new))
        new = msgspec.structs.replace(new, budget=tuple(map(entry_of, budgets)))
        self.said = "; ".join([*named(changes(old, new)), *self._waiting()])
        log.info("the configuration is read again%s", f": {self.said}" if self.said else "")
        return new

    async def announce(self, writer: Writer, audience: Audience) -> bool:
        """Tells of what is held back; True where a message was posted."""
        told = self._untold
        if not told:
            return False
        posted = await writer.transact(budget_changes.foretell, told, audience, int(HELD), now_ms())
        self._untold = []
        return posted

    async def run(self, reload: Callable[[], None]) -> None:
        """Asks for a reload when what is held back is to hold; for ever."""
        while self._held:
            first = min(due for _, due in self._held.values())
            await asyncio.sleep(max(0.0, first - time.monotonic()) + 0.01)
            reload()
        await asyncio.Event().wait()

    def _judged(self, known: Sequence[Budget], fresh: Sequence[Budget]) -> list[Budget]:
        """The budgets as they hold from now on; keeps what is to wait."""
        wanted = {one.name: one for one in fresh}
        holding = dict(wanted)
        held, self._held = self._held, {}
        for before in known:
            after = wanted.get(before.name)
            kept = stricter(before, after)
            if kept == after:
                continue
            target, due = held.get(before.name, (before, 0.0))
            if target != after:
                due = time.monotonic() + HELD
                self._untold.append((before, after))
            elif due <= time.monotonic():
                continue
            self._held[before.name] = (after, due)
            holding[before.name] = kept
        return list(holding.values())

    def _waiting(self) -> list[str]:
        return [f"budget {name} waits {HELD:.0f} s, for it is looser" for name in self._held]


def stricter(before: Budget, after: Budget | None) -> Budget:
    """What holds meanwhile: `after` itself where nothing of it is looser than before."""
    if after is None or _kind(before) != _kind(after):
        return before  # which of two kinds holds more cannot be told
    action = max(before.action, after.action, key=_ACTIONS.index)
    escalate = max(before.escalate, after.escalate, key=_ESCALATIONS.index)
    return after._replace(
        amount=min(before.amount, after.amount),
        action=action,
        escalate=escalate,
        act_at=min(before.act_at, after.act_at),
        excepted=after.excepted if after.excepted in {(), before.excepted} else before.excepted,
    )


def _kind(budget: Budget) -> tuple[object, ...]:
    return budget.period, budget.scope, budget.watch == "billed"


def changes(old: Config, new: Config) -> list[str]:
    """What is otherwise, in words: `anomaly.multiplier 5.0 → 8.0`, `notify phone is new`."""
    before, after = _flat(old), _flat(new)
    said = [f"{name} is gone" for name in before if name not in after]
    for name, settings in after.items():
        if name not in before:
            said.append(f"{name} is new")
            continue
        for key, value in settings.items():
            was = before[name].get(key)
            if was != value:
                held = "is another" if key in SECRET else f"{shown(was)} → {shown(value)}"
                said.append(f"{name}{' ' if ' ' in name else '.'}{key} {held}".lstrip("."))
    return said


def _flat(config: Config) -> dict[str, dict[str, Any]]:
    """The settings of each table; of what may be given many times by its kind and name."""
    tree = msgspec.to_builtins(config)
    found: dict[str, dict[str, Any]] = {"": {}}
    for key, value in tree.items():
        if key == "budget":
            for one in configuration.budgets(config):
                values = one._asdict()
                values["amount"] = "" if one.of_plan else f"${money.exactly(one.amount)}"
                values["except"] = values.pop("excepted")
                found[f"budget {one.name}"] = values
        elif key in configuration.LISTS:
            found |= {f"{key} {one.get('name') or one['label']}": one for one in value}
        elif isinstance(value, dict):
            found[key] = value
        else:
            found[""][key] = value
    return found


def named(said: Sequence[str]) -> list[str]:
    """The first few, and how many more there are."""
    more = len(said) - _NAMED
    return [*said[:_NAMED], *([f"{more} more"] if more > 0 else [])]
