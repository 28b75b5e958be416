"""One pull request that an agent named in a session's log: a noun beside those of `model`."""

from costtop.named_tuples import NamedTuple


class PullLink(NamedTuple):
    """A pull request (or merge request), when it was named, and where the session worked then.

    A log can name any: texts are cleaned, and nothing is ever opened.
    """

    source: str
    session: str
    repository: str  # "acme/shop"; "" where the log does not say
    number: int
    sign: str  # before the number: "#", of a merge request "!"
    url: str  # http or https; "" where it is none
    at: int  # ms UTC
    branch: str = ""
    cwd: str = ""
    project: str = ""
