"""What `costtop init` writes once its summary is confirmed, with a receipt before each step.

Budgets, hooks and the service are set by whoever owns them; here stands the order, and what was
there before, so that all of it can be taken back.
"""

import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from costtop import config as configuration
from costtop import money
from costtop.cli.control import budget
from costtop.cli.tables import put
from costtop.cli.upkeep.setup import questions, read_ahead
from costtop.cli.upkeep.setup.config_text import Inserted, cut
from costtop.cli.upkeep.setup.proposals import PLAN_TIERS
from costtop.cli.upkeep.setup.questions import NOWHERE, NewChannel, homely
from costtop.control.protocol import SetBudget
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.files import private_directory, private_file, replace, user_name
from costtop.hooks.install import installer, receipts
from costtop.hooks.install.installer import bytes_of
from costtop.hooks.install.receipts import Receipt
from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import PLAN
from costtop.paths import Paths


class Answers(NamedTuple):
    """What the answers come to."""

    budget: int | None = None  # nano-dollars a day
    plans: tuple[str, ...] = ()  # titles of windows to watch
    settings: Mapping[str, float | str] = {}  # of [anomaly]
    channel: NewChannel = NOWHERE
    hooks: tuple[str, ...] = ()  # agents
    service: bool = False
    history: Path | None = None  # a first reading to keep

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to write."""
        return self == Answers()


class Done(NamedTuple):
    """What was written, by all runs of `costtop init` together."""

    pieces: tuple[str, ...] = ()  # of config.toml
    budget: str = ""  # its name
    amount: str = ""
    plans: tuple[str, ...] = ()  # names of budgets of plans' windows
    hooks: tuple[str, ...] = ()
    service: bool = False
    history: tuple[str, ...] = ()  # files, the mark of the database first
    lock: bool = False  # there was no lock file before
    folders: tuple[str, ...] = ()  # made for all this, the deepest first

    @property
    def budgets(self) -> bool:
        """Whether any budget was set."""
        return bool(self.budget or self.plans)

    def without(self, what: str) -> "Done":
        """What is left once one kind was taken back."""
        parts = ("budget", "amount", "plans") if what == "budgets" else (what,)
        return self._replace(**{name: getattr(Done(), name) for name in parts})


_LISTS = ("pieces", "plans", "hooks", "history", "folders")


def plan_names(titles: Iterable[str]) -> tuple[str, ...]:
    """What budgets of plans' windows are called: plan-5h."""
    return tuple(f"plan-{title}" for title in titles)


