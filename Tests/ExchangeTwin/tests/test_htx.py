# Part of MarketBus. Apache License 2.0, see LICENSE.
"""HTX as its sheet says: gzip frames, two dialects, units, orders and books."""

import gzip
import json
import time
from decimal import Decimal

import pytest

from books import truth
from conftest import PATIENCE, until
from test_rules import closed
from venue_clients import HTXClient, IncrementBook, NumberBook, exact, of


@pytest.fixture
def twin(start):
    return start("--symbols", 3, "--rate", 1500, "--venues", "htx")


# MARK: The sockets


def test_acks_and_errors_of_the_market_sockets(twin):
    with HTXClient(twin, "spot_ws") as client:
        client.send(sub="market.btcusdt.bbo", id="id1")
        ack = client.receive()
        assert list(ack) == ["id", "status", "subbed", "ts"] and ack["id"] == "id1" and ack["status"] == "ok"
        client.send(sub="market.btcusdt.bb", id=7)
        error = client.frames(1, lambda frame: frame.get("status") == "error")[0]
        assert error["id"] == 7 and error["err-code"] == "bad-request"
        assert error["err-msg"] == "invalid topic market.btcusdt.bb"
        client.send(sub="market.nopeusdt.bbo", id="x")
        assert client.frames(1, lambda frame: "err-msg" in frame)[0]["err-msg"] == "invalid symbol"
        client.send(unsub="market.btcusdt.bbo", id="id2")
        assert client.frames(1, lambda frame: "unsubbed" in frame)[0]["unsubbed"] == "market.btcusdt.bbo"
        with pytest.raises(TimeoutError):
            client.frames(1, of("bbo"), limit=0.3)
        client.send(ping="now")
        assert client.receive()["err-msg"] == "invalid ping"
        client.send(ping=12)
        assert client.receive() == {"pong": 12}


def test_acks_and_errors_of_the_notification_sockets(twin):
    with HTXClient(twin, "linear_notification_ws") as client:
        client.notices("public.BTC-USDT.funding_rate", "public.X-USDT.funding_rate", "public.BTC-USDT.nope")
        acks = client.frames(3, lambda frame: frame["op"] == "sub")
        assert [ack["err-code"] for ack in acks] == [0, 2011, 2014]
        assert acks[1]["err-msg"] == "Contract doesnt exist" and acks[0]["cid"] == "public.BTC-USDT.funding_rate"
        client.notices("public.BTC-USDT.funding_rate", operation="unsub")
        assert client.frames(1, lambda frame: frame["op"] == "unsub")[0]["err-code"] == 0


@pytest.mark.parametrize("endpoint", ["spot_ws", "linear_ws", "linear_notification_ws", "index_ws"])
def test_pings_are_asked_for_and_an_unanswered_client_is_cut(start, endpoint):
    twin = start("--symbols", 1, "--htx-ping-ms", 250)
    with HTXClient(twin, endpoint) as client:
        while len(client.pings) < 4:
            with pytest.raises(TimeoutError):
                client.receive(0.1)
        kind = str if endpoint == "linear_notification_ws" else int
        assert all(isinstance(ping.get("ping", ping.get("ts")), kind) for ping in client.pings)
        client.pongs = False
        assert closed(client.socket) == 1003
    with HTXClient(twin, endpoint, pongs=False) as client:
        # The right answer, but not to this ping.
        client.socket.recv(timeout=PATIENCE)
        client.send(pong=1, op="pong", ts="1")
        assert closed(client.socket) == 1003


def test_frames_are_whole_gzip_members(twin):
    with twin.ws("htx", "spot_ws") as socket:
        socket.send('{"sub":"market.btcusdt.bbo","id":"1"}')
        for _ in range(20):
            message = socket.recv(timeout=PATIENCE)
            assert isinstance(message, bytes) and json.loads(gzip.decompress(message))


# MARK: Spot


