# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Records that no feed of ours would write, beside a healthy market: each class is counted and told once in a while, the
aggregator lives, and no opportunity is made of them."""

import json
import time
from typing import Any, Callable, Optional

import pytest
from confluent_kafka import Producer

from harness.records import Reader
from harness.stage import Stage, need
from harness.waiting import eventually

SYMBOL = "BTC-USDT"
HOUR = 3_600_000_000


def now_us() -> int:
    return time.time_ns() // 1000


class Market:
    """Two venues whose quotes touch but don't cross, an aggregator, and who writes for the venues."""

    def __init__(self, stage: Stage) -> None:
        need("marketbus", "aggregator")
        self.broker = stage.broker("embedded")
        topics = ("agg.quote.v1", "arb.opportunity.v1", "sys.integrity.v1", "sys.dead_letter.v1")
        self.reader = stage.keep(Reader(self.broker.bootstrap, topics))
        self.producer = Producer({"bootstrap.servers": self.broker.bootstrap, "partitioner": "murmur2_random", "linger.ms": 0})
        self.began, self.seq = now_us(), 0
        for venue in ("binance", "okx"):
            self.send("ref.instrument.v1", f"{venue}:{SYMBOL}", self.instrument(venue, SYMBOL))
        self.aggregator = stage.aggregator(
            self.broker, {"aggregator.venues": ["binance", "okx"], "aggregator.ignored_report_ms": 1000}
        )
        self.aggregator.wait_ready()
        self.healthy()

    def send(self, topic: str, key: Optional[str], value: Any) -> None:
        """A record; a value that is no object is sent as its bytes."""
        raw = json.dumps(value).encode() if isinstance(value, dict) else value
        self.producer.produce(topic, key=key, value=raw)
        assert self.producer.flush(10) == 0

    @staticmethod
    def instrument(venue: str, symbol: str, fee: str = "0") -> dict[str, Any]:
        base, quote = symbol.split("-")
        return {
            "schema": "instrument.v1", "venue": venue, "market": "spot", "symbol": symbol, "venue_symbol": symbol,
            "published_us": now_us(), "feed": f"{venue}-feed", "kind": "spot", "base": base, "quote": quote, "settle": quote,
            "expiry_us": None, "tick_size": "0.01", "lot_size": "0.001", "min_size": None, "min_notional": None,
            "contract_size": None, "status": "trading", "maker_fee": fee, "taker_fee": fee,
        }  # fmt: skip

    def quote(self, venue: str, bid: str, ask: str, symbol: str = SYMBOL, **fields: Any) -> dict[str, Any]:
        """A record of `md.bbo.v1`."""
        self.seq += 1
        now = now_us()
        return {
            "schema": "bbo.v1", "venue": venue, "symbol": symbol, "venue_symbol": symbol, "feed": f"{venue}-feed",
            "epoch": self.began, "exchange_us": None, "received_us": now, "published_us": now, "seq": self.seq,
            "venue_seq": None, "state": "live", "bid": bid, "bid_size": "1", "ask": ask, "ask_size": "1", **fields,
        }  # fmt: skip

    def say(self, *arguments: Any, **fields: Any) -> None:
        value = self.quote(*arguments, **fields)
        self.send("md.bbo.v1", value["symbol"], value)

    def healthy(self) -> None:
        """What both venues really say."""
        self.say("binance", "99", "100")
        self.say("okx", "99.5", "100.5")

    def ignored(self, reason: str) -> float:
        return self.aggregator.metric("marketbus_aggregator_ignored_total", reason=reason) or 0

    def incidents(self, reason: str) -> list[dict[str, Any]]:
        records = self.reader.values("sys.integrity.v1")
        return [each for record in records for each in record["incidents"] if each["kind"] == f"ignored_{reason}"]

    def dead_letters(self) -> set[str]:
        """The reasons of all dead letters."""
        return {letter["reason"] for letter in self.reader.values("sys.dead_letter.v1")}


CROSSED = ("200", "201")  # A bid at twice what the other asks.


def book(market: Market, **fields: Any) -> dict[str, Any]:
    """A snapshot that would cross the other venue."""
    value = market.quote("okx", "120", "121")
    value = {key: value[key] for key in list(value)[:10]} | {
        "schema": "book.v1", "venue_seq": None, "venue_prev_seq": None, "kind": "snapshot", "book_epoch": market.began,
        "depth": 10, "horizon_bid": None, "horizon_ask": None, "bids": [["120", "1"]], "asks": [["121", "1"]],
    }  # fmt: skip
    return value | fields