def done(found: Paths) -> Done | None:
    """What was written; None where nothing was, or where that cannot be read."""
    try:
        told = json.loads(_file(found).read_bytes())
        lists = {name: tuple(map(str, told[name])) for name in _LISTS}
        return Done(
            budget=str(told["budget"]),
            amount=str(told["amount"]),
            service=told["service"] is True,
            lock=told["lock"] is True,
            **lists,
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def note(found: Paths, done: Done) -> None:
    """Keeps what was written, or is about to be: taking back what was not harms nothing."""
    folder = private_directory(found.init_receipts)
    replace(folder / _file(found).name, json.dumps(done._asdict()).encode())


def _file(found: Paths) -> Path:
    return found.init_receipts / "done.json"


def forget(found: Paths) -> None:
    """All of it was taken back."""
    for path in found.init_receipts.glob("*"):
        path.unlink()
    found.init_receipts.rmdir()


class Deeds:
    """Writes what is wanted, step by step; what does not succeed is told, the rest goes on."""

    def __init__(self, found: Paths, wanted: Answers, made: Inserted | None) -> None:
        self._found, self._wanted, self._made = found, wanted, made
        self._done = done(found) or Done()
        self.failed = False

    def all(self) -> None:
        """Every step, in the order in which the next needs it."""
        found, wanted = self._found, self._wanted
        inside = (found.hook_receipts / "any", found.config, found.database)
        missing = (one for path in inside for one in installer.missing(path))
        new = [one for one in missing if one not in self._done.folders]
        private_directory(found.database.parent)
        lock = self._done.lock or not found.lock.exists()
        self._note(
            self._done._replace(lock=lock, folders=(*self._done.folders, *dict.fromkeys(new)))
        )
        steps: list[tuple[object, Callable[[], None]]] = [
            (wanted.history, self._keep_history),
            (self._made, self._write_config),
            (wanted.budget or wanted.plans, self._set_budgets),
            (wanted.channel.reached or wanted.channel.test, self._tell_tried),
            *((agent, partial(self._hook, agent)) for agent in wanted.hooks),
            (wanted.service, self._install_service),
        ]
        for asked, step in steps:
            if asked:
                self._try(step)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except CosttopError as error:
            put(f"! {error}")
            self.failed = True
        except OSError as error:
            put(f"! {error.filename or 'cannot write'}: {error.strerror}")
            self.failed = True

    def _note(self, done: Done) -> None:
        self._done = done
        note(self._found, done)

    def _keep_history(self) -> None:
        assert self._wanted.history is not None
        files = read_ahead.keep(self._found, self._wanted.history)
        if files:
            self._receipt(files[0], None, files[0].read_bytes())
            self._note(self._done._replace(history=tuple(map(str, files))))
            put(f"{homely(self._found.database)}: what was read is kept")

    def _write_config(self) -> None:
        assert self._made is not None
        path, after = self._found.config, self._made.text.encode()
        target = Path(os.path.realpath(path))  # a linked config stays one
        if (bytes_of(target) or b"") != cut(self._made.text, self._made.pieces)[0].encode():
            raise CosttopError(f"{path} was changed meanwhile; again: costtop init")
        self._note(self._done._replace(pieces=(*self._done.pieces, *self._made.pieces)))
        private_directory(path.parent)
        self._receipt(target, bytes_of(target), after)
        if not target.exists():
            os.close(private_file(target, os.O_WRONLY | os.O_CREAT))
        try:
            replace(target, after, stat.S_IMODE(target.stat().st_mode), synced=True)
        except OSError as error:
            raise CosttopError(f"cannot write {path}: {error.strerror}") from None
        put(f"{homely(path)} is written")

    def _set_budgets(self) -> None:
        before = bytes_of(self._found.budgets)
        if self._wanted.budget is not None:
            self._set_budget(self._wanted.budget)
        named = plan_names(self._wanted.plans)
        self._note(self._done._replace(plans=(*self._done.plans, *named)))
        for name, title in zip(named, self._wanted.plans, strict=True):
            set_ = SetBudget(name, period=f"{PLAN}{title}", tiers=PLAN_TIERS, by=user_name())
            budget.change(set_)
        self._receipt(self._found.budgets, before, bytes_of(self._found.budgets) or b"")

    def _set_budget(self, amount: int) -> None:
        taken = {entry.name for entry in configuration.load(self._found).budget}
        name = next(name for name in ("daily", "each-day", "all-day") if name not in taken)
        said = money.exactly(amount).replace(",", "").removesuffix(".00")
        self._note(self._done._replace(budget=name, amount=said))
        budget.change(SetBudget(name, amount=said, by=user_name()))

    def _tell_tried(self) -> None:
        """Tests an endpoint that is a file, now that files may be written; keeps how it went."""
        from costtop.notify import tested_endpoints

        endpoint, file = self._wanted.channel.endpoint, tested_endpoints.place(self._found)
        assert endpoint is not None
        trial = None if self._wanted.channel.reached else questions.tested(endpoint)
        before = bytes_of(file)
        if trial is None or trial.ok:
            tested_endpoints.keep(self._found, [(endpoint, True)], now_ms())
            self._receipt(file, before, bytes_of(file) or b"")
            put(f"{endpoint.label}: a test has been sent")
        else:
            again = f"mend it (costtop config edit), then: costtop alerts test {endpoint.label}"
            raise CosttopError(f"{endpoint.label}: the test did not arrive: {trial.said}; {again}")

    def _hook(self, agent: str) -> None:
        hooks = tuple(dict.fromkeys((*self._done.hooks, agent)))
        self._note(self._done._replace(hooks=hooks))
        for line in installer.install(agent, self._found.hook_receipts):
            put(line)

    def _install_service(self) -> None:
        from costtop.daemon.lifecycle import login_service

        file = login_service.status(self._found).file
        self._note(
            self._done._replace(
                service=True, folders=(*installer.missing(file), *self._done.folders)
            )
        )
        for line in login_service.install(self._found):
            put(line)

    def _receipt(self, path: Path, before: bytes | None, after: bytes) -> None:
        """What a file was; where only we have changed it since, what it was before that."""
        earlier = receipts.read(self._found.init_receipts, path)
        if earlier and before is not None and receipts.digest(before) == earlier.after:
            before = earlier.before
        kept = Receipt(before, receipts.digest(after), ())
        receipts.keep(self._found.init_receipts, path, kept)
