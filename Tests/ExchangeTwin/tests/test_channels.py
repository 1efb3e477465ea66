# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Candles, tickers, funding, open interest and liquidations: the sheets' shapes, and figures that agree with the trades."""

import json
import time
from decimal import Decimal

import pytest

from conftest import PATIENCE, frames, okx_subscribe, subscribe


@pytest.fixture
def twin(start):
    return start("--symbols", 5, "--rate", 1500, "--log-frames", "--no-limits")


def okx_frames(socket, channel, count):
    return frames(socket, count, lambda frame: "data" in frame and frame["arg"]["channel"] == channel)


def row(frame):
    return frame["data"][0]


# MARK: Candles


def fold(trades):
    """Open, high, low, close, volume, quote volume, count of (price, size) pairs."""
    prices = [price for price, _ in trades]
    volume = sum(size for _, size in trades)
    value = sum(price * size for price, size in trades)
    return [prices[0], max(prices), min(prices), prices[-1], volume, value, len(trades)]


def test_spot_candles_are_made_of_the_trades(twin):
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@trade/btcusdt@kline_1s") as socket:
        closed, trades = [], []
        while len(closed) < 3:
            frame = json.loads(socket.recv(timeout=PATIENCE))
            if frame["e"] == "trade":
                trades.append(frame)
            elif frame["k"]["x"]:
                closed.append(frame["k"])
    for k in closed[1:]:
        inside = [trade for trade in trades if k["t"] <= trade["T"] <= k["T"]]
        assert k["T"] - k["t"] == 999 and k["i"] == "1s" and k["s"] == "BTCUSDT"
        got = [Decimal(k[name]) for name in "ohlcvq"] + [k["n"]]
        assert got == fold([(Decimal(trade["p"]), Decimal(trade["q"])) for trade in inside])
        assert (k["f"], k["L"]) == (inside[0]["t"], inside[-1]["t"])
        bought = [Decimal(trade["q"]) for trade in inside if not trade["m"]]
        assert Decimal(k["V"]) == sum(bought)
    assert list(k) == "t T s i f L o c h l v n x q V Q B".split()
    assert closed[2]["t"] == closed[1]["t"] + 1000


@pytest.mark.slow
def test_okx_candles_confirm_once(twin):
    with twin.ws("okx", "business_ws") as socket:
        okx_subscribe(socket, ("candle1s", "BTC-USDT-SWAP"), ("candle1Dutc", "BTC-USDT"), ("candle1D", "BTC-USDT"))
        got = okx_frames(socket, "candle1s", 12)
        days = {name: row(frames_of) for name, frames_of in days_of(socket, twin).items()}
    rows = [row(frame) for frame in got]
    assert all(len(one) == 9 for one in rows)
    confirmed = [one[0] for one in rows if one[8] == "1"]
    assert len(confirmed) == len(set(confirmed)) >= 3
    assert [int(later) - int(earlier) for earlier, later in zip(confirmed, confirmed[1:])] == [1000] * (len(confirmed) - 1)
    # One contract is 0.01 BTC: field 6 is the base volume.
    assert all(Decimal(one[5]) * Decimal("0.01") == Decimal(one[6]) for one in rows)
    assert int(days["candle1Dutc"][0]) % 86_400_000 == 0
    assert int(days["candle1D"][0]) % 86_400_000 == 16 * 3_600_000


def days_of(socket, twin):
    lines = [line for line in twin.log() if line.get("stream", "").startswith("candle1D")]
    return {line["stream"].split(":")[0]: json.loads(line["frame"]) for line in lines}


@pytest.mark.parametrize(
    "interval, span", [("1m", 60), ("15m", 900), ("1h", 3600), ("4h", 14400), ("1d", 86400), ("1w", 604800)]
)
def test_rest_candles_of_every_interval_agree(twin, interval, span):
    path = "/fapi/v1/klines?symbol=BTCUSDT&interval="
    rows = twin.rest("binance", "usdm_rest", f"{path}{interval}&limit=5")[2]
    assert len(rows) == 5 and all(len(one) == 12 for one in rows)
    assert [later[0] - earlier[0] for earlier, later in zip(rows, rows[1:])] == [span * 1000] * 4
    assert rows[0][6] - rows[0][0] == span * 1000 - 1
    if interval == "1w":
        assert time.gmtime(rows[0][0] / 1000).tm_wday == 0
    if span > 3600:
        return
    minutes = twin.rest("binance", "usdm_rest", f"{path}1m&startTime={rows[1][0]}&endTime={rows[1][6]}&limit=1500")[2]
    assert len(minutes) == span // 60
    assert (minutes[0][1], minutes[-1][4]) == (rows[1][1], rows[1][4])
    assert sum(Decimal(one[5]) for one in minutes) == Decimal(rows[1][5])
    assert sum(one[8] for one in minutes) == rows[1][8]


