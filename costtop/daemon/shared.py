"""What readers need of the config, as the store keeps it for them. It loads no config itself."""

import json

from costtop import config as configuration
from costtop.config import Config


def shared(config: Config) -> dict[str, str]:
    """What readers need of the config; they do not read it themselves."""
    budgets = [
        {
            "name": budget.name,
            "period": budget.period,
            "amount": budget.amount,
            "tiers": budget.tiers,
            "scope": dict(budget.scope),
            "action": budget.action,
        }
        for budget in configuration.budgets(config)
    ]
    return {
        "timezone": configuration.zone(config).key,
        "finished_after": str(configuration.milliseconds(config.anomaly.finished_after)),
        "budgets": json.dumps(budgets),
    }