def test_spot_frames_have_the_sheets_fields(twin):
    with HTXClient(twin, "spot_ws") as client:
        client.subscribe(*[f"market.btcusdt.{name}" for name in ["bbo", "trade.detail", "detail", "ticker"]])
        quotes = client.frames(20, of("bbo"))
        assert list(quotes[0]["tick"]) == [
            "seqId", "ask", "askSize", "bid", "bidSize", "quoteTime", "symbol",
        ]  # fmt: skip
        numbers = [frame["tick"]["seqId"] for frame in quotes]
        assert numbers == sorted(numbers) and all(frame["tick"]["bid"] < frame["tick"]["ask"] for frame in quotes)
        trades = client.frames(20, of("trade.detail"))
        rows = [row for frame in trades for row in frame["tick"]["data"]]
        assert list(rows[0]) == ["id", "ts", "tradeId", "amount", "price", "direction"]
        assert all(row["id"] > 2**64 for row in rows)
        # Newest first within a frame, one more from trade to trade.
        told = [row["tradeId"] for frame in trades for row in reversed(frame["tick"]["data"])]
        assert told == list(range(told[0], told[0] + len(told)))
        day = client.frames(1, of("btcusdt.detail"))[0]["tick"]
        assert day["low"] <= day["close"] <= day["high"] and day["vol"] > day["amount"]
        ticker = client.frames(1, of("ticker"))[0]["tick"]
        assert list(ticker)[-6:] == ["bid", "bidSize", "ask", "askSize", "lastPrice", "lastSize"]


def test_spot_writes_numbers_as_java_does(start):
    twin = start("--symbols", 40, "--rate", 3000)
    rules = twin.rest("htx", "spot_rest", "/v1/settings/common/market-symbols")[2]["data"]
    with twin.ws("htx", "spot_ws") as socket:
        for row in rules:
            socket.send(json.dumps({"sub": f"market.{row['symbol']}.detail", "id": "1"}))
        texts = [gzip.decompress(socket.recv(timeout=PATIENCE)).decode() for _ in range(100)]
    joined = "".join(texts)
    assert ".0," in joined and "E7" in joined
    numbers = [json.loads(text, parse_float=str).get("tick", {}).get("vol") for text in texts]
    assert all(Decimal(number) > 0 for number in numbers if number)
    assert not [number for number in numbers if number and "E" not in number and Decimal(number) >= 10**7]


def test_spot_books_come_whole(twin):
    with HTXClient(twin, "spot_ws") as client:
        client.subscribe("market.btcusdt.depth.step0", "market.btcusdt.depth.step1", "market.btcusdt.mbp.refresh.10")
        whole = client.frames(1, of("step0"))[0]["tick"]
        assert list(whole) == ["bids", "asks", "version", "ts"] and len(whole["bids"]) == 150
        merged = client.frames(1, of("step1"))[0]["tick"]
        assert len(merged["asks"]) == 20 and all(price * 10 % 1 == 0 for price, _ in merged["asks"])
        refresh = client.frames(2, of("refresh.10"))
        assert [len(frame["tick"]["bids"]) for frame in refresh] == [10, 10]
        assert refresh[0]["tick"]["seqNum"] < refresh[1]["tick"]["seqNum"]


@pytest.mark.parametrize("levels", [5, 20, 150, 400])
def test_increments_around_a_requested_snapshot_lead_to_the_book(twin, levels):
    book = IncrementBook(twin, levels=levels)
    book.follow(30)
    book.finish()
    assert book.requests == 1


def test_a_side_without_news_and_an_early_request(twin):
    book = IncrementBook(twin)
    ticks = [frame["tick"] for frame in book.client.frames(30, of("mbp.150"))]
    assert all(tick["seqNum"] > tick["prevSeqNum"] for tick in ticks)
    assert all(later["prevSeqNum"] == earlier["seqNum"] for earlier, later in zip(ticks, ticks[1:]))
    book.follow(20)
    book.finish()


def test_one_time_requests(twin):
    with HTXClient(twin, "spot_ws") as client:
        client.subscribe("market.btcusdt.trade.detail")
        client.frames(5, of("trade.detail"))
        now = int(time.time())
        client.send(req="market.btcusdt.kline.1min", id="id3", **{"from": now - 600, "to": now})
        answer = client.frames(1, lambda frame: "rep" in frame)[0]
        assert (answer["rep"], answer["status"], answer["id"]) == ("market.btcusdt.kline.1min", "ok", "id3")
        ids = [row["id"] for row in answer["data"]]
        assert ids == sorted(ids) and len(ids) >= 9 and all(number % 60 == 0 for number in ids)
        client.send(req="market.btcusdt.trade.detail", id="t", size=3)
        assert len(client.frames(1, lambda frame: "rep" in frame)[0]["data"]) == 3


# MARK: Contracts


