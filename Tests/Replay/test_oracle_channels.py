# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The oracle on the sheets' own samples of every channel, with the values written by hand."""

import json
from typing import Any, Optional

import pytest

from oracle import Record, replay
from oracle.intervals import Interval
from oracle.numbers import instant
from oracle.okx import interval_of
from oracle.outcomes import Undecodable
from oracle.symbols import coinbase_name, htx_name

COMMON = {"schema", "venue", "symbol", "venue_symbol", "received_us", "published_us", "feed", "epoch", "seq", "venue_prev_seq"}
MATCH = (
    '{"type":"last_match","trade_id":370843400,"maker_order_id":"a","taker_order_id":"b","side":"sell","size":"5.23512",'
    '"price":"400.230","product_id":"BTC-USD","sequence":50,"time":"2014-11-07T08:19:27.028459Z"}'
)
TICKER = (
    '{"type":"ticker","sequence":37475248783,"product_id":"ETH-USD","price":"1285.22","open_24h":"1310.79",'
    '"volume_24h":"245532.79269678","low_24h":"1280.52","high_24h":"1313.8","best_bid":"1285.04","best_ask":"1285.27",'
    '"side":"buy","time":"2022-10-19T23:28:22.061769Z","trade_id":370843401,"last_size":"11.4396987"}'
)
HTX_SPOT_TRADES = (
    '{"ch":"market.btcusdt.trade.detail","ts":1630994963175,"tick":{"id":137005445109,"ts":1630994963173,"data":['
    '{"id":137005445109359286410323766,"ts":1630994963173,"tradeId":2,"amount":6.754E-3,"price":52648.62,"direction":"buy"},'
    '{"id":137005445109359286410323765,"ts":1630994963172,"tradeId":1,"amount":0.5,"price":52648.6,"direction":"sell"}]}}'
)
HTX_SWAP_TRADE = (
    '{"ch":"market.ETH-USDT.trade.detail","ts":1722863196449,"tick":{"id":1,"ts":1722863196444,"data":[{"amount":196,'
    '"quantity":1.96,"trade_turnover":4403.1204,"ts":1722863196444,"id":1000219512747480000,"price":2246.49,"direction":"sell"}]}}'
)
HTX_SPOT_QUOTE = (
    '{"ch":"market.btcusdt.bbo","ts":1630994555540,"tick":{"seqId":137005210233,"ask":52665.02,"askSize":1.502181,'
    '"bid":52665.01,"bidSize":0.178567,"quoteTime":1630994555539,"symbol":"btcusdt"}}'
)
HTX_SWAP_QUOTE = (
    '{"ch":"market.BTC-USD.bbo","ts":1603707934526,"tick":{"mrid":131599726,"id":1603707934,"bid":[13064,38],"ask":null,'
    '"ts":1603707934525,"version":131599726,"ch":"market.BTC-USD.bbo"}}'
)
HTX_FUNDING = (
    '{"op":"notify","topic":"public.BTC-USDT.funding_rate","ts":1603778748166,"data":[{"symbol":"BTC","contract_code":"BTC-USDT",'
    '"fee_asset":"USDT","funding_time":"1603778700000","funding_rate":"-0.000220068774978695","settlement_time":"1603785600000",'
    '"estimated_rate":null}]}'
)
HTX_MARK = (
    '{"ch":"market.BTC-USDT.mark_price.1min","ts":1489474082831,"tick":{"vol":"0","close":"9800.120","count":"0","high":"9800.12",'
    '"id":1529898780,"low":"9800.12","open":"9800.12","trade_turnover":"0","amount":"0"}}'
)
OKX_FUNDING = (
    '{"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[{"fundingRate":"0.0001875391284828",'
    '"fundingTime":"1700726400000","instId":"BTC-USDT-SWAP","instType":"SWAP","nextFundingRate":"",'
    '"nextFundingTime":"1700755200000","ts":"1700724675402"}]}'
)


def only(venue: str, *frames: str, market: Optional[str] = None) -> dict[str, Any]:
    """The last record of some frames, without the common part, with its topic."""
    return told(replay(venue, frames, market).records[-1])