def test_months_and_paging(twin):
    months = twin.rest("binance", "spot_rest", "/api/v3/klines?symbol=ETHUSDT&interval=1M&limit=3")[2]
    assert [time.gmtime(one[0] / 1000).tm_mday for one in months] == [1, 1, 1]
    bars = twin.rest("okx", "rest", "/api/v5/market/candles?instId=BTC-USDT&bar=5m&limit=10")[2]["data"]
    assert [int(one[0]) for one in bars] == sorted((int(one[0]) for one in bars), reverse=True)
    assert [one[8] for one in bars] == ["0"] + ["1"] * 9
    older = twin.rest("okx", "rest", f"/api/v5/market/candles?instId=BTC-USDT&bar=5m&limit=10&after={bars[-1][0]}")[2]
    assert int(older["data"][0][0]) == int(bars[-1][0]) - 300_000
    newer = twin.rest("okx", "rest", f"/api/v5/market/candles?instId=BTC-USDT&bar=5m&before={bars[4][0]}")[2]["data"]
    assert [one[0] for one in newer] == [one[0] for one in bars[:4]]


# MARK: Tickers


def test_day_tickers(twin):
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@ticker/btcusdt@trade") as socket:
        ticker = frames(socket, 2, lambda frame: frame["e"] == "24hrTicker")[1]
    assert list(ticker) == "e E s p P w x c Q b B a A o h l v q O C F L n".split()
    assert Decimal(ticker["l"]) <= Decimal(ticker["c"]) <= Decimal(ticker["h"])
    assert Decimal(ticker["c"]) - Decimal(ticker["o"]) == Decimal(ticker["p"])
    assert ticker["C"] - ticker["O"] == 86_400_000 and ticker["L"] - ticker["F"] + 1 == ticker["n"]
    with twin.ws("binance", "coinm_market_ws", "/ws/btcusd_perp@ticker") as socket:
        assert not {"x", "b", "B", "a", "A"} & set(frames(socket, 1)[0])
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("tickers", "BTC-USDT"))
        got = row(okx_frames(socket, "tickers", 5)[-1])
    assert got["instType"] == "SPOT" and Decimal(got["bidPx"]) < Decimal(got["askPx"])
    price = Decimal(got["last"])
    assert Decimal(got["volCcy24h"]) == pytest.approx(Decimal(got["vol24h"]) * price, rel=Decimal("0.05"))
    answer = twin.rest("okx", "rest", "/api/v5/market/tickers?instType=SWAP")[2]["data"]
    swap = next(one for one in answer if one["instId"] == "BTC-USDT-SWAP")
    assert Decimal(swap["volCcy24h"]) == Decimal(swap["vol24h"]) * Decimal("0.01")
    days = twin.rest("binance", "usdm_rest", "/fapi/v1/ticker/24hr")[2]
    assert {"symbol", "lastPrice", "volume", "quoteVolume", "count"} <= set(days[0])
    assert isinstance(twin.rest("binance", "coinm_rest", "/dapi/v1/ticker/24hr?symbol=BTCUSD_PERP")[2], list)


# MARK: Funding, mark, index, open interest


def test_mark_price_carries_funding(twin):
    names = "/ws/btcusdt@markPrice@1s/" + dated(twin, "usdm_rest", "/fapi/v1", "BTCUSDT_").lower() + "@markPrice@1s"
    with twin.ws("binance", "usdm_market_ws", names) as socket:
        got = {frame["s"]: frame for frame in frames(socket, 4)}
    perpetual = got.pop("BTCUSDT")
    assert list(perpetual) == "e E s p ap P i r T st".split()
    premium = twin.rest("binance", "usdm_rest", "/fapi/v1/premiumIndex?symbol=BTCUSDT")[2]
    assert premium["nextFundingTime"] == perpetual["T"] and perpetual["T"] % 28_800_000 == 0
    assert Decimal(premium["markPrice"]) == pytest.approx(Decimal(perpetual["p"]), rel=Decimal("0.01"))
    quarterly = got.popitem()[1]
    assert (quarterly["r"], quarterly["T"]) == ("", 0)


def dated(twin, endpoint, prefix, start):
    rows = twin.rest("binance", endpoint, f"{prefix}/exchangeInfo")[2]["symbols"]
    found = [one for one in rows if one["symbol"].startswith(start) and one["contractType"] == "CURRENT_QUARTER"]
    assert len(found) == 1 and found[0]["deliveryDate"] > time.time() * 1000
    return found[0]["symbol"]


