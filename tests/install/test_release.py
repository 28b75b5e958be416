"""`scripts/release` in throw-away checkouts: what it makes, and what it refuses."""

import os
import shutil
import subprocess
import sys
import sysconfig
from datetime import date
from pathlib import Path

import pytest
from installs import ways
from releases import release_notes

from tests.conftest import ROOT

LOG = """\
# Changelog

## [Unreleased]

### Added

- One thing.
- Another, with `# a comment` in it,
  over two lines.

### Changed

### Fixed

- A fault.
{older}"""
OLDER = "\n## [0.0.9] - 2026-01-01\n\n- Older.\n"
NOTES = """\
### Added

- One thing.
- Another, with `# a comment` in it,
  over two lines.

### Fixed

- A fault."""


# The platform's wheel, where a C compiler is, and the pure one.
_HERE = sysconfig.get_platform().replace("-", "_").replace(".", "_")
KINDS = [*([_HERE] if shutil.which(os.environ.get("CC") or "cc") else []), "any"]
WORK = f"wheels that work: {' and '.join(KINDS)}"


def git(tree: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=tree, capture_output=True, text=True, check=True
    ).stdout.strip()


def release(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(tree / "scripts")}
    command = [sys.executable, "-m", "releases", "--offline", "--date", "2026-11-29", *words]
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)


def repository(tree: Path) -> Path:
    git(tree, "init", "--quiet", "--initial-branch", "main")
    git(tree, "config", "user.name", "ana")
    git(tree, "config", "user.email", "ana@example.com")
    git(tree, "config", "gc.auto", "0")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "-m", "Begin")
    return tree


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository with what is looked at before anything is built."""
    tree = tmp_path / "small"
    (tree / "costtop").mkdir(parents=True)
    (tree / "costtop" / "__init__.py").write_text('__version__ = "0.1.0"\n')
    (tree / "CHANGELOG.md").write_text(LOG.format(older=OLDER))
    (tree / "scripts").symlink_to(ROOT / "scripts")
    return repository(tree)


def refused(tree: Path, *words: str) -> str:
    before = git(tree, "rev-parse", "HEAD"), git(tree, "tag")
    ran = release(tree, *words)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1), ran
    assert (git(tree, "rev-parse", "HEAD"), git(tree, "tag")) == before
    return ran.stderr.removeprefix("scripts/release: ").rstrip()


@pytest.mark.timeout(900)  # builds and tries all packages twice: minutes, beside other load
def test_a_release_is_a_commit_a_tag_with_the_notes_and_packages(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tree = ways.checkout(tmp_path / "costtop")
    (tree / "CHANGELOG.md").write_text(LOG.format(older=OLDER))
    begun = git(repository(tree), "rev-parse", "HEAD")
    tried = release(tree, "1.2.0", "--dry-run")
    assert tried.returncode == 0, tried
    assert tried.stdout.splitlines()[0] == f"v1.2.0 of 2026-11-29, 3 notes; {WORK}"
    assert NOTES in tried.stdout
    assert (git(tree, "rev-parse", "HEAD"), git(tree, "tag")) == (begun, "")

    ran = release(tree, "1.2.0")
    assert ran.returncode == 0, ran
    assert ran.stdout.endswith("to publish: git push origin HEAD v1.2.0\n")
    assert git(tree, "status", "--porcelain") == ""
    assert git(tree, "rev-list", "--count", f"{begun}..main") == "1"
    assert git(tree, "rev-parse", "v1.2.0^{commit}") == git(tree, "rev-parse", "main")
    said = git(tree, "tag", "--list", "v1.2.0", "--format", "%(contents)")
    assert said == f"costtop 1.2.0\n\n{NOTES}"
    assert '__version__ = "1.2.0"' in (tree / "costtop" / "__init__.py").read_text()
    changed = git(tree, "show", "--stat", "--format=%s", "HEAD")
    assert changed.startswith("Release 1.2.0\n") and "2 files changed" in changed
    assert sorted(path.name for path in (tree / "dist").iterdir()) == [
        *(f"costtop-1.2.0-py3-none-{kind}.whl" for kind in sorted(KINDS)),
        "costtop-1.2.0.tar.gz",
    ]
    assert refused(tree, "1.2.0").startswith("the tag v1.2.0 is there already")
    assert refused(tree, "1.3.0").startswith("nothing stands below '## [Unreleased]'")


def test_a_tree_that_is_not_clean_is_refused_by_name(small: Path) -> None:
    (small / "new.py").touch()
    assert refused(small, "0.2.0") == "the tree is not clean (new.py): commit or stash first"
    (small / "CHANGELOG.md").write_text("")
    assert "and 1 more)" in refused(small, "0.2.0")


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("1.2", "'1.2' is no version; write it as 1.2.0"),
        ("v1.2.0", "'v1.2.0' is no version; write it as 1.2.0"),
        ("0.0.9", "0.0.9 is not later than 0.1.0, which costtop/__init__.py has"),
    ],
)
def test_a_version_that_cannot_be_is_refused(small: Path, version: str, why: str) -> None:
    assert refused(small, version) == why


def test_a_tag_that_is_there_and_the_version_of_one_are_refused(small: Path) -> None:
    git(small, "tag", "v0.1.0")
    assert refused(small, "0.1.0") == "the tag v0.1.0 is there already; take a later version"


@pytest.mark.parametrize("log", ["# Changelog\n", "## [Unreleased]\n\n### Added\n" + OLDER])
def test_without_anything_to_tell_there_is_no_release(small: Path, log: str) -> None:
    (small / "CHANGELOG.md").write_text(log)
    git(small, "commit", "--quiet", "--all", "-m", "Nothing")
    assert "Unreleased" in refused(small, "0.2.0")


def test_packages_that_cannot_be_built_change_nothing(small: Path) -> None:
    assert refused(small, "0.2.0").startswith("the packages cannot be built: ")


@pytest.mark.parametrize("older", ["", OLDER])
def test_what_was_unreleased_stands_below_its_version(older: str) -> None:
    made = release_notes.released(LOG.format(older=older), "0.2.0", date(2026, 11, 29))
    assert made == f"# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-29\n\n{NOTES}\n{older}"
