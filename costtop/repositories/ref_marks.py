"""Tells by stat alone whether anything in a repository stands elsewhere now."""

import os
from _blake2 import blake2b  # all of hashlib takes milliseconds

from costtop.repositories import locate, plain_files

MOST = 3_000  # refs of one kind that are looked at
KINDS = ("heads", "remotes", "pull", "merge-requests")


def state(common: str) -> str:
    """A digest of where everything stands: the same as long as nothing has changed."""
    told = blake2b(digest_size=16)
    files = [os.path.join(common, name) for name in ("HEAD", "packed-refs", "config", "shallow")]
    for private in locate.tops(common).values():
        files += [os.path.join(private, "HEAD"), os.path.join(private, "logs", "HEAD")]
    for path in sorted(files):
        told.update(f"{path}\0{plain_files.mark(path)}\0".encode("utf-8", "surrogateescape"))
    for kind in KINDS:
        found = plain_files.below(os.path.join(common, "refs", kind), MOST)
        for path, stat in sorted(found, key=lambda one: one[0]):
            line = f"{path}\0{stat.st_mtime_ns}\0{stat.st_ino}\0"
            told.update(line.encode("utf-8", "surrogateescape"))
    return told.hexdigest()
