"""What readers need of the config, as the store keeps it for them. It loads no config itself."""

from costtop import config as configuration
from costtop.config import Config
from costtop.store import meta


def shared(config: Config) -> dict[str, str]:
    """What readers need of the config; they do not read it themselves."""
    return {
        "timezone": configuration.zone(config).key,
        "finished_after": str(configuration.milliseconds(config.anomaly.finished_after)),
        "budgets": meta.encode_budgets(configuration.budgets(config)),
    }
