"""Opens one instance for who reads into it: store, prices and reading as the config wants them.

What commits mean for budgets and alerts is no business of a single look: `wiring` joins that.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costtop import config as configuration
from costtop.config import Config, FeatureRule
from costtop.daemon import plan_settings, shipped_prices
from costtop.daemon.alerting.rule_settings import settings_of
from costtop.daemon.ingest import journal_events, title_reading
from costtop.daemon.ingest.intake import Costs, Ingest
from costtop.daemon.ingest.log_owners import LogOwners
from costtop.daemon.ingest.log_roots import roots
from costtop.daemon.notices import budget_changes
from costtop.daemon.reader_settings import reader_settings
from costtop.daemon.session_scopes import addressed
from costtop.durations import now_ms
from costtop.errors import ConfigError
from costtop.files import private_directory
from costtop.model import Context
from costtop.named_tuples import NamedTuple
from costtop.nouns.budget_nouns import OF_FLEET
from costtop.paths import Paths
from costtop.pricing.book import PriceBook
from costtop.pricing.charge import basis
from costtop.pricing.override import overrides
from costtop.settings.fleet_settings import Fleet
from costtop.sources.registry import SOURCE
from costtop.store import meta, outgoing
from costtop.store.alerts import breakers
from costtop.store.calls.write_context import WriteContext
from costtop.store.recovery import rebuild
from costtop.store.sessions import accounts, labels, owner_columns, owners, runs, task_completion
from costtop.store.sessions.accounts import Accounts
from costtop.store.writer import Writer
from costtop.tail.roots import Root
from costtop.world_faults import best_effort

if TYPE_CHECKING:
    from costtop.daemon.notices.post import Audience

_LITELLM_LIMIT = 64 << 20  # bytes
_DEFAULT_BRANCHES = {"", "main", "master", "trunk", "HEAD"}


class Opened(NamedTuple):
    """One instance, ready to read."""

    config: Config  # with sessions by their keys
    writer: Writer
    write_context: WriteContext
    prices: PriceBook
    ingest: Ingest
    roots: list[Root]
    told: bool  # a message was put into the outbox: what the config changed


@asynccontextmanager
async def opened(
    paths: Paths, config: Config, lock_wait: float = 60.0, *, once: bool = False
) -> AsyncIterator[Opened]:
    """Opens the store and everything that reads into it. The caller holds the instance's lock.

    `lock_wait` is how many seconds a write waits for another program's lock. `once`: as `roots` has
    it.
    """
    found = roots(config, paths, once=once)
    who = LogOwners(config, paths)
    private_directory(paths.spool)
    prices = price_book(config, paths)
    rebuild.make_whole(paths.database, now_ms())
    async with Writer(paths.database, lock_wait) as writer:
        config = await writer.read(addressed, config)
        await writer.transact(join, config.fleet, paths)
        costs = partial(basis, policy=config.prices.counts)
        write_context = await _context(writer, config, costs)
        await _place_sessions(writer, write_context, config, who)
        told = await _tell_changes(writer, config)
        await _leave_fleet(writer, config)
        await title_reading.as_wanted(writer, wanted=config.session_titles)
        prices.offer(json.loads(await writer.read(meta.get, "cards") or "null"))
        ingest = Ingest(writer, write_context, prices, costs)
        ingest.titles, ingest.owner_of = config.session_titles, who.owner_of
        await _restore(writer, ingest)
        try:
            yield Opened(
                config=config,
                writer=writer,
                write_context=write_context,
                prices=prices,
                ingest=ingest,
                roots=found,
                told=told,
            )
        finally:
            if prices.learnt() and not writer.damaged.is_set():
                await _keep_last(writer, prices)


async def _tell_changes(writer: Writer, config: Config) -> bool:
    """Keeps what readers need of the config; True where a message says what it changed."""
    settings_of(config)  # what is wrong with it is said by whatever opens it
    made = _audience(config) if config.notify else None
    to = partial(_audience, config) if made is None else lambda: made
    settings, limits = reader_settings(config), configuration.budgets(config)
    return await writer.transact(budget_changes.keep, settings, limits, to, now_ms())


def _audience(config: Config) -> "Audience":
    """Who is told. Mostly nobody is, and then nothing that tells is loaded."""
    from costtop.daemon.notices.post import audience

    return audience(config, configuration.zone(config))


async def _leave_fleet(writer: Writer, config: Config) -> None:
    """What a fleet held is over where the configuration knows none any more."""
    ships = config.fleet is not None and config.fleet.ships
    kept = "" if ships else await writer.read(meta.get, meta.FLEET_GUARDS)
    if kept:
        await writer.transact(breakers.end_named, OF_FLEET, now_ms())
        await writer.transact(meta.put, {meta.FLEET_GUARDS: ""})


def join(db: sqlite3.Connection, fleet: Fleet | None, paths: Paths) -> None:
    """From now on what changes is written down to be sent; without a fleet nothing is.

    All goes again where names are told otherwise than before, or the store was rebuilt. Raises
    ConfigError where the key of the hashes is not to be used.
    """
    if fleet is None or not fleet.ships:
        outgoing.begin(db, "")
        return
    from hashlib import sha256

    from costtop.fleet import naming

    standing, done = rebuild.standing(db), rebuild.recovered(db)
    rebuilt = standing.at if standing else done.at if done else 0
    key = naming.hash_key(fleet, paths)
    told = json.dumps([sorted(fleet.send), fleet.detail, sha256(key).hexdigest(), rebuilt])
    outgoing.begin(db, sha256(told.encode()).hexdigest(), sums=fleet.detail != "calls")


async def _context(writer: Writer, config: Config, costs: Costs) -> WriteContext:
    """What rows are written by, with the tags of commands that `costtop run` started."""
    named = frozenset(one.name for one in config.source) - frozenset(SOURCE)
    made = WriteContext(feature_of(config.feature, str(Path.home())), costs, named)
    made.runs = {key: run.tagger(key) for key, run in (await writer.read(runs.tags)).items()}
    return made


async def _place_sessions(
    writer: Writer, write_context: WriteContext, config: Config, who: LogOwners
) -> None:
    """What the config says of where logs stand: their owners, labels, the accounts of plans.

    It is compared with what the store was told before, so that is not written yet.
    """
    write_context.owners.naming = who.naming
    write_context.completed_by = config.tasks.completed_by
    await writer.transact(task_completion.begin, config.tasks.completed_by)
    told = reader_settings(config)[owner_columns.KEY]
    await writer.transact(owners.renew, who.naming, who.owner_of, told)
    write_context.accounts = Accounts(plan_settings.accounts(config))
    await writer.transact(labels.renew, write_context.labels)
    await writer.transact(accounts.renew, write_context.accounts)


async def _keep_last(writer: Writer, prices: PriceBook) -> None:
    """What is worked out only is worked out again where it cannot be kept."""
    with best_effort():
        await writer.transact(meta.put, cards(prices))


async def _restore(writer: Writer, ingest: Ingest) -> None:
    """Where reading stands; of a store that is rebuilt also what came over channels meanwhile.

    That is all since the backup with which the rebuild began: no log holds it.
    """
    await ingest.restore()
    began = await writer.read(rebuild.standing)
    if began is not None:
        for at, turns in journal_events.told_since(writer.path, began.since):
            await ingest.commit(turns, at)


def cards(prices: PriceBook) -> dict[str, str]:
    """The rate cards worked out so far, as `meta` keeps them for the next start."""
    return {"cards": json.dumps(prices.export())}


def price_book(config: Config, paths: Paths) -> PriceBook:
    """Prices by the config: the user's own file first, LiteLLM's as a fallback."""
    mine = config.prices.override
    path = Path(mine).expanduser() if mine else paths.config.with_name("prices.toml")
    entries = overrides(_toml(path), str(path)) if mine or path.exists() else ()
    fallback = config.prices.litellm
    listed = _json(Path(fallback).expanduser()) if fallback else None
    return PriceBook(entries, listed, shipped=shipped_prices.look)


def _toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"cannot read the prices in {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def _json(path: Path) -> Any:
    try:
        with open(path, "rb") as file:
            return json.loads(file.read(_LITELLM_LIMIT))
    except OSError as error:
        raise ConfigError(f"cannot read the prices in {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not valid JSON: {error}") from None


def feature_of(rules: Sequence[FeatureRule], home: str) -> Callable[[Context, str, str], str]:
    """A function (context, source, model) -> feature; the first rule that matches wins."""
    made = [(rule.name, _expanded(rule.match, home)) for rule in rules]

    def resolve(context: Context, source: str, model: str) -> str:
        if context.feature:
            return context.feature
        for name, match in made:
            if all(_matches(key, glob, context, source, model) for key, glob in match.items()):
                return name
        if context.branch not in _DEFAULT_BRANCHES:
            return context.branch
        return context.project.rstrip("/").rpartition("/")[2]  # a folder by its own name

    return resolve


def _expanded(match: dict[str, str], home: str) -> dict[str, str]:
    return {
        key: home + glob[1:] if key == "cwd" and glob.startswith("~") else glob
        for key, glob in match.items()
    }


def _matches(key: str, glob: str, context: Context, source: str, model: str) -> bool:
    if key == "tag":
        tags = json.loads(context.tags) if context.tags else {}
        return any(fnmatchcase(f"{name}={value}", glob) for name, value in tags.items())
    value = str({"model": model, "source": source}.get(key) or getattr(context, key, ""))
    if glob.endswith("/**") and value == glob[:-3]:
        return True  # the folder itself is below the folder
    return fnmatchcase(value, glob)
