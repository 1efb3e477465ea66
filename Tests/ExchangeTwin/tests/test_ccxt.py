# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The twin through a client that no one here wrote: ccxt sees what the log says was sent.

A venue is one row of `ROWS`; rows of venues that the twin does not serve are skipped.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Callable

import pytest

ccxt = pytest.importorskip("ccxt", reason="ccxt is not installed: pip install -r Tests/requirements.txt")
import ccxt.pro  # noqa: E402

from conftest import PATIENCE  # noqa: E402


@dataclass
class Row:
    """How ccxt is pointed at one market of the twin, and what it calls things."""

    name: str
    client: str
    venue: str
    market: str
    symbol: str
    venue_symbol: str
    point: Callable
    options: dict = field(default_factory=dict)
    #: Names in the log: the stream that watch_trades and watch_order_book take.
    trades: str = ""
    book: str = ""
    candles: str = ""
    #: Trades of a logged frame as (id, price, size, side).
    read_trades: Callable = None
    #: (open ms, open, high, low, close, volume) of a logged candle frame.
    read_candle: Callable = None
    depth: int = 100_000
    rest_depth: int = 20
    contract_size: float = None
    #: ccxt takes the same number as a trade's id by REST and by WebSocket.
    same_ids: bool = True
    #: Old candles can be asked for by their time.
    pages: bool = True
    #: Parameters of watch_order_book, and keys where ccxt insists on some.
    book_call: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    #: Parameters of fetch_trades, so that it asks for the trades that the stream tells.
    trades_call: dict = field(default_factory=dict)


def point_binance(exchange, urls):
    api = exchange.urls["api"]
    api["public"] = urls["spot_rest"] + "/api/v3"
    api["fapiPublic"], api["dapiPublic"] = urls["usdm_rest"] + "/fapi/v1", urls["coinm_rest"] + "/dapi/v1"
    # ccxt tells spot by "/stream" in the URL; here that is the name of a stream that nobody serves.
    api["ws"]["spot"] = urls["spot_ws"] + "/ws/stream"
    api["ws"]["linear"] = urls["usdm_public_ws"].removesuffix("/public") + "/ws"
    api["ws"]["inverse"] = urls["coinm_public_ws"] + "/ws"


def point_okx(exchange, urls):
    exchange.urls["api"]["rest"] = urls["rest"]
    exchange.urls["api"]["ws"] = urls["public_ws"].removesuffix("/public")


def binance_trades(frame):
    return [(str(frame["t"]), frame["p"], frame["q"], "sell" if frame["m"] else "buy")]


def binance_candle(frame):
    k = frame["k"]
    return [k["t"]] + [float(k[name]) for name in "ohlcv"]


def point_htx(exchange, urls):
    # The list of coins is of no use here, and no sheet describes it.
    exchange.has["fetchCurrencies"] = False
    fetch = exchange.fetch_markets_by_type_and_sub_type

    async def without_coin_margined_delivery(kind, sub_kind, params={}):
        return [] if kind == "future" else await fetch(kind, sub_kind, params)

    exchange.fetch_markets_by_type_and_sub_type = without_coin_margined_delivery
    api = exchange.urls["api"]
    for name in ("public", "v2Public", "spot", "status"):
        api[name] = urls["spot_rest"]
    api["contract"] = urls["contracts_rest"]
    sockets = api["ws"]["api"]
    sockets["spot"].update(public=urls["spot_ws"], feed=urls["spot_feed_ws"])
    for kind in ("swap", "future"):
        sockets[kind]["linear"]["public"] = urls["linear_ws"]
        sockets[kind]["inverse"]["public"] = urls["inverse_ws"]


def point_coinbase(exchange, urls):
    exchange.urls["api"].update(public=urls["exchange_rest"], ws=urls["exchange_ws"])


def okx_trades(frame):
    return [(row["tradeId"], row["px"], row["sz"], row["side"]) for row in frame["data"]]


def okx_candle(volume):
    def read(frame):
        row = frame["data"][0]
        return [int(row[0])] + [float(text) for text in row[1:5] + [row[volume]]]

    return read


RAW_TRADES = {"spot": "publicGetTrades", "linear": "fapiPublicGetTrades", "inverse": "dapiPublicGetTrades"}


def binance(name, market, symbol, venue_symbol, kind, **more):
    stream = venue_symbol.lower()
    return Row(
        f"binance {name}",
        "binance",
        "binance",
        market,
        symbol,
        venue_symbol,
        point_binance,
        {"fetchMarkets": {"types": [kind]}, "defaultType": kind},
        f"{stream}@trade",
        f"{stream}@depth@100ms",
        f"{stream}@kline_1m",
        binance_trades,
        binance_candle,
        trades_call={"fetchTradesMethod": RAW_TRADES[kind]},
        **more,
    )


