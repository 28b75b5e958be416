"""What docs/install/ holds fits the checkout; the image itself is made by scripts/try_install."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from installs import dockerfile, ways

from costtop import paths
from costtop.cli.main import main
from tests.conftest import ROOT

HERE = ROOT / "docs" / "install"
FILE = list(dockerfile.lines((HERE / "Dockerfile").read_text()))


def test_the_image_runs_as_nobody_special_and_copies_what_is_there() -> None:
    names = [name for name, _ in FILE]
    copied = [rest for name, rest in FILE if name == "COPY" and not rest.startswith("--from")]
    assert ("USER", "costtop") in FILE[names.index("USER") :]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert [one for rest in copied for one in rest.split()[:-1] if not (ROOT / one).exists()] == []
    assert set(names) <= {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "ARG", "USER", *dockerfile._SAID}


def test_the_lock_has_the_lines_that_the_image_takes_for_metrics(tmp_path: Path) -> None:
    (line,) = (rest for name, rest in FILE if name == "RUN" and "metrics.lock" in rest)
    command = line.partition("&&")[0].replace("metrics.lock", str(tmp_path / "found"))
    subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, check=True)
    found = (tmp_path / "found").read_text()
    assert re.fullmatch(
        r"prometheus-client==\S+ \\\n( +--hash=sha256:\w+( \\)?\n)+ +# via.*\n", found
    )


def test_compose_mounts_logs_read_only_and_serves_the_loopback_alone() -> None:
    made = yaml.safe_load((HERE / "compose.yaml").read_text())["services"]["costtop"]
    assert made["read_only"] is True and made["cap_drop"] == ["ALL"]
    binds = [one for one in made["volumes"] if not one.startswith("data:")]
    assert binds and all(one.endswith(":ro") for one in binds)
    assert (made["network_mode"], made.get("ports")) == ("host", None)
    assert (HERE / made["build"]["context"]).resolve() == ROOT
    assert (ROOT / made["build"]["dockerfile"]).is_file()
    own = [HERE / one.split(":")[0] for one in binds if one.startswith("./")]
    assert own and all(one.is_file() for one in own)


def test_the_settings_of_the_container_are_right_and_listen_on_the_loopback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = paths.find().config
    config.parent.mkdir(mode=0o700)
    config.write_bytes((HERE / "container.toml").read_bytes())
    assert main(["config", "check"]) == 0, capsys.readouterr()
    assert main(["config", "show"]) == 0
    metrics = capsys.readouterr().out.partition("[metrics]")[2]
    assert 'host = "127.0.0.1"' in metrics and "port = 9464" in metrics


def test_the_formula_is_ruby() -> None:
    if not shutil.which("ruby"):
        pytest.skip("needs ruby, which is not installed here")
    ran = subprocess.run(
        ["ruby", "-c", HERE / "costtop.rb"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "Syntax OK\n")


def test_each_way_of_the_page_is_one_that_can_be_tried() -> None:
    """What scripts/try_install runs is read from docs/install.md."""
    headings = [heading for heading, _ in ways.blocks()]
    assert headings == ["pipx", "uv", "uv", "pip, in a folder of its own"]
    assert all("costtop" in text and "--version" in text for _, text in ways.blocks())
