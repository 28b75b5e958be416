"""The bytes of one log file, plain or gzipped, opened so that nothing hostile can come of it.

It does not know lines, places or what the bytes mean.
"""

import errno
import os
import stat
from typing import Protocol

BOMB = 256 << 20  # decompressed bytes of one .gz that are read at most
_BEHIND = 33 << 20  # decompressed bytes kept, so that stepping back within one line costs nothing
_STEP = 1 << 20
_REST = 64 << 10  # bytes asked for behind what a read gave
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_WORDS = {
    errno.ELOOP: "is a link",
    errno.ENXIO: "is not a regular file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}


class UnreadableFile(Exception):
    """Why a file cannot be read now; it stays inside costtop.tail.

    `gone`: there is no such file. `final`: no use to try again before the file changes.
    """

    def __init__(self, reason: str, *, gone: bool = False, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gone = gone
        self.final = final


class Content(Protocol):
    """What can be read at any offset: the bytes that were written, whatever the file looks like."""

    stat: os.stat_result

    def at(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, fewer only where the content ends."""

    def check(self) -> None:
        """Raises Unreadable if the content is not whole or is too much."""

    def close(self) -> None:
        """Gives the file back."""


def opened(path: bytes) -> Content:
    """The content of the regular file `path`; raises Unreadable.

    The last part of the path is never followed as a link, and neither a FIFO nor a device can
    block or feed us (RELIABILITY I17).
    """
    try:
        fd = os.open(path, _FLAGS)
    except OSError as error:
        raise _unreadable(error) from None
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise UnreadableFile("is not a regular file", final=True)
    return Unzipped(fd, status) if path.endswith(b".gz") else Plain(fd, status)


def _unreadable(error: OSError) -> UnreadableFile:
    reason = _WORDS.get(error.errno or 0) or os.strerror(error.errno or 0)
    gone = error.errno in {errno.ENOENT, errno.ENOTDIR}
    return UnreadableFile(reason, gone=gone, final=error.errno in {errno.ELOOP, errno.ENXIO})


class Plain:
    """A file as it is."""

    def __init__(self, fd: int, status: os.stat_result) -> None:
        self._fd = fd
        self.stat = status

    def at(self, offset: int, length: int) -> bytes:
        """See Content. An I/O error counts as the end: the timed rescan comes back to it."""
        try:
            data = os.pread(self._fd, length, offset)
            while 0 < len(data) < length:
                # Mostly the file ends here: a piece's room is not made anew to be told so.
                wanted = min(length - len(data), _REST)
                more = os.pread(self._fd, wanted, offset + len(data))
                if not more:
                    break
                data += more
        except OSError:
            return b""
        return data

    def check(self) -> None:
        """A plain file is as whole as it is."""

    def close(self) -> None:
        """See Content."""
        os.close(self._fd)


class Unzipped:
    """The content of a .gz. Reading forward is cheap, stepping back far starts over."""

    def __init__(self, fd: int, status: os.stat_result) -> None:
        self.stat = status
        self._raw = os.fdopen(fd, "rb")
        self._restart()

    def _restart(self) -> None:
        from gzip import GzipFile  # most logs are none

        self._raw.seek(0)
        self._zip = GzipFile(fileobj=self._raw, mode="rb")
        self._window = bytearray()
        self._start = 0

    def at(self, offset: int, length: int) -> bytes:
        """See Content; raises Unreadable where the .gz is cut short, damaged or a bomb."""
        if offset < self._start:
            self._restart()
        while self._start + len(self._window) < offset + length and self._extend():
            surplus = offset - _BEHIND - self._start
            if surplus > _STEP:
                del self._window[:surplus]
                self._start += surplus
        here = offset - self._start
        return bytes(self._window[here : here + length])

    def _extend(self) -> bool:
        import zlib

        try:
            data = self._zip.read(_STEP)
        except EOFError:
            raise UnreadableFile("the .gz is not finished") from None
        except (OSError, zlib.error):
            raise UnreadableFile("the .gz is damaged or no gzip file", final=True) from None
        self._window += data
        if self._start + len(self._window) > BOMB:
            raise UnreadableFile(f"more than {BOMB >> 20} MiB when decompressed", final=True)
        return bool(data)

    def check(self) -> None:
        """Decompresses to the end once: half a .gz must not be mistaken for another file."""
        while self._extend():
            surplus = len(self._window) - _BEHIND
            if surplus > _STEP:
                del self._window[:surplus]
                self._start += surplus

    def close(self) -> None:
        """See Content."""
        self._zip.close()
        self._raw.close()
