# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Local books by the recipes of the venue sheets, as plain as they can be: what the twin is checked with."""

import json
import zlib
from decimal import Decimal

from conftest import told


class OutOfStep(Exception):
    """The recipe says: discard the book and begin anew."""


class Book:
    """Prices to sizes, both sides, texts kept as sent."""

    def __init__(self, depth=None):
        self.bids, self.asks, self.sequence, self.depth = {}, {}, None, depth

    def replace(self, bids, asks, sequence):
        self.bids, self.asks = {row[0]: row[1] for row in bids}, {row[0]: row[1] for row in asks}
        self.sequence = sequence

    def apply(self, bids, asks):
        for side, rows, best_first in ((self.bids, bids, True), (self.asks, asks, False)):
            for price, size, *_ in rows:
                if Decimal(size) == 0:
                    side.pop(price, None)
                else:
                    side[price] = size
            if self.depth and len(side) > self.depth:
                kept = sorted(side, key=Decimal, reverse=best_first)[: self.depth]
                for price in set(side) - set(kept):
                    del side[price]

    def side(self, name, limit=None):
        side = self.bids if name == "bids" else self.asks
        prices = sorted(side, key=Decimal, reverse=name == "bids")[:limit]
        return [[price, side[price]] for price in prices]

    @property
    def crossed(self):
        return Decimal(self.side("bids", 1)[0][0]) >= Decimal(self.side("asks", 1)[0][0])

    def checksum(self):
        """OKX sheet, section 4."""
        bids, asks = self.side("bids", 25), self.side("asks", 25)
        parts = []
        for rank in range(25):
            for side in (bids, asks):
                if rank < len(side):
                    parts += side[rank]
        value = zlib.crc32(":".join(parts).encode())
        return value - (1 << 32) if value >= 1 << 31 else value


class BinanceBook(Book):
    """Sheet 3.4 (spot) and 4.5 (futures)."""

    def __init__(self, spot):
        super().__init__()
        self.spot, self.buffer, self.bridged = spot, [], False

    def take(self, event):
        """An increment: before the snapshot it is kept, after it the rules hold."""
        if self.sequence is None:
            self.buffer.append(event)
        elif self.spot:
            self.take_spot(event)
        else:
            self.take_futures(event)

    def take_spot(self, event):
        if event["u"] <= self.sequence:
            return
        if event["U"] > self.sequence + 1:
            raise OutOfStep(f"U {event['U']} after {self.sequence}")
        self.use(event)

    def take_futures(self, event):
        if not self.bridged:
            if event["u"] < self.sequence:
                return
            if not (event["U"] <= self.sequence <= event["u"] or event["pu"] == self.sequence):
                raise OutOfStep(f"U {event['U']} u {event['u']} around {self.sequence}")
        elif event["pu"] != self.sequence:
            raise OutOfStep(f"pu {event['pu']} after {self.sequence}")
        self.use(event)

    def use(self, event):
        self.bridged = True
        self.apply(event["b"], event["a"])
        self.sequence = event["u"]

    def snapshot(self, answer):
        """False: older than what was kept, fetch again."""
        first = self.buffer[0]["U"] if self.buffer else None
        if self.spot and first is not None and answer["lastUpdateId"] + 1 < first:
            return False
        self.replace(answer["bids"], answer["asks"], answer["lastUpdateId"])
        kept, self.buffer = self.buffer, []
        for event in kept:
            self.take(event)
        return True


class OKXBook(Book):
    """Sheet section 4."""

    def __init__(self):
        super().__init__(400)

    def take(self, frame):
        row = frame["data"][0]
        if frame["action"] == "snapshot":
            assert row["prevSeqId"] == -1
            self.replace(row["bids"], row["asks"], row["seqId"])
        elif row["prevSeqId"] != self.sequence:
            raise OutOfStep(f"prevSeqId {row['prevSeqId']} after {self.sequence}")
        else:
            self.apply(row["bids"], row["asks"])
            self.sequence = row["seqId"]


def truth(twin, venue, symbol, market, limit=100_000):
    """The twin's own book."""
    path = f"/book?venue={venue}&symbol={symbol}&market={market}&limit={limit}"
    return twin.get(twin.control + path)[2]


def drain(socket, take):
    """Hands to `take` every frame that the twin has sent by now."""
    for text in told(socket):
        take(json.loads(text))
