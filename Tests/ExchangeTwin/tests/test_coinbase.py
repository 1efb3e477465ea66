# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Coinbase as its sheet says: the Exchange feed, Advanced Trade, and both REST sides."""

import base64
import json
import re
import time
from decimal import Decimal

import pytest

from books import truth
from conftest import until
from test_rules import closed
from venue_clients import Client, NumberBook, exact

PRODUCT = "BTC-USD"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


@pytest.fixture
def twin(start):
    return start("--symbols", 3, "--rate", 1500, "--venues", "coinbase")


def exchange(twin, *channels, products=(PRODUCT,)):
    client = Client(twin, "coinbase", "exchange_ws")
    if channels:
        client.send(type="subscribe", product_ids=list(products), channels=list(channels))
    return client


def advanced(twin, *channels, products=(PRODUCT,), **more):
    client = Client(twin, "coinbase", "advanced_ws")
    for channel in channels:
        client.send(type="subscribe", product_ids=list(products), channel=channel, **more)
    return client


def typed(*types):
    return lambda frame: frame["type"] in types


def on(channel):
    return lambda frame: frame["channel"] == channel


# MARK: Exchange


def test_subscriptions_list_everything_active(twin):
    heartbeat = {"name": "ticker", "product_ids": ["ETH-USD"]}
    with exchange(twin, "heartbeat", "matches", heartbeat, products=[PRODUCT, "BTC-USDT"]) as client:
        ack = client.receive()
        assert ack["type"] == "subscriptions" and ack["channels"] == [
            {"name": "heartbeat", "product_ids": [PRODUCT, "BTC-USDT"], "account_ids": None},
            {"name": "matches", "product_ids": [PRODUCT, "BTC-USDT"], "account_ids": None},
            {"name": "ticker", "product_ids": ["ETH-USD"], "account_ids": None},
        ]
        client.send(type="unsubscribe", product_ids=["BTC-USDT"], channels=["matches"])
        names = lambda frame: {row["name"]: row["product_ids"] for row in frame["channels"]}  # noqa: E731
        assert names(client.frames(1, typed("subscriptions"))[0])["matches"] == [PRODUCT]
        client.send(type="unsubscribe", channels=["heartbeat"])
        assert set(names(client.frames(1, typed("subscriptions"))[0])) == {"matches", "ticker"}


@pytest.mark.parametrize(
    "channels, product, reason",
    [
        (["matches"], "BTC-XXX", "BTC-XXX is not a valid product"),
        (["nope"], PRODUCT, "nope is not a valid channel"),
        (["level2"], PRODUCT, "level2, level3, and full channels now require authentication."),
        (["full"], PRODUCT, "level2, level3, and full channels now require authentication."),
    ],
)
def test_refusals(twin, channels, product, reason):
    with exchange(twin, *channels, products=[product]) as client:
        error = client.receive()
        assert (error["type"], error["message"]) == ("error", "Failed to subscribe")
        assert error["reason"].startswith(reason)
        # Nothing of a refused message is subscribed.
        client.send(type="subscribe", product_ids=["ETH-USD"], channels=["heartbeat"])
        assert [row["name"] for row in client.receive()["channels"]] == ["heartbeat"]


def test_level2_with_a_signature(twin):
    with exchange(twin) as client:
        signature = {"signature": "c2ln", "key": "k", "passphrase": "p", "timestamp": "1"}
        client.send(type="subscribe", product_ids=[PRODUCT], channels=["level2"], **signature)
        assert [client.receive()["type"] for _ in range(3)] == ["subscriptions", "snapshot", "l2update"]


