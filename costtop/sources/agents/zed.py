"""Zed's own agent: `threads/threads.db`, each thread a row of zstd-compressed JSON.

A thread keeps the sum of its requests, one call a thread, which grows. Older versions kept the
latest request of each prompt instead: their sum is a floor. The text of a thread is unpacked in
memory and no field reads it. Agents that Zed merely shows (Claude Code, Codex) keep their own logs.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from costtop.model import Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import NOTHING, Count, Loose, counted, disjoint, folder, text
from costtop.sources.fold.formats import Log, Row, data_folder, rows
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.source import Query

NAME = "zed"
_SLACK = 60 << 20  # a minute of `mark`
_LARGEST = 128 << 20  # bytes of a thread, unpacked
_PAGE = 20  # threads at once: each may be large

# A column that an older version lacks is taken from `absent`: the inner name goes first.
_THREADS = """
WITH absent(parent_id, folder_paths, created_at) AS (VALUES (NULL, NULL, NULL)), picked AS (
  SELECT rowid AS place,
    coalesce(CAST(strftime('%s', updated_at) AS INTEGER), 0) * 1048576 + rowid % 1048576 AS mark
  FROM threads WHERE mark >= coalesce(:since, 0) ORDER BY mark LIMIT :limit)
SELECT picked.mark, picked.place, t.id, t.updated_at, t.data_type, hex(t.data) AS data,
  (SELECT parent_id FROM threads WHERE rowid = picked.place) AS parent_id,
  (SELECT folder_paths FROM threads WHERE rowid = picked.place) AS folder_paths,
  (SELECT created_at FROM threads WHERE rowid = picked.place) AS created_at
FROM picked JOIN (SELECT rowid AS place, id, updated_at, data_type, data FROM threads) t
  ON t.place = picked.place CROSS JOIN absent ORDER BY picked.mark"""


class _Used(msgspec.Struct):
    input: Count = msgspec.field(name="input_tokens", default=None)
    output: Count = msgspec.field(name="output_tokens", default=None)
    write: Count = msgspec.field(name="cache_creation_input_tokens", default=None)
    read: Count = msgspec.field(name="cache_read_input_tokens", default=None)


class _Model(msgspec.Struct):
    provider: Loose = None
    model: Loose = None


class _Thread(msgspec.Struct):
    model: _Model | None = None
    all: _Used | None = msgspec.field(name="cumulative_token_usage", default=None)
    latest: msgspec.Raw = msgspec.field(name="request_token_usage", default=NOTHING)


_THREAD = msgspec.json.Decoder(_Thread)
_LATEST = msgspec.json.Decoder(dict[str, _Used] | list[_Used] | None)


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """`threads` of the data folder's `zed`, of the Flatpak's, on macOS of Application Support."""
    if sys.platform == "darwin":
        return [home / "Library" / "Application Support" / "Zed" / "threads"]
    flatpak = home / ".var" / "app" / "dev.zed.Zed" / "data"
    return [base / NAME / "threads" for base in (data_folder(environment, home), flatpak)]


def _row(log: Log, row: Row) -> None:
    log.session, log.parent = text(row.get("id")), text(row.get("parent_id"))
    updated, began = row.get("updated_at"), row.get("created_at")
    if not log.session:
        return
    told = counted(_THREAD, _unpacked(row.get("data_type"), row.get("data")))
    latest = decoded(_LATEST, bytes(told.latest)) or []
    each = [_tokens(used) for used in (latest.values() if isinstance(latest, dict) else latest)]
    summed, known = _summed(each), _tokens(told.all or _Used())
    tokens = known if known.output >= summed.output else summed
    if tokens == Tokens():
        return
    log.works_in(folder(str(row.get("folder_paths") or "").partition("\n")[0]))
    at, model = log.at(began or updated), told.model or _Model()
    log.about(log.at(updated), at)
    log.call(
        keys.whole(NAME, log.session),
        model.model,
        tokens,
        at,
        log.context(),
        provider=text(model.provider),
        estimated=True,
        placeholder=tokens is summed,
    )


def _tokens(used: _Used) -> Tokens:
    return disjoint(used.input, used.read, used.write, used.output)


def _summed(each: list[Tokens]) -> Tokens:
    return Tokens(*map(sum, zip(*each, strict=True))) if each else Tokens()


def _unpacked(kind: object, data: object) -> bytes:
    """A thread's JSON; raises Unreadable for what is neither JSON nor zstd of a bearable size."""
    raw = bytes.fromhex(data) if isinstance(data, str) else b""
    if kind != "zstd":
        return raw
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise Unreadable("backports.zstd is not installed", malformed=False) from None
    unpacker = zstd.ZstdDecompressor()
    try:
        plain = bytes(unpacker.decompress(raw, _LARGEST))
    except (zstd.ZstdError, EOFError):
        raise Unreadable("is no zstd", malformed=False) from None
    if not unpacker.eof:
        raise Unreadable("the thread is cut off, or too large to be read", malformed=False)
    return plain


_QUERY = Query("threads", _THREADS, "mark", ("threads",), _SLACK, _PAGE)
SOURCE = rows((_QUERY,), _row).source(NAME, "Zed", _roots, "threads.db")
