# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Wrong configurations: the right exit code, a message that names what is wrong, nothing half-started."""

import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import programs
from harness.feed import Feed, feed_settings, nested
from harness.process import listening_ports
from harness.stage import Stage, need

PROGRAMS = ("binance-feed", "okx-feed", "aggregator", "marketbus")
CONFIGURATION = 64


class NoBroker:
    """A broker's address where nobody listens; a wrong configuration must be told before anybody asks it."""

    bootstrap = "127.0.0.1:9"
    settings: dict[str, Any] = {}


def run(program: str, *arguments: str, folder: Path, environment: dict[str, str] | None = None) -> Any:
    need(program)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("MARKETBUS_", "KAFKA_"))}
    return subprocess.run(
        [str(programs.binary(program)), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=folder,
        env={**inherited, **(environment or {})},
        check=False,
    )


def config_file(folder: Path, settings: dict[str, Any]) -> str:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(nested(settings)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_version_and_help_need_nothing(tmp_path: Path, program: str) -> None:
    version = run(program, "--version", folder=tmp_path)
    assert version.returncode == 0 and program in version.stdout
    usage = run(program, "--help", folder=tmp_path)
    assert usage.returncode == 0 and "--" in usage.stdout


@pytest.mark.parametrize("program", ("binance-feed", "okx-feed", "aggregator"))
def test_all_problems_are_told_at_once(tmp_path: Path, program: str) -> None:
    settings = {"http.port": 70_000, "http.prot": 1, "log.level": "loud", "kafka.partitions": "six"}
    done = run(program, "--config", config_file(tmp_path, settings), "--check-config", folder=tmp_path)
    said = done.stdout + done.stderr
    assert done.returncode == CONFIGURATION, said
    for wrong in ("http.port", "http.prot", "log.level", "kafka.partitions", "config.yaml"):
        assert wrong in said, f"{wrong} is not named in: {said}"


@pytest.mark.parametrize("program", ("binance-feed", "okx-feed"))
def test_a_good_configuration_is_said_to_be_good(tmp_path: Path, program: str) -> None:
    venue = program.split("-")[0]
    settings = {f"venues.{venue}.markets": ["spot"], f"venues.{venue}.symbols": ["BTC-USDT"], "http.port": 0}
    done = run(program, "--config", config_file(tmp_path, settings), "--check-config", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    path = config_file(tmp_path, {"http.port": 1111, "log.level": "debug", "service.instance": "from-file"})
    environment = {"MARKETBUS_HTTP__PORT": "2222", "MARKETBUS_LOG__LEVEL": "warning"}
    done = run(
        "binance-feed",
        "--config",
        path,
        "--set",
        "http.port=3333",
        "--check-config",
        folder=tmp_path,
        environment=environment,
    )
    assert done.returncode == 0, done.stderr
    for effective in ("http.port=3333", "log.level=warning", "service.instance=from-file"):
        assert effective in done.stdout, f"{effective} is not in {done.stdout}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("venues.binance.marekts", ["spot"]),
        ("venues.kraken.markets", ["spot"]),
        ("venues.binance.markets", ["margin"]),
        ("venues.binance.channels", ["trade", "gossip"]),
        ("venues.binance.endpoints.sopt_ws", "wss://example.invalid/ws"),
        ("feed.backoff_min_ms", -1),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path: Path, key: str, value: Any) -> None:
    done = run("binance-feed", "--config", config_file(tmp_path, {key: value}), "--check-config", folder=tmp_path)
    assert done.returncode == CONFIGURATION, done.stdout + done.stderr
    assert key.rsplit(".", 1)[-1] in done.stderr or key in done.stderr, done.stderr


def test_a_missing_configuration_file_is_named(tmp_path: Path) -> None:
    done = run("binance-feed", "--config", str(tmp_path / "nowhere.yaml"), folder=tmp_path)
    assert done.returncode == CONFIGURATION and "nowhere.yaml" in done.stderr, done.stderr


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("http:\n  port: [1\nlog: }\n", encoding="utf-8")
    done = run("binance-feed", "--config", str(path), folder=tmp_path)
    assert done.returncode == CONFIGURATION and "broken.yaml" in done.stderr, done.stderr


def test_a_port_in_use_is_named(stage: Stage) -> None:
    need("binance-feed", "exchange-twin", "marketbus")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        twin = stage.twin("--rate", "10")
        broker = stage.broker("embedded")
        settings = feed_settings("binance", "taken", broker, twin.endpoints("binance"), ["spot"], ["BTC-USDT"])
        feed = stage.feed("binance", {**settings, "http.port": port})
        assert feed.wait_exit(20) == CONFIGURATION
        assert str(port) in feed.tail(), feed.tail()


def test_an_unknown_symbol_is_named(stage: Stage) -> None:
    need("binance-feed", "exchange-twin", "marketbus")
    twin = stage.twin("--rate", "10")
    broker = stage.broker("embedded")
    settings = feed_settings("binance", "unknown", broker, twin.endpoints("binance"), ["spot"], ["NOSUCH-USDT"])
    feed = stage.feed("binance", settings)
    assert feed.wait_exit(30) == CONFIGURATION
    assert "NOSUCH-USDT" in feed.tail(), feed.tail()


def test_nothing_is_left_listening_after_a_refusal(stage: Stage) -> None:
    need("binance-feed")
    settings = feed_settings("binance", "refused", NoBroker, {}, ["spot"], ["BTC-USDT"])
    feed = Feed("binance", {**settings, "http.prot": 1}, stage.folder)
    stage.programs.append(feed)
    assert feed.wait_exit(10) == CONFIGURATION
    assert not listening_ports(feed.pid)
