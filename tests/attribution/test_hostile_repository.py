"""A repository that anybody made costs nothing and runs nothing: each trap has a canary."""

import os
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from costtop.daemon.jobs import git_reading
from costtop.repositories import locate, plain_files, ref_marks, refs
from costtop.repositories.locate import Located, NotRead

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
NEVER = threading.Event()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "shop"
    subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True, env=clean(tmp_path))
    for subject in ("One", "Two (#7)"):
        subprocess.run(
            ["git", "commit", "-q", "--allow-empty", "-m", subject], cwd=top, check=True,
            env=clean(tmp_path),
        )  # fmt: skip
    return top


def clean(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@x",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@x",
    }  # fmt: skip


def trap(canary: Path) -> str:
    """A program that leaves a canary behind."""
    path = canary.with_suffix(".sh")
    path.write_text(f"#!/bin/sh\ntouch {canary}\nexec cat\n")
    path.chmod(0o755)
    return str(path)


def config(repository: Path, text: str) -> None:
    with open(repository / ".git" / "config", "a", encoding="utf-8") as file:
        file.write(text)


def look(repository: Path) -> git_reading.ReadRepository | None:
    """What a look of the daemon does."""
    found = locate.locate(str(repository))
    if not isinstance(found, Located):
        return None
    assert ref_marks.state(found.common)
    return git_reading.read_anew(found.common, (), NEVER)


SETTINGS: dict[str, str] = {
    "hooks": "[core]\n hooksPath = {folder}\n",
    "fsmonitor": "[core]\n fsmonitor = {trap}\n",
    "pager": "[core]\n pager = {trap}\n[pager]\n log = {trap}\n",
    "signatures": (
        '[log]\n showSignature = true\n[gpg]\n program = {trap}\n[gpg "ssh"]\n program = {trap}\n'
    ),
    "diff": '[diff]\n external = {trap}\n[diff "x"]\n textconv = {trap}\n command = {trap}\n',
    "filter": '[filter "x"]\n clean = {trap}\n smudge = {trap}\n process = {trap}\n',
    "alias": "[alias]\n log = !{trap}\n rev-list = !{trap}\n",
    "credentials": "[credential]\n helper = !{trap}\n[core]\n askPass = {trap}\n",
    "ssh": "[core]\n sshCommand = {trap}\n gitProxy = {trap}\n alternateRefsCommand = {trap}\n",
    "editor": "[core]\n editor = {trap}\n[sequence]\n editor = {trap}\n",
    "include": "[include]\n path = {include}\n",
    "promisor": (
        "[core]\n repositoryformatversion = 1\n[extensions]\n partialClone = origin\n"
        '[remote "origin"]\n url = ext::{trap}\n promisor = true\n partialclonefilter = blob:none\n'
        '[protocol "ext"]\n allow = always\n'
    ),
    "mailmap": "[mailmap]\n file = {fifo}\n[log]\n mailmap = true\n",
    "worktree": "[core]\n worktree = {folder}\n",
    "format": "[format]\n pretty = %(trailers:key=x)\n[notes]\n displayRef = *\n",
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_no_setting_of_a_repository_runs_anything(
    repository: Path, tmp_path: Path, kind: str
) -> None:
    canary, fifo = tmp_path / "canary", tmp_path / "fifo"
    os.mkfifo(fifo)
    program, hooks, include = trap(canary), tmp_path / "hooks", tmp_path / "include"
    hooks.mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "fsmonitor"):
        shutil.copy(program, hooks / hook)
        shutil.copy(program, repository / ".git" / "hooks" / hook)
    include.write_text(f"[core]\n\tfsmonitor = {program}\n\tpager = {program}\n")
    (repository / ".gitattributes").write_text("* diff=x filter=x\n")
    said = SETTINGS[kind].format(trap=program, folder=hooks, include=include, fifo=fifo)
    config(repository, said)
    read = look(repository)
    assert read is not None and read.trouble == ""
    assert [(one.number, one.at is not None) for one in read.pulls] == [(7, True)]
    assert not canary.exists()