def test_matches_carry_the_makers_side_and_begin_with_the_last_one(twin):
    with exchange(twin, "matches", "ticker") as client:
        got = client.frames(80, typed("match", "last_match", "ticker"))
        matches = [frame for frame in got if frame["type"] == "match"]
        assert list(matches[0]) == [
            "type", "trade_id", "maker_order_id", "taker_order_id", "side", "size", "price", "product_id",
            "sequence", "time",
        ]  # fmt: skip
        ids = [frame["trade_id"] for frame in matches]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        tickers = {frame["trade_id"]: frame for frame in got if frame["type"] == "ticker"}
        pairs = [(frame, tickers[frame["trade_id"]]) for frame in matches if frame["trade_id"] in tickers]
        assert len(pairs) > 10
        for match, ticker in pairs:
            assert {match["side"], ticker["side"]} == {"buy", "sell"}
            assert (match["price"], match["size"]) == (ticker["price"], ticker["last_size"])
        assert all(TIME.fullmatch(frame["time"]) for frame in got)
        last = max(frame["trade_id"] for frame in got)
    with exchange(twin, "matches") as client:
        first = client.frames(1, typed("match", "last_match"))[0]
        assert first["type"] == "last_match" and first["trade_id"] >= last
    assert [line["id"] for line in twin.log() if line.get("resent")] == [str(first["trade_id"])]


class BatchBook:
    """`level2_batch`: a snapshot, then changes; prices compare as numbers."""

    def __init__(self, twin, channel="level2_batch", **more):
        self.twin, self.more, self.book, self.snapshots = twin, more, NumberBook(), 0
        self.client = exchange(twin, channel)

    def take(self, frame):
        if frame["type"] == "snapshot":
            self.snapshots += 1
            self.book.replace(exact(frame["bids"]), exact(frame["asks"]), 0)
        elif frame["type"] == "l2update":
            changes = [(side, Decimal(price), Decimal(size)) for side, price, size in frame["changes"]]
            bids = [[price, size] for side, price, size in changes if side == "buy"]
            asks = [[price, size] for side, price, size in changes if side == "sell"]
            self.book.apply(bids, asks)

    def follow(self, count):
        for frame in self.client.frames(count, typed("snapshot", "l2update")):
            self.take(frame)

    def equals(self):
        self.twin.post("/pause")
        self.client.drain(self.take)
        told = truth(self.twin, "coinbase", PRODUCT, "spot")
        same = self.book.side("bids") == exact(told["bids"]) and self.book.side("asks") == exact(told["asks"])
        self.twin.post("/resume")
        return same


def test_the_whole_book_in_batches(twin):
    first = BatchBook(twin)
    first.follow(30)
    second = BatchBook(twin)
    second.follow(10)
    assert first.equals() and second.equals() and not first.book.crossed
    assert (first.snapshots, second.snapshots) == (1, 1)


def test_prices_are_not_always_written_the_same_way(twin):
    with exchange(twin, "level2_batch") as client:
        changes = [row for frame in client.frames(20, typed("l2update")) for row in frame["changes"]]
    decimals = {len(price.split(".")[1]) for _, price, _ in changes}
    assert decimals == {2, 8}
    assert {size for _, _, size in changes if Decimal(size) == 0} == {"0", "0.00000000"}


def test_heartbeats_name_the_last_trade(twin):
    with exchange(twin, "heartbeat", "matches") as client:
        beats, last = [], None
        while len(beats) < 3:
            frame = client.frames(1, typed("heartbeat", "match"))[0]
            if frame["type"] == "match":
                last = frame["trade_id"]
            else:
                beats.append(frame)
                assert last is None or frame["last_trade_id"] >= last
    assert list(beats[0]) == ["type", "sequence", "last_trade_id", "product_id", "time"]


def test_status_lists_all_products(twin):
    with exchange(twin, "status") as client:
        status = client.frames(1, typed("status"))[0]
    assert {row["id"] for row in status["products"]} >= {"BTC-USD", "BTC-USDT", "SOL-USD"}
    assert status["products"][0]["status"] == "online"


@pytest.mark.parametrize("endpoint", ["exchange_ws", "advanced_ws"])
def test_who_subscribes_nothing_is_closed(start, endpoint):
    twin = start("--symbols", 1, "--coinbase-subscribe-ms", 200)
    with Client(twin, "coinbase", endpoint) as client:
        assert closed(client.socket) == 1000


