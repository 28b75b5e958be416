"""Private means ours alone: other owners, links and open modes are found out, by a second uid."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from costtop import files
from costtop.errors import ConfigError, Unusable

NOBODY = 65_534
ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_directory_is_made_with_all_above_it_and_is_ours_alone(tmp_path):
    made = files.private_directory(tmp_path / "a" / "b")
    assert made == tmp_path / "a" / "b"
    assert mode(made) == 0o700
    assert files.private_directory(made) == made


@pytest.mark.parametrize("open_to", [0o755, 0o710, 0o701, 0o777])
def test_one_that_is_open_to_others_is_closed(tmp_path, open_to):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(open_to)
    files.private_directory(folder)
    assert mode(folder) == 0o700


def test_one_that_all_users_share_is_refused_and_left_as_it_is(tmp_path):
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(Unusable, match="is shared by everybody"):
        files.private_directory(shared)
    assert mode(shared) == 0o1777


def test_one_that_is_ours_alone_keeps_its_mode(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    files.private_directory(folder)
    assert mode(folder) == 0o500


@ROOT_ONLY
def test_a_directory_of_another_user_is_refused_and_left_as_it_is(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, NOBODY, NOBODY)
    with pytest.raises(Unusable, match="is not a directory of this user"):
        files.private_directory(theirs)
    theirs.chmod(0o755)
    with pytest.raises(Unusable):
        files.private_directory(theirs)
    assert mode(theirs) == 0o755


@ROOT_ONLY
def test_a_directory_of_roots_is_refused_to_an_ordinary_user(tmp_path):
    """The other way round, by a child that has given up its rights for good."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder != Path("/") and not folder.stat().st_mode & 1:
            folder.chmod(folder.stat().st_mode | 0o011)
    ours = tmp_path / "ours"
    ours.mkdir(mode=0o755)
    code = (
        "import os, sys; from pathlib import Path; from costtop import errors, files\n"
        f"os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)\n"
        "try: files.private_directory(Path(sys.argv[1]))\n"
        "except errors.Unusable as refused: print(refused)"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code, str(ours)], capture_output=True, text=True, check=True
    )
    assert "is not a directory of this user" in ran.stdout
    assert mode(ours) == 0o755


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_one_that_stays_open_to_others_is_refused():
    with pytest.raises(Unusable, match="is open to others and stays so"):
        files.private_directory(Path(f"/proc/{os.getpid()}"))  # ours, and the kernel keeps its mode


def test_a_link_to_a_directory_is_not_followed(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(Unusable, match="is not a directory of this user"):
        files.private_directory(tmp_path / "link")


def test_where_none_can_be_made_it_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unusable, match="cannot make the directory"):
        files.private_directory(tmp_path / "file" / "below")


def test_a_file_is_opened_for_us_alone_and_never_through_a_link(tmp_path):
    os.close(files.private_file(tmp_path / "new", os.O_WRONLY | os.O_CREAT))
    assert mode(tmp_path / "new") == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "new")
    with pytest.raises(OSError, match="symbolic links"):
        files.private_file(tmp_path / "link", os.O_WRONLY)


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(b"old")
    path.chmod(0o644)
    files.replace(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    files.replace(path, b"shown", 0o644)
    assert (path.read_bytes(), mode(path)) == (b"shown", 0o644)
    assert os.listdir(path.parent) == ["file"]


def test_where_it_cannot_be_replaced_the_old_one_stays_and_it_is_said(tmp_path):
    taken = tmp_path / "folder" / "taken"
    taken.mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        files.replace(taken, b"new")
    assert os.listdir(taken.parent) == ["taken"]


def test_who_asks_is_the_login_name_or_the_number(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "ana")
    assert files.user_name() == "ana"


@ROOT_ONLY
def test_where_no_name_is_known_it_is_the_number():
    code = (
        "import os, getpass, pwd; from costtop import files\n"
        "os.setgroups([]); os.setresgid(54321, 54321, 54321); os.setresuid(54321, 54321, 54321)\n"
        "print(files.user_name())"
    )
    nameless = {key: os.environ[key] for key in ("PATH", "PYTHONPATH")}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], env=nameless, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "54321\n"


@pytest.mark.parametrize(("synced", "times"), [(False, 0), (True, 1)])
def test_only_what_nobody_could_make_again_waits_for_the_disk(tmp_path, monkeypatch, synced, times):
    waited = []
    monkeypatch.setattr(os, "fsync", waited.append)
    files.replace(tmp_path / "file", b"new", **({"synced": True} if synced else {}))
    assert len(waited) == times


