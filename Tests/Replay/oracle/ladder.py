# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A price book: exact, sorted, plain."""

import bisect
import zlib
from decimal import Decimal
from typing import Iterable, Optional

from .outcomes import Level


class Side:
    """One side of a book, best first to the outside."""

    def __init__(self, bids: bool) -> None:
        self._bids = bids
        self._prices: list[Decimal] = []
        self._levels: dict[Decimal, Level] = {}

    def __len__(self) -> int:
        return len(self._prices)

    def set(self, level: Level) -> None:
        """The new total size at a price; zero removes it, known or not."""
        known = level.price in self._levels
        if level.size == 0:
            if known:
                del self._levels[level.price]
                del self._prices[bisect.bisect_left(self._prices, level.price)]
            return
        self._levels[level.price] = level
        if not known:
            bisect.insort(self._prices, level.price)

    def best(self, count: Optional[int] = None) -> list[Level]:
        """The best levels, best first."""
        chosen = reversed(self._prices) if self._bids else iter(self._prices)
        return [self._levels[price] for price, _ in zip(chosen, range(len(self) if count is None else count))]

    def outermost(self) -> Optional[Decimal]:
        """The price farthest from the market."""
        return (self._prices[0] if self._bids else self._prices[-1]) if self._prices else None

    def cut(self, count: int) -> None:
        """Keeps so many of the best levels."""
        while len(self._prices) > count:
            del self._levels[self._prices.pop(0 if self._bids else -1)]

    def within(self, horizon: Optional[Decimal], count: Optional[int] = None) -> list[Level]:
        """The best levels up to a price."""
        return [level for level in self.best(count) if reaches(self._bids, level.price, horizon)]


class Ladder:
    """Both sides."""

    def __init__(self, bids: Iterable[Level] = (), asks: Iterable[Level] = ()) -> None:
        self.bids, self.asks = Side(True), Side(False)
        self.apply(bids, asks)

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Takes in the levels of a frame."""
        for level in bids:
            self.bids.set(level)
        for level in asks:
            self.asks.set(level)

    @property
    def is_crossed(self) -> bool:
        """Whether somebody bids as much as another asks."""
        bid, ask = self.bids.best(1), self.asks.best(1)
        return bool(bid and ask) and bid[0].price >= ask[0].price

    def checksum(self) -> int:
        """OKX's CRC-32 with a sign over the best 25 levels, in the venue's own spelling, sides in turn."""
        parts = []
        bids, asks = self.bids.best(25), self.asks.best(25)
        for place in range(max(len(bids), len(asks))):
            for side in (bids, asks):
                if place < len(side):
                    parts += [side[place].raw_price, side[place].raw_size]
        number = zlib.crc32(":".join(parts).encode("ascii", "replace"))
        return number - (1 << 32) if number >= 1 << 31 else number


def reaches(bids: bool, price: Decimal, horizon: Optional[Decimal]) -> bool:
    """Whether a price lies between the market and a horizon."""
    return horizon is None or (price >= horizon if bids else price <= horizon)
