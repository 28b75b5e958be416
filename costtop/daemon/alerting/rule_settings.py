"""The config's rules as the detectors want them."""

from costtop import config as configuration
from costtop import money
from costtop.config import Config
from costtop.detect.settings import Settings


def settings_of(config: Config) -> Settings:
    """The [anomaly] table, and the daily budget that scales severity."""
    anomaly = config.anomaly
    daily = [b.amount for b in configuration.budgets(config) if b.period == "day" and not b.scope]
    return Settings(
        multiplier=anomaly.multiplier,
        min_peers=anomaly.min_peers,
        floor=money.parse(anomaly.floor),
        finished_after=configuration.milliseconds(anomaly.finished_after),
        plain_rule=anomaly.plain_rule,
        session_cap=money.parse(anomaly.session_cap),
        daily_budget=min(daily, default=None),
        zone=configuration.zone(config).key,
    )
