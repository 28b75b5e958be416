"""Counts what was taken in, for `status` and `scan`."""


class Counts:
    """What was taken in since the start, for `status` and `scan`."""

    def __init__(self) -> None:
        self.files = 0  # turns that read something
        self.bytes = 0
        self.calls = 0  # calls that were new
        self.updated = 0  # calls seen again, larger
        self.bad = 0
        self.unpriced = 0

    def plain(self) -> dict[str, int]:
        """As `scan` prints them."""
        return {
            "files": self.files,
            "bytes": self.bytes,
            "calls": self.calls,
            "updated": self.updated,
            "bad_lines": self.bad,
            "unpriced": self.unpriced,
        }
