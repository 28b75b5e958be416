"""What doctor says of channels: which can deliver, and which ever have. Nothing is sent."""

import json
from pathlib import Path

import pytest

from costtop import paths
from costtop.cli.main import main
from costtop.notify.send import faults


async def test_unknown_services_missing_modules_and_incomplete_urls_are_named() -> None:
    nosuch, near, cut, good, log = await faults(
        ["nosuch://hush", "ntffy://hush", "slack://hush", "ntfys://hush", "log:/no/such/hush.log"]
    )
    assert nosuch == "nosuch:// is no service that Apprise knows"
    assert near.endswith("did you mean ntfy://?")
    assert "slack:// is known, but" in cut
    assert good == ""
    assert "cannot be written" in log
    assert "hush" not in nosuch + near + cut + log


async def test_a_service_whose_module_is_missing_names_the_module() -> None:
    import importlib.util

    if importlib.util.find_spec("paho"):
        pytest.skip("paho-mqtt is installed here")
    [said] = await faults(["mqtt://localhost/topic"])
    assert said.startswith("mqtt:// needs paho-mqtt")


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, str], str]:
    """The states of the channels, and all that is printed."""
    main(["doctor", "--json"])
    tree = json.loads(capsys.readouterr().out)
    main(["doctor"])
    out = capsys.readouterr().out
    for one in tree["notify"]:
        told = [line for line in tree["problems"] if line.startswith(f"notify {one['label']}: ")]
        assert bool(told) == (one["state"] != "ok"), one
    return {one["label"]: one["state"] for one in tree["notify"]}, out


def test_a_channel_that_never_delivered_is_not_ok_until_a_trial_reaches_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = paths.find().config
    file.parent.mkdir(parents=True)
    text = '[[notify]]\nlabel = "a"\nurl = "nosuch://hush"\n'
    text += f'[[notify]]\nlabel = "b"\nurl = "log:{home}/b.log"\n'
    file.write_text(text)
    states, out = doctor(capsys)
    assert states == {"a": "wrong", "b": "untried"}
    assert "notify b: untried, never delivered" in out
    assert "hush" not in out
    assert not (home / "b.log").exists()  # nothing was sent
    assert main(["alerts", "test", "b"]) == 0
    assert capsys.readouterr().out.startswith("b  log  sent")
    assert doctor(capsys)[0] == {"a": "wrong", "b": "ok"}
    file.write_text(text.replace("/b.log", "/other.log"))
    assert doctor(capsys)[0]["b"] == "untried"
