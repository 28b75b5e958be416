"""The life of a worker process that folds files. It loads what folding needs, and no more."""

import gc
import pickle
import resource
import sys

from costtop.daemon.ingest import order_encoding
from costtop.daemon.ingest.fold import Folded, fold
from costtop.daemon.ingest.turn_encoding import packed
from costtop.native import library
from costtop.sources.fold.source import written
from costtop.store.kept_memos import kept


def serve(budget: int) -> None:
    """Takes orders from stdin and writes what they gave to stdout, until stdin ends."""
    gc.disable()  # events hold no cycles; a turn's memory goes when its answer is written
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold texts of logs
    library.load()
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            asked = order_encoding.unpacked(pickle.load(orders))  # noqa: S301 - our own parent's
        except EOFError:
            return
        answer = [_with_memo_as_kept(item) for item in fold(asked, budget)]
        pickle.dump(packed(answer), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _with_memo_as_kept(folded: Folded) -> Folded:
    """As it is stored: who reads the answer need not take the memo apart and write it again."""
    if folded.more:
        return folded
    memo = kept(written(folded.memo), fresh=folded.fresh)
    return folded._replace(memo={}, memo_kept=memo)