def test_contract_frames_have_the_sheets_fields(twin):
    with HTXClient(twin, "linear_ws") as client:
        client.subscribe(*[f"market.BTC-USDT.{name}" for name in ["bbo", "trade.detail", "detail", "depth.step0"]])
        quote = client.frames(1, of("bbo"))[0]["tick"]
        assert list(quote) == ["mrid", "id", "bid", "ask", "ts", "version", "ch"] and quote["version"] == quote["mrid"]
        rows = [row for frame in client.frames(20, of("trade.detail")) for row in frame["tick"]["data"]]
        assert list(rows[0]) == ["amount", "quantity", "trade_turnover", "ts", "id", "price", "direction"]
        for row in rows:
            # Both sides are counted; BTC-USDT has 0.001 coins a contract.
            assert row["amount"] % 2 == 0 and row["quantity"] == row["amount"] * Decimal("0.001")
            assert row["trade_turnover"] == row["quantity"] * row["price"]
        assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})
        day = client.frames(1, of("BTC-USDT.detail"))[0]["tick"]
        assert day["amount"] == day["vol"] * Decimal("0.001") and len(day["ask"]) == 2
        whole = client.frames(3, of("step0"))
        tick = whole[0]["tick"]
        assert tick["version"] == tick["id"] and len(tick["bids"]) == 150
        assert [frame["tick"]["mrid"] for frame in whole] == sorted(frame["tick"]["mrid"] for frame in whole)


def test_inverse_contracts_count_dollars(twin):
    with HTXClient(twin, "inverse_ws") as client:
        client.subscribe("market.BTC-USD.trade.detail", "market.BTC-USD.kline.1min")
        rows = [row for frame in client.frames(10, of("trade.detail")) for row in frame["tick"]["data"]]
        assert all("trade_turnover" not in row for row in rows)
        for row in rows:
            assert abs(row["quantity"] - Decimal(row["amount"] * 100) / Decimal(row["price"])) < Decimal("1e-20")
        candle = client.frames(1, of("kline.1min"))[0]["tick"]
        assert "trade_turnover" not in candle and candle["vol"] % 2 == 0


def test_dated_contracts_by_code_and_by_alias(twin):
    listed = twin.rest("htx", "contracts_rest", "/linear-swap-api/v1/swap_contract_info?business_type=all")[2]["data"]
    dated = [row for row in listed if row["business_type"] == "futures" and row["pair"] == "BTC-USDT"]
    assert [row["contract_type"] for row in dated] == ["quarter", "next_quarter"]
    assert dated[0]["contract_code"].startswith("BTC-USDT-2") and dated[0]["delivery_date"].startswith("20")
    with HTXClient(twin, "linear_ws") as client:
        client.subscribe("market.BTC-USDT-CQ.bbo", f"market.{dated[1]['contract_code']}.bbo")
        frames = client.frames(40, of("bbo"))
    assert {frame["ch"] for frame in frames} == {
        "market.BTC-USDT-CQ.bbo",
        f"market.{dated[1]['contract_code']}.bbo",
    }


def test_high_frequency_increments(twin):
    with HTXClient(twin, "linear_ws") as client, HTXClient(twin, "linear_ws") as second:
        topic = "market.ETH-USDT.depth.size_20.high_freq"
        client.subscribe(topic, data_type="incremental")
        first = client.frames(20, of("high_freq"))
        second.subscribe(topic, data_type="incremental")
        for follower, frames in ((client, first), (second, second.frames(20, of("high_freq")))):
            book = NumberBook(20)
            version = None

            def take(frame):
                nonlocal version
                tick = frame["tick"]
                if tick["event"] == "snapshot":
                    book.replace(tick["bids"], tick["asks"], tick["mrid"])
                else:
                    assert tick["version"] == version + 1
                    book.apply(tick["bids"], tick["asks"])
                version = tick["version"]

            assert [frame["tick"]["event"] for frame in frames] == ["snapshot"] + ["update"] * 19
            for frame in frames:
                take(frame)
            twin.post("/pause")
            follower.drain(take)
            told = truth(twin, "htx", "ETH-USDT", "linear", 20)
            assert book.side("bids") == exact(told["bids"]) and book.side("asks") == exact(told["asks"])
            twin.post("/resume")


def test_whole_high_frequency_books(twin):
    with HTXClient(twin, "inverse_ws") as client:
        client.subscribe("market.BTC-USD.depth.size_150.high_freq", data_type="snapshot")
        ticks = [frame["tick"] for frame in client.frames(5, of("high_freq"))]
    assert {tick["event"] for tick in ticks} == {"snapshot"} and len(ticks[0]["bids"]) == 150
    assert [tick["version"] for tick in ticks] == list(range(ticks[0]["version"], ticks[0]["version"] + 5))


