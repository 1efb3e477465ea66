# Part of MarketBus. Apache License 2.0, see LICENSE.
"""The command line, TLS and speed."""

import json
import ssl
import subprocess

import pytest
from websockets.sync.client import connect

from conftest import BINARY, PATIENCE, frames


def run(*flags):
    return subprocess.run([BINARY, *map(str, flags)], capture_output=True, text=True, timeout=PATIENCE)


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


@pytest.mark.slow
def test_a_core_carries_the_rate(start):
    rate = 20000
    twin = start("--rate", rate, "--symbols", 20)
    names = "/".join(f"{coin}usdt@bookTicker" for coin in ["btc", "eth", "sol", "xrp", "bnb", "doge"])
    with twin.ws("binance", "spot_ws", "/stream?streams=" + names) as socket:
        # A raw reader: parsing at this rate would take the client longer than the twin.
        for _ in range(1000):
            socket.recv(timeout=PATIENCE)
        before = twin.stats()
        for _ in range(20000):
            socket.recv(timeout=PATIENCE)
        after = twin.stats()
    seconds = (after["cpu_ms"] - before["cpu_ms"]) / 1000
    frames_a_second = (after["frames"] - before["frames"]) / seconds
    print(f"{frames_a_second:.0f} frames a second of a core")
    assert frames_a_second > rate
