"""The compiled part is taken where it fits its sources; else everything goes the pure way."""

import json
import os
import shutil
import subprocess
import sys
from ctypes import CDLL
from pathlib import Path

import pytest

from costtop.cli.main import main
from costtop.native import library
from scripts.wheel import native
from tests.conftest import ROOT

_FOLDER = ROOT / "costtop" / "native"


def copied(to: Path) -> Path:
    """The sources, and what was made of them where that is here."""
    shutil.copytree(_FOLDER, to / "native")
    return to / "native"


def refused(folder: Path) -> str:
    with pytest.raises((OSError, library._Left)) as raised:
        library._opened(str(folder))
    return str(raised.value)


def test_nothing_is_loaded_by_asking_whether_it_is() -> None:
    code = "import sys; from costtop.native import library; print(library.loaded(), *sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    said, *modules = ran.stdout.split()
    assert said == "None"
    assert not {"ctypes", "_ctypes"} & set(modules)


def test_it_is_loaded_left_and_loaded_again(compiled: CDLL) -> None:
    assert library.loaded() is compiled
    library.leave()
    assert library.loaded() is None
    assert library.load() == ""
    assert library.loaded() is not None


def test_the_user_can_leave_it_out(compiled: CDLL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSTTOP_PURE", "1")
    assert library.load() == "COSTTOP_PURE is set"
    assert library.loaded() is None


def test_one_of_other_sources_is_not_taken(compiled: CDLL, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert library._opened(str(folder))
    with (folder / "c" / "keys.c").open("a") as file:
        file.write("/* a change */\n")
    assert refused(folder).endswith("was built from other sources")


def test_one_that_is_broken_or_not_there_is_not_taken(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    made = folder / library.file_name()
    made.unlink(missing_ok=True)
    assert refused(folder).startswith("not built")
    for content in (b"", b"\x7fELF", os.urandom(5000)):
        made.write_bytes(content)
        assert refused(folder)


@pytest.mark.parametrize(
    ("compiler", "why"),
    [
        ("/no/such/cc", "no C compiler: /no/such/cc is not there"),
        ("false", "false failed: it said nothing"),
        (f"{sys.executable} -c 1/0 #", "failed: Traceback"),
    ],
)
def test_a_compiler_that_is_missing_or_broken_leaves_nothing_behind(
    compiler: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = tmp_path / "made"
    into.mkdir()
    monkeypatch.setenv("CC", compiler)
    assert why in native.built(ROOT, into)
    assert not [*into.iterdir()]


def test_a_build_leaves_one_file_the_same_each_time(compiled: CDLL, tmp_path: Path) -> None:
    into = tmp_path / "made"
    into.mkdir()
    why = native.built(ROOT, into)
    if why.startswith("no C compiler"):
        pytest.skip(why)
    assert why == ""
    (first,) = into.iterdir()
    content = first.read_bytes()
    assert native.built(ROOT, into) == ""
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {first.name: content}


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, object]]:
    main(["doctor"])
    (line,) = (x for x in capsys.readouterr().out.splitlines() if x.startswith("imports: "))
    main(["doctor", "--json"])
    return line, json.loads(capsys.readouterr().out)["compiled"]


def test_doctor_says_whether_it_is_in_use(
    compiled: CDLL, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "imports: with the compiled part"
    assert doctor(capsys) == (line, {"in_use": True, "why_not": None})
    monkeypatch.setenv("COSTTOP_PURE", "1")
    line, said = doctor(capsys)
    assert line == "imports: without the compiled part, more slowly: COSTTOP_PURE is set"
    assert said == {"in_use": False, "why_not": "COSTTOP_PURE is set"}
