"""Writes the rate cards that the package ships. What they hold is `making`'s."""

from .making import PATH, made, written

PATH.write_text(written(made()), encoding="utf-8")
print(f"{PATH.name}: {PATH.stat().st_size} bytes")
