"""The example shows every setting with its default; mistakes are named with a remedy."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from costtop import config, paths, periods
from costtop.daemon import plan_settings
from costtop.daemon.config_changes import loaded
from costtop.errors import ConfigError
from costtop.money import NANO
from costtop.paths import Paths
from costtop.settings.fleet_settings import Fleet
from costtop.settings.plan_entries import PlanEntry

ROOT = Path(__file__).parent.parent
OTHER = "[[plan]]\nname='b'\nagent='claude-code'\nprice=1\n"
PLAN = "[[plan]]\nname='a'\nagent='claude'\n"
EXAMPLE = tomllib.loads((ROOT / "config.example.toml").read_text())


def test_the_example_is_a_valid_configuration(home: Path) -> None:
    found = written((ROOT / "config.example.toml").read_text())
    assert [budget.name for budget in config.budgets(config.load(found))] == ["daily"]


def test_the_example_shows_every_setting_and_no_other() -> None:
    assert fields(config.Config) == set(EXAMPLE)
    for name, struct in (
        ("source", config.SourceEntry),
        ("feature", config.FeatureRule),
        ("budget", config.BudgetEntry),
        ("notify", config.Endpoint),
        ("plan", PlanEntry),
    ):
        assert fields(struct) == set(EXAMPLE[name][0]), name
    assert fields(config.Receive) == set(EXAMPLE["receive"])
    assert fields(Fleet) == {*EXAMPLE["fleet"], "budget"}


@pytest.mark.parametrize(
    ("shown", "defaults"),
    [
        (EXAMPLE["anomaly"], config.Anomaly()),
        (EXAMPLE["prices"], config.Prices()),
        (EXAMPLE["receive"]["otlp"], config.Otlp()),
        (EXAMPLE["metrics"], config.Metrics()),
        (EXAMPLE["fleet"], Fleet(url_file="~/.costtop-fleet.url")),
        ({k: EXAMPLE[k] for k in ("timezone", "off", "read_only")}, config.Config()),
        (EXAMPLE["notify"][0], config.Endpoint(label="phone", url="ntfy://my-topic")),
    ],
)
def test_what_the_example_shows_is_the_default(
    shown: dict[str, object], defaults: msgspec.Struct
) -> None:
    for key, value in shown.items():
        expected = getattr(defaults, key)
        assert value == (list(expected) if isinstance(expected, tuple) else expected), key


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[anomaly]\nmultiplyer = 3", "did you mean `multiplier`"),
        ("[anomaly]\nmultiplier = 'x'", 'config.toml:2: multiplier = "x": a number'),
        ("[[budget]]\nname='a'\namount='$0'", "more than $0"),
        ("[[budget]]\nname='a'\namount='twenty'", "write it as $12.50"),
        ("[[budget]]\nname='a'\namount=1\nperiod='fortnight'", "day, week, month"),
        ("[[budget]]\nname='a'\namount=1\ntiers=[0]", "per cents"),
        ("[[budget]]\nname='a'", "amount is missing here"),
        ("[[budget]]\nname='a'\namount=1\nact_at=0", "a per cent between 1 and 1000"),
        ("[[budget]]\nname='a'\namount=1\nexcept={team='x'}", 'except "team"'),
        ("[[budget]]\nname='a'\namount=1\nexcept=3", "a table"),
        ("[[budget]]\nname='a'\namount=1\nexcpt={}", "did you mean `except`?"),
        ("[[budget]]\nname='a'\namount=1\nscope={team='x'}", 'scope "team"'),
        ("[[budget]]\nname='a'\nperiod='plan:5h'\namount=1", "take the amount out"),
        ("[[budget]]\nname='a'\nperiod='plan:five'", "plan:week"),
        ("[[budget]]\nname='a'\nperiod='plan:5'", 'did you mean "plan:5h"?'),
        ("[[budget]]\nname='a'\nperiod='plan:5h'\nscope={team='x'}", "source, home, plan"),
        ("[[budget]]\nname='a'\nperiod='plan:5h'\nscope={feature='x'}", "spare it by except"),
        ("[[budget]]\nname='a'\namount=1\n[[budget]]\nname='a'\namount=2", "names must differ"),
        ("[[budget]]\nname='a'\namount=1\nwatch='bill'", 'watch = "bill": one of value, billed'),
        ("[[budget]]\nname='a'\nperiod='plan:5h'\nwatch='billed'", "bills nothing"),
        ("[[plan]]\nname='a'\nagent='claude'", "price is missing here"),
        (f"{PLAN}price='twenty'", 'price = "twenty": dollars a month, such as "$200"'),
        (f"{PLAN}price='$-1'", "dollars a month"),
        (f"{PLAN}price=1\nfrom='soon'", 'config.toml:5: from = "soon": a day, such as'),
        (
            f"{PLAN}price=1\nuntil=2026-11-01T10:00:00",
            "config.toml:5: until = 2026-11-01 10:00:00: a day, such as",
        ),
        (f"{PLAN}price=1\nfrom='2026-11-02'\nuntil='2026-11-01'", "before its first, 2026-11-02"),
        (f"{PLAN}price=1\nform='2026-11-02'", "did you mean `from`"),
        (f"{PLAN}price=1\n{PLAN}price=1", 'two plans are named "a"'),
        ("timezone = 'Mars/Olympus'", "Mars/Olympus"),
        ("[[feature]]\nname='a'\nmatch={folder='x'}", 'match "folder"'),
        ("anomaly = 3", "anomaly"),
        ("x = [", "not valid TOML"),
        ("[anomaly]\nfinished_after='soon'", "is not a duration"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_a_remedy(home: Path, text: str, said: str) -> None:
    found = written(text)
    with pytest.raises(ConfigError) as error:
        config.load(found)
    assert said in str(error.value)
    assert str(found.config) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[[plan]]\nname='a'\nagent='cloude'\nprice=1",
            'plan "a": agent "cloude"; one of ',
        ),
        (f"{PLAN}price=1\n{OTHER}", "at once; end one"),
        (
            f"{PLAN}price=1\naccount='~/.claude/'\n{OTHER}account='~/.claude'",
            "both of agent claude and account ~/.claude at once",
        ),
    ],
)
def test_a_plan_that_no_agent_knows_or_that_meets_another_is_refused(
    home: Path, text: str, said: str
) -> None:
    found = written(text)
    with pytest.raises(ConfigError) as error:
        loaded(found)
    assert said in str(error.value)
    line = text[: text.rindex("[[plan]]")].count("\n") + 1
    assert f"{found.config}:{line}: plan" in str(error.value)


def test_plans_of_one_account_may_follow_each_other_and_others_stand_beside(home: Path) -> None:
    found = written(
        f"{PLAN}price=1\nuntil='2026-10-31'\n[[plan]]\nname='b'\nagent='claude'\nprice='$200'\n"
        "from=2026-11-01\n[[plan]]\nname='c'\nagent='claude-code'\nprice=1\naccount='~/.claude-two'"
        "\n[[plan]]\nname='d'\nagent='gemini'\nprice=2.5"
    )
    plans = plan_settings.of(loaded(found)[0])
    assert [plan.price // NANO for plan in plans] == [1, 200, 1, 2]
    assert plans[0].until == plans[1].since
    assert {plan.agent for plan in plans} == {"claude", "gemini"}
    assert set(plans[0].sources) >= {"claude-code", "claude-stream"}
    assert plans[2].account == str(Path.home() / ".claude-two")


def test_a_budget_set_by_command_replaces_the_config_s_of_the_same_name(home: Path) -> None:
    found = written("[[budget]]\nname='a'\namount=1\n[[budget]]\nname='b'\namount=2")
    found.budgets.write_text("[[budget]]\nname='a'\namount=9")
    made = {budget.name: budget.amount for budget in config.budgets(config.load(found))}
    assert made == {"a": 9 * 10**9, "b": 2 * 10**9}


def written(text: str) -> Paths:
    found = paths.find()
    found.config.parent.mkdir(parents=True, exist_ok=True)
    found.config.write_text(text)
    return found


def fields(struct: type[msgspec.Struct]) -> set[str]:
    return set(struct.__struct_encode_fields__)


def test_a_budget_of_a_plan_needs_no_amount() -> None:
    found = written(
        "[[budget]]\nname='five'\nperiod='plan:5h'\ntiers=[50, 80, 95]\naction='gate'\nact_at=90\n"
        "scope={agent='codex', home='~/.codex-work'}\nexcept={feature='release'}\n"
        "[[budget]]\nname='opus'\nperiod='plan:week opus'"
    )
    five, opus = config.budgets(config.load(found))
    assert (five.of_plan, five.tiers, five.limit) == (True, (50, 80, 95), 9_000)
    home = str(Path("~/.codex-work").expanduser())
    assert dict(five.scope) == {"source": "codex", "home": home}
    assert five.excepted == (("feature", "release"),)
    assert periods.plan(opus.period) == (7 * 24 * 60, "opus")