def told(record: Record) -> dict[str, Any]:
    return {"topic": record.topic, "key": record.key, **{k: v for k, v in record.value.items() if k not in COMMON}}


def test_coinbase_states_the_makers_side_and_last_match_is_a_trade() -> None:
    assert only("coinbase", MATCH) == {
        "topic": "md.trade.v1",
        "key": "BTC-USD",
        "exchange_us": 1415348367028459,
        "venue_seq": None,
        "trade_id": "370843400",
        "price": "400.23",
        "size": "5.23512",
        "side": "buy",
    }
    result = replay("coinbase", [MATCH, MATCH.replace("last_match", "match")])
    assert len(result.records) == 1 and result.repeated_trades == 1


def test_a_coinbase_ticker_has_its_sequence_and_no_quote_volume() -> None:
    assert only("coinbase", TICKER) == {
        "topic": "md.ticker.v1",
        "key": "ETH-USD",
        "exchange_us": 1666222102061769,
        "venue_seq": 37475248783,
        "last": "1285.22",
        "open_24h": "1310.79",
        "high_24h": "1313.8",
        "low_24h": "1280.52",
        "volume_24h": "245532.79269678",
        "quote_volume_24h": None,
    }


def test_coinbases_quote_is_the_top_of_its_book_when_that_changes() -> None:
    frames = [
        '{"type":"snapshot","product_id":"BTC-USD","bids":[["10.10","1"],["10","2"]],"asks":[["10.20","3"]]}',
        '{"type":"l2update","product_id":"BTC-USD","changes":[["buy","10.00","5"]],"time":"2022-08-04T15:25:05Z"}',
        '{"type":"l2update","product_id":"BTC-USD","changes":[["sell","10.2","0.000"]],"time":"2022-08-04T15:25:05.01Z"}',
        '{"type":"l2update","product_id":"BTC-USD","changes":[["sell","10.05","1"]],"time":"0001-01-01T00:00:00.000000Z"}',
    ]
    result = replay("coinbase", frames)
    quotes = [(value["state"], value["bid"], value["ask"], value["reason"]) for value in values(result, "md.bbo.v1")]
    assert quotes == [("live", "10.1", "10.2", None), ("live", "10.1", None, None), ("invalid", None, None, "crossed")]
    assert [value["kind"] for value in values(result, "md.book.v1")] == ["snapshot", "delta", "delta", "invalid"]


def values(result: Any, topic: str) -> list[dict[str, Any]]:
    return [record.value for record in result.of(topic)]


def test_an_unreadable_coinbase_level_is_a_dead_letter_and_ends_the_book() -> None:
    good = '{"type":"snapshot","product_id":"YFI-USD","bids":[["40533.24","0.02"]],"asks":[["40584.89","0.03"]]}'
    bad = good.replace("0.02", "0.-10000")
    result = replay("coinbase", [good, bad])
    assert [letter.reason for letter in result.dead_letters] == ["bad_number"]
    assert [(value["kind"], value["reason"]) for value in values(result, "md.book.v1")][1] == ("invalid", "undecodable")
    assert not replay("coinbase", [bad]).records


def test_advanced_trade_frames_have_their_own_names() -> None:
    book = (
        '{"channel":"l2_data","timestamp":"2026-04-07T14:30:00.5Z","sequence_num":1,"events":[{"type":"snapshot",'
        '"product_id":"BTC-USD","updates":[{"side":"bid","event_time":"2026-04-07T14:30:00.123456Z","price_level":"68900.00",'
        '"new_quantity":"1.5"},{"side":"offer","event_time":"2026-04-07T14:30:00.123455Z","price_level":"68901","new_quantity":"2"}]}]}'
    )
    result = replay("coinbase", [book])
    (value,) = values(result, "md.book.v1")
    assert (value["bids"], value["asks"], value["exchange_us"]) == ([["68900", "1.5"]], [["68901", "2"]], 1775572200123456)
    trades = (
        '{"channel":"market_trades","timestamp":"2026-04-07T14:30:03Z","sequence_num":5,"events":[{"type":"update","trades":['
        '{"trade_id":"8","product_id":"BTC-USD","price":"2","size":"1","side":"BUY","time":"2026-04-07T14:30:02Z"},'
        '{"trade_id":"7","product_id":"BTC-USD","price":"1","size":"1","side":"SELL","time":"2026-04-07T14:30:01Z"}]}]}'
    )
    found = values(replay("coinbase", [trades]), "md.trade.v1")
    assert [(value["trade_id"], value["side"]) for value in found] == [("7", "buy"), ("8", "sell")]


