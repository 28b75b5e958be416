"""`scripts/release VERSION`: version, changelog, packages tried in an empty venv, commit, tag.

All of it is done in a clone first; this checkout changes only once the packages have been tried.
Nothing is pushed or uploaded.
"""

import argparse
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from . import packages, release_notes
from .repository import Checkout, Refused


def main() -> int:
    """Makes the release, or says in one line why not (1)."""
    parser = argparse.ArgumentParser(prog="scripts/release", description=__doc__)
    parser.add_argument("version", help="such as 1.2.0; later than the last one")
    parser.add_argument("--dry-run", action="store_true", help="does all of it but commit and tag")
    parser.add_argument("--date", type=date.fromisoformat, default=datetime.now(UTC).date())
    offline = "takes what costtop needs from this .venv, not from a package index"
    parser.add_argument("--offline", action="store_true", help=offline)
    asked = parser.parse_args()
    try:
        _released(Checkout(Path.cwd()), asked)
    except Refused as error:
        print(f"scripts/release: {error}", file=sys.stderr)
        return 1
    return 0


def _released(checkout: Checkout, asked: argparse.Namespace) -> None:
    version, tag = asked.version, f"v{asked.version}"
    checkout.may_release(version)
    notes = release_notes.unreleased(checkout.text("CHANGELOG.md"))
    with tempfile.TemporaryDirectory(prefix="costtop-release-") as folder:
        clone = checkout.cloned(Path(folder) / "costtop")
        clone.write("costtop/__init__.py", version)
        log = release_notes.released(clone.text("CHANGELOG.md"), version, asked.date)
        (clone.root / "CHANGELOG.md").write_text(log, encoding="utf-8")
        made = packages.built(clone.root, Path(folder) / "dist")
        for wheel in made.wheels:
            packages.try_wheel(wheel, version, Path(folder) / wheel.stem, offline=asked.offline)
        works = " and ".join(packages.kind(wheel) for wheel in made.wheels)
        print(
            f"{tag} of {asked.date}, {release_notes.many(notes)} notes; wheels that work: {works}"
        )
        if asked.dry_run:
            print(f"a dry run: nothing is changed here. The tag would say:\n\n{notes}")
            return
        clone.commit_and_tag(f"Release {version}", tag, f"costtop {version}\n\n{notes}")
        checkout.take(clone, tag)
        for file in [*made.wheels, made.sdist]:
            print(f"made {packages.kept(file, checkout.root / 'dist')}")
    print(f"committed and tagged; to publish: git push origin HEAD {tag}")


sys.exit(main())