def okx(name, market, symbol, venue_symbol, volume, **more):
    return Row(
        f"okx {name}",
        "okx",
        "okx",
        market,
        symbol,
        venue_symbol,
        point_okx,
        {"fetchMarkets": {"types": ["spot", "swap", "future"]}},
        f"trades:{venue_symbol}",
        f"books:{venue_symbol}",
        f"candle1m:{venue_symbol}",
        okx_trades,
        okx_candle(volume),
        400,
        **more,
    )


def htx_trades(frame):
    # On spot ccxt takes the id of 27 digits, through a floating point number.
    rows = frame["tick"]["data"]
    numbers = [str(float(row["id"])) if "tradeId" in row else str(row["id"]) for row in rows]
    return [(number, row["price"], row["amount"], row["direction"]) for number, row in zip(numbers, rows)]


def htx_candle(frame):
    tick = frame["tick"]
    return [tick["id"] * 1000] + [float(tick[name]) for name in ("open", "high", "low", "close", "amount")]


def htx(name, symbol, venue_symbol, book, **more):
    return Row(
        f"htx {name}",
        "htx",
        "htx",
        name,
        symbol,
        venue_symbol,
        point_htx,
        {
            "fetchMarkets": {"types": {name: True}},
            "defaultType": "spot" if name == "spot" else "swap",
            "fetchOHLCV": {"useHistoricalEndpointForSpot": False},
        },
        f"market.{venue_symbol}.trade.detail",
        f"market.{venue_symbol}.{book}",
        f"market.{venue_symbol}.kline.1min",
        htx_trades,
        htx_candle,
        # ccxt keeps levels that left the venue's window, which the venue never takes away.
        25,
        **more,
    )


def coinbase_trades(frame):
    return [(str(frame["trade_id"]), frame["price"], frame["size"], "sell" if frame["side"] == "buy" else "buy")]


COINBASE = Row(
    "coinbase",
    "coinbaseexchange",
    "coinbase",
    "spot",
    "BTC/USD",
    "BTC-USD",
    point_coinbase,
    trades="matches:BTC-USD",
    book="level2_batch:BTC-USD",
    read_trades=coinbase_trades,
    book_call={"channels": ["level2_batch"]},
    keys={"apiKey": "k", "secret": "c2VjcmV0", "password": "p"},
)

ROWS = [
    binance("spot", "spot", "BTC/USDT", "BTCUSDT", "spot"),
    binance("linear", "usdm", "ETH/USDT:USDT", "ETHUSDT", "linear", contract_size=1.0),
    binance("inverse", "coinm", "BTC/USD:BTC", "BTCUSD_PERP", "inverse", contract_size=100.0),
    okx("spot", "spot", "BTC/USDT", "BTC-USDT", 5),
    okx("linear", "linear", "ETH/USDT:USDT", "ETH-USDT-SWAP", 6, contract_size=0.1),
    okx("inverse", "inverse", "BTC/USD:BTC", "BTC-USD-SWAP", 6, contract_size=100.0),
    htx("spot", "BTC/USDT", "btcusdt", "mbp.150", same_ids=False, pages=False),
    htx("linear", "ETH/USDT:USDT", "ETH-USDT", "depth.size_150.high_freq", contract_size=0.01),
    htx("inverse", "BTC/USD:BTC", "BTC-USD", "depth.size_150.high_freq", contract_size=100.0),
    COINBASE,
]


@pytest.fixture(params=ROWS, ids=lambda row: row.name)
def row(request):
    return request.param


def serving(start, row, *flags):
    twin = start("--symbols", 5, "--rate", 600, "--log-frames", *flags)
    if row.venue not in twin.endpoints:
        pytest.skip(f"the twin serves no {row.venue}")
    return twin


@pytest.fixture
def busy(start, row):
    """A twin with some traffic."""
    return serving(start, row)


def with_client(twin, row, work):
    """Runs `work(exchange)` with a ccxt client pointed at the twin."""

    async def run():
        exchange = getattr(ccxt.pro, row.client)({"enableRateLimit": False, "newUpdates": True, **row.keys})
        exchange.options.update(row.options)
        row.point(exchange, twin.endpoints[row.venue])
        try:
            await exchange.load_markets()
            return await work(exchange)
        finally:
            await exchange.close()

    return asyncio.run(asyncio.wait_for(run(), 4 * PATIENCE))


def sent(twin, name):
    return [line for line in twin.log() if line.get("stream") == name and "frame" in line]


def sent_trades(twin, row):
    return [entry for line in sent(twin, row.trades) for entry in row.read_trades(json.loads(line["frame"]))]


