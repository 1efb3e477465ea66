# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A reader of `md.book.v1`, written from the contract: what a consumer's book is after each record.

It trusts nothing but the records. A snapshot replaces the book; a delta changes it; an invalid record ends it. Nothing counts
beyond the record's horizon, nor beyond that of the last snapshot.
"""

import heapq
from decimal import Decimal
from typing import Any, Optional


class BookReader:
    """One book of one feed."""

    def __init__(self) -> None:
        self.valid = False
        self.book_epoch = -1
        self._sides: dict[str, dict[Decimal, list[str]]] = {"bids": {}, "asks": {}}
        self._shown: dict[str, Optional[Decimal]] = {"bids": None, "asks": None}
        self._limits: dict[str, Any] = {"bids": (), "asks": ()}

    def take(self, value: dict[str, Any]) -> None:
        """The next record of the book."""
        kind = value["kind"]
        if kind == "invalid":
            assert value["reason"] and not value["bids"] and not value["asks"], value
            self.valid = False
            return
        if kind == "snapshot":
            assert self.valid or value["book_epoch"] > self.book_epoch, "a new book in an old epoch"
            self.valid, self.book_epoch = True, value["book_epoch"]
            self._sides = {"bids": {}, "asks": {}}
        assert self.valid and kind in ("snapshot", "delta"), f"{kind} without a snapshot"
        assert value["book_epoch"] == self.book_epoch, "a delta of another epoch"
        for side, horizon in (("bids", value["horizon_bid"]), ("asks", value["horizon_ask"])):
            self._change(side, value[side], _decimal(horizon), kind == "snapshot")

    def side(self, name: str, count: Optional[int] = None) -> list[list[str]]:
        """The best levels of a side, best first."""
        book = self._sides[name]
        choose = heapq.nlargest if name == "bids" else heapq.nsmallest
        return [book[price] for price in choose(len(book) if count is None else count, book)]

    def top(self, count: int) -> tuple[list[list[str]], list[list[str]]]:
        """The best levels of both sides."""
        return self.side("bids", count), self.side("asks", count)

    def _change(self, side: str, levels: Any, horizon: Optional[Decimal], whole: bool) -> None:
        book = self._sides[side]
        prices = [Decimal(price) for price, _ in levels]
        assert prices == sorted(prices, reverse=side == "bids"), "levels are not best first"
        if whole:
            self._shown[side] = horizon
        for price, level in zip(prices, levels):
            if level[1] == "0":
                assert not whole, "a removal in a snapshot"
                book.pop(price, None)
            else:
                book[price] = level
        limits = (horizon, self._shown[side])
        changed = limits != self._limits[side]
        self._limits[side] = limits
        for price in list(book) if changed else prices:
            if any(limit is not None and (price < limit if side == "bids" else price > limit) for limit in limits):
                book.pop(price, None)


def _decimal(text: Optional[str]) -> Optional[Decimal]:
    return None if text is None else Decimal(text)
