# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Weights, bans, rotation and maintenance."""

import contextlib

import pytest
from websockets.exceptions import InvalidStatus

from conftest import after_a_minutes_begin, frames, okx_subscribe, until
from test_rules import closed


def test_weights_are_counted_and_told(start):
    twin = start("--symbols", 2, "--rate", 10, *after_a_minutes_begin())

    def used(endpoint, path):
        return int(twin.rest("binance", endpoint, path)[1]["X-MBX-USED-WEIGHT-1M"])

    before = used("spot_rest", "/api/v3/ping")
    assert used("spot_rest", "/api/v3/depth?symbol=BTCUSDT&limit=5000") == before + 250
    assert used("spot_rest", "/api/v3/klines?symbol=BTCUSDT&interval=1m") == before + 252
    futures = used("usdm_rest", "/fapi/v1/time")
    # USD-M and COIN-M share one budget.
    assert used("coinm_rest", "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000") == futures + 20


def test_too_much_weight_is_429_then_a_ban(start):
    twin = start("--symbols", 2, "--rate", 10, "--ban-ms", 700, *after_a_minutes_begin())
    answers = twin.burst("binance", "spot_rest", "/api/v3/depth?symbol=BTCUSDT&limit=5000", 40)
    statuses = [status for status, _, _ in answers]
    assert statuses == [200] * 24 + [429] * 10 + [418] * 6
    refused, banned = answers[24], answers[-1]
    assert 1 <= int(refused[1]["Retry-After"]) <= 60 and refused[2]["code"] == -1003
    assert "banned until" in banned[2]["msg"] and int(banned[1]["Retry-After"]) == 1
    assert int(refused[1]["X-MBX-USED-WEIGHT-1M"]) == 6250
    # The futures have a budget of their own.
    assert twin.rest("binance", "usdm_rest", "/fapi/v1/time")[0] == 200


def test_okx_limits_each_endpoint(twin):
    path = "/api/v5/public/funding-rate-history?instId="
    for name in ("BTC-USDT-SWAP", "ETH-USDT-SWAP"):
        answers = [body["code"] for _, _, body in twin.burst("okx", "rest", path + name, 11)]
        assert answers == ["0"] * 10 + ["50011"]
    until(lambda: twin.rest("okx", "rest", path + "BTC-USDT-SWAP")[2]["code"] == "0")


def test_a_rotation_is_announced_where_the_venue_does(start):
    twin = start("--connection-life-ms", 2500, "--rotation-notice-ms", 1200)
    with contextlib.ExitStack() as stack:
        spot = stack.enter_context(twin.ws("binance", "spot_ws", "/stream?streams=btcusdt@trade"))
        futures = stack.enter_context(twin.ws("binance", "usdm_public_ws", "/ws"))
        okx = stack.enter_context(twin.ws("okx", "public_ws"))
        notice = frames(spot, 1, lambda frame: frame.get("stream") == "!serverShutdown")[0]
        opened = next(line["t_ns"] for line in twin.log() if line.get("venue") == "binance" and "open" in line)
        assert notice["data"]["e"] == "serverShutdown" and notice["data"]["E"] - opened // 1_000_000 >= 1290
        # Data flows on until the end.
        assert frames(spot, 1, lambda frame: frame["stream"] == "btcusdt@trade")
        assert frames(okx, 1)[0]["code"] == "64008"
        assert [closed(spot), closed(futures), closed(okx)] == [1001, 1001, 1001]


def test_maintenance(twin):
    with contextlib.ExitStack() as stack:
        spot = stack.enter_context(twin.ws("binance", "spot_ws", "/ws/btcusdt@trade"))
        okx = stack.enter_context(twin.ws("okx", "public_ws"))
        okx_subscribe(okx, ("books", "BTC-USDT"))
        before = frames(okx, 2, lambda frame: "data" in frame)[1]["data"][0]["seqId"]
        frames(spot, 1)
        twin.fault("maintenance", venue="okx", delay_ms=200, duration_ms=2500, reset=True, sequence=40)
        assert frames(okx, 1, lambda frame: "event" in frame and frame["event"] == "notice")[0]["code"] == "64008"
        status, _, body = twin.rest("okx", "rest", "/api/v5/public/time")
        assert status == 503 and body["code"] == "50001"
        assert closed(okx) == 1001
        with pytest.raises(InvalidStatus):
            twin.ws("okx", "public_ws").__enter__()
        frames(spot, 5)
    until(lambda: twin.rest("okx", "rest", "/api/v5/public/time")[0] == 200)
    with twin.ws("okx", "public_ws") as okx:
        okx_subscribe(okx, ("books", "BTC-USDT"))
        assert 40 <= frames(okx, 1, lambda frame: "data" in frame)[0]["data"][0]["seqId"] < before
