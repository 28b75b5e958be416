"""Fetches newer price lists where the config asks for it.

A list that makes a model in use more than five times dearer or cheaper, or takes its price away, is
named and not used (RELIABILITY.md, "Price table poisoning"): `prices.toml` is the way to accept it.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.pricing.book import PriceBook
from costtop.pricing.cards import changes

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

_EVERY = 86_400.0  # s
log = logging.getLogger("costtop")


class PriceRefresh:
    """Asks for the newest list once a day; says why one is not used."""

    def __init__(self, instance: Wired) -> None:
        self.code, self.trouble = "prices-refused", ""
        self._instance = instance

    async def run(self) -> None:
        """For ever; at once where the config does not ask for it."""
        while self._instance.config.prices.refresh:
            await self.once()
            await asyncio.sleep(_EVERY)

    async def once(self) -> bool:
        """Fetches the list and uses it if it is believable; True when it is used."""
        try:
            fetched = await asyncio.to_thread(fetch, self._instance.config.prices.refresh_url)
        except Exception as error:  # whatever the network or the list's parser says
            self._tell(f"the price list was not refreshed: {type(error).__name__}")
            return False
        if fetched is None:
            return False
        doubtful = doubts(self._instance.prices, fetched, now_ms())
        if doubtful:
            named = ", ".join(doubtful[:3])
            self._tell(f"the newest price list is not used, its change is too large: {named}")
            return False
        self._instance.prices.renew(fetched)
        self._tell("")
        return True

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            log.error(trouble)
        self.trouble = trouble


def fetch(url: str) -> "DataSnapshot | None":
    """The newest list of genai-prices, over TLS unless `url` is a loopback one; slow."""
    from genai_prices import UpdatePrices

    updater = UpdatePrices(url=url) if url else UpdatePrices()
    return updater.fetch()


def doubts(book: PriceBook, fetched: "DataSnapshot", at: int) -> list[str]:
    """Models in use whose price the list would change by more than five times, or take away."""
    young = book.beside(fetched)
    for provider, model, tier, speed, geo in book.known():
        for one in (book, young):
            one.rates(provider, model, at, 0, tier, speed, geo)
    found = changes(book.export(), young.export(), at)
    return sorted({change.key[1] for change in found if change.before and change.is_suspect()})