def _left(folder: Path, name: str, age: float = 0.0) -> Path:
    """A file that a process left `age` seconds ago."""
    path = folder / name
    path.touch()
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_what_a_dead_process_left_goes_at_once_if_it_was_the_callers_own(tmp_path):
    own = [
        _left(tmp_path, name) for name in ("status.json.42", ".status.json.7.new", ".x.txt.8.new")
    ]
    others = [_left(tmp_path, name) for name in (".budgets.toml.9.new", ".line.10.new")]
    kept = [_left(tmp_path, name, 1e6) for name in ("status.json.old", ".mine.new", "status.json")]
    files.clear_unfinished([tmp_path / "none", tmp_path], {"status.json", "x.txt"})
    assert not any(path.exists() for path in own)
    assert all(path.exists() for path in (*others, *kept))


def test_what_others_left_goes_a_minute_later(tmp_path):
    young = _left(tmp_path, ".budgets.toml.1.new", 20)
    old = [_left(tmp_path, name, 90) for name in (".budgets.toml.2.new", "status.json.3")]
    files.clear_unfinished([tmp_path], ())
    assert young.exists()
    assert not any(path.exists() for path in old)


def test_what_others_left_is_young_for_a_whole_minute(tmp_path, monkeypatch):
    left = _left(tmp_path, ".budgets.toml.1.new")
    os.utime(left, (1e9, 1e9))
    present = 1e9 + 60
    monkeypatch.setattr(time, "time", lambda: present)
    files.clear_unfinished([tmp_path], ())
    assert left.exists()
    present += 0.5
    files.clear_unfinished([tmp_path], ())
    assert not left.exists()


def test_a_folder_of_such_a_name_stays(tmp_path):
    folder = tmp_path / ".config.toml.1.new"
    folder.mkdir()
    files.clear_unfinished([tmp_path], {"config.toml"})
    assert folder.is_dir()


def _secret(tmp_path: Path, text: str = "https://one\nhttps://two\n", mode: int = 0o600) -> str:
    path = tmp_path / "url"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_a_secret_is_the_first_line_of_a_file_that_is_closed_to_others(tmp_path):
    assert files.secret(_secret(tmp_path)) == "https://one"
    assert files.secret(_secret(tmp_path), own=True) == "https://one"
    assert files.secret(_secret(tmp_path, "x" * 9000)) == "x" * 8192


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o777])
def test_a_secret_that_is_open_to_others_is_none(tmp_path, mode):
    with pytest.raises(files.NoSecret, match="is open to others; chmod 600 "):
        files.secret(_secret(tmp_path, mode=mode))


def test_a_secret_that_is_not_there_is_empty_or_no_file_is_none(tmp_path):
    with pytest.raises(files.NoSecret, match="none: No such file"):
        files.secret(str(tmp_path / "none"))
    with pytest.raises(files.NoSecret, match="url is empty"):
        files.secret(_secret(tmp_path, " \n"))
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(files.NoSecret, match="pipe is not a regular file"):
        files.secret(str(tmp_path / "pipe"))


@ROOT_ONLY
def test_a_secret_of_another_user_is_one_unless_it_must_be_ours(tmp_path):
    path = _secret(tmp_path)
    os.chown(path, NOBODY, NOBODY)
    assert files.secret(path) == "https://one"
    with pytest.raises(files.NoSecret, match="is another user's; chown "):
        files.secret(path, own=True)


def test_a_kept_key_is_32_bytes_as_text_and_the_same_ever_after(tmp_path):
    path = tmp_path / "fleet" / "key"
    made = files.kept_key(path, "the key")
    assert (len(bytes.fromhex(made.decode())), mode(path), mode(path.parent)) == (32, 0o600, 0o700)
    assert files.kept_key(path, "the key") == made
    path.write_text("a" * 100)
    assert files.kept_key(path, "the key") == b"a" * 64
    path.write_text("a" * 32)
    assert files.kept_key(path, "the key") == b"a" * 32
    path.write_text("")  # a disk that was full: nobody has used it
    assert len(bytes.fromhex(files.kept_key(path, "the key").decode())) == 32


def test_a_kept_key_that_cannot_be_read_is_said_so(tmp_path):
    (tmp_path / "key").mkdir(mode=0o700)
    (tmp_path / "key" / "any").touch()
    with pytest.raises(ConfigError, match=r"cannot use the key .*key: Is a directory"):
        files.kept_key(tmp_path / "key", "the key")


@pytest.mark.parametrize(
    ("text", "open_to", "why"),
    [
        ("a" * 31, 0o600, "is too short"),
        ("a" * 64, 0o640, "is open to others: chmod 600"),
        ("a" * 64, 0o610, "is open to others: chmod 600"),
        ("a" * 64, 0o601, "is open to others: chmod 600"),
    ],
)
def test_a_kept_key_that_is_short_or_open_is_refused(tmp_path, text, open_to, why):
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(open_to)
    with pytest.raises(ConfigError, match=why):
        files.kept_key(path, "the key")


@ROOT_ONLY
def test_a_kept_key_of_another_user_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("a" * 64)
    path.chmod(0o600)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(ConfigError, match="is open to others"):
        files.kept_key(path, "the key")
