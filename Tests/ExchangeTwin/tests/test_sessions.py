# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Recorded sessions, made here in the documented form."""

import json

import pytest

from conftest import PATIENCE, frames, okx_subscribe, subscribe, told, until


def line(connection, nanoseconds, message, direction="in", **more):
    text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
    return json.dumps({"recv_ns": nanoseconds, "conn": connection, "dir": direction, "msg": text, **more})


def trade(number):
    data = {"e": "trade", "E": 1, "s": "ABCUSDT", "t": number, "p": "1.50000000", "q": "2", "T": 1, "m": True}
    return {"stream": "abcusdt@trade", "data": data}


@pytest.fixture
def session(tmp_path):
    path = tmp_path / "spot.session.jsonl"
    depth = '{"lastUpdateId":7,"bids":[],"asks":[]}'
    url = "https://api.binance.com/api/v3/depth?symbol=ABCUSDT&limit=1000"
    lines = [line("binance.spot.ws", 1000, depth, "http", url=url)]
    for number in range(500):
        lines.append(line("binance.spot.ws", 1000 + number * 1_000_000, trade(number)))
        lines.append(
            line(
                "binance.spot.ws",
                1001 + number * 1_000_000,
                {"stream": "abcusdt@bookTicker", "data": {"u": number, "s": "ABCUSDT", "b": "1", "B": "1"}},
            )
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_subscribed_frame_arrives_once_and_verbatim(start, session):
    twin = start("--session", session, "--speed", "max", "--session-wait")
    with twin.ws("binance", "spot_ws", "/stream") as socket:
        subscribe(socket, "abcusdt@trade")
        assert frames(socket, 1) == [{"result": None, "id": 1}]
        texts = [socket.recv(timeout=PATIENCE) for _ in range(500)]
        recorded = [json.loads(row)["msg"] for row in session.read_text().splitlines()]
        assert texts == [text for text in recorded if "@trade" in text]
        assert list(told(socket)) == []
    logged = [entry["id"] for entry in twin.log() if entry.get("kind") == "trade"]
    assert logged == [str(number) for number in range(500)]


def test_a_bare_connection_gets_the_bare_payload(start, session):
    twin = start("--session", session, "--speed", "max", "--session-streams", 2)
    with twin.ws("binance", "spot_ws", "/ws/abcusdt@trade/abcusdt@bookTicker") as socket:
        got = frames(socket, 1000)
    assert got[0] == trade(0)["data"] and got[1]["u"] == 0


def test_speed_and_loop(start, session):
    twin = start("--session", session, "--speed", 2, "--session-wait", "--session-settle-ms", 20, "--loop")
    with twin.ws("binance", "spot_ws", "/ws/abcusdt@trade") as socket:
        got = [frame["t"] for frame in frames(socket, 510)]
    sent = [entry["t_ns"] for entry in twin.log() if entry.get("kind") == "trade"]
    # Half a second was recorded; at twice the speed it takes a quarter, later on a slow machine.
    assert sent[499] - sent[0] > 240_000_000
    assert got == list(range(500)) + list(range(10))


def test_rest_follows_the_session(start, session):
    twin = start("--session", session)
    symbols = twin.rest("binance", "spot_rest", "/api/v3/exchangeInfo")[2]["symbols"]
    assert [(row["symbol"], row["baseAsset"], row["quoteAsset"]) for row in symbols] == [("ABCUSDT", "ABC", "USDT")]
    assert twin.rest("binance", "spot_rest", "/api/v3/depth?symbol=ABCUSDT")[2]["lastUpdateId"] == 7
    until(lambda: twin.stats()["session"][0]["next"] == 1000)


def test_okx_and_recorded_instruments(start, tmp_path):
    path = tmp_path / "okx.session.jsonl"
    push = '{"arg":{"channel":"trades","instId":"X-USDT-SWAP"},"data":[{"tradeId":"4"},{"tradeId":"5"}]}'
    path.write_text(
        line("okx.public.ws", 1, '{"op":"subscribe"}', "out")
        + "\n"
        + line("okx.public.ws", 2, '{"event":"subscribe","arg":{"channel":"trades","instId":"X-USDT-SWAP"}}')
        + "\n"
        + line("okx.public.ws", 3, push)
        + "\n"
    )
    rest = tmp_path / "instruments.jsonl"
    body = '{"code":"0","data":[{"instId":"X-USDT-SWAP","ctVal":"7"}]}'
    rest.write_text(json.dumps({"url": "https://x/api/v5/public/instruments?instType=SWAP", "msg": body}) + "\n")
    twin = start("--session", path, "--instruments", rest, "--session-wait", "--speed", "max")
    assert twin.rest("okx", "rest", "/api/v5/public/instruments?instType=SWAP")[2]["data"][0]["ctVal"] == "7"
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("trades", "X-USDT-SWAP"), ("trades", "Y-USDT-SWAP"))
        assert [frame["event"] for frame in frames(socket, 2)] == ["subscribe", "error"]
        assert socket.recv(timeout=PATIENCE) == push
    assert [entry["ids"] for entry in twin.log() if entry.get("kind") == "trade"] == [["4", "5"]]
