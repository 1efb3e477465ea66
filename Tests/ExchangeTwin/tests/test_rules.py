# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The venues' rules: errors, pings, limits, life."""

import json
import time

import pytest
from websockets.exceptions import ConnectionClosed

from conftest import PATIENCE, frames, okx_subscribe, subscribe, until


def closed(socket):
    """The close code, read past whatever else comes."""
    end = time.monotonic() + PATIENCE
    with pytest.raises(ConnectionClosed) as caught:
        while time.monotonic() < end:
            socket.recv(timeout=PATIENCE)
    return caught.value.rcvd.code if caught.value.rcvd else None


def test_binance_answers_bad_requests_as_the_sheet_says(twin):
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        socket.send("hello")
        assert frames(socket, 1) == [{"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}]
        socket.send('{"method":"SUBSCRIB","params":[],"id":1}')
        assert frames(socket, 1)[0]["code"] == 2
        socket.send('{"method":"GET_PROPERTY","params":["combined"],"id":6}')
        assert frames(socket, 1) == [{"result": False, "id": 6}]
    with twin.ws("binance", "spot_ws", "/stream") as socket:
        socket.send('{"method":"SET_PROPERTY","params":["combined",false],"id":5}')
        assert frames(socket, 1) == [{"result": None, "id": 5}]
        socket.send('{"method":"SET_PROPERTY","params":["other",true],"id":5}')
        assert frames(socket, 1) == [{"code": 0, "msg": "Unknown property", "id": 5}]
        socket.send('{"method":"SET_PROPERTY","params":["combined",1],"id":5}')
        assert frames(socket, 1) == [{"code": 1, "msg": "Invalid value type: expected Boolean"}]


def test_binance_unsubscribes_and_lists(twin):
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        subscribe(socket, "btcusdt@bookTicker", "ethusdt@bookTicker")
        socket.send('{"method":"UNSUBSCRIBE","params":["btcusdt@bookTicker"],"id":2}')
        frames(socket, 2, lambda frame: "result" in frame)
        socket.send('{"method":"LIST_SUBSCRIPTIONS","id":3}')
        assert frames(socket, 1, lambda frame: "result" in frame) == [{"result": ["ethusdt@bookTicker"], "id": 3}]
        assert {frame["s"] for frame in frames(socket, 20)} == {"ETHUSDT"}


def test_okx_answers_bad_requests_as_the_sheet_says(twin):
    with twin.ws("okx", "public_ws") as socket:
        socket.send('{"op": "subscribe", "argss":[]}')
        error = frames(socket, 1)[0]
        assert error["code"] == "60012" and error["msg"] == 'Invalid request: {"op": "subscribe", "argss":[]}'
        okx_subscribe(socket, ("trades", "NO-USDT"), ("candle1m", "BTC-USDT"), ("trades", "BTC-USDT"))
        answers = frames(socket, 3, lambda frame: "event" in frame)
        assert [answer.get("code", answer["event"]) for answer in answers] == ["60018", "60018", "subscribe"]
        socket.send("ping")
        while (text := socket.recv(timeout=PATIENCE)) != "pong":
            assert text.startswith("{")
    with twin.ws("okx", "business_ws") as socket:
        okx_subscribe(socket, ("candle1m", "BTC-USDT"), ("trades", "BTC-USDT"))
        answers = frames(socket, 2)
        assert [answer.get("code", answer["event"]) for answer in answers] == ["subscribe", "60018"]


def test_a_flood_of_messages_cuts_the_connection(twin):
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        for number in range(6):
            socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
        assert closed(socket) == 1008


def test_too_many_streams_cut_the_connection(start):
    twin = start("--max-streams-futures", 3)
    with twin.ws("binance", "usdm_public_ws", "/ws") as socket:
        subscribe(socket, *[f"{coin}usdt@bookTicker" for coin in ["btc", "eth", "sol", "xrp"]])
        assert closed(socket) == 1008


def test_server_pings_and_gives_up_without_pong(start):
    twin = start("--ping-spot-ms", 100, "--pong-spot-ms", 700, "--no-limits")
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        with pytest.raises(TimeoutError):
            socket.recv(timeout=1.5)  # the client answers pings by itself, so it lives
        socket.protocol.receive_data = lambda data: None  # from here on it hears nothing
        until(lambda: twin.stats()["connections"] == [])
    assert any(line.get("closed", "").startswith("close 1008 Pong") for line in twin.log())


def test_okx_closes_a_silent_connection(start):
    twin = start("--okx-idle-ms", 600)
    with twin.ws("okx", "public_ws") as socket:
        lively = time.monotonic() + 1.2
        while time.monotonic() < lively:
            socket.send("ping")
            assert socket.recv(timeout=PATIENCE) == "pong"
        assert closed(socket) == 4004


def test_connections_end_after_their_life(start):
    twin = start("--connection-life-ms", 200)
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        assert closed(socket) == 1001


def test_okx_takes_three_connections_a_second(twin):
    assert [status for status, _ in twin.handshakes("okx", "public_ws", 4)] == [101] * 3 + [429]


def test_rest_limits(twin):
    answers = twin.burst("okx", "rest", "/api/v5/public/time", 11)
    assert answers[-1][0] == 429 and answers[-1][2]["code"] == "50011"
    assert [status for status, _, _ in answers[:10]] == [200] * 10


def test_notices(twin):
    with twin.ws("okx", "public_ws") as socket:
        twin.fault("notice", venue="okx", duration_ms=100)
        assert frames(socket, 1)[0]["code"] == "64008"
        assert closed(socket) == 1001
    with twin.ws("binance", "spot_ws", "/stream") as socket:
        twin.fault("server_shutdown", venue="binance", duration_ms=100)
        notice = frames(socket, 1)[0]
        assert notice["stream"] == "!serverShutdown" and notice["data"]["e"] == "serverShutdown"
        assert closed(socket) == 1001
