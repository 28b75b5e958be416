"""What readers need of the config, as the store keeps it for them."""

from costtop import config as configuration
from costtop.config import Config
from costtop.store import meta


def reader_settings(config: Config) -> dict[str, str]:
    """By key of `store.meta`; readers do not load the config themselves."""
    return {
        "timezone": configuration.zone(config).key,
        "finished_after": str(configuration.milliseconds(config.anomaly.finished_after)),
        "budgets": meta.encode_budgets(configuration.budgets(config)),
    }
