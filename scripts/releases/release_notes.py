"""The part of CHANGELOG.md that has no version yet: what it says, and the same with a version."""

import re
from datetime import date

from .repository import Refused

_HEAD = "## [Unreleased]\n"


def unreleased(changelog: str) -> str:
    """What stands below "Unreleased", without empty headings; raises Refused where nothing does."""
    _, found, rest = changelog.partition(_HEAD)
    if not found:
        raise Refused("CHANGELOG.md has no line '## [Unreleased]'")
    body = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    parts = re.split(r"^(?=### )", body, flags=re.MULTILINE)
    told = [part.strip() for part in parts if re.search(r"^- ", part, re.MULTILINE)]
    if not told:
        raise Refused("nothing stands below '## [Unreleased]' in CHANGELOG.md: nothing to release")
    return "\n\n".join(told)


def many(notes: str) -> int:
    """How many entries there are."""
    return len(re.findall(r"^- ", notes, re.MULTILINE))


def released(changelog: str, version: str, on: date) -> str:
    """The changelog with all of that below a heading of the version, and "Unreleased" empty."""
    notes = unreleased(changelog)
    before, _, rest = changelog.partition(_HEAD)
    older = re.search(r"^## ", rest, re.MULTILINE)
    tail = rest[older.start() :] if older else ""
    return f"{before}{_HEAD}\n## [{version}] - {on}\n\n{notes}\n" + (f"\n{tail}" if tail else "")