def test_a_jump_in_the_count_of_a_connection_ends_its_books() -> None:
    def line(number: int, kind: str) -> str:
        frame = (
            '{"channel":"l2_data","timestamp":"2026-04-07T14:30:00Z","sequence_num":%d,"events":[{"type":"%s","product_id":"BTC-USD",'
            '"updates":[{"side":"bid","event_time":"2026-04-07T14:30:00Z","price_level":"1","new_quantity":"1.5"}]}]}'
        )
        return json.dumps({"recv_ns": number * 1000, "conn": "c", "dir": "in", "msg": frame % (number, kind)})

    opened = json.dumps({"recv_ns": 0, "conn": "c", "dir": "open"})
    result = replay("coinbase", [opened, line(0, "snapshot"), line(1, "update"), line(3, "update"), line(4, "update")])
    kinds = [(value["kind"], value["reason"]) for value in values(result, "md.book.v1")]
    assert kinds == [("snapshot", None), ("delta", None), ("invalid", "gap")]
    assert [value["state"] for value in values(result, "md.bbo.v1")] == ["live", "invalid"]


def test_htx_spot_trades_come_newest_first() -> None:
    found = values(replay("htx", [HTX_SPOT_TRADES]), "md.trade.v1")
    assert [(value["trade_id"], value["size"], value["side"], value["exchange_us"]) for value in found] == [
        ("1", "0.5", "sell", 1630994963172000),
        ("2", "0.006754", "buy", 1630994963173000),
    ]


def test_an_htx_swap_trade_states_its_base_size() -> None:
    found = only("htx", HTX_SWAP_TRADE)
    assert (found["key"], found["size"], found["trade_id"]) == ("ETH-USDT-PERP", "1.96", "1000219512747480000")
    old = replay("htx", [HTX_SWAP_TRADE.replace('"quantity":1.96,', "")])
    assert [letter.reason for letter in old.dead_letters] == ["unknown_instrument"]
    inverse = only("htx", HTX_SWAP_TRADE.replace("ETH-USDT", "ETH-USD"))
    assert (inverse["key"], inverse["size"]) == ("ETH-USD-PERP", "196")
    nameless = replay("htx", [HTX_SWAP_TRADE.replace('"sell"', '""')])
    assert [letter.reason for letter in nameless.dead_letters] == ["missing_field"]


def test_htx_quotes() -> None:
    spot = only("htx", HTX_SPOT_QUOTE)
    assert (spot["key"], spot["venue_seq"], spot["exchange_us"]) == ("BTC-USDT", 137005210233, 1630994555539000)
    assert (spot["bid"], spot["bid_size"], spot["ask"], spot["ask_size"]) == ("52665.01", "0.178567", "52665.02", "1.502181")
    swap = only("htx", HTX_SWAP_QUOTE)
    assert (swap["key"], swap["bid"], swap["bid_size"], swap["ask"]) == ("BTC-USD-PERP", "13064", "38", None)
    assert (swap["venue_seq"], swap["exchange_us"]) == (131599726, 1603707934525000)


def test_the_datas_own_symbol_wins_on_htx_too() -> None:
    assert only("htx", HTX_SPOT_QUOTE.replace("market.btcusdt", "market.ethusdt"))["key"] == "BTC-USDT"