# MARK: Advanced Trade


def test_frames_are_numbered_over_all_channels(twin):
    channels = ["level2", "market_trades", "ticker", "ticker_batch", "candles", "status", "heartbeats"]
    with advanced(twin, *channels) as client:
        got = client.frames(150)
    assert [frame["sequence_num"] for frame in got] == list(range(150))
    assert {frame["channel"] for frame in got} >= {
        "subscriptions", "l2_data", "market_trades", "ticker", "ticker_batch", "candles", "status", "heartbeats",
    }  # fmt: skip
    assert all(TIME.fullmatch(frame["timestamp"]) and len(frame["events"]) == 1 for frame in got)
    acks = [frame["events"][0]["subscriptions"] for frame in got if frame["channel"] == "subscriptions"]
    assert acks[-1]["level2"] == [PRODUCT] and acks[-1]["heartbeats"] == ["heartbeats"]


def test_advanced_books_lead_to_the_book(twin):
    book = NumberBook()

    def take(frame):
        if frame["channel"] != "l2_data":
            return
        event = frame["events"][0]
        rows = [(row["side"], Decimal(row["price_level"]), Decimal(row["new_quantity"])) for row in event["updates"]]
        bids = [[price, size] for side, price, size in rows if side == "bid"]
        asks = [[price, size] for side, price, size in rows if side == "offer"]
        if event["type"] == "snapshot":
            book.replace(bids, asks, 0)
        else:
            book.apply(bids, asks)

    with advanced(twin, "level2") as client:
        for frame in client.frames(60):
            take(frame)
        twin.post("/pause")
        client.drain(take)
        told = truth(twin, "coinbase", PRODUCT, "spot")
    assert book.side("bids") == exact(told["bids"]) and book.side("asks") == exact(told["asks"])


def test_batches_of_trades(twin):
    with advanced(twin, "market_trades") as client:
        got = [frame["events"][0] for frame in client.frames(8, on("market_trades"))]
    assert [event["type"] for event in got] == ["snapshot"] + ["update"] * 7
    told = [int(row["trade_id"]) for event in got[1:] for row in reversed(event["trades"])]
    assert told == list(range(told[0], told[0] + len(told)))
    assert {row["side"] for event in got for row in event["trades"]} == {"BUY", "SELL"}


def test_five_minute_candles_only(twin):
    with advanced(twin, "candles") as client:
        snapshot, update = [frame["events"][0] for frame in client.frames(2, on("candles"))]
    assert snapshot["type"] == "snapshot" and update["type"] == "update"
    starts = [int(row["start"]) for row in snapshot["candles"] + update["candles"]]
    assert all(start % 300 == 0 for start in starts) and isinstance(update["candles"][0]["start"], str)


def test_usdc_products_are_aliases(twin):
    with advanced(twin, "ticker", products=["BTC-USDC"]) as client:
        assert client.frames(1, on("ticker"))[0]["events"][0]["tickers"][0]["product_id"] == PRODUCT


@pytest.mark.slow
def test_idle_channels_are_closed_unless_heartbeats_come_too(start):
    twin = start("--symbols", 1, "--rate", 0, "--coinbase-idle-ms", 1500)
    with advanced(twin, "level2") as client:
        assert closed(client.socket) == 1000
    twin = start("--symbols", 1, "--rate", 10, "--coinbase-idle-ms", 1500)
    with advanced(twin, "status", "heartbeats") as client:
        assert len(client.frames(4, on("heartbeats"))) == 4


