"""Reads the usual words of a command line by what its command declares, without argparse.

argparse takes a quick command a tenth of its time. Whatever is not plain (help, a slip, a beginning
of an option, a second command) is left to it, so that there is one grammar and one wording.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from costtop.named_tuples import NamedTuple


class NotQuick(Exception):
    """argparse is to read these words."""


class _Argument(NamedTuple):
    """One option, or one place."""

    dest: str
    action: str  # store | store_true | append | version
    nargs: str  # of a place: "" is one word, else as argparse has it
    type: Callable[[str], Any] | None
    choices: Sequence[object] | None
    required: bool
    group: int  # of options that exclude each other; 0: none


_VALUES = ("store", "append")
_ACTIONS = (*_VALUES, "store_true", "version")
_KNOWN = {
    "action",
    "nargs",
    "type",
    "choices",
    "required",
    "dest",
    "default",
    "metavar",
    "help",
    "version",
}
_MANY = ("*", "+")
_UNKNOWN = _Argument(
    dest="", action="unknown", nargs="", type=None, choices=None, required=False, group=0
)


class QuickArguments:
    """Is told of arguments as a parser is, and reads words that are plain."""

    def __init__(self) -> None:
        self._options: dict[str, _Argument] = {}
        self._places: list[_Argument] = []
        self._defaults: dict[str, Any] = {}
        self._set: dict[str, Any] = {}
        self._groups = 0

    def says(self, about: str, *examples: str) -> None:
        """What a help would say."""

    def set_defaults(self, **values: Any) -> None:
        """As argparse has it: also for arguments that were added before."""
        self._set |= values
        self._defaults |= values

    def add_argument_group(self, title: str, about: str) -> "QuickArguments":
        """A group of the help alone."""
        return self

    def add_mutually_exclusive_group(self) -> "_Either":
        """Options of which one may be given."""
        self._groups += 1
        return _Either(self, self._groups)

    def add_argument(self, *names: str, group: int = 0, **how: Any) -> None:
        """One argument; raises NotQuick for a kind that is left to argparse."""
        long = next((name for name in names if name.startswith("--")), names[0])
        dest = how.get("dest") or long.lstrip("-").replace("-", "_")
        made = _Argument(
            dest=dest,
            action=how.get("action", "store"),
            nargs=how.get("nargs") or "",
            type=how.get("type"),
            choices=how.get("choices"),
            required=how.get("required", False),
            group=group,
        )
        is_option = names[0].startswith("-")
        if not _KNOWN.issuperset(how) or made.action not in _ACTIONS or is_option * made.nargs:
            raise NotQuick
        if made.nargs not in ("", "?", *_MANY):
            raise NotQuick
        self._options |= dict.fromkeys(names if is_option else (), made)
        self._places += () if is_option else (made,)
        if made.action != "version":
            usual = False if made.action == "store_true" else None
            self._defaults[dest] = how.get("default", self._set.get(dest, usual))

    def __getattr__(self, name: str) -> Any:
        raise NotQuick  # verbs, and whatever else a parser can

    def read(self, words: Sequence[str]) -> dict[str, Any]:
        """The value of each argument; raises NotQuick."""
        found, rest = self._read_options(words)
        found |= self._placed(rest)
        required = {one.dest for one in self._options.values() if one.required}
        if not required <= found.keys():
            raise NotQuick
        return self._usual() | found

    def _read_options(self, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
        """What options say, and the other words, which stand beside each other."""
        found: dict[str, Any] = {}
        chosen: dict[int, str] = {}
        rest: list[tuple[int, str]] = []
        left = iter(enumerate(words))
        for at, word in left:
            if not word.startswith("-") or word == "-":
                rest.append((at, word))
                continue
            name, equals, value = word.partition("=")
            option = self._options.get(name, _UNKNOWN)
            if chosen.setdefault(option.group, option.dest) != option.dest and option.group:
                raise NotQuick
            if option.action == "store_true" and not equals:
                found[option.dest] = True
            elif option.action in _VALUES and bool(equals) == bool(value):
                given = _typed(option, value if equals and name[:2] == "--" else _next(left))
                kept = found.get(option.dest) or self._defaults[option.dest] or ()
                found[option.dest] = [*kept, given] if option.action == "append" else given
            else:
                raise NotQuick
        if rest and rest[-1][0] - rest[0][0] >= len(rest):
            raise NotQuick
        return found, [word for _, word in rest]

    def _placed(self, words: list[str]) -> dict[str, Any]:
        """The words by the places that they stand in."""
        many = [one for one in self._places if one.nargs]
        if len(many) > 1 or (many and self._places[-1] is not many[0]):
            raise NotQuick
        single = [one for one in self._places if not one.nargs]
        if len(words) < len(single):
            raise NotQuick
        pairs = zip(single, words, strict=False)
        found = {one.dest: _typed(one, word) for one, word in pairs}
        words = words[len(single) :]
        if not many:
            if words:
                raise NotQuick
            return found
        return found | self._spread(many[0], words)

    def _spread(self, place: _Argument, words: Iterable[str]) -> dict[str, Any]:
        """The rest of the words in the last place."""
        given = [_typed(place, word) for word in words]
        if place.nargs == "?":
            if len(given) > 1:
                raise NotQuick
            return {place.dest: given[0]} if given else {}
        if not given and place.nargs == "+":
            raise NotQuick
        return {place.dest: given} if given or self._defaults[place.dest] is None else {}

    def _usual(self) -> dict[str, Any]:
        """What is not given; text is read as if it were, as argparse does."""
        usual = dict(self._defaults)
        for one in (*self._options.values(), *self._places):
            if one.type and isinstance(usual.get(one.dest), str):
                usual[one.dest] = _typed(one, self._defaults[one.dest])
        return usual


class _Either:
    """Options of which one may be given."""

    def __init__(self, words: QuickArguments, group: int) -> None:
        self._words, self._group = words, group

    def add_argument(self, *names: str, **how: Any) -> None:
        """One of them."""
        self._words.add_argument(*names, group=self._group, **how)


def _next(left: Iterator[tuple[int, str]]) -> str:
    """The value of an option: the word after it, which is no option."""
    _, word = next(left, (0, "--"))
    if word.startswith("-") and word != "-":
        raise NotQuick
    return word


def _typed(of: _Argument, word: str) -> Any:
    try:
        value: Any = of.type(word) if of.type else word
    except Exception:  # argparse says what is wrong with it
        raise NotQuick from None
    if of.choices is not None and value not in of.choices:
        raise NotQuick
    return value


def options(*declared: tuple[QuickArguments, Sequence[str]]) -> SimpleNamespace:
    """What all of them read, the later ones over the earlier; raises NotQuick."""
    values: dict[str, Any] = {}
    for words, given in declared:
        values |= words.read(given)
    return SimpleNamespace(**values)