def htx_candle(opened: int, close: str, amount: str = "2.5") -> str:
    return (
        '{"ch":"market.btcusdt.kline.1min","ts":%d,"tick":{"id":%d,"open":1,"close":%s,"low":1,"high":9,"amount":%s,'
        '"vol":100.50,"count":31}}' % (opened * 1000 + 370, opened, close, amount)
    )


def test_a_candle_without_a_flag_closes_when_the_next_one_comes() -> None:
    frames = [htx_candle(60, "2"), htx_candle(60, "3"), htx_candle(120, "4"), htx_candle(60, "3"), htx_candle(60, "5")]
    found = values(replay("htx", frames + [htx_candle(0, "1")]), "md.candle.v1")
    assert [(value["open_us"] // 10**6, value["close"], value["closed"], value["revision"]) for value in found] == [
        (60, "2", False, 0),
        (60, "3", False, 0),
        (60, "3", True, 0),
        (120, "4", False, 0),
        (60, "5", True, 1),
        (0, "1", True, 0),
    ]
    assert (found[2]["exchange_us"], found[2]["interval"], found[2]["close_us"]) == (60370000, "1m", 120000000)
    assert (found[0]["volume"], found[0]["quote_volume"], found[0]["trades"]) == ("2.5", "100.5", 31)


def test_a_candle_with_a_flag_closes_by_it_alone() -> None:
    def row(opened: int, confirmed: str) -> str:
        frame = '{"arg":{"channel":"candle1m","instId":"BTC-USD-SWAP"},"data":[["%d","1","2","1","2","45","4.5","4500","%s"]]}'
        return frame % (opened * 1000, confirmed)

    frames = [row(60, "0"), row(120, "0"), row(120, "1"), row(120, "1"), row(60, "1")]
    found = values(replay("okx", frames), "md.candle.v1")
    assert [(value["open_us"] // 10**6, value["closed"]) for value in found] == [
        (60, False),
        (120, False),
        (120, True),
        (60, True),
    ]
    assert (found[0]["volume"], found[0]["quote_volume"], found[0]["trades"]) == ("45", "4500", None)


def test_a_binance_candle() -> None:
    frame = (
        '{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,"L":200,'
        '"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":true,"q":"1.0000","V":"500","Q":"0.5","B":"1"}}'
    )
    assert only("binance", frame, market="spot") == {
        "topic": "md.candle.v1",
        "key": "BNB-BTC",
        "exchange_us": 1672515782136000,
        "venue_seq": None,
        "interval": "1m",
        "open_us": 1672515780000000,
        "close_us": 1672515840000000,
        "open": "0.001",
        "high": "0.0025",
        "low": "0.0015",
        "close": "0.002",
        "volume": "1000",
        "quote_volume": "1",
        "trades": 100,
        "closed": True,
        "origin": "ws",
        "revision": 0,
    }


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("candle1s", "1s"),
        ("candle4H", "4h"),
        ("candle6H", "6h+8"),
        ("candle6Hutc", "6h"),
        ("candle12H", "12h+8"),
        ("candle1D", "1d+8"),
        ("candle1Wutc", "1w"),
        ("candle1M", "1mo+8"),
    ],
)
def test_okx_intervals(channel: str, name: str) -> None:
    interval = interval_of(channel)
    assert interval is not None and interval.name == name


def test_intervals_outside_the_list_are_none() -> None:
    assert [interval_of(channel) for channel in ("candle2D", "candle5D", "candle3M", "index-candle1m")] == [None] * 4


def test_a_month_ends_with_the_next_in_its_zone() -> None:
    december_in_hong_kong = 1701360000 * 10**6
    assert Interval("1mo", 8).close_us(december_in_hong_kong) == 1704038400 * 10**6
    assert Interval("1mo").close_us(1706745600 * 10**6) == 1709251200 * 10**6