def test_candles_close_when_the_next_one_comes(start):
    twin = start("--symbols", 1, "--rate", 500)
    with HTXClient(twin, "spot_ws") as client, HTXClient(twin, "linear_ws") as swap:
        client.subscribe("market.btcusdt.kline.1min", "market.btcusdt.kline.1day")
        swap.subscribe("market.BTC-USDT.kline.1min")
        last = {}
        while len(last) < 2:
            tick = client.frames(1, of("kline.1min"))[0]["tick"]
            last[tick["id"]] = tick
            twin.near_a_minutes_end()
        done = last[min(last)]
        rows = twin.rest("htx", "spot_rest", "/market/history/kline?symbol=btcusdt&period=1min&size=3")[2]["data"]
        rest = next(row for row in rows if row["id"] == done["id"])
        assert [rest[name] for name in ("open", "close", "high", "low", "count")] == [
            float(done[name]) if name != "count" else done[name] for name in ("open", "close", "high", "low", "count")
        ]
        day = client.frames(1, of("kline.1day"))[0]["tick"]
        # Days begin at midnight of UTC+8.
        assert day["id"] % 86_400 == 16 * 3600
        assert swap.frames(1, of("kline.1min"))[0]["tick"]["trade_turnover"] > 0


# MARK: Notices, indexes


def test_funding_liquidations_and_contracts(start):
    twin = start("--symbols", 3, "--rate", 3000)
    with HTXClient(twin, "linear_notification_ws") as client, HTXClient(twin, "linear_ws") as trades:
        trades.subscribe("market.BTC-USDT.trade.detail", "market.ETH-USDT.trade.detail")
        trades.frames(4, of("trade.detail"))
        client.notices("public.*.funding_rate", "public.*.liquidation_orders", "public.BTC-USDT.contract_info")
        seen = {}
        while len(seen) < 3:
            frame = client.frames(1, lambda frame: frame["op"] == "notify")[0]
            seen.setdefault(frame["topic"].split(".")[-1], frame)
            trades.drain()
        row = seen["funding_rate"]["data"][0]
        assert isinstance(row["funding_rate"], str) and len(row["funding_rate"].split(".")[1]) == 18
        assert int(row["settlement_time"]) % 3_600_000 == 0 and int(row["funding_time"]) % 60_000 == 0
        order = seen["liquidation_orders"]["data"][0]
        assert order["direction"] in ("buy", "sell") and order["offset"] == "close" and order["amount"] > 0
        assert seen["contract_info"]["event"] == "init"
        assert seen["contract_info"]["data"][0]["contract_code"] == "BTC-USDT"


def test_indexes_are_strings(twin):
    with HTXClient(twin, "index_ws") as client:
        client.subscribe(
            "market.BTC-USDT.mark_price.1min", "market.BTC-USDT.index.1min", "market.BTC-USDT.basis.1min.open"
        )
        mark = client.frames(1, of("mark_price.1min"))[0]["tick"]
        index = client.frames(1, of("index.1min"))[0]["tick"]
        assert isinstance(mark["close"], str) and mark["id"] % 60 == 0
        assert abs(Decimal(mark["close"]) / Decimal(index["close"]) - 1) < Decimal("0.01")
        basis = client.frames(1, of("basis.1min.open"))[0]["tick"]
        assert Decimal(basis["basis"]) == Decimal(basis["contract_price"]) - Decimal(basis["index_price"])


# MARK: REST


def test_instruments(twin):
    spot = twin.rest("htx", "spot_rest", "/v1/settings/common/market-symbols")[2]["data"][0]
    assert (spot["symbol"], spot["bc"], spot["qc"], spot["pp"], spot["ap"]) == ("btcusdt", "btc", "usdt", 2, 6)
    names = twin.rest("htx", "spot_rest", "/v2/settings/common/symbols")[2]["data"][0]
    assert (names["sc"], names["bc"], names["qc"], names["state"]) == ("btcusdt", "btc", "usdt", "online")
    swaps = twin.rest("htx", "contracts_rest", "/linear-swap-api/v1/swap_contract_info")[2]["data"]
    assert (swaps[0]["contract_code"], swaps[0]["contract_size"]) == ("BTC-USDT", 0.001)
    coins = twin.rest("htx", "contracts_rest", "/swap-api/v1/swap_contract_info?contract_code=ETH-USD")[2]["data"]
    assert [(row["contract_code"], row["contract_size"]) for row in coins] == [("ETH-USD", 10)]


