# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The gateway as deploy/docs/gateway-protocol.md says: CONNECT first, data after CONNECTED."""

import json
import pathlib
import re
from decimal import Decimal

import pytest

from conftest import ROOT
from test_rules import closed
from venue_clients import GatewayClient

PAGE = pathlib.Path(ROOT) / "deploy" / "docs" / "gateway-protocol.md"


@pytest.fixture
def twin(start):
    return start("--symbols", 6, "--rate", 1500, "--venues", "gateway")


def typed(*types):
    return lambda frame: frame["type"] in types


def shape(value):
    """The members and kinds of a message, to compare it with the page's example."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return "string" if isinstance(value, str) else type(value).__name__


def examples():
    """The page's own examples by type."""
    texts = re.findall(r"^(\{.*\})$", PAGE.read_text(), re.MULTILINE)
    return {frame["type"]: frame for frame in map(json.loads, texts) if "type" in frame}


# MARK: CONNECT


def test_connected_comes_before_any_data(twin):
    with GatewayClient(twin) as client:
        with pytest.raises(TimeoutError):
            client.receive(0.3)
        client.connect(["BTC-USDT", "ETH-USDT"], ["1m", "1h"])
        first = client.receive()
        assert list(first) == list(examples()["CONNECTED"])
        assert (first["type"], first["symbols"]) == ("CONNECTED", ["BTC-USDT", "ETH-USDT"])
        assert (first["resolutions"], first["ticks"], first["market_type"]) == (
            ["1m", "1h"], ["trade", "quote"], "spot",
        )  # fmt: skip
        got = client.frames(300) + client.frames(6, typed("BAR"))
    assert {frame["type"] for frame in got} == {"TRADE", "QUOTE", "BAR"}
    assert {frame["symbol"] for frame in got} == {"BTC-USDT", "ETH-USDT"}
    assert {frame["resolution"] for frame in got if frame["type"] == "BAR"} == {"1m", "1h"}


def test_messages_have_the_pages_members(twin):
    with GatewayClient(twin) as client:
        client.connect()
        seen = {}
        while len(seen) < 4:
            frame = client.receive()
            seen.setdefault(frame["type"], frame)
    for name in ("TRADE", "QUOTE", "BAR", "CONNECTED"):
        if name == "CONNECTED":
            assert list(seen[name]) == list(examples()[name])
        else:
            assert shape(seen[name]) == shape(examples()[name]), name


@pytest.mark.parametrize(
    "change, code, close",
    [
        ({"csrf_token": "wrong"}, "BAD_TOKEN", 4401),
        ({"csrf_token": None}, "BAD_TOKEN", 4401),
        ({"market_type": "options"}, "UNKNOWN_MARKET_TYPE", 4400),
        ({"market_type": None}, "BAD_REQUEST", 4400),
        ({"symbols": None}, "BAD_REQUEST", 4400),
        ({"type": "SUBSCRIBE"}, "NOT_CONNECTED", 4400),
        ({"type": "HELLO"}, "BAD_REQUEST", 4400),
    ],
)
def test_a_bad_connect_ends_the_connection(twin, change, code, close):
    message = {
        "type": "CONNECT", "csrf_token": GatewayClient.TOKEN, "market_type": "spot", "symbols": [], "resolutions": [],
    }  # fmt: skip
    message.update(change)
    with GatewayClient(twin) as client:
        client.send(**{name: value for name, value in message.items() if value is not None})
        error = client.receive()
        assert (error["type"], error["code"], error["fatal"]) == ("ERROR", code, True) and error["message"]
        assert closed(client.socket) == close


def test_what_is_unknown_is_refused_one_by_one(twin):
    with GatewayClient(twin) as client:
        client.connect(["FOO-USDT", "BTC-USDT", "BTC-USDT-PERP"], ["1m", "7m"], ticks=["trade", "depth"])
        errors = client.frames(4)
        assert [(error["code"], error["fatal"]) for error in errors] == [
            ("UNKNOWN_SYMBOL", False), ("UNKNOWN_SYMBOL", False), ("UNKNOWN_RESOLUTION", False),
            ("UNKNOWN_TICK", False),
        ]  # fmt: skip
        assert [error.get("symbol") for error in errors[:2]] == ["FOO-USDT", "BTC-USDT-PERP"]
        assert errors[2]["resolution"] == "7m"
        connected = client.receive()
        assert (connected["symbols"], connected["resolutions"], connected["ticks"]) == (
            ["BTC-USDT"], ["1m"], ["trade"],
        )  # fmt: skip
        got = client.frames(60) + client.frames(1, typed("BAR"))
        assert {frame["type"] for frame in got} == {"TRADE", "BAR"}