BAD: dict[str, tuple[str, Callable[[Market], None]]] = {
    "newer minor schema": ("undecodable", lambda m: m.say("okx", *CROSSED, schema="bbo.v1.1")),
    "newer schema": ("undecodable", lambda m: m.say("okx", *CROSSED, schema="bbo.v2")),
    "unknown state": ("undecodable", lambda m: m.say("okx", *CROSSED, state="auction")),
    "no json": ("undecodable", lambda m: m.send("md.bbo.v1", SYMBOL, b"\xff\xfe{not json")),
    "empty": ("undecodable", lambda m: m.send("md.bbo.v1", SYMBOL, b"")),
    "deep": ("undecodable", lambda m: m.send("md.bbo.v1", SYMBOL, b"[" * 5000)),
    "endless number": ("undecodable", lambda m: m.say("okx", "1" * 300, "201")),
    "exponent": ("undecodable", lambda m: m.say("okx", "1e400", "201")),
    "half a level": ("undecodable", lambda m: m.say("okx", "200", "201", bid_size=None)),
    "broken book": ("undecodable", lambda m: m.send("md.book.v1", SYMBOL, b'{"schema":"book.v1"}')),
    "broken instrument": ("undecodable", lambda m: m.send("ref.instrument.v1", f"okx:{SYMBOL}", b"{}")),
    "broken status": ("undecodable", lambda m: m.send("sys.feed_status.v1", "okx-feed", b"[]")),
    "unknown venue": ("unknown_venue", lambda m: m.say("kraken", *CROSSED)),
    "no name of a venue": ("bad_name", lambda m: m.say("OKX; DROP", *CROSSED)),
    "long symbol": ("bad_name", lambda m: m.say("okx", *CROSSED, symbol="A" * 200 + "-USDT")),
    "no symbol": ("bad_name", lambda m: m.say("okx", *CROSSED, symbol="")),
    "zero price": ("absurd", lambda m: m.say("okx", "0", "201")),
    "negative price": ("absurd", lambda m: m.say("okx", "-5", "201")),
    "zero size": ("absurd", lambda m: m.say("okx", *CROSSED, bid_size="0")),
    "absurd fee": ("absurd", lambda m: m.send("ref.instrument.v1", "okx:X-Y", m.instrument("okx", "X-Y", "-5"))),
    "absurd price": ("implausible", lambda m: m.say("okx", "1000000000", "1000000001")),
    "clock ahead": ("clock_ahead", lambda m: m.say("okx", *CROSSED, epoch=now_us() + HOUR)),
    "read ahead": ("clock_ahead", lambda m: m.say("okx", *CROSSED, received_us=now_us() + HOUR)),
    "clock behind": ("late", lambda m: m.say("okx", *CROSSED, received_us=now_us() - HOUR)),
    "a book's zero price": ("broken_book", lambda m: m.send("md.book.v1", SYMBOL, book(m, asks=[["0", "1"]]))),
    "a book ahead": ("clock_ahead", lambda m: m.send("md.book.v1", SYMBOL, book(m, received_us=now_us() + HOUR))),
    "tombstone": ("tombstone", lambda m: m.send("md.bbo.v1", SYMBOL, None)),
    "tombstone of a book": ("tombstone", lambda m: m.send("md.book.v1", SYMBOL, None)),
    "tombstone of no key": ("tombstone", lambda m: m.send("md.bbo.v1", None, None)),
    "instrument of no venue": ("bad_name", lambda m: m.send("ref.instrument.v1", "nonsense", None)),
}


def test_bad_records_are_counted_and_told_and_make_no_opportunity(stage: Stage) -> None:
    market = Market(stage)
    eventually("both legs", lambda: market.reader.values("agg.quote.v1", symbol=SYMBOL), within=20)
    for name, (reason, send) in BAD.items():
        before = market.ignored(reason)
        send(market)
        eventually(f"{name} is counted", lambda: market.ignored(reason) > before, within=15)
        market.healthy()
        assert market.aggregator.running, name
    for reason in {reason for reason, _ in BAD.values()}:
        eventually(f"{reason} is told", lambda: market.incidents(reason), within=15)
    reasons = {"malformed", "wrong_schema", "missing_field", "bad_field"}
    eventually("each has its dead letter", lambda: reasons <= market.dead_letters(), within=15)
    assert market.reader.values("arb.opportunity.v1") == []
    # It still sees what is really there; okx has a book by now, which its quotes add nothing to.
    market.send("md.book.v1", SYMBOL, book(market, bids=[["100.8", "1"]], asks=[["101", "1"]]))
    opened = eventually("an opportunity", lambda: market.reader.values("arb.opportunity.v1", state="open"), within=15)
    assert opened[0]["buy"]["venue"] == "binance" and opened[0]["sell"]["venue"] == "okx"
    assert market.aggregator.stop() == 0


def test_an_instrument_that_nobody_described_is_told_and_has_no_opportunity(stage: Stage) -> None:
    market = Market(stage)

    def told() -> list[dict[str, Any]]:
        market.say("binance", "99", "100", "ETH-USDT")
        market.say("okx", "101", "102", "ETH-USDT")
        return market.incidents("no_instrument")

    incident = eventually("no_instrument is told", told, within=20)[0]
    assert incident["symbol"] == "ETH-USDT"
    assert market.reader.values("arb.opportunity.v1") == []

    def crossed() -> bool:
        quotes = market.reader.values("agg.quote.v1", symbol="ETH-USDT")
        return bool(quotes) and quotes[-1]["crossed"]

    eventually("a crossed quote", crossed, within=15)
    assert market.aggregator.stop() == 0


def test_a_flood_is_told_in_few_records(stage: Stage) -> None:
    market = Market(stage)
    for _ in range(3000):
        market.producer.produce("md.bbo.v1", key=SYMBOL, value=b"{}")
        market.producer.produce("md.bbo.v1", key=SYMBOL, value=None)
    assert market.producer.flush(20) == 0
    eventually("all are counted", lambda: market.ignored("undecodable") >= 3000, within=30)
    eventually("all are counted", lambda: market.ignored("tombstone") >= 3000, within=30)
    market.healthy()
    time_limit = time.monotonic() + 2
    eventually("a while", lambda: time.monotonic() > time_limit, within=5)
    assert len(market.incidents("tombstone")) <= 8
    assert len(market.reader.values("sys.dead_letter.v1")) <= 1000
    assert market.aggregator.running and market.reader.values("arb.opportunity.v1") == []


@pytest.mark.parametrize("more", ({"later": 1}, {"venue_note": "x", "nested": {"bid": "1", "state": "invalid"}}))
def test_fields_that_are_new_within_a_version_are_no_fault(stage: Stage, more: dict[str, Any]) -> None:
    market = Market(stage)
    market.say("okx", "100.8", "101", **more)
    eventually("an opportunity", lambda: market.reader.values("arb.opportunity.v1", state="open"), within=15)
    assert market.ignored("undecodable") == 0
