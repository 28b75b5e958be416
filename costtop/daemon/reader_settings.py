"""What readers need of the config, as the store keeps it for them."""

from costtop import config as configuration
from costtop.config import Config
from costtop.daemon import plan_settings
from costtop.store import meta
from costtop.store.plans import paid_plans
from costtop.store.sessions import titles


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
        meta.TICKETS: config.tickets.pattern,
    }
