"""The example shows every setting with its default; mistakes are named with a remedy."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from costtop import config, paths
from costtop.errors import ConfigError
from costtop.paths import Paths

ROOT = Path(__file__).parent.parent
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
    ):
        assert fields(struct) == set(EXAMPLE[name][0]), name
    assert fields(config.Receive) == set(EXAMPLE["receive"])


@pytest.mark.parametrize(
    ("shown", "defaults"),
    [
        (EXAMPLE["anomaly"], config.Anomaly()),
        (EXAMPLE["prices"], config.Prices()),
        (EXAMPLE["receive"]["otlp"], config.Otlp()),
        (EXAMPLE["metrics"], config.Metrics()),
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
        ("[[budget]]\nname='a'\namount=1\nact_at=0", "act_at is a per cent"),
        ("[[budget]]\nname='a'\namount=1\nexcept={team='x'}", 'except "team"'),
        ("[[budget]]\nname='a'\namount=1\nexcept=3", "a table"),
        ("[[budget]]\nname='a'\namount=1\nexcpt={}", "did you mean `except`?"),
        ("[[budget]]\nname='a'\namount=1\nscope={team='x'}", 'scope "team"'),
        ("[[budget]]\nname='a'\namount=1\n[[budget]]\nname='a'\namount=2", "names must differ"),
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