@pytest.mark.parametrize("market, symbol", [("linear", "BTC-USDT-PERP"), ("inverse", "BTC-USD-PERP")])
def test_every_market_type(twin, market, symbol):
    with GatewayClient(twin) as client:
        client.connect([symbol], ["1m"], market)
        assert client.receive()["symbols"] == [symbol]
        bar = client.frames(1, typed("BAR"))[0]
    assert (bar["quote_volume"] is None) == (market == "inverse")
    rows = twin.rest("gateway", "rest", f"/v1/instruments?market_type={market}")[2]["instruments"]
    row = next(row for row in rows if row["symbol"] == symbol)
    assert row["contract_size"] == ("100" if market == "inverse" else "1") and row["status"] == "trading"


def test_silence_instead_of_connect(start):
    twin = start("--symbols", 1, "--gateway-connect-ms", 200)
    with GatewayClient(twin) as client:
        assert client.receive()["code"] == "CONNECT_TIMEOUT"
        assert closed(client.socket) == 4408


def test_another_token(start):
    twin = start("--symbols", 1, "--gateway-token", "other")
    with GatewayClient(twin) as client:
        client.connect(token="other")
        assert client.receive()["type"] == "CONNECTED"
    assert "other" not in json.dumps(twin.log())


# MARK: Data


def test_trade_ids_have_no_hole_and_sequences_grow(twin):
    with GatewayClient(twin) as client:
        client.connect()
        got = client.frames(500, typed("TRADE", "QUOTE"))
    ids = [frame["id"] for frame in got if frame["type"] == "TRADE"]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    quotes = [frame for frame in got if frame["type"] == "QUOTE"]
    numbers = [frame["seq"] for frame in quotes]
    assert numbers == sorted(numbers)
    assert all(Decimal(frame["bid"]) < Decimal(frame["ask"]) for frame in quotes)
    rows = twin.rest("gateway", "rest", f"/v1/trades?symbol=BTC-USDT&from_id={ids[0]}&limit=20")[2]["trades"]
    assert [row["id"] for row in rows] == ids[:20] if len(ids) >= 20 else rows
    sent = {frame["id"]: frame for frame in got if frame["type"] == "TRADE"}
    for row in rows:
        if row["id"] in sent:
            assert row == {name: sent[row["id"]][name] for name in row}


def test_bars_close_once(start):
    twin = start("--symbols", 1, "--rate", 500)
    with GatewayClient(twin) as client:
        client.connect(resolutions=["1m"], ticks=[])
        bars = client.frames(3, typed("BAR"))
        twin.near_a_minutes_end()
        while bars[-1]["open_us"] == bars[0]["open_us"]:
            bars += client.frames(1, typed("BAR"))
    opened = sorted({bar["open_us"] for bar in bars})
    assert len(opened) == 2 and all(value % 60_000_000 == 0 for value in opened)
    first = [bar for bar in bars if bar["open_us"] == opened[0]]
    assert [bar["closed"] for bar in first] == [False] * (len(first) - 1) + [True]
    path = f"/v1/bars?symbol=BTC-USDT&resolution=1m&from_us={opened[0]}&to_us={opened[1]}"
    rest = twin.rest("gateway", "rest", path)[2]["bars"]
    assert len(rest) == 1 and rest[0]["closed"]
    names = ("open", "high", "low", "close", "volume", "quote_volume", "trades")
    assert [rest[0][name] for name in names] == [first[-1][name] for name in names]


def test_subscriptions_change_while_running(twin):
    with GatewayClient(twin) as client:
        client.connect([], [])
        assert client.receive()["symbols"] == []
        client.send(type="SUBSCRIBE", request="7", symbols=["SOL-USDT", "NO"], resolutions=[], ticks=["quote"])
        error = client.receive()
        assert (error["code"], error["request"]) == ("UNKNOWN_SYMBOL", "7")
        ack = client.receive()
        assert list(ack) == list(examples()["SUBSCRIBED"]) and ack["symbols"] == ["SOL-USDT"]
        # The quote as it stands comes at once.
        assert client.receive()["type"] == "QUOTE"
        client.frames(10, typed("QUOTE"))
        client.send(type="UNSUBSCRIBE", request="8", symbols=["SOL-USDT"], resolutions=[], ticks=["quote"])
        assert client.frames(1, typed("UNSUBSCRIBED"))[0]["request"] == "8"
        with pytest.raises(TimeoutError):
            client.receive(0.3)
        client.send(type="CONNECT")
        assert client.receive()["code"] == "ALREADY_CONNECTED"
        client.send(type="SUBSCRIBE", symbols=[])
        assert client.receive()["code"] == "BAD_REQUEST"