def test_funding_takes_the_last_mark_and_index_of_any_connection() -> None:
    index = HTX_MARK.replace("mark_price", "index").replace("9800.120", "9799")
    lines = [
        json.dumps({"recv_ns": number * 1000, "conn": conn, "dir": "in", "msg": msg})
        for number, (conn, msg) in enumerate([("index", HTX_MARK), ("index", index), ("notification", HTX_FUNDING)])
    ]
    (record,) = replay("htx", lines).records
    assert told(record) == {
        "topic": "md.funding.v1",
        "key": "BTC-USDT-PERP",
        "exchange_us": 1603778748166000,
        "venue_seq": None,
        "rate": "-0.000220068774978695",
        "next_funding_us": 1603785600000000,
        "interval_us": None,
        "mark": "9800.12",
        "index": "9799",
    }


def test_okx_funding_is_charged_at_funding_time() -> None:
    found = only("okx", OKX_FUNDING)
    assert (found["rate"], found["next_funding_us"]) == ("0.0001875391284828", 1700726400000000)
    assert (found["interval_us"], found["mark"], found["index"]) == (28800000000, None, None)


@pytest.mark.parametrize(
    ("rate", "due", "expected"),
    [("0.00038167", 1562306400000, ("0.00038167", 1562306400000000)), ("", 0, (None, None)), ("0.00000000", 0, (None, None))],
)
def test_a_contract_without_funding_has_neither_rate_nor_time(rate: str, due: int, expected: Any) -> None:
    frame = (
        '{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091","P":"1",'
        '"r":"%s","T":%d}' % (rate, due)
    )
    found = only("binance", frame, market="usdm")
    assert (found["rate"], found["next_funding_us"]) == expected
    assert (found["mark"], found["index"], found["exchange_us"]) == ("11794.15", "11784.62659091", 1562305380000000)


def test_open_interest_has_a_quote_only_where_usd_is_the_quote() -> None:
    frame = (
        '{"arg":{"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","instType":"SWAP",'
        '"oi":"2216113.01000000309","oiCcy":"22161.1301000000309","oiUsd":"1939251795.5","ts":"1743041250440"}]}'
    )
    linear, inverse = only("okx", frame), only("okx", frame.replace("BTC-USDT-SWAP", "BTC-USD-SWAP"))
    assert (linear["contracts"], linear["base"]) == ("2216113.01000000309", "22161.1301000000309")
    assert (linear["quote"], inverse["quote"]) == (None, "1939251795.5")


def test_liquidations() -> None:
    binance = (
        '{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910","ap":"9911",'
        '"X":"FILLED","l":"0.014","z":"0.014","T":1568014460890}}'
    )
    htx = (
        '{"op":"notify","topic":"public.*.liquidation_orders","ts":1639122193214,"data":[{"contract_code":"O3-USDT","direction":"sell",'
        '"offset":"close","volume":432,"price":0.7858,"created_at":1639122193172,"amount":4320,"business_type":"swap"}]}'
    )
    okx = (
        '{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"details":[{"bkLoss":"0","bkPx":"0.007831","posSide":"short",'
        '"side":"buy","sz":"13","ts":"1692266434010"}],"instFamily":"IOST-USD","instId":"IOST-USD-SWAP","instType":"SWAP"}]}'
    )
    expected = [
        ("BTC-USDT-PERP", "9910", "0.014", "sell", 1568014460890000),
        ("O3-USDT-PERP", "0.7858", "4320", "sell", 1639122193172000),
        ("IOST-USD-PERP", "0.007831", "13", "buy", 1692266434010000),
    ]
    found = [only("binance", binance, market="usdm"), only("htx", htx), only("okx", okx)]
    assert [(each["key"], each["price"], each["size"], each["side"], each["exchange_us"]) for each in found] == expected


@pytest.mark.parametrize(
    ("instrument", "volume", "quote"), [("BTC-USDT", "7", "3"), ("BTC-USDT-SWAP", "3", None), ("BTC-USD-SWAP", "7", None)]
)
def test_okx_ticker_volumes_change_their_meaning(instrument: str, volume: str, quote: Optional[str]) -> None:
    frame = (
        '{"arg":{"channel":"tickers","instId":"%s"},"data":[{"instId":"%s","last":"9999.99","open24h":"9000","high24h":"10000",'
        '"low24h":"8888.88","volCcy24h":"3","vol24h":"7","ts":"1597026383085"}]}' % (instrument, instrument)
    )
    found = only("okx", frame)
    assert (found["last"], found["volume_24h"], found["quote_volume_24h"]) == ("9999.99", volume, quote)


