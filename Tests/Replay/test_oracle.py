# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The oracle itself, on frames of the venue sheets with values written by hand."""

import json
from decimal import Decimal

import pytest

from oracle import Record, instrument_records, replay
from oracle.numbers import canonical, product, spell
from oracle.outcomes import Undecodable
from oracle.symbols import binance_name, okx_name

SPOT_QUOTE = '{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}'
FUTURES_QUOTE = (
    '{"e":"bookTicker","u":400900217,"E":1568014460893,"T":1568014460891,"s":"BNBUSDT","ps":"BNBUSDT",'
    '"b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000","st":1}'
)
SPOT_TRADE = (
    '{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100","T":1672515782135,"m":true,"M":true}'
)
FUTURES_TRADE = (
    '{"e":"aggTrade","E":1700000000123,"s":"BNBUSDT","a":5933014,"p":"310.10","q":"100","nq":"100","f":100,"l":105,'
    '"T":1700000000120,"m":true,"st":1}'
)
OKX_TRADE = (
    '{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","tradeId":"2978601964",'
    '"px":"83725.9","sz":"5","side":"buy","ts":"1791369350776","count":"1","source":"0","seqId":344430848209}]}'
)
OKX_QUOTE = (
    '{"arg":{"channel":"bbo-tbt","instId":"BCH-USDT-SWAP"},"data":[{"asks":[["111.06","55154","0","2"]],'
    '"bids":[["111.05","57745","0","2"]],"ts":"1670324386802","seqId":363996337}]}'
)
OKX_SWAP = (
    '{"code":"0","msg":"","data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","instFamily":"BTC-USDT",'
    '"uly":"BTC-USDT","baseCcy":"","quoteCcy":"","settleCcy":"USDT","ctVal":"0.01","ctMult":"1","ctValCcy":"BTC",'
    '"ctType":"linear","tickSz":"0.1","lotSz":"0.01","minSz":"0.01","lever":"100","state":"live",'
    '"ruleType":"normal","listTime":"1573557408000","expTime":"","instIdCode":10459}]}'
)


def only(records: list[Record]) -> Record:
    assert len(records) == 1
    return records[0]


def test_a_spot_quote_has_no_venue_time_and_the_update_id_as_sequence() -> None:
    record = only(replay("binance", [SPOT_QUOTE], "spot").records)
    assert record == Record("md.bbo.v1", "BNB-USDT", record.value, 1)
    assert record.value == {
        "schema": "bbo.v1",
        "venue": "binance",
        "symbol": "BNB-USDT",
        "venue_symbol": "BNBUSDT",
        "exchange_us": None,
        "received_us": 0,
        "published_us": 0,
        "feed": "binance-feed",
        "epoch": 0,
        "seq": 1,
        "venue_seq": 400900217,
        "venue_prev_seq": None,
        "state": "live",
        "reason": None,
        "bid": "25.3519",
        "bid_size": "31.21",
        "ask": "25.3652",
        "ask_size": "40.66",
    }


def test_a_futures_quote_takes_the_engines_time() -> None:
    value = only(replay("binance", [FUTURES_QUOTE]).records).value
    assert (value["symbol"], value["exchange_us"]) == ("BNB-USDT-PERP", 1568014460891000)


def test_the_side_is_the_takers() -> None:
    value = only(replay("binance", [SPOT_TRADE], "spot").records).value
    assert value["side"] == "sell"
    assert (value["trade_id"], value["price"], value["size"]) == ("12345", "0.001", "100")
    assert (value["exchange_us"], value["venue_seq"]) == (1672515782135000, None)
    bought = SPOT_TRADE.replace('"m":true', '"m":false')
    assert only(replay("binance", [bought], "spot").records).value["side"] == "buy"


def test_a_futures_aggregate_is_a_trade_with_its_aggregate_id() -> None:
    value = only(replay("binance", [FUTURES_TRADE], "usdm").records).value
    assert (value["symbol"], value["trade_id"], value["price"]) == ("BNB-USDT-PERP", "5933014", "310.1")


def test_only_market_trades_of_the_futures_trade_stream_count() -> None:
    frame = '{"e":"trade","E":2,"T":1,"s":"ETHUSDT","t":7,"p":"2366.55","q":"0.070","X":"INSURANCE_FUND","m":true}'
    result = replay("binance", [frame], "usdm")
    assert not result.records and not result.dead_letters
    assert result.ignored == {"trade_not_market": 1}
    assert len(replay("binance", [frame.replace("INSURANCE_FUND", "MARKET")], "usdm").records) == 1
    assert len(replay("binance", [frame.replace('"X":"INSURANCE_FUND",', "")], "usdm").records) == 1