def test_a_missing_object_is_not_fetched_from_anywhere(repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    config(repository, SETTINGS["promisor"].format(trap=trap(canary)))
    first = subprocess.run(["git", "rev-parse", "HEAD~1"], cwd=repository, env=clean(tmp_path),
                           capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    (repository / ".git" / "objects" / first[:2] / first[2:]).unlink()
    read = look(repository)
    assert read is not None and "missing" in read.trouble
    assert not canary.exists()


def fifo_for_git(top: Path) -> None:
    shutil.rmtree(top / ".git")
    os.mkfifo(top / ".git")


def link_for_git(top: Path) -> None:
    (top / ".git").rename(top.parent / "elsewhere")
    (top / ".git").symlink_to(top.parent / "elsewhere")


def file_for_git(top: Path) -> None:
    (top / ".git").rename(top.parent / "elsewhere")
    (top / ".git").write_text(f"gitdir: {top.parent / 'elsewhere'}\n")


def file_without_end(top: Path) -> None:
    shutil.rmtree(top / ".git")
    (top / ".git").write_text("gitdir: " + "a/" * 1_000_000)


def device_for_git(top: Path) -> None:
    shutil.rmtree(top / ".git")
    (top / ".git").write_text("gitdir: /dev/zero\n")


def worktree_of_another(top: Path) -> None:
    private = top.parent / "other" / ".git" / "worktrees" / "x"
    private.mkdir(parents=True)
    (private / "commondir").write_text("../..\n")
    (private / "gitdir").write_text(str(top.parent / "third" / ".git"))
    shutil.rmtree(top / ".git")
    (top / ".git").write_text(f"gitdir: {private}\n")


def objects_elsewhere(top: Path) -> None:
    (top / ".git" / "objects").rename(top.parent / "objects")
    (top / ".git" / "objects").symlink_to(top.parent / "objects")


@pytest.mark.parametrize(
    "made",
    [fifo_for_git, link_for_git, file_for_git, file_without_end, device_for_git,
     worktree_of_another, objects_elsewhere],
)  # fmt: skip
def test_what_git_would_not_have_made_is_refused_with_a_reason(
    repository: Path, made: Callable[[Path], None]
) -> None:
    made(repository)
    found = locate.locate(str(repository))
    assert isinstance(found, NotRead) and found.why


def test_a_repository_of_somebody_else_is_not_read(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    found = locate.locate(str(repository))
    assert isinstance(found, NotRead) and "somebody else" in found.why
    assert plain_files.content(str(repository / ".git" / "HEAD"), 100) is None


@pytest.mark.parametrize("name", ["HEAD", "logs/HEAD", "packed-refs", "config", "refs/heads/x"])
@pytest.mark.parametrize("kind", ["fifo", "link", "device"])
def test_no_file_in_it_is_waited_for_or_followed(repository: Path, name: str, kind: str) -> None:
    path = repository / ".git" / name
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else "/etc/passwd")
    began = time.process_time()
    read = look(repository)
    assert time.process_time() - began < 5
    assert read is None or all("root" not in one.subject for one in read.commits)


def test_a_pipe_among_its_objects_ends_the_asking(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from costtop.repositories import git_log

    monkeypatch.setattr(git_log, "_SECONDS", 0.5)
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True,
                           text=True, check=True, env=clean(repository.parent))  # fmt: skip
    name = found.stdout.strip()
    path = repository / ".git" / "objects" / name[:2] / name[2:]
    path.unlink()
    os.mkfifo(path)
    read = look(repository)
    assert read is not None and read.trouble


def test_a_locked_index_stays_locked_and_nothing_is_written(
    repository: Path, tmp_path: Path
) -> None:
    (repository / ".git" / "index.lock").write_text("")
    (repository / ".git" / "packed-refs.lock").write_text("")

    def every() -> dict[str, tuple[int, int]]:
        found = {}
        for path in sorted((repository / ".git").rglob("*")):
            seen = path.lstat()
            found[str(path)] = (seen.st_mtime_ns, stat.S_IFMT(seen.st_mode))
        return found

    before = every()
    read = look(repository)
    assert read is not None and [one.number for one in read.pulls] == [7]
    assert every() == before


def test_a_huge_one_is_read_as_far_as_it_may_take(repository: Path, tmp_path: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True,
                          text=True, check=True, env=clean(tmp_path)).stdout.strip()  # fmt: skip
    lines = "".join(f"{head} refs/heads/b{nth}\n" for nth in range(100_000))
    (repository / ".git" / "packed-refs").write_text(lines)
    with open(repository / ".git" / "logs" / "HEAD", "ab") as log:
        log.write(b"x" * (8 << 20))
    read = look(repository)
    assert read is not None and [one.number for one in read.pulls] == [7]
    found = locate.locate(str(repository))
    assert isinstance(found, Located) and len(refs.read(found.common).heads) <= 3_001


def test_a_git_that_lies_in_a_repository_is_not_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from costtop.repositories import git_log

    shutil.copy(trap(tmp_path / "canary"), repository / "git")
    elsewhere = tmp_path / "bin"
    elsewhere.mkdir()
    shutil.copy(trap(tmp_path / "canary"), elsewhere / "git")
    monkeypatch.setenv("PATH", f"{repository}:.:{os.environ['PATH']}")
    found = git_log.program()
    assert found and not found.startswith(str(repository))
    monkeypatch.setattr(git_log, "_USUAL", str(tmp_path / "none"))
    assert git_log.program() == ""
    monkeypatch.setenv("PATH", str(elsewhere))
    assert git_log.program() == str(elsewhere / "git")


def test_only_git_itself_is_started_and_nothing_of_its_own_is_left(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    log = tmp_path / "strace"
    wrapper = tmp_path / "git"
    wrapper.write_text(
        f"#!/bin/sh\nexec strace -f -qq -o {log} -e trace=execve,connect,socket"
        f' {shutil.which("git")} "$@"\n'
    )
    wrapper.chmod(0o755)
    config(repository, SETTINGS["promisor"].format(trap=trap(tmp_path / "canary")))
    from costtop.repositories import git_log

    monkeypatch.setattr(git_log, "program", lambda: str(wrapper))
    monkeypatch.setattr(os, "defpath", os.environ["PATH"])
    look(repository)
    started = [line for line in log.read_text().splitlines() if "execve" in line]
    assert len(started) == 1 and "socket(" not in log.read_text()
