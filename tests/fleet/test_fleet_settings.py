"""`[fleet]`: mistakes are named with a remedy, and a URL is shown nowhere."""

import os
from pathlib import Path

import pytest

from costtop import config, paths
from costtop.cli.main import main
from costtop.daemon.config_changes import loaded
from costtop.daemon.reloads import changes
from costtop.errors import ConfigError, FleetError
from costtop.fleet import server_url
from costtop.fleet.fleet_host import fleet_host
from costtop.money import NANO
from costtop.paths import Paths
from costtop.settings import fleet_settings
from costtop.settings.fleet_settings import Fleet

CANARY = "postgresql://ann:hunter2@db.example/costtop"
URL = "[fleet]\nurl_env='FLEET_URL'\n"
STEWARD = f"{URL}steward=true\nsteward_url_env='S'\n"
BUDGET = f"{STEWARD}[[fleet.budget]]\nname='all'\n"


def written(text: str) -> Paths:
    found = paths.find()
    found.config.parent.mkdir(parents=True, exist_ok=True)
    found.config.write_text(text)
    return found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[fleet]", "url_file or url_env is missing"),
        ("[fleet]\nurl_file='a'\nurl_env='b'", "give one of url_file, url_env"),
        ("[fleet]\nreader_url_file='a'\nreader_url_env='b'", "one of reader_url_file"),
        (f"{URL}send=['title']", "one of model, feature, project, user"),
        (f"{URL}send=['user', 'user']", "each once"),
        (f"{URL}accept=['pasue']", 'did you mean "pause"?'),
        (f"{URL}hourly=0", "commands an hour, from 1 on"),
        (f"{URL}detail='call'", 'did you mean "calls"?'),
        (f"{URL}host='a:b'", "which stands between a host and its session"),
        (f"{URL}team=' web'", "without blanks around it"),
        (f"{URL}steward=true", "steward_url_file or steward_url_env"),
        (f"{URL}[[fleet.budget]]\nname='all'\namount=1", "set steward = true"),
        (BUDGET, "amount is missing here"),
        (f"{BUDGET}amount=1\nscope={{session='x'}}", "the fleet's sums know no session"),
        (f"{BUDGET}amount=1\nofline='hold'", "did you mean `offline`?"),
        (f"{BUDGET}amount=1\nallowance='2$'", 'did you mean "$2"?'),
        (f"{BUDGET}amount=1\nwatch='billed'", "no setting of this name"),
        (f"{BUDGET}amount=1\n[[fleet.budget]]\nname='all'\namount=2", "names must differ"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_a_remedy(home: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"config\.toml:\d+: ") as caught:
        config.load(written(text))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"[fleet]\nurl='{CANARY}'",
        f"[fleet]\nurl_file='{CANARY}'",
        f"[fleet]\nurl_env='{CANARY}'",
        f"[fleet]\nreader_url_file='{CANARY}'",
        "[fleet]\nsteward_url_file='host=db.example user=ann password=hunter2'",
    ],
)
def test_a_url_that_stands_in_the_configuration_is_refused_and_not_shown(
    home: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = written(text)
    with pytest.raises(ConfigError) as caught:
        loaded(found)
    assert "hunter2" not in str(caught.value)
    for words in (["config", "show"], ["config", "check", "--json"], ["doctor"]):
        main(words)
    told = capsys.readouterr()
    assert "hunter2" not in told.out + told.err


def test_a_budget_of_the_fleet_is_no_local_one(home: Path) -> None:
    extra = "amount='$500'\naction='gate'\noffline='hold'\nallowance='$5'\nexcept={user='ci'}\n"
    read = config.load(written(BUDGET + extra))
    assert config.budgets(read) == ()
    assert read.fleet is not None
    (budget,) = fleet_settings.budgets(read.fleet)
    assert (budget.offline, budget.allowance) == ("hold", 5 * NANO)
    assert budget.budget.amount == 500 * NANO
    assert budget.budget.excepted == (("user", "ci"),)


def test_what_was_changed_and_where_it_stands_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.load(written(URL))
    after = config.load(written(f"{BUDGET}amount=1\n[fleet.budget.scope]\nproject='web'\n"))
    assert "fleet.steward false → true" in changes(before, after)
    assert main(["config", "show", "--origin"]) == 0
    shown = capsys.readouterr().out
    assert "[[fleet.budget]]" in shown
    assert "# config.toml:6" in shown


def test_the_url_is_read_where_the_setting_says(home: Path) -> None:
    file = home / "fleet.url"
    file.write_text(f"{CANARY}\n")
    file.chmod(0o600)
    assert server_url.url_of(Fleet(url_file=str(file)), "host") == CANARY
    assert server_url.url_of(Fleet(url_env="F"), "host", {"F": CANARY}) == CANARY
    assert server_url.url_of(Fleet(reader_url_env="F"), "reader", {"F": CANARY}) == CANARY


def test_a_file_that_others_may_read_is_refused(home: Path) -> None:
    file = home / "fleet.url"
    file.write_text(CANARY)
    file.chmod(0o640)
    fleet = Fleet(url_file=str(file))
    with pytest.raises(FleetError, match=r"open to others; chmod 600") as caught:
        server_url.url_of(fleet, "host")
    assert "hunter2" not in str(caught.value)
    file.chmod(0o600)
    if os.getuid() == 0:
        os.chown(file, 12345, 12345)
        with pytest.raises(FleetError, match="another user's; chown"):
            server_url.url_of(fleet, "host")


def test_a_fleet_whose_url_is_missing_stops_no_daemon(home: Path) -> None:
    _, missing = loaded(written("[fleet]\nurl_file='~/nowhere.url'\n"))
    assert len(missing) == 1
    assert "[fleet] url_file" in missing[0]
    assert "No such file" in missing[0]


def test_a_machine_is_called_as_the_config_says_or_by_its_name_and_a_suffix() -> None:
    assert fleet_host(Fleet(url_env="F", host="ann-laptop")) == "ann-laptop"
    name = fleet_host(None)
    assert name == fleet_host(Fleet(url_env="F"))
    assert name.startswith(os.uname().nodename.partition(".")[0])
    machine = Path("/etc/machine-id")
    if machine.exists():
        assert machine.read_text().strip()[:4] != name[-4:]
