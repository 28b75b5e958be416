"""What sources remember of the logs they read: of those that grow at hand, of all in the store.

It knows no format: a memo is JSON that goes back to the fold that left it.
"""

import json
from collections.abc import Collection

from costtop.sources.fold.source import Memo
from costtop.store import places
from costtop.store.kept_memos import Kept, text_of
from costtop.store.writer import Writer
from costtop.tail.place import is_file

_AT_HAND = 500  # files


class Memos:
    """The memos of one store. Channels, which are no files, are all kept at hand."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._channels: dict[bytes, str] = {}
        self._files: dict[bytes, Kept] = {}

    async def restore(self, channels: Collection[bytes]) -> None:
        """Reads those of channels, at start."""
        self._channels = await self._writer.read(places.memos, [*channels])

    def channel(self, path: bytes) -> Memo:
        """What the channel's fold left with its latest commit."""
        found: Memo = json.loads(self._channels.get(path, places.NO_MEMO))
        return found

    async def of(self, paths: Collection[bytes]) -> dict[bytes, Memo]:
        """What the folds of these files left; nothing of files that none has read."""
        lacking = [path for path in paths if path not in self._files]
        read = await self._writer.read(places.memos, lacking) if lacking else {}
        kept = ((path, self._files.get(path) or read.get(path, "{}")) for path in paths)
        return {path: json.loads(text_of(memo)) for path, memo in kept}

    def put(self, path: bytes, memo: Kept) -> None:
        """What is in the store from now on."""
        if not is_file(path):
            self._channels[path] = text_of(memo)
            return
        self._files.pop(path, None)
        self._files[path] = memo
        if len(self._files) > _AT_HAND:
            del self._files[next(iter(self._files))]

    def forget(self, path: bytes) -> None:
        """The file is another one now, or its place has gone: the store knows."""
        self._files.pop(path, None)
