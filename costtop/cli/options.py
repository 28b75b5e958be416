"""The options of the live screen and of `--once`. What they do stands in `live`.

Every command passes by here, also those that a hook calls at each turn: nothing else is imported.
"""

import argparse

SORTS = ("cost", "rate", "last")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the live screen and of `--once`."""
    parser.add_argument("--once", "-b", action="store_true", help="print one frame and end")
    parser.add_argument("--json", action="store_true", help="that frame as JSON")
    parser.add_argument("--sort", choices=SORTS, default="cost", help="what the list is ranked by")
    parser.add_argument("--limit", type=_limit, metavar="N", help="at most N sessions")
    parser.add_argument("--all", action="store_true", help="ended sessions of all time too")
    parser.add_argument("--no-color", action="store_true", help="plain text, as with NO_COLOR")
    parser.add_argument("--ascii", "-U", action="store_true", help="no characters beyond ASCII")
    parser.add_argument("--no-mouse", "-M", action="store_true", help="leave the mouse alone")
    parser.add_argument("--replay", metavar="DAY", help="play a stored day, such as 2026-11-22")
    parser.add_argument("--delay", "-d", type=float, metavar="S",
                        help="seconds between two frames (default: 0.5, or as set up)")  # fmt: skip


def _limit(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of sessions")
    return int(text)
