"""A certificate authority of the tests' own, by the `openssl` command: of servers and of hosts."""

import os
import subprocess
from pathlib import Path

from tests.fleet.postgres import NOBODY

_CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """Makes certificates in a folder; `root` is its own, which others may trust."""

    def __init__(self, place: Path, name: str = "authority") -> None:
        self.place = place
        self.root, self._key = place / f"{name}.crt", place / f"{name}.key"
        _openssl(
            "req", "-x509", *_CURVE, "-subj", f"/CN={name}", "-days", "2",
            "-keyout", str(self._key), "-out", str(self.root),
        )  # fmt: skip

    def certificate(self, name: str, *, days: int = 1, file: str = "") -> tuple[Path, Path]:
        """(certificate, key) for a server of that name or a login of it; -1: it has expired."""
        key, wish = (self.place / f"{file or name}.{kind}" for kind in ("key", "csr"))
        made, more = (self.place / f"{file or name}.{kind}" for kind in ("crt", "ext"))
        more.write_text(f"subjectAltName = DNS:{name}, IP:127.0.0.1\n")
        _openssl("req", *_CURVE, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(wish))
        _openssl(
            "x509", "-req", "-in", str(wish), "-CA", str(self.root), "-CAkey", str(self._key),
            "-CAcreateserial", "-days", str(days), "-extfile", str(more), "-out", str(made),
        )  # fmt: skip
        key.chmod(0o600)
        return made, key

    def for_nobody(self, *files: Path) -> None:
        """Gives files to whom the tests' servers run as."""
        if os.getuid() == 0:
            for each in files:
                os.chown(each, NOBODY, NOBODY)


def _openssl(*words: str) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
