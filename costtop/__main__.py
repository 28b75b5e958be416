"""The command `costtop`. It does not know the commands; `costtop.cli` does."""

import sys


def main() -> int:
    """Run one command; returns its exit code."""
    from costtop.cli.main import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
