# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Every fault, seen from the client's side and from the log's."""

import json
import socket as plain
import time

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidMessage, InvalidStatus

from conftest import PATIENCE, frames, okx_subscribe, subscribe, until
from test_rules import closed

TRADES = "/ws/btcusdt@trade"


def ids(got):
    return [frame["t"] for frame in got]


def test_cut_with_a_reset(twin):
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        frames(socket, 5)
        assert twin.fault("cut", venue="binance", market="spot")["matched"] == 1
        assert closed(socket) is None
    assert twin.fault("cut", venue="okx")["matched"] == 0


def test_cut_with_an_end_delivers_all_that_was_logged(twin):
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        got = ids(frames(socket, 5))
        twin.fault("cut", mode="fin")
        with pytest.raises(ConnectionClosed):
            while True:
                got.append(json.loads(socket.recv(timeout=PATIENCE))["t"])
    assert [int(line["id"]) for line in twin.log() if line.get("kind") == "trade"] == got


def test_close_code(twin):
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        twin.fault("close_code", code=1012)
        assert closed(socket) == 1012


def test_half_open_sends_nothing_and_stays(twin):
    with twin.ws("binance", "spot_ws", TRADES, close_timeout=0.2, ping_interval=None) as socket:
        frames(socket, 5)
        twin.fault("half_open", venue="binance", duration_ms=3000)
        connection = twin.stats()["connections"][0]
        assert connection["state"] == "frozen"
        with pytest.raises(TimeoutError):
            while True:
                socket.recv(timeout=0.5)
        socket.ping()
        with pytest.raises(ConnectionClosedError):
            socket.recv(timeout=PATIENCE)
    sent = [line for line in twin.log() if line.get("kind") == "trade"]
    hit = next(line for line in twin.log() if line.get("event") == "hit")
    assert all(line["t_ns"] <= hit["t_ns"] for line in sent)


def test_silence_of_one_stream(twin):
    with twin.ws("binance", "spot_ws", "/ws/btcusdt@trade/ethusdt@bookTicker") as socket:
        frames(socket, 5)
        twin.fault("silence_stream", stream="btcusdt@trade", duration_ms=400)
        until(lambda: twin.get(twin.control + "/faults")[2]["active"] == [])
        last = twin.stats()["streams"]["binance/spot/btcusdt@trade"]["last_id"]
        got = []
        while not got or got[-1] <= int(last):
            got += ids(frames(socket, 1, lambda frame: "t" in frame))
    gaps = [later - earlier for earlier, later in zip(got, got[1:]) if later != earlier + 1]
    assert len(gaps) == 1 and gaps[0] > 1
    logged = [int(line["id"]) for line in twin.log() if line.get("kind") == "trade"]
    assert got == logged[logged.index(got[0]) :][: len(got)]


def test_garbage_and_huge_frames(twin):
    with twin.ws("okx", "public_ws") as socket:
        okx_subscribe(socket, ("trades", "BTC-USDT"))
        twin.fault("garbage_frame", venue="okx", count=2)
        texts = [socket.recv(timeout=PATIENCE) for _ in range(500)]
        assert sum(not text.startswith("{") for text in texts) == 2
        twin.fault("huge_frame", venue="okx")
        sizes = [len(socket.recv(timeout=PATIENCE)) for _ in range(500)]
        assert sum(size > 16 << 20 for size in sizes) == 1


def test_truncated_frame_promises_more_than_it_brings(twin):
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        frames(socket, 5)
        twin.fault("truncated_frame", stream="btcusdt@trade")
        with pytest.raises(ConnectionClosedError):
            while True:
                json.loads(socket.recv(timeout=PATIENCE))
    touched = [line for line in twin.log() if line.get("fault") == "truncated_frame" and "kind" in line]
    assert len(touched) == 1


@pytest.mark.parametrize("kind", ["truncated_json", "bad_number"])
def test_a_spoiled_copy_comes_before_the_real_frame(twin, kind):
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        good, bad = [], []
        twin.fault(kind, stream="trade", count=3, text="1e400")
        while len(bad) < 3 or len(good) < 20:
            text = socket.recv(timeout=PATIENCE)
            try:
                frame = json.loads(text)
                (bad if frame["p"] == "1e400" else good).append(frame)
            except ValueError:
                bad.append(text)
    assert len(bad) == 3
    assert ids(good) == list(range(good[0]["t"], good[0]["t"] + len(good)))