def test_funding_history(twin):
    rows = twin.rest("binance", "usdm_rest", "/fapi/v1/fundingRate?symbol=ETHUSDT&limit=10")[2]
    times = [one["fundingTime"] for one in rows]
    assert len(rows) == 10 and times == sorted(times) and times[-1] <= time.time() * 1000
    since = twin.rest("binance", "usdm_rest", f"/fapi/v1/fundingRate?symbol=ETHUSDT&startTime={times[4]}&limit=2")[2]
    assert [one["fundingRate"] for one in since] == [one["fundingRate"] for one in rows[4:6]]
    history = twin.rest("okx", "rest", "/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP&limit=5")[2]["data"]
    assert [one["fundingTime"] for one in history] == sorted((one["fundingTime"] for one in history), reverse=True)
    now = twin.rest("okx", "rest", "/api/v5/public/funding-rate?instId=BTC-USDT-SWAP")[2]["data"][0]
    assert now["settFundingRate"] == history[0]["realizedRate"]
    assert int(now["nextFundingTime"]) - int(now["fundingTime"]) == 28_800_000


def test_okx_contract_channels(twin):
    with twin.ws("okx", "public_ws") as socket:
        names = ["funding-rate", "open-interest", "mark-price", "trades"]
        okx_subscribe(socket, *[(name, "ETH-USDT-SWAP") for name in names], ("index-tickers", "ETH-USDT"))
        got = {}
        for frame in frames(socket, 300, lambda frame: "data" in frame):
            got[frame["arg"]["channel"]] = row(frame)
    assert set(got) == set(names) | {"index-tickers"}
    interest = got["open-interest"]
    assert Decimal(interest["oi"]) * Decimal("0.1") == Decimal(interest["oiCcy"])
    assert got["index-tickers"]["instId"] == "ETH-USDT"
    assert Decimal(got["mark-price"]["markPx"]) == pytest.approx(Decimal(got["index-tickers"]["idxPx"]), rel=Decimal("0.001"))
    answer = twin.rest("okx", "rest", "/api/v5/public/open-interest?instType=SWAP&instId=ETH-USDT-SWAP")[2]["data"][0]
    assert set(answer) == set(interest)
    binance = twin.rest("binance", "usdm_rest", "/fapi/v1/openInterest?symbol=ETHUSDT")[2]
    assert Decimal(binance["openInterest"]) > 0 and list(binance) == ["openInterest", "symbol", "time"]


def test_spot_has_no_funding(twin):
    assert twin.rest("binance", "spot_rest", "/api/v3/premiumIndex?symbol=BTCUSDT")[0] == 404
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("funding-rate", "BTC-USDT"))
        assert frames(socket, 1)[0]["code"] == "60018"


# MARK: Liquidations


def test_liquidations(twin):
    with twin.ws("binance", "usdm_market_ws", "/ws/btcusdt@aggTrade/btcusdt@forceOrder") as socket:
        orders = frames(socket, 2, lambda frame: frame["e"] == "forceOrder")
    assert list(orders[0]["o"]) == "s S o f q p ap X l z T".split()
    for order in [frame["o"] for frame in orders]:
        worse = Decimal(order["p"]) < Decimal(order["ap"])
        assert order["S"] == ("SELL" if worse else "BUY")
    assert orders[1]["o"]["T"] - orders[0]["o"]["T"] >= 1000
    with twin.ws("okx", "public_ws") as socket:
        argument = {"channel": "liquidation-orders", "instType": "SWAP"}
        socket.send(json.dumps({"op": "subscribe", "args": [argument]}))
        okx_subscribe(socket, ("trades", "ETH-USDT-SWAP"))
        frame = okx_frames(socket, "liquidation-orders", 1)[0]
    assert frame["arg"] == argument and row(frame)["instId"] == "ETH-USDT-SWAP"
    detail = row(frame)["details"][0]
    assert (detail["posSide"], detail["side"]) in (("long", "sell"), ("short", "buy"))


# MARK: Trades and quotes by REST