def test_a_trade_is_published_once_an_epoch() -> None:
    result = replay("binance", [SPOT_TRADE, SPOT_TRADE], "spot")
    assert len(result.records) == 1 and result.repeated_trades == 1


@pytest.mark.parametrize("field", ['"t":12345,', '"p":"0.001",', '"q":"100",', '"m":true,'])
def test_a_trade_that_lacks_a_part_is_a_dead_letter(field: str) -> None:
    result = replay("binance", [SPOT_TRADE.replace(field, "")], "spot")
    assert not result.records
    assert [letter.reason for letter in result.dead_letters] == ["missing_field"]


@pytest.mark.parametrize("text", ["", "NaN", "1e", "--1", "0x10", " 1", "1.", ".5", "-1", "1" * 40])
def test_a_bad_number_is_a_dead_letter(text: str) -> None:
    assert len(replay("binance", [SPOT_QUOTE.replace("25.35190000", text)], "spot").dead_letters) == 1


@pytest.mark.parametrize("frame", ["{", '{"u":1', "garbage", "17", '"text"', "\ufffd", '{"u":NaN}'])
def test_bytes_that_are_no_frame_are_dead_letters(frame: str) -> None:
    for venue in ("binance", "okx"):
        result = replay(venue, [frame])
        assert not result.records and len(result.dead_letters) == 1


def test_acks_and_other_streams_are_named_and_ignored() -> None:
    frames = [
        '{"result":null,"id":1}',
        '{"code":2,"msg":"Invalid request"}',
        '{"stream":"btcusdt@depth5@100ms","data":{"lastUpdateId":160,"bids":[],"asks":[]}}',
        '{"stream":"btcusdt@depth5@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}}',
        '{"e":"1hTicker","E":1672515782136,"s":"BNBBTC","c":"0.0025"}',
        '{"stream":"!assetIndex@arr","data":[{"e":"assetIndexUpdate","s":"ADAUSD"}]}',
    ]
    assert replay("binance", frames).ignored == {
        "ack": 1,
        "error": 1,
        "partial_depth": 2,
        "1hTicker": 1,
        "assetIndexUpdate[]": 1,
    }


def test_a_linear_swap_needs_its_contract_size(tmp_path) -> None:
    result = replay("okx", [OKX_TRADE])
    assert [letter.reason for letter in result.dead_letters] == ["unknown_instrument"]
    answers = tmp_path / "instruments.jsonl"
    url = "https://www.okx.com/api/v5/public/instruments?instType=SWAP"
    answers.write_text(json.dumps({"url": url, "msg": OKX_SWAP}) + "\n", encoding="utf-8")
    value = only(replay("okx", [OKX_TRADE], instruments=[answers]).records).value
    assert (value["symbol"], value["size"], value["side"]) == ("BTC-USDT-PERP", "0.05", "buy")
    assert (value["trade_id"], value["exchange_us"], value["venue_seq"]) == ("2978601964", 1791369350776000, None)
    assert only(list(instrument_records("okx", answers))).value == {
        "schema": "instrument.v1",
        "venue": "okx",
        "symbol": "BTC-USDT-PERP",
        "venue_symbol": "BTC-USDT-SWAP",
        "kind": "linear_perpetual",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "expiry_us": None,
        "tick_size": "0.1",
        "lot_size": "0.01",
        "min_size": "0.01",
        "min_notional": None,
        "contract_size": "0.01",
        "status": "trading",
        "maker_fee": "0.0002",
        "taker_fee": "0.0005",
    }


def test_inverse_sizes_stay_contracts_and_an_empty_side_is_null() -> None:
    frame = OKX_QUOTE.replace("BCH-USDT-SWAP", "BTC-USD-SWAP").replace('[["111.06","55154","0","2"]]', "[]")
    value = only(replay("okx", [frame]).records).value
    assert (value["symbol"], value["state"]) == ("BTC-USD-PERP", "live")
    assert (value["bid"], value["bid_size"]) == ("111.05", "57745")
    assert (value["ask"], value["ask_size"]) == (None, None)
    assert (value["venue_seq"], value["exchange_us"]) == (363996337, 1670324386802000)


def test_options_give_nothing() -> None:
    frame = OKX_TRADE.replace("BTC-USDT-SWAP", "BTC-USD-211224-56000-C")
    assert replay("okx", [frame]).ignored == {"option": 1}


