# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The command line, TLS and speed."""

import json
import ssl
import subprocess
import time

import pytest
from websockets.sync.client import connect

from conftest import BINARY, frames


def run(*flags):
    return subprocess.run([BINARY, *map(str, flags)], capture_output=True, text=True, timeout=10)


def test_bad_command_lines_exit_64():
    for flags in [("--nope", "1"), ("--port",), ("--rate", "fast"), ("--tls-cert", "x"), ("--session", "/none")]:
        result = run(*flags)
        assert result.returncode == 64 and result.stderr.startswith("exchange-twin: ")
    assert json.loads(run("--print-config", "--rate", 7).stdout)["rate"] == 7


def test_a_taken_port_exits_69(twin):
    assert run("--port", twin.port).returncode == 69


def test_tls(start, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=127.0.0.1"]
        + ["-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    twin = start("--tls-cert", certificate, "--tls-key", key)
    assert twin.url("binance", "spot_ws").startswith("wss://") and twin.url("okx", "rest").startswith("https://")
    context = ssl.create_default_context(cafile=str(certificate))
    with connect(twin.url("binance", "spot_ws", "/ws/btcusdt@trade"), ssl=context, compression=None) as socket:
        got = [frame["t"] for frame in frames(socket, 200)]
    assert got == list(range(got[0], got[0] + 200))


@pytest.mark.parametrize("rate", [20000])
def test_it_sustains_the_rate(start, rate):
    twin = start("--rate", rate, "--symbols", 20)
    names = "/".join(f"{coin}usdt@bookTicker" for coin in ["btc", "eth", "sol", "xrp", "bnb", "doge"])
    with twin.ws("binance", "spot_ws", "/stream?streams=" + names) as socket:
        for _ in range(1000):
            socket.recv(timeout=5)
        before, started = twin.stats(), time.monotonic()
        # A raw reader: parsing at this rate would measure the client.
        while time.monotonic() - started < 2:
            socket.recv(timeout=5)
        after = twin.stats()
    seconds = (after["uptime_ms"] - before["uptime_ms"]) / 1000
    sent = (after["frames"] - before["frames"]) / seconds
    load = (after["cpu_ms"] - before["cpu_ms"]) / 1000 / seconds
    print(f"{sent:.0f} frames/s, {load * 100:.0f} % of a core")
    assert sent > 0.8 * rate
