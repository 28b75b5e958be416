"""The command `costtop`. It does not know the commands; `costtop.cli` does."""

import sys

from costtop import __version__


def main() -> int:
    """Run one command; returns its exit code."""
    print(f"costtop {__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
