"""Says in one plain sentence, with numbers, why a session costs what it does."""

from collections.abc import Sequence

from costtop.analysis.ledger import BUCKETS


def shares(books: Sequence[int]) -> list[tuple[str, str | int | float]]:
    """The filled buckets of a session's books as evidence, nano-dollars each."""
    return [(f"in_{name}", amount) for name, amount in zip(BUCKETS, books, strict=True) if amount]
