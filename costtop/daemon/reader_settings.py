"""What readers need of the config, as the store keeps it for them."""

import json

import msgspec

from costtop import config as configuration
from costtop.config import Config
from costtop.daemon import plan_settings
from costtop.shown import currency
from costtop.store import meta
from costtop.store.plans import paid_plans
from costtop.store.sessions import owner_columns, task_completion, titles


def reader_settings(config: Config) -> dict[str, str]:
    """By key of `store.meta`; readers do not load the config themselves."""
    settings = meta.encoded(
        zone=configuration.zone(config).key,
        finished_after=configuration.milliseconds(config.anomaly.finished_after),
        min_peers=config.anomaly.min_peers,
        budgets=configuration.budgets(config),
    )
    settings |= paid_plans.encoded(plan_settings.of(config))
    return settings | {
        titles.KEY: "1" if config.session_titles else "",
        currency.KEY: currency.told(*msgspec.structs.astuple(config.display)),
        task_completion.KEY: config.tasks.completed_by,
        meta.TICKETS: config.tickets.pattern,
        owner_columns.KEY: _owners(config),
    }


def _owners(config: Config) -> str:
    """What is said of whose logs are."""
    given = {one.name: (one.user, one.host) for one in config.source if one.user or one.host}
    near = config.receive.otlp is not None and config.receive.otlp.host
    return json.dumps([msgspec.structs.asdict(config.identity), given, near], sort_keys=True)
