# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A venue that is not as documented: told once on `sys.drift.v1` with an example, and the data goes on."""

import time
from typing import Any

import pytest

from harness.feed import Feed, feed_settings
from harness.stage import Stage, need
from harness.waiting import eventually

CHANNELS = ["trade", "bbo", "book", "candle", "ticker", "funding", "open_interest", "liquidation"]
MARKETS = {
    "binance": (["spot", "usdm", "coinm"], ["BTC-USDT", "BTC-USDT-PERP", "BTC-USD-PERP"]),
    "okx": (["spot", "swap"], ["BTC-USDT", "BTC-USDT-PERP", "BTC-USD-PERP"]),
    "htx": (["spot", "linear", "inverse"], ["BTC-USDT", "BTC-USDT-PERP", "BTC-USD-PERP"]),
    "coinbase": (["spot"], ["BTC-USD", "ETH-USD"]),
}


class Watched:
    """A feed on a twin, and what it told on `sys.drift.v1`."""

    def __init__(self, stage: Stage, venue: str, channels: list[str], twin_flags: tuple[str, ...] = (), **more: Any):
        need("exchange-twin", f"{venue}-feed", "marketbus")
        self.venue = venue
        broker = stage.broker("embedded")
        self.reader = stage.reader(broker)
        self.twin = stage.twin("--rate", "300", "--symbols", "3", "--seed", "7", *twin_flags)
        self.instance = f"drift-{venue}-{time.time_ns()}"
        markets, symbols = MARKETS[venue]
        self.settings = feed_settings(
            venue, self.instance, broker, self.twin.endpoints(venue), markets, symbols, **more
        )
        self.settings[f"venues.{venue}.channels"] = channels
        self.stage = stage

    def start(self) -> Feed:
        return self.stage.feed(self.venue, self.settings)

    def drift(self) -> list[dict[str, Any]]:
        return self.reader.values("sys.drift.v1", feed=self.instance)

    def told(self) -> list[tuple[str, str, str]]:
        return sorted((value["kind"], value["stream"], value["detail"]) for value in self.drift())


@pytest.mark.parametrize("venue", list(MARKETS))
def test_a_venue_as_documented_is_no_drift(stage: Stage, venue: str) -> None:
    watched = Watched(stage, venue, CHANNELS)
    feed = watched.start()
    feed.wait_ready()
    watched.twin.fault("cut", venue=venue)
    before = watched.reader.count("md.trade.v1")
    eventually("trades after a cut", lambda: watched.reader.count("md.trade.v1") > before + 300, within=40)
    assert watched.told() == []
    assert feed.stop() == 0


CHANGES = {
    "binance": ("btcusdt@trade", "spot stream=trade", "M", "t", "boolean", "number -> string"),
    "okx": ("trades:BTC-USDT", "channel=trades", "count", "seqId", "string", "number -> string"),
}


def in_force(watched: Watched, fault: str) -> bool:
    return any(entry["kind"] == fault for entry in watched.twin.control("GET", "/faults")["active"])


@pytest.mark.parametrize("venue", list(CHANGES))
def test_every_change_is_told_once_with_an_example(stage: Stage, venue: str) -> None:
    stream, kind, gone, other, gone_type, types = CHANGES[venue]
    watched = Watched(stage, venue, ["trade", "bbo"])
    watched.settings |= {f"venues.{venue}.markets": ["spot"], f"venues.{venue}.symbols": ["BTC-USDT"]}
    feed = watched.start()
    feed.wait_ready()
    path = "data." if venue == "binance" else "data[]."
    faults = [
        ("new_field", {"field": "zz", "text": "1"}, f"{path}zz: string is new"),
        ("vanished_field", {"field": gone}, f"{path}{gone}: {gone_type} is missing"),
        ("retyped_field", {"field": other}, f"{path}{other}: {types}"),
    ]
    for _ in range(2):
        for fault, fields, detail in faults:
            watched.twin.fault(fault, venue=venue, stream=stream, duration_ms=2500, **fields)
            eventually(f"{fault} is told", lambda: (fault, kind, detail) in watched.told(), within=15)
            eventually("the fault is over", lambda: not in_force(watched, fault), within=15)
    assert watched.told() == sorted((fault, kind, detail) for fault, _, detail in faults)
    for value in watched.drift():
        assert len(value["example"]) > 20 and value["venue"] == venue
        assert ("zz" in value["example"]) == (value["kind"] == "new_field")
    assert feed.metric("marketbus_feed_drift_total", kind="new_field") == 1
    assert feed.stop() == 0


def test_a_field_without_which_there_is_no_event_is_a_dead_letter_and_drift(stage: Stage) -> None:
    watched = Watched(stage, "okx", ["trade", "bbo"])
    feed = watched.start()
    feed.wait_ready()
    watched.twin.fault("vanished_field", venue="okx", stream="trades:BTC-USDT", field="px", count=1)
    wanted = ("vanished_field", "channel=trades", "data[].px: string is missing")
    eventually("the missing price is told", lambda: watched.told() == [wanted], within=15)
    eventually("a dead letter", lambda: watched.reader.values("sys.dead_letter.v1", feed=watched.instance), within=5)
    assert feed.stop() == 0


def test_a_silent_subscription_and_a_checksum_of_zero_are_told_once(stage: Stage) -> None:
    quick = {"feed__first_message_ms": 400, "feed__silence_ms": 1500}
    watched = Watched(stage, "okx", ["trade", "bbo", "book"], ("--okx-checksum", "zero"), **quick)
    watched.twin.fault("ack_without_data", venue="okx", stream="bbo-tbt:BTC-USDT", duration_ms=60_000)
    feed = watched.start()
    wanted = [
        ("checksum_zero", "channel=books", "the checksum was 0 in all 16 frames that were looked at"),
        ("silent_subscription", "bbo BTC-USDT", "acknowledged, but no message after every try"),
    ]
    eventually("both are told", lambda: watched.told() == wanted, within=30)
    before = watched.reader.count("md.trade.v1")
    eventually("more trades", lambda: watched.reader.count("md.trade.v1") > before + 500, within=30)
    assert watched.told() == wanted
    assert feed.stop() == 0
