"""A checkout as a release needs it: whether it is fit for one, a clone, commit, tag."""

import re
import subprocess
from contextlib import suppress
from pathlib import Path

_VERSION = re.compile(r"^__version__ = \"(.+)\"$", re.MULTILINE)


class Refused(Exception):
    """Why there is no release, in one line."""


class Checkout:
    """A working tree and its repository."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *words: str) -> str:
        """What git says; raises Refused with its last line where it fails."""
        ran = subprocess.run(
            ["git", *words], cwd=self.root, capture_output=True, text=True, check=False
        )
        if ran.returncode:
            said = (ran.stderr or ran.stdout).strip().splitlines() or ["no reason given"]
            raise Refused(f"git {words[0]}: {said[-1]}")
        return ran.stdout.strip()

    def text(self, name: str) -> str:
        """A file's text."""
        return (self.root / name).read_text(encoding="utf-8")

    def may_release(self, version: str) -> None:
        """Raises Refused where this version cannot be made of what is here."""
        if not re.fullmatch(r"\d+\.\d+\.\d+", version):
            raise Refused(f"{version!r} is no version; write it as 1.2.0")
        found = _VERSION.search(self.text("costtop/__init__.py"))
        present = found[1] if found else "0.0.0"
        if self.git("tag", "--list", f"v{version}"):
            raise Refused(f"the tag v{version} is there already; take a later version")
        released = bool(self.git("tag", "--list", f"v{present}"))
        if _ordered(version) < _ordered(present) or (released and version == present):
            raise Refused(f"{version} is not later than {present}, which costtop/__init__.py has")
        changed = self.git("status", "--porcelain").splitlines()
        if changed:
            more = f" and {len(changed) - 1} more" if changed[1:] else ""
            raise Refused(f"the tree is not clean ({changed[0][3:]}{more}): commit or stash first")

    def cloned(self, to: Path) -> "Checkout":
        """A clone of HEAD, on a branch of its own."""
        self.git("clone", "--quiet", "--local", "--no-hardlinks", ".", str(to))
        made = Checkout(to)
        made.git("checkout", "--quiet", "-B", "release", self.git("rev-parse", "HEAD"))
        for name in ("user.name", "user.email"):  # of this checkout alone, where it has its own
            with suppress(Refused):
                made.git("config", name, self.git("config", "--local", name))
        return made

    def write(self, name: str, version: str) -> None:
        """Puts the version into the one file that has it."""
        text = _VERSION.sub(f'__version__ = "{version}"', self.text(name))
        (self.root / name).write_text(text, encoding="utf-8")

    def commit_and_tag(self, subject: str, tag: str, notes: str) -> None:
        """One commit of all that changed, and a tag with the notes, lines with `#` too."""
        self.git("commit", "--quiet", "--all", "--allow-empty", "-m", subject)
        self.git("tag", "--annotate", "--cleanup=verbatim", tag, "-m", notes)

    def take(self, clone: "Checkout", tag: str) -> None:
        """Takes the clone's commit and tag; this tree must not have moved meanwhile."""
        self.git("fetch", "--quiet", str(clone.root), f"refs/tags/{tag}:refs/tags/{tag}")
        try:
            self.git("merge", "--quiet", "--ff-only", tag)
        except Refused as error:
            self.git("tag", "--delete", tag)
            raise Refused(
                f"the checkout has moved meanwhile, nothing is changed: {error}"
            ) from None


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