def test_the_datas_instrument_wins_over_the_channels() -> None:
    frame = OKX_TRADE.replace('"trades","instId":"BTC-USDT-SWAP"', '"trades","instId":"ETH-USDT"').replace(
        '{"instId":"BTC-USDT-SWAP"', '{"instId":"BTC-USDT"'
    )
    value = only(replay("okx", [frame]).records).value
    assert (value["symbol"], value["size"]) == ("BTC-USDT", "5")


def session(recv_ns: int, direction: str, **more: str) -> str:
    return json.dumps({"recv_ns": recv_ns, "conn": more.pop("conn", "binance.spot.ws"), "dir": direction, **more})


def test_an_open_line_begins_an_epoch() -> None:
    lines = [
        session(1_000_999, "open", url="wss://stream.binance.com:9443/stream"),
        session(2_000_999, "in", msg=SPOT_TRADE),
        session(3_000_999, "in", msg=SPOT_TRADE),
        session(4_000_999, "open", url="wss://stream.binance.com:9443/stream"),
        session(5_000_999, "in", msg=SPOT_TRADE),
    ]
    values = [record.value for record in replay("binance", lines).records]
    assert [(value["epoch"], value["seq"], value["received_us"]) for value in values] == [
        (1_000, 1, 2_000),
        (4_000, 1, 5_000),
    ]


def test_without_an_open_line_the_first_line_begins_the_epoch() -> None:
    lines = [
        session(7_000_001, "http", msg='{"lastUpdateId":1,"bids":[],"asks":[]}'),
        session(8_000_001, "in", msg=SPOT_QUOTE),
    ]
    value = only(replay("binance", lines).records).value
    assert (value["epoch"], value["received_us"], value["published_us"]) == (7_000, 8_000, 8_000)


@pytest.mark.parametrize(
    ("conn", "url", "symbol"),
    [
        ("binance.spot.ws", "wss://fstream.binance.com/stream", "BNB-USDT-PERP"),
        ("binance.usdm.ws", "", "BNB-USDT-PERP"),
        ("binance.spot.ws", "", "BNB-USDT"),
    ],
)
def test_the_market_follows_from_the_url_then_from_the_connection(conn: str, url: str, symbol: str) -> None:
    lines = [session(1000, "open", conn=conn, url=url), session(2000, "in", conn=conn, msg=SPOT_QUOTE)]
    assert only(replay("binance", lines, "coinm").records).value["symbol"] == symbol


@pytest.mark.parametrize(
    ("symbol", "market", "expected"),
    [
        ("BTCUSDT", "spot", "BTC-USDT"),
        ("BTCBUSD", "spot", "BTC-BUSD"),
        ("BTCUSDT", "usdm", "BTC-USDT-PERP"),
        ("1000PEPEUSDT", "usdm", "1000PEPE-USDT-PERP"),
        ("BTCUSDT_261225", "usdm", "BTC-USDT-20261225"),
        ("BTCBUSD_210129", "usdm", "BTC-BUSD-20210129"),
        ("BNBUSD_220624", "coinm", "BNB-USD-20220624"),
        ("BTCUSD_PERP", "coinm", "BTC-USD-PERP"),
    ],
)
def test_binance_names(symbol: str, market: str, expected: str) -> None:
    assert binance_name(symbol, market).canonical == expected


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [
        ("BTC-USDT", "BTC-USDT"),
        ("BTC-USDT-SWAP", "BTC-USDT-PERP"),
        ("BTC-USD-SWAP", "BTC-USD-PERP"),
        ("BTC-USDT-261225", "BTC-USDT-20261225"),
    ],
)
def test_okx_names(instrument: str, expected: str) -> None:
    name = okx_name(instrument)
    assert name is not None and name.canonical == expected


def test_what_is_no_name_is_an_unknown_instrument() -> None:
    for market in ("spot", "usdm", "coinm"):
        for symbol in ("", "USDT", "XYZ"):
            with pytest.raises(Undecodable):
                binance_name(symbol, market)
    for instrument in ("", "BTC", "BTC--SWAP", "BTC-USDT-XXX"):
        with pytest.raises(Undecodable):
            okx_name(instrument)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0.000", "0"),
        ("100", "100"),
        ("0100.500", "100.5"),
        ("0.000000454", "0.000000454"),
        ("5.33E-4", "0.000533"),
        ("1e3", "1000"),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("0.1234567890123456789012345678901234567", "0.1234567890123456789012345678901234567"),
    ],
)
def test_canonical_decimals(text: str, expected: str) -> None:
    assert canonical(text) == expected


def test_products_are_exact() -> None:
    factor = Decimal("0.1234567890123456789")
    assert spell(product(factor, factor)) == "0.01524157875323883675019051998750190521"
