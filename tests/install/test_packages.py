"""What a wheel and an sdist hold: built for real from this tree, with no network."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from costtop.cli.main import whole_parser
from costtop.cli.upkeep import completion, man_page
from costtop.native import library
from tests.conftest import ROOT

_BUILD = """
import sys
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
made = {"wheel": WheelBuilder, "sdist": SdistBuilder}[sys.argv[1]](sys.argv[2])
print(*made.build(directory=sys.argv[3], versions=["standard"]))
"""
COMPILER = not library.pure() and shutil.which(os.environ.get("CC") or "cc")
NATIVE = f"costtop/native/{library.file_name()}"
SHARED = {
    "share/bash-completion/completions/costtop",
    "share/zsh/site-functions/_costtop",
    "share/fish/vendor_completions.d/costtop.fish",
    "share/man/man1/costtop.1",
}


def built(kind: str, tree: Path, to: Path) -> Path:
    ran = subprocess.run(
        [sys.executable, "-c", _BUILD, kind, tree, to], capture_output=True, text=True, check=True
    )
    return Path(ran.stdout.split()[-1])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def tracked(*below: str) -> set[str]:
    """Files of the repository, new ones included; all but ignored ones."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *below]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in said.split("\0") if name and (ROOT / name).is_file()}


def test_a_wheel_holds_the_whole_package_and_what_belongs_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        about = {name.partition(".dist-info/")[2] for name in names if ".dist-info/" in name}
        shared = {name.partition("/data/")[2]: name for name in names if "/data/" in name}
        made = {"costtop/config.example.toml", *([NATIVE] if COMPILER else [])}
        assert {x for x in names if x.startswith("costtop/")} == tracked("costtop") | made
        assert {"costtop/pricing/shipped_cards.json", "costtop/tui/costtop.tcss"} <= names
        assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
        assert set(shared) == SHARED
        manual = file.read(shared["share/man/man1/costtop.1"]).decode()
        for shell in ("bash", "zsh", "fish"):
            place = next(name for name in SHARED if shell in name)
            text = file.read(shared[place]).decode()
            assert text == completion.script(whole_parser(), shell) + "\n"
    assert manual == man_page.page(whole_parser()) + "\n"


def test_a_wheel_says_what_it_is_and_names_only_pythons_that_were_run(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        metadata = next(name for name in file.namelist() if name.endswith("/METADATA"))
        said = message_from_bytes(file.read(metadata))
        entries = file.read(metadata.replace("METADATA", "entry_points.txt")).decode()
    assert (said["License-Expression"], said["Requires-Python"]) == ("MIT", ">=3.11")
    assert "costtop = costtop.__main__:main" in entries
    named = {one.rpartition(" ")[2] for one in said.get_all("Classifier") if ":: 3." in one}
    page = (ROOT / "docs" / "install.md").read_text()
    assert named == {one for one in ("3.11", "3.12", "3.13", "3.14") if f"| Python {one}" in page}


def test_an_sdist_holds_the_checkout_and_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = built("sdist", ROOT, tmp_path)
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
        file.extractall(tmp_path / "unpacked", filter="data")
    assert names - {"PKG-INFO"} == tracked()
    tree = next((tmp_path / "unpacked").iterdir())
    assert built("wheel", tree, tmp_path).read_bytes() == wheel.read_bytes()


def test_what_a_wheel_holds_is_enough_to_run(wheel: Path, tmp_path: Path, home: Path) -> None:
    """From an unpacked wheel alone: migrations, rate cards, the page's style, the example."""
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "there")
    spool = home / "costtop" / "spool"
    spool.mkdir(parents=True, mode=0o700)
    row = '{"session": "s", "model": "claude-opus-5", "input_tokens": 1000, "output_tokens": 10}\n'
    (spool / "a.jsonl").write_text(row)

    def said(*words: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "costtop", *words],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "there")},
        )
        return ran.stdout

    assert said("config", "example") == (ROOT / "config.example.toml").read_text()
    assert "calls 1" in said("scan")
    assert "claude-opus-5" in said("report", "--by", "model")
    assert "<style>" in said("report", "--html", "-")