def token(life=120, **changes):
    """A token in the sheet's form; its signature is 64 bytes of nothing."""

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    now = int(time.time())
    key = "organizations/test-organization/apiKeys/test-api-key"
    header = {"alg": "EdDSA", "kid": key, "nonce": "00112233445566778899aabbccddeeff", "typ": "JWT"}
    payload = {"sub": key, "iss": "cdp", "nbf": now, "exp": now + life}
    header.update({name: value for name, value in changes.items() if name in header})
    payload.update({name: value for name, value in changes.items() if name in payload or name == "uri"})
    return ".".join([part(json.dumps(header).encode()), part(json.dumps(payload).encode()), part(bytes(64))])


def test_tokens_where_they_are_demanded(start):
    twin = start("--symbols", 1, "--coinbase-needs-jwt")
    with advanced(twin, "level2", jwt=token()) as client:
        assert client.receive()["channel"] == "subscriptions"
    bad = [None, "a.b.c", token(alg="HS256"), token(life=600), token(iss="me"), token(exp=1), token(uri="GET x")]
    for text in bad:
        with advanced(twin, "level2", **({} if text is None else {"jwt": text})) as client:
            assert client.receive() == {"type": "error", "message": "authentication failure"}
            closed(client.socket)


def test_the_user_channel_needs_a_token(twin):
    with advanced(twin, "user") as client:
        assert client.receive()["message"] == "authentication failure"


# MARK: REST


def test_exchange_products_and_errors(twin):
    row = twin.rest("coinbase", "exchange_rest", "/products/BTC-USD")[2]
    assert (row["id"], row["quote_increment"], row["base_increment"]) == (PRODUCT, "0.01", "0.00000001")
    assert len(twin.rest("coinbase", "exchange_rest", "/products")[2]) == 6
    assert twin.rest("coinbase", "exchange_rest", "/products/NO-USD/book")[0:3:2] == (404, {"message": "NotFound"})
    assert TIME.fullmatch(twin.rest("coinbase", "exchange_rest", "/time")[2]["iso"])


def test_a_user_agent_is_required(twin):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", twin.port)
    connection.request("GET", "/coinbase/exchange/products")
    assert connection.getresponse().status == 400


def test_trades_page_through_cursors(twin):
    with exchange(twin, "matches") as client:
        client.frames(60, typed("match"))
        twin.post("/pause")
        status, headers, rows = twin.rest("coinbase", "exchange_rest", f"/products/{PRODUCT}/trades?limit=20")
        ids = [row["trade_id"] for row in rows]
        assert status == 200 and ids == list(range(ids[0], ids[0] - 20, -1))
        assert (headers["CB-BEFORE"], headers["CB-AFTER"]) == (str(ids[0]), str(ids[-1]))
        older = twin.rest("coinbase", "exchange_rest", f"/products/{PRODUCT}/trades?limit=5&after={ids[-1]}")[2]
        assert [row["trade_id"] for row in older] == [ids[-1] - 1 - step for step in range(5)]


def test_candles_are_low_high_open_close(twin):
    now = int(time.time()) // 60 * 60
    path = f"/products/{PRODUCT}/candles?granularity=60&start={now - 3600}&end={now}"
    rows = twin.rest("coinbase", "exchange_rest", path)[2]
    times = [row[0] for row in rows]
    assert times == sorted(times, reverse=True) and len(rows) >= 55
    assert all(low <= min(opened, last) and high >= max(opened, last) for _, low, high, opened, last, _ in rows)
    assert twin.rest("coinbase", "exchange_rest", path.replace(str(now - 3600), str(now - 36_000)))[0] == 400
    assert twin.rest("coinbase", "exchange_rest", f"/products/{PRODUCT}/candles?granularity=61")[0] == 400


def test_books_of_three_levels(twin):
    twin.post("/pause")
    one, two, three = [
        twin.rest("coinbase", "exchange_rest", f"/products/{PRODUCT}/book?level={level}")[2] for level in (1, 2, 3)
    ]
    assert len(one["bids"]) == 1 and one["bids"][0][:2] == two["bids"][0][:2]
    assert exact(row[:2] for row in two["asks"]) == exact(truth(twin, "coinbase", PRODUCT, "spot")["asks"])
    assert isinstance(three["bids"][0][2], str)


