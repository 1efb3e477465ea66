# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Brokers: the embedded one, a cluster that the environment names, and a real Kafka that can be stopped."""

import os
import random
import socket
import subprocess
from pathlib import Path
from typing import Optional

import programs

from .process import Program


class EmbeddedBroker:
    """`marketbus broker`: librdkafka's mock cluster with the registry's topics."""

    def __init__(self, folder: Path) -> None:
        command = [str(programs.binary("marketbus")), "broker", "--port", "0"]
        self.program = Program("broker", command, folder)
        self.bootstrap = str(self.program.ready_line()["bootstrap_servers"])
        self.settings = {"kafka.embedded": True}

    def close(self) -> None:
        """Stops it."""
        self.program.stop()


class NamedCluster:
    """The cluster of KAFKA_BOOTSTRAP_SERVERS."""

    def __init__(self) -> None:
        self.bootstrap = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
        self.settings: dict[str, object] = {}

    def close(self) -> None:
        """Leaves it as it is."""


def kafka_script() -> Optional[Path]:
    """The script that starts a real Kafka: KAFKA_LAB, else the one beside the project; None where there is none."""
    named = os.environ.get("KAFKA_LAB")
    path = Path(named) if named else programs.ROOT.parent / "shared" / "kafka" / "kafka"
    return path if path.is_file() else None


class KafkaLab:
    """Brokers of Apache Kafka in their own folder, on their own ports, that a drill may stop, kill and start."""

    def __init__(self, folder: Path, brokers: int = 1) -> None:
        script = kafka_script()
        assert script is not None
        self._script = str(script)
        self._environment = {**os.environ, "KAFKA_DIR": str(folder / "kafka"), "KAFKA_PORT": str(_free_block(brokers))}
        try:
            self.bootstrap = self.run("up", str(brokers)).strip().splitlines()[-1]
        except BaseException:
            self.close()
            raise
        self.settings: dict[str, object] = {} if brokers == 1 else {"kafka.replication": min(brokers, 3)}

    def run(self, *arguments: str) -> str:
        """Runs one command of the script and gives its output."""
        done = subprocess.run(
            [self._script, *arguments], env=self._environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"kafka {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def stop_broker(self) -> None:
        """A clean shutdown of the broker."""
        self.run("stop", "1")

    def kill_broker(self, number: int) -> None:
        """Ends a broker without a word."""
        self.run("kill", str(number))

    def start_broker(self, number: int = 1) -> None:
        """Starts it again and waits for its port."""
        self.run("start", str(number))

    def close(self) -> None:
        """Kills it and deletes its data."""
        self.run("down")


def _free_block(brokers: int = 1) -> int:
    """The first of ports that nobody uses now, four in a row a broker and ten from one to the next; the script can't be
    asked for port 0."""
    for _ in range(50):
        first = random.randrange(21000, 29000, 10)
        if all(_is_free(first + 10 * broker + offset) for broker in range(brokers) for offset in range(4)):
            return first
    raise AssertionError("no free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
