"""How the logs of a format become a `Source`: by lines, as whole documents, or by rows.

A source names its structs and one function that says in the verbs of `Log` what a record means.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from costtop.model import Event, ToolUse
from costtop.named_tuples import NamedTuple
from costtop.sources.fold import keys
from costtop.sources.fold.fields import counted, text
from costtop.sources.fold.fingerprints import asked
from costtop.sources.fold.json_lines import ODD, Unreadable, marked_lines, objects
from costtop.sources.fold.log import Log, Row
from costtop.sources.fold.source import Chunk, Memo, Query, Roots, Shape, Source, copied

__all__ = [
    "Format", "Log", "Row", "below", "data_folder", "document", "lines", "nowhere", "rows", "tool",
]  # fmt: skip

T = TypeVar("T")
Read = Callable[[str, Chunk, Memo], tuple[list[Event], Memo]]


class Format(NamedTuple):
    """How the logs of a format are read, whichever tool writes it."""

    shape: Shape
    read: Read  # (name of the calls' source, chunk, memo)
    queries: tuple[Query, ...] = ()

    def source(
        self, name: str, title: str, roots: Roots, *patterns: str, of: str | None = None
    ) -> Source:
        """The source of this name; its calls are `of` another one, of that before its dot."""
        read = partial(self.read, of or name.partition(".")[0])
        return Source(
            name=name,
            title=title,
            shape=self.shape,
            roots=roots,
            patterns=patterns,
            read=read,
            queries=self.queries,
        )


def lines(
    decoder: msgspec.json.Decoder[T],
    needles: Sequence[bytes],
    line: Callable[[Log, T], None],
    whose: Callable[[Log], None] | None = None,
) -> Format:
    """A format of JSON lines: those with a needle are decoded and handed to `line`.

    The first needle stands in every record that is billed. `whose` is asked first, once a chunk,
    for what the path says.
    """

    def read(name: str, chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
        log = Log(name, chunk, copied(memo))
        log.session = log.session or log.stem
        if whose:
            whose(log)
        data, begin = chunk.data, chunk.offset
        for start, end, mark in marked_lines(data, needles):
            log.raw = raw = data[start:end]
            log.offset = begin + start
            try:
                if mark == ODD:
                    raise Unreadable("not valid JSON", malformed=True)
                line(log, counted(decoder, raw))
            except Unreadable as error:
                if not (error.malformed and _glued(log, decoder, needles[0], line)):
                    _unread(log, error, needles[0])
        return log.events, log.memo

    return Format("lines", read)


def _glued(
    log: Log, decoder: msgspec.json.Decoder[T], usage: bytes, line: Callable[[Log, T], None]
) -> bool:
    """Reads the records of a line that holds several; False where it does not."""
    parts, start = objects(log.raw), log.offset
    for nth, part in enumerate(parts):
        log.raw, log.offset = part, start + nth
        try:
            line(log, counted(decoder, part))
        except Unreadable as error:
            _unread(log, error, usage)
    return bool(parts)


def _unread(log: Log, error: Unreadable, usage: bytes) -> None:
    log.bad(error)
    if log.raw.find(usage) >= 0:
        log.unread()


def document(whole: Callable[[Log], None], *, remembers: bool = False) -> Format:
    """A format of files that are rewritten whole: `log.raw` is the file.

    Few need a memo: it tells what the file said before.
    """

    def read(name: str, chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
        log = Log(name, chunk, copied(memo) if remembers else {})
        log.raw = chunk.data
        try:
            whole(log)
        except Unreadable as error:
            log.bad(error)
        return log.events, log.memo if remembers else memo

    return Format("document", read)


def rows(queries: tuple[Query, ...], row: Callable[[Log, Row], None]) -> Format:
    """A format of another tool's database; every row stands alone, so it needs no memo.

    A row's place is its `place`, else its `mark`.
    """

    def read(name: str, chunk: Chunk, memo: Memo) -> tuple[list[Event], Memo]:
        log = Log(name, chunk, {})
        for found in chunk.rows:
            log.memo.clear()
            place = found.get("place", found.get("mark"))
            log.offset = place if isinstance(place, int) else 0
            try:
                row(log, found)
            except Unreadable as error:
                log.bad(error)
                times = (found.get(column) for column in ("at", "created_at", "time_created"))
                at = log.at(next((time for time in times if time is not None), None))
                log.unread(keys.whole(name, log.session, "unread", str(log.offset)), at)
        return log.events, memo

    return Format("rows", read, queries)


def tool(tool_id: object, name: object, arguments: msgspec.Raw) -> tuple[str, ToolUse]:
    """A tool call that a reply asks for, with its arguments as raw JSON."""
    return text(tool_id), asked(text(name), bytes(arguments))


def below(variable: str, default: str, *inside: str) -> Roots:
    """The folder `inside` of what $variable names, else of `default` in the home."""

    def roots(environment: Mapping[str, str], home: Path) -> list[Path]:
        return [Path(environment.get(variable) or home / default).joinpath(*inside)]

    return roots


def data_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Where tools that follow the XDG rules keep their data."""
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share")


def nowhere(_: Mapping[str, str], __: Path) -> list[Path]:
    """The roots of a format without a usual place: `[[source]]` entries name its files."""
    return []
