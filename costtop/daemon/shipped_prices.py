"""Reads the rate cards that came with costtop, where they are of the installed price list.

`scripts/rate_cards` writes them. To load the list itself costs a quarter of a second and 26 MiB.
"""

import json
import os
import sys
from pathlib import Path

from costtop.pricing import book
from costtop.pricing.book import FORM, Shipped

_FILE = Path(book.__file__).with_name("shipped_cards.json")


def look() -> Shipped:
    """The cards and the installed list's version; no cards where they were made of another one."""
    version = installed()
    try:
        told = json.loads(_FILE.read_bytes())
    except (OSError, ValueError):
        return Shipped(version, None)
    fits = (told["form"], told["genai-prices"]) == (FORM, version)
    return Shipped(version, told if fits else None)


def installed() -> str:
    """The version of the genai-prices that an import would find, by its folder's name; else ""."""
    found = folder()
    return found.name.split("-")[1].removesuffix(".dist") if found else ""


def folder() -> Path | None:
    """What pip wrote down of the genai-prices that an import would find.

    importlib.metadata costs 30 ms to load.
    """
    for entry in sys.path:
        if os.path.isdir(os.path.join(entry, "genai_prices")):
            named = [name for name in os.listdir(entry) if name.startswith("genai_prices-")]
            found = [name for name in named if name.endswith(".dist-info")]
            return Path(entry, found[0]) if len(found) == 1 else None
    return None
