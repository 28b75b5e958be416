"""The life of a worker process that folds files. It loads what folding needs, and no more."""

import gc
import pickle
import sys

from costtop.daemon.ingest.fold import Order, fold


def serve(budget: int) -> None:
    """Takes orders from stdin and writes what they gave to stdout, until stdin ends."""
    gc.disable()  # events hold no cycles; a turn's memory goes when its answer is written
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            asked: list[Order] = pickle.load(orders)  # noqa: S301 - our own parent's order
        except EOFError:
            return
        pickle.dump(fold(asked, budget), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
