"""The walk of `costtop init`: what is found, proposed and answered."""

import argparse
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from costtop import config as configuration
from costtop import money
from costtop.alerts import budget_wording
from costtop.cli.reports import doctor
from costtop.cli.reports.diagnosis.diagnoses import Diagnosis
from costtop.cli.tables import plain, put
from costtop.cli.upkeep.setup import proposals, questions
from costtop.cli.upkeep.setup.config_text import Inserted
from costtop.cli.upkeep.setup.proposals import NO_SETTINGS
from costtop.cli.upkeep.setup.questions import NOWHERE, NewChannel, Questions, homely
from costtop.cli.upkeep.setup.read_ahead import HistoryAhead
from costtop.cli.upkeep.setup.setup_writes import Answers, plan_names
from costtop.config import Config
from costtop.durations import now_ms
from costtop.errors import CosttopError, UsageError
from costtop.hooks.dialects import OF_HOME
from costtop.nouns.budget_nouns import PLAN
from costtop.paths import Paths
from costtop.settings.budget_settings import BudgetEntry, budget_of
from costtop.sources.registry import SOURCE
from costtop.text import clean


class Walk:
    """One run: what is told on the way, and the answers."""

    def __init__(self, found: Paths, config: Config, asker: Questions) -> None:
        self._found, self._config, self._asker = found, config, asker
        tree = configuration.source(found.config)[1].get("anomaly", {})
        self._kept = frozenset(tree if isinstance(tree, dict) else ())

    def agents(self) -> bool:
        """Says what is read; whether what is not stored yet is to be read now."""
        from costtop.daemon.ingest.log_roots import unread

        wrong: list[Diagnosis] = []
        told = [one for one in doctor.sources(self._found, wrong) if one["found"]]
        logs = [one for one in told if one["files"] or one["title"] != SOURCE["costtop"].title]
        put("Agents")
        rows = [
            (
                f"  {one['title']}",
                f"{one['files']:,} files",
                _size(one["bytes"]),
                homely(one["folder"]),
            )
            for one in logs
        ]
        put(plain(("", "", "", ""), rows, frozenset({1, 2})).partition("\n")[2] if rows else _NONE)
        for lost in unread([each["folder"] for each in told]):
            where = clean(homely(lost.folder), 300)
            put(f"  not read: {lost.title} in {where} (lines: costtop doctor)")
        for one in wrong:
            put(f"  ! {clean(one.said, 300)}")
        if rows:
            _tell(_READ)
        return self._reads(logs)

    def _reads(self, logs: list[dict[str, Any]]) -> bool:
        size = sum(one["bytes"] for one in logs)
        if self._found.database.exists() or not size:
            return True
        put("")
        put("History")
        _tell("Nothing has been read yet. A budget and alert settings are proposed from it.")
        return self._asker.agreed(f"Read it now ({_size(size)})?", usual=True)

    def wanted(self, history: HistoryAhead, options: argparse.Namespace) -> Answers:
        """What the answers come to."""
        put("")
        budget, plans = self._budgets(history)
        return Answers(
            budget=budget,
            plans=plans,
            settings=self._settings(history, budget),
            channel=self._channel(options.channel),
            hooks=self._hooks(tuple(options.hooks or ())),
            service=self._service(asked=options.service),
            history=history.folder,
        )

    def _budgets(self, history: HistoryAhead) -> tuple[int | None, tuple[str, ...]]:
        """A budget for the day, and windows of plans to watch."""
        put("Budget")
        for entry in self._config.budget:
            _tell(f"{entry.name} stands: {budget_wording.words(budget_of(entry))}")
        if history.db is None:
            standing = any(map(_is_whole, self._config.budget))
            if not standing:
                _tell(f"{history.why}.")
            return None if standing else self._asker.budget(None), ()
        now, tz, budget = now_ms(), configuration.zone(self._config), None
        if not any(map(_is_whole, self._config.budget)):
            proposed = proposals.day_budget(proposals.whole_days(history.db, now, tz))
            for line in proposed.why:
                _tell(line)
            budget = self._asker.budget(proposed.amount)
        if any(entry.period.startswith(PLAN) for entry in self._config.budget):
            return budget, ()
        plans = proposals.plan_budgets(history.db, now, tz)
        for line in plans.why:
            _tell(line)
        tiers = " and ".join(map(str, proposals.PLAN_TIERS))
        asked = f"Tell at {tiers} % of {' and '.join(plans.titles)}?"
        return budget, plans.titles if plans.titles and self._asker.agreed(
            asked, usual=True
        ) else ()

    def _settings(self, history: HistoryAhead, budget: int | None) -> Mapping[str, float | str]:
        """Of [anomaly]."""
        put("")
        put("Alerts")
        if history.db is None:
            _tell("There is nothing to replay rules over; they stay as they are.")
            return NO_SETTINGS
        told = proposals.whole_days(history.db, now_ms(), configuration.zone(self._config))
        found = proposals.alert_settings(history.db, self._config, self._kept, told, budget)
        for line in found.why:
            _tell(line)
        words = ", ".join(f"{key} = {value}" for key, value in found.values.items())
        if words and not self._asker.agreed(f"Set {words}?", usual=True):
            return NO_SETTINGS
        return found.values

    def _channel(self, url: str | None) -> NewChannel:
        taken = {one.label for one in self._config.notify}
        put("")
        put("Messages")
        for one in self._config.notify:
            _tell(f"{one.label} stands (try it: costtop alerts test {one.label})")
        if url is None and not taken and self._asker.usual:
            _tell("None is named (--channel ntfy://my-topic).")
        if url is None:
            return NOWHERE if taken else self._asker.channel(taken)
        if url in {one.url for one in self._config.notify}:
            return NOWHERE
        endpoint = questions.named(url, taken)
        if wrong := questions.fault(endpoint):
            raise UsageError(f"--channel: {wrong}")
        _tell(f"{endpoint.label}: a test is sent once it is written")
        return NewChannel(endpoint, test=True)

    def _hooks(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """The agents to wire, of those that are here or named."""
        from costtop.hooks.install import installer

        put("")
        put("Hooks")
        here = [one for one in OF_HOME if one in asked or installer.place(one).parent.is_dir()]
        if not here:
            known = ", ".join(SOURCE[installer.dialect(one).SOURCE].title for one in OF_HOME)
            _tell(f"None of the agents is here whose settings take hooks: {known}.")
        return tuple(one for one in here if self._hook(one, asked=one in asked or "all" in asked))

    def _hook(self, agent: str, *, asked: bool) -> bool:
        """Whether one agent is to be wired."""
        from costtop.hooks.install import installer

        speaks, settings = installer.dialect(agent), homely(installer.place(agent))
        title = SOURCE[speaks.SOURCE].title
        try:
            stands = installer.status(agent, self._found.hook_receipts)
        except CosttopError as error:
            _tell(f"! {error}")
            return False
        if stands.commands:
            wrong = stands.trouble or stands.old
            _tell(f"{title}: they stand in {settings}{wrong and f', but {wrong}'}")
            return False
        line = " and a status line" if speaks.LINE else ""
        _tell(f"{title}: a gate{line} in {settings}, by which budgets can hold it.")
        if not asked and self._asker.usual:
            _tell(f"Not asked for (--hooks {agent}).")
        return asked or self._asker.agreed("  Install?", usual=False)

    def _service(self, *, asked: bool) -> bool:
        from costtop.daemon.lifecycle import login_service

        put("")
        put("Service")
        service = login_service.status(self._found)
        if service.installed or not service.manager:
            _tell(f"{service.name} stands" if service.installed else login_service.NONE)
            return False
        _tell(f"{service.manager} can start the daemon at each login ({homely(service.file)}).")
        if not asked and self._asker.usual:
            _tell("Not asked for (--service).")
        if asked or self._asker.usual:
            return asked
        return self._asker.agreed("  Install?", usual=True)


_NONE = "  No log of an agent is found; where they are looked for: costtop doctor --json"
_READ = (
    "Logs are read, never changed. Counts, times, models and names of folders are kept, no text of"
    " prompts or replies; nothing is sent but messages to where you say."
)


def _is_whole(entry: BudgetEntry) -> bool:
    """Whether a budget is of all spend, in dollars."""
    return not entry.scope and not entry.period.startswith(PLAN)


def _tell(words: str) -> None:
    """A sentence below its heading, in lines that fit the window."""
    width = max(30, min(77, shutil.get_terminal_size().columns - 3))
    for line in textwrap.wrap(clean(words, 1_000), width, break_long_words=False):
        put(f"  {line}")


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def summary(found: Paths, wanted: Answers, made: Inserted | None) -> Iterator[str]:
    """What would be written, file by file; of an endpoint's address only its kind."""
    from costtop.hooks.install import installer

    if wanted.is_nothing:
        return
    yield "To be written"
    if wanted.history is not None:
        yield f"  {homely(found.database)}: what was read"
    if made is not None:
        yield f"  {homely(found.config)}:"
        endpoint = wanted.channel.endpoint
        for line in "".join(made.pieces).splitlines():
            secret = endpoint is not None and line.startswith("url = ")
            yield f"      {_kind(endpoint.url) if secret and endpoint else line}".rstrip()
    if wanted.budget is not None:
        yield f"  {homely(found.budgets)}: a budget of ${money.exactly(wanted.budget)} a day"
    for name in plan_names(wanted.plans):
        tiers = " and ".join(map(str, proposals.PLAN_TIERS))
        yield f"  {homely(found.budgets)}: a budget {name}, told of at {tiers} %"
    for agent in wanted.hooks:
        yield f"  {homely(installer.place(agent))}: costtop's hooks; as it was is kept"
    if wanted.service:
        from costtop.daemon.lifecycle import login_service

        yield f"  {homely(login_service.status(found).file)}: the daemon, at each login"


def _kind(url: str) -> str:
    kind, _, rest = url.partition(":")
    return f'url = "{kind}:…"  # as you gave it' if rest else f'url = "{url}"'
