# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Connections that grow old every few seconds: nothing is lost, doubled or invalidated when one follows another."""

import json
import signal
from collections import defaultdict
from decimal import Decimal
from typing import Any, Iterable

from harness.feed import Feed, feed_settings
from harness.records import Consumed, Reader
from harness.stage import Stage, need
from harness.twin import Twin
from harness.waiting import eventually, quiet

TOPICS = (
    *("md.trade.v1", "md.bbo.v1", "md.book.v1", "md.candle.v1", "md.ticker.v1", "md.funding.v1"),
    *("md.open_interest.v1", "sys.integrity.v1", "sys.feed_status.v1", "sys.dead_letter.v1"),
)
MARKETS = {
    "binance": ["spot", "usdm"],
    "okx": ["spot", "swap"],
    "htx": ["spot", "linear"],
    "coinbase": ["spot"],
    "gateway": ["spot", "linear"],
}
SYMBOLS = {
    "binance": ["BTC-USDT", "ETH-USDT", "BTC-USDT-PERP"],
    "okx": ["BTC-USDT", "ETH-USDT", "BTC-USDT-PERP"],
    "htx": ["BTC-USDT", "BTC-USDT-PERP"],
    "coinbase": ["BTC-USD", "ETH-USD"],
    "gateway": ["BTC-USDT", "BTC-USDT-PERP"],
}
CHANNELS = {
    "binance": ["trade", "bbo", "book", "candle", "ticker", "funding"],
    "okx": ["trade", "bbo", "book", "candle", "ticker", "funding", "open_interest"],
    "htx": ["trade", "bbo", "book", "candle", "ticker"],
    "coinbase": ["trade", "bbo", "book", "ticker"],
    "gateway": ["trade", "bbo", "candle"],
}
# Where the venue gives notice it does so at half of its life; elsewhere the feed's own limit comes first.
VENUE_LIFE_MS, FEED_LIFE_MS = 8000, 5000
ROTATIONS = 2
# What may be announced while all goes as planned.
PLANNED = {"handover_begun", "handover_done", "closing_notice", "book_audit"}