def test_duplicate_and_reorder(twin):
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        frames(socket, 3)
        twin.fault("duplicate", stream="btcusdt@trade", count=2)
        got = ids(frames(socket, 500))
        assert len(got) - len(set(got)) == 2 and got == sorted(got)
        twin.fault("reorder", stream="btcusdt@trade")
        got = ids(frames(socket, 500))
    swaps = [index for index in range(len(got) - 1) if got[index + 1] < got[index]]
    assert len(swaps) == 1 and sorted(got) == list(range(min(got), max(got) + 1))
    logged = [int(line["id"]) for line in twin.log() if line.get("kind") == "trade"]
    assert any(logged[at : at + len(got)] == got for at in range(len(logged)))


def test_slow_drip_arrives_whole_but_late(twin):
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        frames(socket, 3)
        twin.fault("slow_drip", stream="btcusdt@trade", delay_ms=3)
        started = time.monotonic()
        got = ids(frames(socket, 500))
        assert time.monotonic() - started > 0.3
    assert got == list(range(got[0], got[0] + 500))


def test_ack_without_data(twin):
    twin.fault("ack_without_data", venue="binance", stream="btcusdt@trade", count=1)
    with twin.ws("binance", "spot_ws", "/ws") as socket:
        subscribe(socket, "btcusdt@trade", "ethusdt@trade")
        assert frames(socket, 1)[0]["result"] is None
        assert {frame["s"] for frame in frames(socket, 20)} == {"ETHUSDT"}
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        frames(socket, 5)


def test_refused_connections(twin):
    twin.fault("refuse", duration_ms=1500)

    def refused():
        try:
            plain.create_connection(("127.0.0.1", twin.port), 1).close()
            return False
        except ConnectionRefusedError:
            return True

    until(refused)
    until(lambda: not refused())
    twin.fault("refuse", venue="okx", duration_ms=60000)
    with pytest.raises((OSError, InvalidMessage)):
        twin.ws("okx", "public_ws").__enter__()
    with twin.ws("binance", "spot_ws", TRADES) as socket:
        frames(socket, 2)


@pytest.mark.parametrize("status", [418, 429, 503])
def test_http_status_on_rest_and_handshake(twin, status):
    twin.fault("http_status", venue="binance", status=status, count=2, retry_after=7)
    got, headers, _ = twin.rest("binance", "spot_rest", "/api/v3/exchangeInfo")
    assert got == status and headers["Retry-After"] == (None if status == 503 else "7")
    with pytest.raises(InvalidStatus) as caught:
        twin.ws("binance", "spot_ws", TRADES).__enter__()
    assert caught.value.response.status_code == status
    assert twin.rest("binance", "spot_rest", "/api/v3/ping")[0] == 200


def test_http_latency(twin):
    twin.fault("http_latency", venue="okx", delay_ms=300, count=1)
    started = time.monotonic()
    assert twin.rest("okx", "rest", "/api/v5/public/time")[0] == 200
    assert time.monotonic() - started > 0.28


def test_a_script_does_the_same(start, tmp_path):
    script = tmp_path / "script.jsonl"
    script.write_text('{"at_ms":0,"kind":"http_status","status":503,"count":1}\n')
    twin = start("--script", script)
    until(lambda: twin.rest("binance", "spot_rest", "/api/v3/ping")[0] == 503)
    assert twin.rest("binance", "spot_rest", "/api/v3/ping")[0] == 200


def test_unknown_faults_are_named(twin):
    import urllib.error

    with pytest.raises(urllib.error.HTTPError) as caught:
        twin.fault("nonsense")
    assert "half_open" in json.loads(caught.value.read())["kinds"]


def test_shutdown_over_the_control_port(twin):
    import urllib.request

    urllib.request.urlopen(twin.control + "/shutdown", data=b"", timeout=PATIENCE).read()
    assert twin.process.wait(5) == 0
