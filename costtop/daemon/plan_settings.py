"""The plans that the config says the user pays, with the sources that tell of their agents."""

import msgspec

from costtop import config as configuration
from costtop.config import Config
from costtop.config_mistakes import Mistake, one_of
from costtop.errors import ConfigError
from costtop.nouns.paid_plan import PaidPlan
from costtop.queries.spending import sum_keys
from costtop.settings import plan_entries
from costtop.settings.plan_entries import PlanEntry
from costtop.sources.registry import SOURCE


def of(config: Config) -> tuple[PaidPlan, ...]:
    """The plans, in the order of the config; raises ConfigError for an agent that is not known."""
    if not config.plan:
        return ()
    try:
        return _made(config)
    except Mistake as mistake:
        number = mistake.place[1]
        name = config.plan[number].name if isinstance(number, int) else ""
        raise ConfigError(f'plan "{name}": {mistake.remedy}') from None


def check(config: Config, number: int) -> None:
    """Raises ConfigError where a plan is wrong by itself or beside those before it."""
    of(msgspec.structs.replace(config, plan=config.plan[: number + 1]))


def accounts(config: Config) -> list[str]:
    """The folders that plans are of alone."""
    return [plan.account for plan in of(config) if plan.account]


def _made(config: Config) -> tuple[PaidPlan, ...]:
    tz, told = configuration.zone(config), _by_agent()
    agents = [_agent(entry, number, told) for number, entry in enumerate(config.plan)]
    plan_entries.check_overlap(config.plan, agents)
    return tuple(
        plan_entries.made(entry, agent, told[agent], tz)
        for entry, agent in zip(config.plan, agents, strict=True)
    )


def _agent(entry: PlanEntry, number: int, known: dict[str, tuple[str, ...]]) -> str:
    """How people call the agent, however the entry does: "claude" of "claude-code"."""
    agent = sum_keys.agent(entry.agent)
    if agent not in known:
        remedy = f'agent "{entry.agent}"; {one_of(entry.agent, tuple(known))}'
        raise Mistake(("plan", number, "agent"), remedy)
    return agent


def _by_agent() -> dict[str, tuple[str, ...]]:
    """The sources of each agent: "gemini-cli.json" tells of gemini too."""
    found: dict[str, dict[str, None]] = {}
    for source in sorted(SOURCE):
        family = source.partition(".")[0]
        found.setdefault(sum_keys.agent(family), {}).update({family: None, source: None})
    return {agent: tuple(sources) for agent, sources in found.items()}