def test_nothing_is_lost_when_connections_follow_each_other(stage: Stage) -> None:
    need("exchange-twin", "marketbus", *(f"{venue}-feed" for venue in MARKETS))
    broker = stage.broker("embedded")
    reader = stage.keep(Reader(broker.bootstrap, TOPICS))
    twin = stage.twin(
        *("--symbols", "2", "--rate", "300", "--seed", "7", "--book-levels", "100", "--crossed-every-ms", "0"),
        *("--connection-life-ms", str(VENUE_LIFE_MS), "--rotation-notice-ms", str(VENUE_LIFE_MS // 2)),
    )
    feeds = {venue: feed(stage, broker, twin, venue) for venue in MARKETS}
    for each in feeds.values():
        each.wait_ready(30)
    turned = {venue: ROTATIONS * connections(reader, venue) for venue in feeds}
    for venue, wanted in turned.items():
        eventually(f"{wanted} hand-overs of {venue}", lambda: hand_overs(feeds[venue]) >= wanted, within=30)
    before = {venue: hand_overs(each) for venue, each in feeds.items()}
    for each in feeds.values():
        each.signal(signal.SIGHUP)
    for venue, each in feeds.items():
        wanted = before[venue] + connections(reader, venue)
        eventually(f"{venue} turns at SIGHUP", lambda: hand_overs(each) >= wanted, within=15)

    twin.control("POST", "/pause")
    quiet(lambda: reader.count("md.trade.v1", "md.bbo.v1", "md.book.v1"), silence=1.0, within=20)
    records = reader.records()
    problems = (
        stream_problems(records)
        + announced(records)
        + trade_problems(records, twin)
        + quote_problems(records, twin)
        + book_problems(records, twin)
        + [f"dead letter: {record.value}" for record in records if record.topic == "sys.dead_letter.v1"]
    )
    assert not problems, "\n".join(problems[:20])
    for venue, each in feeds.items():
        assert {topic_of(channel) for channel in CHANNELS[venue]} <= topics_of(records, venue), venue
        assert each.stop() == 0


def feed(stage: Stage, broker: Any, twin: Twin, venue: str) -> Feed:
    """A feed whose connections must not grow old."""
    settings = feed_settings(venue, f"{venue}-turning", broker, twin.endpoints(venue), MARKETS[venue], SYMBOLS[venue])
    settings[f"venues.{venue}.channels"] = CHANNELS[venue]
    settings["feed.connection_life_ms"] = FEED_LIFE_MS
    if venue == "gateway":
        token = stage.folder / "token"
        token.write_text("twin-csrf-token", encoding="utf-8")
        settings["venues.gateway.csrf_token_file"] = str(token)
    return stage.feed(venue, settings)


def hand_overs(running: Feed) -> float:
    return running.metric("marketbus_feed_handovers_total") or 0


def connections(reader: Reader, venue: str) -> int:
    """How many places for connections a feed has: those that take over do not count."""

    def found() -> int:
        values = reader.values("sys.feed_status.v1", venue=venue)
        rows = values[-1]["connections"] if values else []
        return sum(row["state"] != "taking_over" for row in rows)

    return eventually(f"a status of {venue}", found, within=20)


def topic_of(channel: str) -> str:
    return f"md.{channel}.v1"


def topics_of(records: Iterable[Consumed], venue: str) -> set[str]:
    return {record.topic for record in records if record.topic.startswith("md.") and record.value["venue"] == venue}


def streams(records: Iterable[Consumed], *topics: str) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """The values of each stream, in order: by venue, topic and symbol."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        if record.topic in topics or (not topics and record.topic.startswith("md.")):
            found[(record.value["venue"], record.topic, record.value["symbol"])].append(record.value)
    return found


def stream_problems(records: list[Consumed]) -> list[str]:
    """Streams that are not one epoch with the numbers from 1 on, and quotes or books that were invalidated."""
    problems = []
    for stream, values in streams(records).items():
        epochs = {value["epoch"] for value in values}
        if len(epochs) != 1:
            problems.append(f"{stream}: {len(epochs)} epochs")
        if [value["seq"] for value in values] != list(range(1, len(values) + 1)):
            problems.append(f"{stream}: the numbers are not 1 to {len(values)}")
        bad = [value for value in values if "invalid" in (value.get("state"), value.get("kind"))]
        problems += [f"{stream}: {bad[0]}"] if bad else []
    return problems


def announced(records: Iterable[Consumed]) -> list[str]:
    """Incidents that are none of a hand-over's notes."""
    found = [
        incident
        for record in records
        if record.topic == "sys.integrity.v1"
        for incident in record.value["incidents"]
    ]
    assert {"handover_begun", "handover_done", "closing_notice"} <= {incident["kind"] for incident in found}
    return [f"announced: {incident}" for incident in found if incident["kind"] not in PLANNED]


def sent(twin: Twin, *kinds: str) -> dict[tuple[str, str, str], set[int]]:
    """The ids of some kinds of frames that the twin sent, by venue, market (of Binance) and the venue's symbol."""
    ids: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for entry in twin.sent():
        if entry.get("kind") in kinds:
            numbers = [int(entry["id"])]
            if entry["venue"] == "htx" and "trade" in kinds:
                # One frame has all trades of a taker.
                numbers = [int(row.get("tradeId", row["id"])) for row in json.loads(entry["frame"])["tick"]["data"]]
            ids[identity(entry["venue"], entry["market"], entry["symbol"])].update(numbers)
    return ids


def identity(venue: str, market: str, symbol: str) -> tuple[str, str, str]:
    return (venue, market if venue == "binance" else "", symbol)


def market_of(symbol: str) -> str:
    """Binance names spot and linear markets alike."""
    return "usdm" if symbol.endswith("-PERP") else "spot"


def trade_problems(records: list[Consumed], twin: Twin) -> list[str]:
    """Trades that are missing, doubled or out of order."""
    problems, told = [], sent(twin, "trade", "agg_trade")
    for stream, values in streams(records, "md.trade.v1").items():
        ids = [int(value["trade_id"]) for value in values]
        known = told[identity(stream[0], market_of(stream[2]), values[0]["venue_symbol"])]
        wanted = sorted(number for number in known if number >= ids[0])
        if not wanted or ids != wanted:
            missing, doubled = sorted(set(wanted) - set(ids)), len(ids) - len(set(ids))
            problems.append(f"{stream}: of {len(wanted)} trades {missing[:5]} missing, {doubled} doubled, or in disorder")
    return problems


def quote_problems(records: list[Consumed], twin: Twin) -> list[str]:
    """Quotes that were sent and not published, or not in order; where the venue numbers them."""
    problems, told = [], sent(twin, "bbo")
    for stream, values in streams(records, "md.bbo.v1").items():
        numbers = [value["venue_seq"] for value in values]
        if None in numbers:
            continue
        if sorted(set(numbers)) != numbers:
            problems.append(f"{stream}: quotes are doubled or out of order")
        ids = told[identity(stream[0], market_of(stream[2]), values[0]["venue_symbol"])]
        missing = {number for number in ids if number >= numbers[0]} - set(numbers)
        if missing and ids & set(numbers):
            problems.append(f"{stream}: {len(missing)} quotes are missing, the first {min(missing)}")
    return problems


def book_problems(records: list[Consumed], twin: Twin) -> list[str]:
    """Books whose best prices are not those of the twin's true book, now that the markets pause."""
    problems = []
    for stream, values in streams(records, "md.book.v1").items():
        first = values[0]
        query = f"venue={stream[0]}&symbol={first['venue_symbol']}&limit=10"
        if stream[0] == "binance":
            query += f"&market={market_of(stream[2])}"
        true = twin.control("GET", f"/book?{query}")
        for side, best in (("bids", max), ("asks", min)):
            prices = set(rebuilt(values, side))
            shown = []
            for _ in range(10):
                shown.append(best(prices))
                prices.remove(shown[-1])
            wanted = [Decimal(str(level[0])) for level in true[side]]
            if shown != wanted:
                problems.append(f"{stream}: {side} {shown} instead of {wanted}")
    return problems


def rebuilt(values: list[dict[str, Any]], side: str) -> dict[Decimal, str]:
    """A side of a book from its records."""
    levels: dict[Decimal, str] = {}
    for value in values:
        if value["kind"] == "snapshot":
            levels = {}
        for price, size in value[side]:
            if Decimal(size) == 0:
                levels.pop(Decimal(price), None)
            else:
                levels[Decimal(price)] = size
    return levels
