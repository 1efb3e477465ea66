# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A reader of `md.book.v1`, written from the contract: what a consumer's book is after each record.

It trusts nothing but the records. A snapshot replaces the book; a delta changes it and is ignored beyond the horizon;
an invalid record empties it. A snapshot that was cut (it has a horizon though its side is not full to `depth`) limits its
reader until the next one.
"""

from decimal import Decimal
from typing import Any, Optional


class BookReader:
    """One book of one feed."""

    def __init__(self) -> None:
        self.valid = False
        self.book_epoch = -1
        self._sides: dict[str, dict[Decimal, list[str]]] = {"bids": {}, "asks": {}}
        self._cut: dict[str, Optional[Decimal]] = {"bids": None, "asks": None}

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
            self._change(side, value[side], _decimal(horizon), value["depth"], kind == "snapshot")

    def side(self, name: str, count: Optional[int] = None) -> list[list[str]]:
        """The best levels of a side, best first."""
        prices = sorted(self._sides[name], reverse=name == "bids")
        return [self._sides[name][price] for price in prices[:count]]

    def top(self, count: int) -> tuple[list[list[str]], list[list[str]]]:
        """The best levels of both sides."""
        return self.side("bids", count), self.side("asks", count)

    def _change(self, side: str, levels: Any, horizon: Optional[Decimal], depth: Optional[int], whole: bool) -> None:
        book = self._sides[side]
        prices = [Decimal(price) for price, _ in levels]
        assert prices == sorted(prices, reverse=side == "bids"), "levels are not best first"
        if whole:
            self._cut[side] = horizon if horizon is not None and (depth is None or len(levels) < depth) else None
        for price, level in zip(prices, levels):
            if level[1] == "0":
                assert not whole, "a removal in a snapshot"
                book.pop(price, None)
            else:
                book[price] = level
        for limit in (horizon, self._cut[side]):
            if limit is not None:
                for price in [price for price in book if (price < limit if side == "bids" else price > limit)]:
                    del book[price]


def _decimal(text: Optional[str]) -> Optional[Decimal]:
    return None if text is None else Decimal(text)
