"""What may have been meant by a slip, in a sentence."""

from collections.abc import Iterable


def meant(word: str, known: Iterable[str]) -> str:
    """What to say of a slip: `: did you mean report?` where a known word is close, else nothing."""
    from difflib import get_close_matches

    dashes = "--" if word.startswith("--") else ""  # which would make all options alike
    names = [name.removeprefix(dashes) for name in known if name.startswith(dashes)]
    close = get_close_matches(word.removeprefix(dashes), names, 1, 0.6)
    return f": did you mean {dashes}{close[0]}?" if close else ""


def refused(why: str) -> Exception:
    """What the type of an option raises for a word that is none."""
    import argparse

    return argparse.ArgumentTypeError(why)
