# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Generated markets and the venues' shapes of 2026."""

import json
from decimal import Decimal

from conftest import frames, okx_subscribe, subscribe, until


def test_spot_frames_have_the_sheets_fields(twin):
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        subscribe(socket, "btcusdt@bookTicker", "btcusdt@trade", identity="abc")
        assert frames(socket, 1) == [{"result": None, "id": "abc"}]
        quotes = frames(socket, 20, lambda frame: "e" not in frame)
        trades = frames(socket, 5, lambda frame: frame.get("e") == "trade")
    assert list(quotes[0]) == ["u", "s", "b", "B", "a", "A"]
    assert list(trades[0]) == ["e", "E", "s", "t", "p", "q", "T", "m", "M"]
    assert all(later["u"] > earlier["u"] for earlier, later in zip(quotes, quotes[1:]))
    assert all(later["t"] == earlier["t"] + 1 for earlier, later in zip(trades, trades[1:]))
    assert len(quotes[0]["b"].split(".")[1]) == 8


def test_futures_are_routed(twin):
    with twin.ws("binance", "usdm_public_ws", "/stream?streams=btcusdt@bookTicker/btcusdt@aggTrade") as socket:
        got = frames(socket, 100)
    assert {frame["stream"] for frame in got} == {"btcusdt@bookTicker"}
    data = got[0]["data"]
    assert list(data) == ["e", "u", "E", "T", "s", "ps", "b", "B", "a", "A", "st"] and data["st"] == 1
    with twin.ws("binance", "coinm_market_ws", "/ws/btcusd_perp@aggTrade") as socket:
        trades = frames(socket, 10)
    assert list(trades[0]) == ["e", "E", "s", "a", "p", "q", "nq", "f", "l", "T", "m", "st"]
    assert trades[0]["st"] == 2 and trades[0]["q"].isdigit()
    for earlier, later in zip(trades, trades[1:]):
        assert later["a"] == earlier["a"] + 1 and later["f"] == earlier["l"] + 1


def test_okx_frames_have_the_sheets_fields(twin):
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("bbo-tbt", "BTC-USDT-SWAP"), ("trades", "BTC-USDT-SWAP"))
        acks = frames(socket, 2, lambda frame: "event" in frame)
        trades = frames(socket, 10, lambda frame: frame.get("arg", {}).get("channel") == "trades")
        quotes = frames(socket, 10, lambda frame: frame.get("arg", {}).get("channel") == "bbo-tbt")
    assert [ack["event"] for ack in acks] == ["subscribe", "subscribe"] and len(acks[0]["connId"]) == 8
    rows = [frame["data"][0] for frame in trades]
    assert list(rows[0]) == ["instId", "tradeId", "px", "sz", "side", "ts", "count", "source", "seqId"]
    for earlier, later in zip(rows, rows[1:]):
        assert int(later["tradeId"]) - int(later["count"]) == int(earlier["tradeId"])
    assert list(quotes[0]["data"][0]) == ["asks", "bids", "ts", "seqId"]
    assert any("." in row["sz"] for row in rows)  # fractional contracts


def test_instruments_fit_the_frames(twin):
    status, headers, info = twin.rest("binance", "spot_rest", "/api/v3/exchangeInfo")
    assert status == 200 and int(headers["X-MBX-USED-WEIGHT-1M"]) == 20
    rules = {row["symbol"]: {entry["filterType"]: entry for entry in row["filters"]} for row in info["symbols"]}
    tick = Decimal(rules["SOLUSDT"]["PRICE_FILTER"]["tickSize"])
    step = Decimal(rules["SOLUSDT"]["LOT_SIZE"]["stepSize"])
    with twin.ws("binance", "spot_ws", "/ws/solusdt@bookTicker") as socket:
        for quote in frames(socket, 50):
            assert Decimal(quote["b"]) % tick == 0 and Decimal(quote["B"]) % step == 0
            assert Decimal(quote["b"]) < Decimal(quote["a"])
    swaps = twin.rest("okx", "rest", "/api/v5/public/instruments?instType=SWAP")[2]
    kinds = {row["instId"]: (row["ctType"], row["ctVal"], row["ctValCcy"]) for row in swaps["data"]}
    assert kinds["BTC-USDT-SWAP"] == ("linear", "0.01", "BTC")
    assert kinds["BTC-USD-SWAP"] == ("inverse", "100", "USD")
    coins = twin.rest("binance", "coinm_rest", "/dapi/v1/exchangeInfo")[2]["symbols"]
    assert coins[0]["contractSize"] == 100 and coins[0]["contractStatus"] == "TRADING"


