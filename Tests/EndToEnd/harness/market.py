# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A market without exchanges: quotes, books and instruments of many symbols at a rate, as feeds would publish them.

    python -m harness.market --bootstrap HOST:PORT --symbols 60 --rate 1500

Every base has a spot and a perpetual market at three venues. Now and then a venue's price of a symbol goes off for a while:
opportunities open, stay, and close, over venues and between spot and perpetual, whose symbols lie in different partitions.
SIGTERM ends it; it then prints how many records the broker acknowledged, and the last quotes.
"""

import argparse
import json
import random
import signal
import time
from typing import Any

from confluent_kafka import Producer

VENUES = ("x", "y", "z")
BOOK_VENUE = "z"
SNAPSHOT_EVERY = 50


class Listing:
    """One venue's market of a symbol."""

    def __init__(self, symbol: str, venue: str, price: int) -> None:
        self.symbol, self.venue, self.price = symbol, venue, price
        self.key = symbol.encode()
        self.off = 0
        self.seq = {"bbo": 0, "book": 0}
        self.levels: tuple[list[str], list[str]] = ([], [])

    def head(self, schema: str, epoch: int, now: int) -> str:
        """What every market record begins with."""
        self.seq[schema] += 1
        return (
            f'{{"schema":"{schema}.v1","venue":"{self.venue}","symbol":"{self.symbol}","venue_symbol":"{self.symbol}",'
            f'"feed":"{self.venue}-feed","epoch":{epoch},"exchange_us":{now},"received_us":{now},"published_us":{now},'
            f'"seq":{self.seq[schema]},"venue_seq":null,'
        )


class Market:
    """All listings, and what they say next."""

    def __init__(self, symbols: int, seed: int) -> None:
        self.dice = random.Random(seed)
        self.epoch = time.time_ns() // 1000
        self.listings = []
        for number in range(symbols // 2):
            price = self.dice.randrange(10_000, 1_000_000)
            for symbol in (f"C{number:03}-USDT", f"C{number:03}-USDT-PERP"):
                self.listings += [Listing(symbol, venue, price) for venue in VENUES]

    def instruments(self) -> list[tuple[str, str]]:
        """Keys and values of `ref.instrument.v1`."""
        made = []
        for listing in self.listings:
            base, quote = listing.symbol.split("-")[:2]
            value = {
                "schema": "instrument.v1", "venue": listing.venue, "market": "spot", "symbol": listing.symbol,
                "venue_symbol": listing.symbol, "published_us": self.epoch, "feed": f"{listing.venue}-feed",
                "kind": "linear_perpetual" if listing.symbol.endswith("-PERP") else "spot", "base": base, "quote": quote,
                "settle": quote, "expiry_us": None, "tick_size": "0.01", "lot_size": "0.1", "min_size": None,
                "min_notional": None, "contract_size": None, "status": "trading", "maker_fee": None, "taker_fee": "0.0005",
            }  # fmt: skip
            made.append((f"{listing.venue}:{listing.symbol}", json.dumps(value)))
        return made

    def step(self) -> list[tuple[str, bytes, str]]:
        """Topic, key and value of one venue's news."""
        listing = self.dice.choice(self.listings)
        if self.dice.random() < 0.005:
            listing.off = 0 if listing.off else self.dice.choice((-1, 1))
        middle = listing.price + listing.off * listing.price // 200 + self.dice.randrange(-1, 2)
        half = max(listing.price // 20_000, 1)
        now = time.time_ns() // 1000
        bid, ask = self._price(middle - half), self._price(middle + half)
        size = self.dice.randrange(1, 10)
        quote = listing.head("bbo", self.epoch, now) + (
            f'"state":"live","bid":"{bid}","bid_size":"{size}","ask":"{ask}","ask_size":"{size}"}}'
        )
        records = [("md.bbo.v1", listing.key, quote)]
        if listing.venue == BOOK_VENUE:
            records.insert(0, ("md.book.v1", listing.key, self._book(listing, bid, ask, size, now)))
        return records

    def _book(self, listing: Listing, bid: str, ask: str, size: int, now: int) -> str:
        is_snapshot = listing.seq["book"] % SNAPSHOT_EVERY == 0
        gone = ([], []) if is_snapshot else listing.levels
        sides = []
        for price, old in ((bid, gone[0]), (ask, gone[1])):
            removed = [f'["{level}","0"]' for level in old if level != price]
            sides.append(",".join([*removed, f'["{price}","{size}"]']))
        listing.levels = ([bid], [ask])
        return listing.head("book", self.epoch, now) + (
            f'"venue_prev_seq":null,"kind":"{"snapshot" if is_snapshot else "delta"}","book_epoch":{self.epoch},'
            f'"depth":null,"horizon_bid":null,"horizon_ask":null,"bids":[{sides[0]}],"asks":[{sides[1]}]}}'
        )

    @staticmethod
    def _price(cents: int) -> str:
        whole, rest = divmod(cents, 100)
        return f"{whole}.{rest:02}".rstrip("0").rstrip(".") if rest else str(whole)


def main() -> None:
    """Publishes until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--symbols", type=int, default=60)
    parser.add_argument("--rate", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    counts = {"acknowledged": 0, "failed": 0}

    def reported(error: Any, _: Any) -> None:
        counts["failed" if error else "acknowledged"] += 1

    producer = Producer(
        {
            "bootstrap.servers": options.bootstrap, "partitioner": "murmur2_random", "enable.idempotence": True,
            "linger.ms": 2, "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000,
        }
    )  # fmt: skip
    market = Market(options.symbols, options.seed)
    for key, value in market.instruments():
        producer.produce("ref.instrument.v1", key=key, value=value, on_delivery=reported)
    producer.flush(30)
    print(json.dumps({"ready": True}), flush=True)
    began, sent, last = time.monotonic(), 0, {}
    while not stopped:
        due = int((time.monotonic() - began) * options.rate)
        while sent < due and not stopped:  # who lags behind its rate may have much to catch up with
            for topic, key, value in market.step():
                producer.produce(topic, key=key, value=value, on_delivery=reported)
                sent += 1
            producer.poll(0)
            last[(key, value.split('"venue":"', 1)[1][0])] = value
        producer.poll(0.005)
    seconds = time.monotonic() - began
    producer.flush(60)
    quotes = [json.loads(value) for value in last.values()]
    print(json.dumps({**counts, "sent": sent, "seconds": seconds, "quotes": quotes}), flush=True)


if __name__ == "__main__":
    main()