def test_advanced_rest(twin):
    prefix = "/api/v3/brokerage"
    rows = twin.rest("coinbase", "advanced_rest", prefix + "/market/products")[2]["products"]
    assert rows[0]["product_id"] == PRODUCT and rows[0]["status"] == "online"
    now = int(time.time())
    path = f"{prefix}/market/products/{PRODUCT}/candles?granularity=ONE_MINUTE&start={now - 600}&end={now}"
    candles = twin.rest("coinbase", "advanced_rest", path)[2]["candles"]
    assert len(candles) >= 9 and isinstance(candles[0]["start"], str)
    assert twin.rest("coinbase", "advanced_rest", path.replace("ONE_MINUTE", "ONE"))[0] == 400
    book = twin.rest("coinbase", "advanced_rest", f"{prefix}/market/product_book?product_id={PRODUCT}&limit=3")[2]
    assert len(book["pricebook"]["bids"]) == 3
    assert twin.rest("coinbase", "advanced_rest", prefix + "/accounts")[0] == 401


def test_rest_limits(twin):
    answers = twin.burst("coinbase", "exchange_rest", "/time", 20)
    refused = [body for status, _, body in answers if status == 429]
    assert refused and refused[0] == {"message": "Public rate limit exceeded"}


# MARK: Faults


def test_a_lost_change_shows_in_the_book_only(twin):
    book = BatchBook(twin)
    book.follow(10)
    twin.fault("dropped_delta", venue="coinbase", stream="book")
    until(lambda: [line for line in twin.log() if line.get("event") == "hit"])
    assert not book.equals()


def test_a_lost_frame_is_a_hole_in_the_numbers_of_advanced_trade(twin):
    with advanced(twin, "level2") as client:
        got = client.frames(10)
        twin.fault("dropped_delta", venue="coinbase", stream="book")
        client.drain(got.append)
        numbers = [frame["sequence_num"] for frame in got + client.frames(30)]
    assert sum(later - earlier == 2 for earlier, later in zip(numbers, numbers[1:])) == 1
    assert numbers[-1] - numbers[0] == len(numbers)


@pytest.mark.parametrize("kind", ["level2_batch", "advanced"])
def test_a_crossed_update(twin, kind):
    with exchange(twin, "level2_batch") if kind != "advanced" else advanced(twin, "level2") as client:
        client.frames(10)
        twin.fault("crossed_update", venue="coinbase", stream="book")
        until(lambda: client.receive() and twin.get(twin.control + "/faults")[2]["active"] == [])
    sent = [line for line in twin.log() if line.get("fault") == "crossed_update" and "kind" in line]
    assert len(sent) == 1


def test_a_reconnecting_client_meets_every_other_fault(twin):
    with exchange(twin, "matches") as client:
        client.frames(5, typed("match"))
        twin.fault("duplicate", venue="coinbase", stream=f"matches:{PRODUCT}")
        ids = [frame["trade_id"] for frame in client.frames(200, typed("match"))]
        assert len(ids) - len(set(ids)) == 1
        twin.fault("bad_number", venue="coinbase", stream="trade", text="0.-10000")
        assert client.frames(1, lambda frame: frame.get("price") == "0.-10000")
        twin.fault("cut", venue="coinbase")
        assert closed(client.socket) is None
    twin.fault("ack_without_data", venue="coinbase", stream=f"matches:{PRODUCT}", count=1)
    with exchange(twin, "matches", products=[PRODUCT, "ETH-USD"]) as client:
        assert client.receive()["channels"][0]["product_ids"] == [PRODUCT, "ETH-USD"]
        assert {frame["product_id"] for frame in client.frames(30)} == {"ETH-USD"}
    twin.fault("http_status", venue="coinbase", status=429, count=1)
    assert twin.rest("coinbase", "exchange_rest", "/time")[0] == 429