def test_only_known_names_pass(twin):
    assert twin.rest("binance", "spot_rest", "/api/v3/exchangeInfo?symbol=NOPE")[2]["code"] == -1121
    assert twin.rest("binance", "spot_rest", "/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22%5D")[2]["symbols"][0][
        "symbol"
    ] == "BTCUSDT"
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        subscribe(socket, "nope@bookTicker", "btcusdt", "btcusdt@bookTicker")
        assert frames(socket, 1)[0]["result"] is None
        assert {frame["s"] for frame in frames(socket, 50)} == {"BTCUSDT"}
    assert twin.get(f"http://127.0.0.1:{twin.port}/nothing")[0] == 404


def test_venues_cross_past_the_fees_and_the_log_says_when(start):
    twin = start("--symbols", 2, "--rate", 2000, "--crossed-every-ms", 200)
    best = {}
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@bookTicker") as left, twin.ws("okx", "public_ws") as right:
        okx_subscribe(right, ("bbo-tbt", "BTC-USDT"))

        def crossed():
            best["b"] = frames(left, 1)[0]
            row = frames(right, 1, lambda frame: "data" in frame)[0]["data"][0]
            gain = max(
                Decimal(best["b"]["b"]) / Decimal(row["asks"][0][0]),
                Decimal(row["bids"][0][0]) / Decimal(best["b"]["a"]),
            )
            return gain > Decimal("1.002")

        until(crossed)
    opened = [line for line in twin.log() if line.get("crossed") == "open"]
    assert opened and opened[0]["base"] == "BTC" and opened[0]["until_ns"] > opened[0]["from_ns"]


def test_the_log_equals_what_was_received(twin):
    names = ["btcusdt@trade", "ethusdt@trade", "solusdt@bookTicker"]
    with twin.ws("binance", "spot_ws", "/stream?streams=" + "/".join(names)) as socket:
        got = frames(socket, 400)
        connection = twin.stats()["connections"][0]["conn"]
    sent = [line for line in twin.log() if line.get("conn") == connection and "kind" in line]
    wanted = [(frame["stream"], str(frame["data"].get("t", frame["data"].get("u")))) for frame in got]
    assert [(line["stream"], line["id"]) for line in sent][: len(wanted)] == wanted


def test_the_same_seed_gives_the_same_markets(start):
    def first_ids():
        twin = start("--seed", 7, "--symbols", 3)
        body = twin.rest("binance", "spot_rest", "/api/v3/depth?symbol=ETHUSDT&limit=5")[2]
        twin.stop()
        return json.dumps(body)

    assert first_ids() == first_ids()


def test_okx_sends_the_last_trade_again_on_subscribing(twin):
    def first():
        with twin.ws("okx", "public_ws") as socket:
            okx_subscribe(socket, ("trades", "BTC-USDT"))
            return [frame["data"][0]["tradeId"] for frame in frames(socket, 5, lambda frame: "data" in frame)]

    first()
    again = first()
    resent = [line["id"] for line in twin.log() if line.get("resent")]
    assert resent == again[:1]


def test_each_subscription_gets_a_first_frame_at_once(start):
    twin = start("--symbols", 100, "--rate", 1)
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@trade/gen100usdt@bookTicker") as socket:
        assert {frame.get("e") for frame in frames(socket, 2)} == {"trade", None}