def test_htx_tickers() -> None:
    spot = (
        '{"ch":"market.btcusdt.ticker","ts":1630982370526,"tick":{"open":51732,"high":52785.64,"low":51000,"close":52735.63,'
        '"amount":13259.24137056181,"vol":687640987.4125315,"count":448737,"lastPrice":52735.64,"lastSize":0.03}}'
    )
    swap = (
        '{"ch":"market.BTC-USD.detail","ts":1603707870528,"tick":{"id":1603707840,"mrid":131599205,"open":12916.2,"close":13065.8,'
        '"high":13205.3,"low":12852.8,"amount":30.316,"vol":30316,"count":2983}}'
    )
    found = [only("htx", spot), only("htx", swap), only("htx", swap.replace("BTC-USD.", "BTC-USDT."))]
    volumes = [(each["last"], each["volume_24h"], each["quote_volume_24h"]) for each in found]
    assert volumes == [
        ("52735.64", "13259.24137056181", "687640987.4125315"),
        ("13065.8", "30316", None),
        ("13065.8", "30.316", None),
    ]


def test_an_htx_snapshot_is_asked_for_on_the_same_connection() -> None:
    frames = [
        '{"ch":"market.btcusdt.mbp.150","ts":7,"tick":{"seqNum":12,"prevSeqNum":10,"asks":[[3,1]],"bids":[]}}',
        '{"id":"id2","rep":"market.btcusdt.mbp.150","status":"ok","data":{"seqNum":10,"bids":[[1,1]],"asks":[[2,5.33E-4]]}}',
        '{"ch":"market.btcusdt.mbp.20","ts":7,"tick":{"seqNum":13,"prevSeqNum":12,"asks":[[3,1]]}}',
    ]
    found = values(replay("htx", frames), "md.book.v1")
    assert [(value["kind"], value["venue_seq"], value["venue_prev_seq"]) for value in found] == [
        ("snapshot", 10, None),
        ("delta", 12, 10),
    ]
    assert found[0]["asks"] == [["2", "0.000533"]] and found[1]["asks"] == [["3", "1"]] and found[0]["depth"] == 150


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("btcusdt", "BTC-USDT"),
        ("btchusd", "BTC-HUSD"),
        ("BTC-USDT", "BTC-USDT-PERP"),
        ("BTC-USD", "BTC-USD-PERP"),
        ("BTC-USDT-261225", "BTC-USDT-20261225"),
        ("BTC200703", "BTC-USD-20200703"),
    ],
)
def test_htx_names(symbol: str, expected: str) -> None:
    assert htx_name(symbol).canonical == expected


@pytest.mark.parametrize("symbol", ["BTC_CQ", "BTC-USDT-CQ", "xyz", "", "BTC--USDT"])
def test_what_htx_names_do_not_say(symbol: str) -> None:
    with pytest.raises(Undecodable):
        htx_name(symbol)


def test_coinbase_names() -> None:
    assert coinbase_name("BTC-USD").canonical == "BTC-USD"
    for product in ("BTC", "BIP-20DEC30-CDE", "BTC-PERP-INTX"):
        with pytest.raises(Undecodable):
            coinbase_name(product)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-10-19T23:28:22.061769Z", 1666222102061769),
        ("2024-10-04T07:13:08.600625889Z", 1728025988600625),
        ("2021-05-31T09:59:59Z", 1622455199000000),
        ("0001-01-01T00:00:00.000000Z", None),
        (None, None),
    ],
)
def test_coinbase_times(text: Optional[str], expected: Optional[int]) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize("text", ["2022-13-19T23:28:22Z", "yesterday", "2022-10-19T23:28:22", 5])
def test_a_bad_time_is_refused(text: Any) -> None:
    with pytest.raises(Undecodable):
        instant(text)
