"""Whether a call or a session falls under a scope: one glob for each field that it names.

The hooks of agents ask this too, so nothing is loaded before a glob needs it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIELDS = ("feature", "user", "project", "model", "source", "session")
HOME = "home"  # of a breaker: the folder of an agent's account, in which a session's log stands


def matches(scope: "Iterable[tuple[str, str]]", about: "Mapping[str, object]") -> bool:
    """Whether all globs of the scope match, case and all; an empty scope is everything.

    `about` says of each field what it is, "" or None where that is unknown. Its "session" is
    "source/id" of the root session; a glob may name that, or the id alone. Its "log" is a path,
    asked only for a `HOME`.
    """
    for field, glob in scope:
        if field == HOME and str(about.get("log") or "").startswith(f"{glob}/"):
            continue
        if field not in FIELDS:
            return False
        text = str(about.get(field) or "")
        names = (text, text.partition("/")[2]) if field == "session" else (text,)
        if not any(fits(name, glob) for name in names):
            return False
    return True


def fits(text: str, glob: str) -> bool:
    """Whether one name matches one glob: as a whole, case and all."""
    if not any(char in glob for char in "*?["):
        return text == glob
    from fnmatch import fnmatchcase

    return fnmatchcase(text, glob)


def literal(text: str) -> str:
    """A glob that matches the text and nothing else."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)
