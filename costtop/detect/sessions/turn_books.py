"""Where a running session's dollars went, and the turns that may still turn out to be retries."""

from costtop.analysis import ledger

_KEPT = 64  # turns whose books are kept
_NONE: frozenset[int] = frozenset()  # one for all: most sessions have no retries


class TurnBooks:
    """Nano-dollars by bucket (`total`), the books of recent turns, and which turns were retries."""

    __slots__ = ("_recent", "retries", "total")

    def __init__(self) -> None:
        self.total = list(ledger.EMPTY)
        self.retries = _NONE
        self._recent: dict[int, ledger.Books] = {}

    def put(self, turn: int, books: ledger.Books) -> None:
        """Book a turn of the root agent, which may be judged a retry later."""
        self._recent[turn] = books
        if len(self._recent) > _KEPT:
            del self._recent[next(iter(self._recent))]
        self._account(turn, books, 1)

    def take_back(self, turn: int, books: ledger.Books) -> None:
        """Undo a turn whose call has grown."""
        self._account(turn, books, -1)

    def add(self, books: ledger.Books, sign: int = 1) -> None:
        """Book a call that is no recent turn."""
        for bucket, amount in enumerate(books):
            if amount:
                self.total[bucket] += sign * amount

    def retry(self, turn: int) -> None:
        """Judge a turn a retry: its dollars move to that bucket, once."""
        books = self._recent.get(turn)
        if books is None or turn in self.retries:
            return
        self.retries |= {turn}
        self.add(books, -1)
        self.total[ledger.RETRIES] += sum(books)

    def cost(self, turn: int) -> int:
        """Nano-dollars of a recent turn of the root agent, 0 for one that is no longer kept."""
        return sum(self._recent.get(turn, ()))

    def _account(self, turn: int, books: ledger.Books, sign: int) -> None:
        self.add(ledger.retried(books) if turn in self.retries else books, sign)