def test_trades_by_rest_are_those_of_the_stream(twin):
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@trade/btcusdt@aggTrade") as socket:
        got = frames(socket, 400)
    twin.post("/pause")
    raw = {frame["t"]: frame for frame in got if frame["e"] == "trade"}
    merged = {frame["a"]: frame for frame in got if frame["e"] == "aggTrade"}
    first = min(raw)
    answer = twin.rest("binance", "spot_rest", f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={first}&limit=1000")[2]
    assert [one["id"] for one in answer[: len(raw)]] == sorted(raw)
    for one in answer[: len(raw)]:
        assert (one["price"], one["qty"], one["isBuyerMaker"]) == tuple(raw[one["id"]][name] for name in "pqm")
    answer = twin.rest("binance", "spot_rest", f"/api/v3/aggTrades?symbol=BTCUSDT&fromId={min(merged)}&limit=1000")[2]
    for one in answer[: len(merged)]:
        assert {name: merged[one["a"]][name] for name in "apqflTmM"} == one
    quote = twin.rest("binance", "spot_rest", "/api/v3/ticker/bookTicker?symbol=BTCUSDT")[2]
    depth = twin.rest("binance", "spot_rest", "/api/v3/depth?symbol=BTCUSDT&limit=1")[2]
    assert [quote["bidPrice"], quote["bidQty"]] == depth["bids"][0]


def test_okx_history_pages_into_the_past(twin):
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("trades", "BTC-USDT"))
        ids = [int(row(frame)["tradeId"]) for frame in okx_frames(socket, "trades", 150)]
    path = "/api/v5/market/history-trades?instId=BTC-USDT&limit=100"
    page = [int(one["tradeId"]) for one in twin.rest("okx", "rest", f"{path}&after={ids[-1] + 1}")[2]["data"]]
    assert page == sorted(page, reverse=True) and page[0] == ids[-1] and len(page) == 100
    older = [int(one["tradeId"]) for one in twin.rest("okx", "rest", f"{path}&after={page[-1]}")[2]["data"]]
    assert older[0] < page[-1] and set(ids) <= set(page) | set(older)


def test_dated_contracts(twin):
    rows = twin.rest("okx", "rest", "/api/v5/public/instruments?instType=FUTURES")[2]["data"]
    assert {one["ctType"] for one in rows} == {"linear", "inverse"} and len(rows) == 8
    name = rows[0]["instId"]
    assert name.count("-") == 2 and int(rows[0]["expTime"]) % 86_400_000 == 28_800_000
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("trades", name), ("books", name), ("funding-rate", name))
        assert row(okx_frames(socket, "trades", 1)[0])["instId"] == name
    symbol = dated(twin, "coinm_rest", "/dapi/v1", "BTCUSD_")
    with twin.ws("binance", "coinm_public_ws", f"/ws/{symbol.lower()}@bookTicker") as socket:
        assert frames(socket, 1)[0]["ps"] == "BTCUSD"


def test_bad_rest_calls(twin):
    status, _, body = twin.rest("binance", "spot_rest", "/api/v3/klines?symbol=BTCUSDT&interval=7m")
    assert (status, body["code"]) == (400, -1120)
    assert twin.rest("binance", "usdm_rest", "/fapi/v1/openInterest")[2]["code"] == -1102
    assert twin.rest("binance", "usdm_rest", "/fapi/v1/depth?symbol=BTCUSDT&limit=7")[0] == 400
    assert twin.rest("okx", "rest", "/api/v5/market/candles?instId=NO-USDT")[2]["code"] == "51001"
    assert twin.rest("okx", "rest", "/api/v5/market/candles?instId=BTC-USDT&bar=7m")[2]["code"] == "51000"


def test_partial_books(twin):
    with twin.ws("binance", "spot_ws", "/stream") as socket:
        subscribe(socket, "btcusdt@depth5@100ms")
        data = frames(socket, 2, lambda frame: "data" in frame)[1]["data"]
    assert list(data) == ["lastUpdateId", "bids", "asks"] and len(data["bids"]) == 5
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("books5", "BTC-USDT"))
        assert len(row(okx_frames(socket, "books5", 2)[1])["asks"]) == 5


# MARK: Faults of candles and trades


@pytest.mark.slow
def test_a_closed_candle_that_changes_later(twin):
    twin.fault("revised_candle", stream="candle", count=2)
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@kline_1s/btcusdt@trade") as socket:
        first, again = [frame["k"] for frame in frames(socket, 2, lambda frame: frame.get("k", {}).get("x"))]
    assert first["t"] == again["t"] and again["v"] == "1" + first["v"]
    with twin.ws("okx", "business_ws") as socket:
        okx_subscribe(socket, ("candle1s", "BTC-USDT"))
        got = [row(frame) for frame in okx_frames(socket, "candle1s", 12) if row(frame)[8] == "1"]
    assert got[0][0] == got[1][0] and got[1][5] == "1" + got[0][5]


def test_dropped_frames_are_named_in_the_log(twin):
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@trade") as socket:
        frames(socket, 3)
        twin.fault("dropped_frame", stream="btcusdt@trade", count=3)
        got = [frame["t"] for frame in frames(socket, 300)]
    hits = [int(line["id"]) for line in twin.log() if line.get("fault") == "dropped_frame" and line["event"] == "hit"]
    assert sorted(set(range(got[0], got[-1] + 1)) - set(got)) == [number for number in hits if number > got[0]]
    assert len(hits) == 3
