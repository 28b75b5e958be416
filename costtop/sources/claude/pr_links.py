"""What a transcript and a status line say of pull requests: `pr-link` records (FORMATS 1)."""

from collections.abc import Sequence

import msgspec

from costtop.attribution import pull_names
from costtop.nouns.pull_link import PullLink
from costtop.sources.claude.tokens import NAME
from costtop.sources.fold.fields import Loose
from costtop.sources.fold.json_lines import Unreadable, decoded


class _Record(msgspec.Struct, rename="camel"):
    """A record of the type pr-link."""

    pr_number: Loose = None
    pr_url: Loose = None
    pr_repository: Loose = None


class _StatusPull(msgspec.Struct):
    """The `pr` of a status line."""

    number: Loose = None
    url: Loose = None


_STATUS = msgspec.json.Decoder(_StatusPull)
_RECORD = msgspec.json.Decoder(_Record)


def read(line: bytes, session: str, at: int, where: Sequence[str]) -> list[PullLink]:
    """The pull request that a record names; `where` is folder, branch, first folder."""
    try:
        record = decoded(_RECORD, line)
    except Unreadable:
        return []
    return told(session, at, where, (record.pr_number, record.pr_url, record.pr_repository))


def of_status_line(said: str, session: str, at: int, where: Sequence[str]) -> list[PullLink]:
    """The pull request of the branch that a status line was told: `{"number": 12, "url": …}`."""
    try:
        found = decoded(_STATUS, said.encode())
    except Unreadable:
        return []
    return told(session, at, where, (found.number, found.url, None))


def told(
    session: str, at: int, where: Sequence[str], said: tuple[object, object, object]
) -> list[PullLink]:
    """The same of a number, a URL and a repository, as they were said."""
    found = pull_names.named(*said)
    if found is None:
        return []
    (repository, number, sign), url = found
    cwd, branch, project = where
    return [
        PullLink(NAME, session, repository, number, sign, url, at, branch, cwd, project=project)
    ]