# MARK: Heartbeat, limits, end


def test_pings(start):
    twin = start("--symbols", 1, "--gateway-ping-ms", 200)
    with GatewayClient(twin) as client:
        client.connect([], [])
        assert client.receive()["heartbeat_ms"] == 200
        with pytest.raises(TimeoutError):
            client.receive(1.5)
        client.pongs = False
        assert client.receive()["code"] == "PONG_TIMEOUT"
        assert closed(client.socket) == 4408


def test_a_flood_is_cut(twin):
    with GatewayClient(twin) as client:
        client.connect([], [])
        for _ in range(20):  # with CONNECT one too many; what came after the cut would reset the connection
            client.send(type="PONG", id=1)
        assert client.frames(1, typed("ERROR"))[0]["code"] == "RATE_LIMITED"
        assert closed(client.socket) == 4429


def test_ten_connections_a_second(twin):
    answers = twin.handshakes("gateway", "ws", 11)
    assert [status for status, _ in answers] == [101] * 10 + [429] and answers[-1][1]["Retry-After"] == "1"


def test_closing_is_announced(twin):
    with GatewayClient(twin) as client:
        client.connect()
        client.frames(5)
        twin.fault("notice", venue="gateway", duration_ms=300)
        notice = client.frames(1, typed("CLOSING"))[0]
        assert 0 < notice["in_ms"] <= 300 and notice["reason"] == "maintenance"
        assert client.frames(5, typed("TRADE", "QUOTE"))
        assert closed(client.socket) == 1001


def test_rest_errors(twin):
    assert twin.rest("gateway", "rest", "/v1/trades?symbol=NO")[0:3:2] == (
        404, {"code": "UNKNOWN_SYMBOL", "message": "no such symbol"},
    )  # fmt: skip
    assert twin.rest("gateway", "rest", "/v1/bars?symbol=BTC-USDT&resolution=7m")[2]["code"] == "UNKNOWN_RESOLUTION"
    assert twin.rest("gateway", "rest", "/v1/instruments?market_type=x")[2]["code"] == "UNKNOWN_MARKET_TYPE"
    answers = twin.burst("gateway", "rest", "/v1/time", 25)
    assert answers[-1][0] == 429 and answers[-1][1]["Retry-After"] == "1"


# MARK: Faults


def test_early_data_is_sent_before_connected(twin):
    twin.fault("early_data", venue="gateway", count=1)
    with GatewayClient(twin) as client:
        client.connect()
        early = client.receive()
        assert early["type"] == "TRADE" and client.receive()["type"] == "CONNECTED"
        trades = client.frames(20, typed("TRADE"))
        assert early["price"] not in {frame["price"] for frame in trades if frame["id"] == early["id"]}
    with GatewayClient(twin) as client:
        client.connect()
        assert client.receive()["type"] == "CONNECTED"


def test_the_faults_of_the_exchanges_work_here_too(twin):
    with GatewayClient(twin) as client:
        client.connect()
        client.frames(5)
        twin.fault("duplicate", venue="gateway", stream="TRADE:BTC-USDT")
        ids = [frame["id"] for frame in client.frames(200, typed("TRADE"))]
        assert len(ids) - len(set(ids)) == 1
        twin.fault("silence_stream", venue="gateway", stream="trade", duration_ms=300)
        last = ids[-1]
        while (number := client.frames(1, typed("TRADE"))[0]["id"]) <= last + 5:
            last = number
        twin.fault("bad_number", venue="gateway", stream="bbo", text="1e-400")
        assert client.frames(1, lambda frame: frame.get("bid") == "1e-400")
        twin.fault("truncated_json", venue="gateway", stream="trade")
        with pytest.raises(ValueError):
            client.frames(1000)
        twin.fault("close_code", venue="gateway", code=4401)
        assert closed(client.socket) == 4401