def test_errors_keep_status_200(twin):
    status, _, body = twin.rest("htx", "spot_rest", "/market/depth?symbol=nope&type=step0")
    assert status == 200 and (body["status"], body["err-code"], body["err-msg"]) == (
        "error", "invalid-parameter", "invalid symbol",
    )  # fmt: skip
    status, _, body = twin.rest("htx", "contracts_rest", "/linear-swap-ex/market/depth?contract_code=NO-USDT")
    assert status == 200 and body["err_code"] == 1013 and "err_msg" in body


def test_funding_history_and_open_interest(twin):
    path = "/linear-swap-api/v1/swap_historical_funding_rate?contract_code=BTC-USDT&page_size=50&page_index="
    pages = [twin.rest("htx", "contracts_rest", path + str(page))[2]["data"] for page in (1, 2)]
    times = [int(row["funding_time"]) for page in pages for row in page["data"]]
    assert len(times) == 100 and times == sorted(times, reverse=True) and len(set(times)) == 100
    interest = twin.rest("htx", "contracts_rest", "/linear-swap-api/v1/swap_open_interest?contract_code=BTC-USDT")
    row = interest[2]["data"][0]
    assert row["amount"] == pytest.approx(row["volume"] * 0.001) and row["value"] > 0
    now = twin.rest("htx", "contracts_rest", "/linear-swap-api/v1/swap_funding_rate?contract_code=BTC-USDT")[2]
    assert int(now["data"]["funding_time"]) > time.time() * 1000


def test_rest_limits(twin):
    answers = [status for status, _, _ in twin.burst("htx", "spot_rest", "/v1/common/timestamp", 12)]
    assert 429 in answers and answers[:5] == [200] * 5


# MARK: Faults


@pytest.mark.parametrize("kind", ["dropped_delta", "doubled_delta", "crossed_update"])
def test_a_book_that_needs_another_snapshot(twin, kind):
    book = IncrementBook(twin)
    book.follow(10)
    twin.fault(kind, venue="htx", stream="book")
    book.follow(25)
    book.finish()
    assert book.requests == 2


def test_a_zero_for_an_unknown_level_changes_nothing(twin):
    book = IncrementBook(twin, levels=400)
    book.follow(10)
    twin.fault("zero_unknown", venue="htx", stream="book", count=2)
    book.follow(15)
    book.finish()
    assert book.requests == 1


def test_a_stale_snapshot_is_asked_for_again(twin):
    first = IncrementBook(twin)
    first.follow(5)
    twin.fault("stale_snapshot", venue="htx", stream="btcusdt", count=2)
    first.follow(5)
    book = IncrementBook(twin)
    book.follow(15)
    book.finish()
    assert book.requests == 3


def test_a_sequence_that_starts_over(twin):
    book = IncrementBook(twin)
    book.follow(10)
    twin.fault("sequence_reset", venue="htx", stream="btcusdt", sequence=50)
    book.follow(25)
    assert book.book.sequence < 1_000_000
    book.finish()
    assert book.requests == 2


def test_faults_of_frames_reach_behind_the_gzip(twin):
    with HTXClient(twin, "spot_ws") as client:
        client.subscribe("market.btcusdt.trade.detail")
        client.frames(2, of("trade.detail"))
        twin.fault("bad_number", venue="htx", stream="trade", text="1e400")
        frame = client.frames(1, lambda frame: frame["tick"]["data"][0]["price"] > 10**300)[0]
        assert frame["tick"]["data"][0]["price"] == Decimal("1e400")
        twin.fault("truncated_json", venue="htx", stream="trade")
        with pytest.raises(ValueError):
            client.frames(500, of("trade.detail"))
        twin.fault("duplicate", venue="htx", stream="trade")
        frames = client.frames(200, of("trade.detail"))
        told = [frame["tick"]["id"] for frame in frames]
        assert len(told) - len(set(told)) >= 1
        twin.fault("garbage_frame", venue="htx")
        assert [True for _ in range(200) if isinstance(client.socket.recv(timeout=PATIENCE), str)] == [True]
        twin.fault("notice", venue="htx", duration_ms=50)
        assert closed(client.socket) == 1001


def test_a_huge_frame_is_small_on_the_wire(twin):
    with twin.ws("htx", "spot_ws") as socket:
        socket.send('{"sub":"market.btcusdt.bbo","id":"1"}')
        socket.recv(timeout=PATIENCE)
        twin.fault("huge_frame", venue="htx")
        sizes = [len(socket.recv(timeout=PATIENCE)) for _ in range(300)]
        assert 10_000 < max(sizes) < 1 << 20
    assert until(lambda: [line for line in twin.log() if line.get("fault") == "huge_frame"])
