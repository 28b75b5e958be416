"""`scripts/bench dearer`: how often the review finds work that got dearer, and how often it errs.

Four weeks of eight completed tasks a day, from one seed each. Turns of a task are log-normal, its
cost follows its turns (and new tokens) with a residual of the log-sd of the row. What rises by
0.3 is the price of a turn (with its new tokens, or of the new tokens alone), or the turns.
"""

# ruff: noqa: S311 - chance with a seed, no secrets

import argparse
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator

from costtop.analysis import dearer
from costtop.analysis.task_price import PricedTask

DAY, DAYS, EACH = 86_400_000, 28, 8
_TURNS = (2.0, 0.9)  # of ln turns
_STEEP = 1.15  # cost grows with turns to this power: the context is carried
SHAPES: dict[str, Callable[[int], float]] = {
    "slowly": lambda day: day / (DAYS - 1),
    "halfway": lambda day: float(day >= DAYS // 2),
    "last week": lambda day: float(day >= DAYS - 7),
}
KINDS = ("nothing", "turn", "new token", "turns")


def tasks(seed: str, spread: float, kind: str, shape: str, rise: float = 0.3) -> list[PricedTask]:
    """The completed tasks of four weeks; `kind` is what rises, `spread` of the residual."""
    chance, made = random.Random(seed), []
    for day in range(DAYS):
        risen = math.log1p(rise * SHAPES[shape](day))
        for nth in range(EACH):
            turns = max(1.0, math.exp(chance.gauss(*_TURNS) + risen * (kind == "turns")))
            turns = float(round(turns))
            new = math.log(turns) + 7 + chance.gauss(0, 0.4) + risen * (kind == "turn")
            price = risen * (kind in ("turn", "new token"))
            cost = _STEEP * math.log(turns) + price + chance.gauss(0, spread)
            at = day * DAY + (9 + nth) * DAY // 24
            made.append(PricedTask(at, day, cost, math.log(turns), new))
    return made


def verdicts(spread: float, kind: str, shape: str, seeds: int) -> Counter[str]:
    """How often the review says what."""
    told: Counter[str] = Counter()
    for seed in range(seeds):
        found = dearer.dearer(tasks(f"{seed} {spread} {kind} {shape}", spread, kind, shape), 399)
        told[dearer.verdict(found, sure=found.p <= dearer.LEVEL)] += 1
    return told


def rows(seeds: int) -> Iterator[tuple[str, ...]]:
    """What rises, how, the spread, and the verdicts in per cent."""
    for kind in KINDS:
        for shape in SHAPES if kind != "nothing" else ("halfway",):
            for spread in (0.3, 0.45, 0.6, 0.9, 1.5):
                many = seeds * 4 if kind == "nothing" else seeds
                told = verdicts(spread, kind, shape, many)
                shares = (told[name] / many for name in ("rising", "falling", "steady"))
                rest = told["cannot tell"] / many
                yield kind, shape, f"{spread:.2f}", *(f"{x:.3f}" for x in (*shares, rest))


def main(arguments: list[str]) -> None:
    """Prints the table of docs/detection.md."""
    parser = argparse.ArgumentParser(prog="scripts/bench dearer")
    parser.add_argument("--seeds", type=int, default=200)
    options = parser.parse_args(arguments)
    print("| +30 % in | when | log-sd | rising | falling | steady | cannot tell |")
    print("|---|---|---|---|---|---|---|")
    for row in rows(options.seeds):
        print(f"| {' | '.join(row)} |", flush=True)
