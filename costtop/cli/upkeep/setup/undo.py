"""`costtop init --undo`: takes back exactly what init wrote, and says what it leaves and why."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from costtop import config as configuration
from costtop.cli.control import budget
from costtop.cli.tables import put
from costtop.cli.upkeep.setup import config_text, setup_writes
from costtop.cli.upkeep.setup.proposals import PLAN_TIERS
from costtop.cli.upkeep.setup.questions import Questions, homely
from costtop.cli.upkeep.setup.read_ahead import gone
from costtop.cli.upkeep.setup.setup_writes import Done
from costtop.control.protocol import RemoveBudget
from costtop.errors import CosttopError
from costtop.files import replace, user_name
from costtop.hooks.install import installer, receipts
from costtop.hooks.install.installer import bytes_of
from costtop.nouns.budget_nouns import PLAN
from costtop.paths import Paths
from costtop.settings.budget_settings import BudgetEntry


def run(found: Paths, asker: Questions, *, dry_run: bool) -> int:
    """Says what there is, asks, takes it back: 1 where some of it could not be."""
    done = setup_writes.done(found)
    if done is None:
        put("nothing is here that init wrote")
        return 0
    put("This was written, and is taken back:")
    for line in _listed(found, done):
        put(f"  {line}")
    if dry_run:
        return 0
    if not asker.agreed("Take it back?", usual=True):
        put("nothing was changed")
        return 1
    failed = TakingBack(found, done).all()
    if not failed:
        setup_writes.forget(found)
        _clear(found, done)
    return 1 if failed else 0


def _listed(found: Paths, done: Done) -> Iterator[str]:
    """What was written, a line each."""
    if done.pieces:
        yield f"{homely(found.config)}: its lines"
    if done.budget:
        yield f"budget {done.budget} of ${done.amount} a day"
    yield from (f"budget {name}" for name in done.plans)
    yield from (f"{homely(installer.place(agent))}: costtop's hooks" for agent in done.hooks)
    if done.service:
        yield "the service"
    if done.history:
        yield f"{homely(found.database)}: what was read, if nothing has been read since"


class TakingBack:
    """The way back, from what calls costtop to what it has read."""

    def __init__(self, found: Paths, done: Done) -> None:
        self._found, self._done = found, done

    def all(self) -> bool:
        """Every step; whether one of them failed. What was taken back is not tried again."""
        steps = (
            ("service", self._remove_service),
            ("hooks", self._remove_hooks),
            ("budgets", self._remove_budgets),
            ("pieces", self._restore_config),
            ("history", self._delete_history),
        )
        failed = False
        for name, step in steps:
            try:
                if getattr(self._done, name):
                    step()
                    self._done = self._done.without(name)
                    setup_writes.note(self._found, self._done)
            except (CosttopError, OSError) as error:
                put(f"! {error}")
                failed = True
        return failed

    def _remove_service(self) -> None:
        from costtop.daemon.lifecycle import login_service

        for line in login_service.remove(self._found):
            put(line)

    def _remove_hooks(self) -> None:
        for agent in self._done.hooks:
            for line in installer.remove(agent, self._found.hook_receipts):
                put(line)

    def _remove_budgets(self) -> None:
        """Each that stands as it was made; the file is as it was where nobody has changed it."""
        done, file = self._done, self._found.budgets
        made = [BudgetEntry(name=done.budget, amount=done.amount)] if done.budget else []
        made += [
            BudgetEntry(name=name, period=f"{PLAN}{name.partition('-')[2]}", tiers=PLAN_TIERS)
            for name in done.plans
        ]
        ours = self._is_ours(file)
        for one in made:
            self._remove_budget(one)
        if ours:
            self._put_back(file)

    def _remove_budget(self, made: BudgetEntry) -> None:
        own = {entry.name: entry for entry in configuration.own_budgets(self._found)}
        if made.name not in own:
            put(f"budget {made.name} is gone already")
        elif own[made.name] != made:
            remove = f"costtop budget remove {made.name}"
            put(f"left: budget {made.name}, changed since; take it out: {remove}")
        else:
            budget.change(RemoveBudget(made.name, user_name()))

    def _restore_config(self) -> None:
        path = Path(os.path.realpath(self._found.config))
        now = bytes_of(path)
        self._restore_tried()
        if now is None:
            put(f"{homely(path)}: is gone already")
            return
        if self._is_ours(path):
            self._put_back(path)
            put(f"{homely(path)} is as it was")
            return
        text, left = config_text.cut(now.decode(errors="surrogateescape"), self._done.pieces)
        replace(
            path,
            text.encode(errors="surrogateescape"),
            stat.S_IMODE(path.stat().st_mode),
            synced=True,
        )
        put(f"{homely(path)} was changed since: init's own lines are out, the rest stays")
        for piece in left:
            lines = [line for line in piece.splitlines() if line and not line.startswith("#")]
            put(f"left in {homely(path)}, for they were edited: {'; '.join(lines)}")

    def _restore_tried(self) -> None:
        """That a test has arrived is forgotten with its endpoint."""
        from costtop.notify import tested_endpoints

        if self._is_ours(tested_endpoints.place(self._found)):
            self._put_back(tested_endpoints.place(self._found))

    def _delete_history(self) -> None:
        from costtop.daemon.lifecycle import instance

        files = [Path(one) for one in self._done.history]
        if not instance.is_free(self._found.lock) or not self._is_ours(files[0]):
            put(
                f"left: {homely(self._found.database)}, read on since; delete it: costtop uninstall"
            )
            return
        sides = [Path(f"{self._found.database}{tail}") for tail in ("-wal", "-shm")]
        for path in (*files, *sides):
            gone(path)
        put(f"{homely(self._found.database)} is deleted: logs can be read again")

    def _is_ours(self, path: Path) -> bool:
        """Whether the file is, byte for byte, what we made of it."""
        kept, now = receipts.read(self._found.init_receipts, path), bytes_of(path)
        return kept is not None and now is not None and receipts.digest(now) == kept.after

    def _put_back(self, path: Path) -> None:
        kept = receipts.read(self._found.init_receipts, path)
        if kept is not None and kept.before is not None:
            mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
            replace(path, kept.before, mode, synced=True)
        elif kept is not None:
            path.unlink(missing_ok=True)


def _clear(found: Paths, done: Done) -> None:
    """Folders that were made for it go where nothing else has come into them."""
    from costtop.daemon.lifecycle import instance

    if done.lock and not found.database.exists() and instance.is_free(found.lock):
        found.lock.unlink(missing_ok=True)
    for folder in done.folders:
        with suppress(OSError):
            os.rmdir(folder)
