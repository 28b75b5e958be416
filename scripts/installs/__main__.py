"""`scripts/try_install page | container BASE`: docs/install.md, and the Dockerfile without Docker.

It needs pipx and uv on PATH and a package index, so it is no part of `.ci/run`.
"""

import argparse
import tempfile
from pathlib import Path

from . import container, ways


def main() -> None:
    """Tries what was asked for; ends with 1 at the first thing that does not work."""
    parser = argparse.ArgumentParser(prog="scripts/try_install", description=__doc__)
    parser.add_argument("what", choices=("page", "container"))
    parser.add_argument("base", type=Path, nargs="?", help="container: a Debian root (debootstrap)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="costtop-install-") as folder:
        if asked.what == "page":
            ways.tried(Path(folder))
        elif asked.base is None:
            parser.error("container needs BASE: debootstrap --include=python3,python3-venv,…")
        else:
            container.tried(asked.base, Path(folder))


main()