def true_book(twin, row, limit):
    path = f"/book?venue={row.venue}&symbol={row.venue_symbol}&market={row.market}&limit={limit}"
    return twin.get(twin.control + path)[2]


def levels(side, limit):
    return [[float(text) for text in level[:2]] for level in side[:limit]]


def test_markets_and_rest(busy, row):
    async def work(exchange):
        market = exchange.market(row.symbol)
        assert market["id"] == row.venue_symbol and market["active"]
        assert market["contractSize"] == row.contract_size
        seen = 0
        while seen < 50:
            seen += len(await exchange.watch_trades(row.symbol))
        busy.post("/pause")
        book = await exchange.fetch_order_book(row.symbol, row.rest_depth)
        truth = true_book(busy, row, 20)
        assert levels(book["bids"], 20) == levels(truth["bids"], 20)
        assert levels(book["asks"], 20) == levels(truth["asks"], 20)
        logged = {entry[0]: entry for entry in sent_trades(busy, row)}
        trades = await exchange.fetch_trades(row.symbol, limit=40, params=row.trades_call)
        seen = [trade for trade in trades if trade["id"] in logged]
        assert len(seen) >= (10 if row.same_ids else 0)
        for trade in seen:
            _, price, _, side = logged[trade["id"]]
            assert (trade["price"], trade["side"]) == (float(price), side)
        ticker = await exchange.fetch_ticker(row.symbol)
        assert ticker["last"] == float(list(logged.values())[-1][1])
        candles = await exchange.fetch_ohlcv(row.symbol, "1m", limit=100)
        # From a hundred minutes ago, so that the first may be cut away.
        assert 99 <= len(candles) <= 100 and candles[-1][4] == ticker["last"]
        assert {later[0] - earlier[0] for earlier, later in zip(candles, candles[1:])} == {60_000}
        if not row.pages:
            return
        hours = (await exchange.fetch_ohlcv(row.symbol, "1h", limit=3))[-2:]
        whole = [candle for candle in await minutes(exchange, row, hours[0][0]) if candle[0] < hours[1][0]]
        assert hours[0][1] == whole[0][1] and hours[0][4] == whole[-1][4]
        assert hours[0][2] == max(candle[2] for candle in whole)
        assert hours[0][5] == pytest.approx(sum(candle[5] for candle in whole))

    with_client(busy, row, work)


async def minutes(exchange, row, since):
    return await exchange.fetch_ohlcv(row.symbol, "1m", since=since, limit=60)


def test_trades(busy, row):
    async def work(exchange):
        seen = []
        while len(seen) < 300:
            seen += await exchange.watch_trades(row.symbol)
        return seen

    seen = with_client(busy, row, work)
    logged = sent_trades(busy, row)
    got = [(trade["id"], trade["price"], trade["amount"], trade["side"]) for trade in seen]
    wanted = [(number, float(price), float(size), side) for number, price, size, side in logged]
    assert got == wanted[wanted.index(got[0]) :][: len(got)]


def test_book(busy, row):
    async def work(exchange):
        changes = 0
        while changes < 20:
            try:
                book = await exchange.watch_order_book(row.symbol, params=row.book_call)
                assert book["bids"][0][0] < book["asks"][0][0]
                changes += 1
            except ccxt.ChecksumError:
                # ccxt's word for an increment that does not bridge its snapshot: it begins anew.
                changes = 0
        busy.post("/pause")
        truth = true_book(busy, row, row.depth)
        wanted = [levels(truth[side], row.depth) for side in ("bids", "asks")]
        end = time.monotonic() + PATIENCE
        while True:
            book = exchange.orderbooks[row.symbol]
            if [levels(book[side], row.depth) for side in ("bids", "asks")] == wanted or time.monotonic() > end:
                return book, wanted
            await asyncio.sleep(0.05)

    book, wanted = with_client(busy, row, work)
    assert [levels(book[side], row.depth) for side in ("bids", "asks")] == wanted


def test_candles(busy, row):
    if not row.candles:
        pytest.skip(f"ccxt watches no candles of {row.venue}")

    async def work(exchange):
        if row.market == "coinm":
            exchange.urls["api"]["ws"]["inverse"] = busy.endpoints["binance"]["coinm_market_ws"] + "/ws"
        last = {}
        while len(last) < 2:
            for candle in await exchange.watch_ohlcv(row.symbol, "1m"):
                last[candle[0]] = candle
            busy.near_a_minutes_end()
        # The last frame of the minute was followed by one of the next: it was seen.
        return last[min(last)]

    first = with_client(busy, row, work)
    logged = [row.read_candle(json.loads(line["frame"])) for line in sent(busy, row.candles)]
    assert first == [candle for candle in logged if candle[0] == first[0]][-1]
