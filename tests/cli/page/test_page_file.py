"""`--html FILE` replaces a page of costtop's, whole, and nothing else that may stand there."""

import os
import stat
from pathlib import Path

import pytest

from costtop.cli.main import main
from costtop.cli.reports.page import page_file
from costtop.errors import Unusable
from tests.cli.logs import claude_row, write


@pytest.fixture(autouse=True)
def logs() -> None:
    write(Path.home(), claude_row(1))


def test_a_page_is_written_and_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "report.html"
    mask = os.umask(0o027)
    try:
        assert main(["report", "--html", str(file)]) == 0
    finally:
        os.umask(mask)
    first = file.read_text()
    assert first.startswith("<!doctype html>")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert capsys.readouterr().out.startswith(f"{file}: ")
    file.chmod(0o600)
    assert main(["review", "all", "--html", str(file)]) == 0
    assert file.read_text() != first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if "report" in one.name] == ["report.html"]


@pytest.mark.parametrize("command", ["report", "review"])
def test_what_is_no_page_of_costtop_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
):
    file = tmp_path / "thesis.html"
    file.write_text("<!doctype html><title>mine</title>")
    assert main([command, "--html", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and str(file) in said and "--force" in said
    assert file.read_text() == "<!doctype html><title>mine</title>"
    assert main([command, "--html", str(file), "--force"]) == 0
    assert "costtop" in file.read_text()


def test_an_empty_file_is_filled(tmp_path: Path):
    file = tmp_path / "empty"
    file.touch()
    assert main(["report", "--html", str(file)]) == 0
    assert file.stat().st_size > 1_000


def test_a_link_stays_one(tmp_path: Path):
    (tmp_path / "public").mkdir()
    link, file = tmp_path / "link.html", tmp_path / "public/costs.html"
    link.symlink_to(file)
    assert main(["report", "--html", str(link)]) == 0
    assert link.is_symlink() and file.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("name", "said"),
    [(".", "is a folder"), ("nowhere/x.html", "there is no folder"), ("", "needs a FILE")],
)
def test_where_nothing_can_be_written_one_line_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    said: str,
):
    monkeypatch.chdir(tmp_path)
    assert main(["report", "--html", name]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_force_alone_is_a_slip(capsys: pytest.CaptureFixture[str]):
    assert main(["report", "--force"]) == 2
    assert "--html" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path):
    file = tmp_path / "report.html"
    page_file.write(str(file), "<!doctype html>old")
    name = "x" * 250  # with the name of a fresh file it is too long for any file system
    with pytest.raises(Unusable, match="cannot write"):
        page_file.write(str(tmp_path / name), "new")
    assert file.read_text() == "<!doctype html>old"
    assert [one.name for one in tmp_path.glob("*.new")] == []


def test_standard_output_gets_the_page_and_nothing_else(capsysbinary: pytest.CaptureFixture[bytes]):
    assert main(["report", "--html", "-"]) == 0
    out = capsysbinary.readouterr().out
    assert out.startswith(b"<!doctype html>") and out.endswith(b"</html>\n")


def test_a_pipe_is_written_to(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        page_file.write(str(pipe), "<!doctype html>")
        assert os.read(reader, 100) == b"<!doctype html>"
    finally:
        os.close(reader)
