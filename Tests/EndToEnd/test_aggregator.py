# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The aggregator as a process behind two feeds: routes over venues, a feed that falls silent, a name that two things share."""

import json
import signal
import subprocess
import time
from decimal import Decimal
from typing import Any, Optional

import pytest
from confluent_kafka import Producer

import programs
from harness.feed import feed_settings
from harness.records import Reader
from harness.stage import Stage, need
from harness.waiting import eventually

SYMBOL = "BTC-USDT"
VENUES = ("binance", "okx")


class Market:
    """Two venues' feeds of one symbol, and the aggregator behind them."""

    def __init__(self, stage: Stage, **settings: Any) -> None:
        need("marketbus", "aggregator", "exchange-twin", *(f"{venue}-feed" for venue in VENUES))
        twin = stage.twin("--rate", "200", "--symbols", "2", frames=False)
        self.broker = stage.broker("embedded")
        self.reader = stage.keep(Reader(self.broker.bootstrap, ("agg.quote.v1", "arb.opportunity.v1", "sys.integrity.v1")))
        self.feeds = {}
        for venue in VENUES:
            feed = feed_settings(venue, f"{venue}-one", self.broker, twin.endpoints(venue), ["spot"], [SYMBOL])
            self.feeds[venue] = stage.feed(venue, {**feed, f"venues.{venue}.channels": ["bbo", "book"]})
        self.aggregator = stage.aggregator(
            self.broker, {key.replace("__", "."): value for key, value in settings.items()}
        )
        self.aggregator.wait_ready()

    def legs(self) -> dict[str, str]:
        """The health of every leg of the newest quote."""
        quotes = self.reader.values("agg.quote.v1", symbol=SYMBOL)
        return {leg["venue"]: leg["health"] for leg in quotes[-1]["legs"]} if quotes else {}

    def route(self, query: str) -> tuple[int, str]:
        """An answer about a way."""
        return self.aggregator.get(f"/route?symbol={SYMBOL}&{query}")

    def incident(self, kind: str) -> Optional[dict[str, Any]]:
        """The first incident of a kind that anybody told."""
        records = self.reader.values("sys.integrity.v1")
        return next((each for record in records for each in record["incidents"] if each["kind"] == kind), None)


def whole_route(market: Market, query: str) -> dict[str, Any]:
    """A way over both venues' books."""

    def found() -> Optional[dict[str, Any]]:
        status, body = market.route(query)
        answer = json.loads(body) if status == 200 else {}
        return answer if len(answer.get("alone", [])) == len(VENUES) and answer["complete"] else None

    return eventually("a way over both venues", found, 20)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_cheapest_way_adds_up_and_beats_each_venue_alone(stage: Stage, side: str) -> None:
    market = Market(stage)
    answer = whole_route(market, f"side={side}&size=0.7")
    best, parts = answer["best"], answer["best"]["parts"]
    assert sum(Decimal(part["size"]) for part in parts) == Decimal("0.7")
    value, fees = (sum(Decimal(part[name]) for part in parts) for name in ("value", "fee"))
    assert Decimal(best["total"]) == (value + fees if side == "buy" else value - fees)
    for alone in answer["alone"]:
        if alone["way"] and Decimal(alone["way"]["size"]) == Decimal("0.7"):
            total, other = Decimal(best["total"]), Decimal(alone["way"]["total"])
            assert total <= other if side == "buy" else total >= other
            assert Decimal(alone["extra"]) == abs(other - total)
    url = f"http://127.0.0.1:{market.aggregator.port()}"
    command = [str(programs.binary("marketbus")), "route", SYMBOL, side, "0.7", "--aggregator", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{side} 0.7 {SYMBOL}\n{'costs' if side == 'buy' else 'brings'} "), done.stdout
    assert market.route("side=both&size=1")[0] == 400
    assert market.aggregator.get("/route?symbol=NO-SUCH&side=buy&size=1")[0] == 404


def test_the_legs_of_a_feed_that_says_nothing_leave_and_come_back(stage: Stage) -> None:
    market = Market(
        stage, aggregator__heartbeat_ms=10_500, aggregator__leg_max_age_ms=3_600_000, aggregator__leg_min_age_ms=3_600_000
    )
    both = {venue: "live" for venue in VENUES}
    eventually("both legs are live", lambda: market.legs() == both, 20)
    feed = market.feeds["okx"]
    feed.signal(signal.SIGSTOP)
    try:
        eventually("okx leaves", lambda: market.legs() == {**both, "okx": "stale"}, 40)
        status, body = market.route("side=buy&size=0.1")
        assert status == 200 and [part["venue"] for part in json.loads(body)["best"]["parts"]] == ["binance"], body
        assert "feed.late" in market.aggregator.tail()
    finally:
        feed.signal(signal.SIGCONT)
    eventually("okx is back", lambda: market.legs() == both, 30)


def test_what_only_shares_a_name_is_set_apart_and_what_seemed_an_opportunity_is_closed(stage: Stage) -> None:
    market = Market(stage, aggregator__namesake_ms=3000, arbitrage__max_edge_bps=0)
    eventually("both legs are live", lambda: set(market.legs().values()) == {"live"}, 20)
    producer = Producer({"bootstrap.servers": market.broker.bootstrap})
    epoch, seq = time.time_ns() // 1000, 0
    instrument = {
        "schema": "instrument.v1", "venue": "htx", "market": "spot", "symbol": SYMBOL, "venue_symbol": "btcusdt",
        "published_us": epoch, "feed": "htx-other", "kind": "spot", "base": "BTC", "quote": "USDT", "settle": "USDT",
        "expiry_us": None, "tick_size": "0.01", "lot_size": "0.0001", "min_size": None, "min_notional": None,
        "contract_size": None, "status": "trading", "maker_fee": "0.001", "taker_fee": "0.001",
    }  # fmt: skip
    producer.produce("ref.instrument.v1", key=f"htx:{SYMBOL}", value=json.dumps(instrument))

    def told() -> Optional[dict[str, Any]]:
        nonlocal seq
        seq += 1
        now = time.time_ns() // 1000
        quote = {
            "schema": "bbo.v1", "venue": "htx", "symbol": SYMBOL, "venue_symbol": "btcusdt", "exchange_us": now,
            "received_us": now, "published_us": now, "feed": "htx-other", "epoch": epoch, "seq": seq, "venue_seq": None,
            "venue_prev_seq": None, "state": "live", "bid": "0.5", "bid_size": "10", "ask": "0.6", "ask_size": "10",
        }  # fmt: skip
        producer.produce("md.bbo.v1", key=SYMBOL, value=json.dumps(quote))
        producer.flush(10)
        return market.incident("namesake_quarantined")

    incident = eventually("it is set apart", told, 30, every=0.2)
    assert (incident["venue"], incident["symbol"]) == ("htx", SYMBOL)
    eventually("its leg does not count", lambda: market.legs().get("htx") == "quarantined", 10)
    last = market.reader.values("agg.quote.v1", symbol=SYMBOL)[-1]
    assert last["ask_venue"] in VENUES and last["bid_venue"] in VENUES

    def states_with_htx() -> set[str]:
        steps = market.reader.values("arb.opportunity.v1")
        newest = {step["id"]: step["state"] for step in steps if "htx" in {leg["venue"] for leg in step["legs"]}}
        return set(newest.values())

    assert states_with_htx(), "the cheap leg was no opportunity at first: nothing was shown"
    eventually("nothing with it is open", lambda: not states_with_htx() & {"open", "update"}, 10)
