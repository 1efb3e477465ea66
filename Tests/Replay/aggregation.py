# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`aggregator --replay`: files of records in, the aggregator's own out."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Iterable, Iterator

from markets.oracle import Oracle
from markets.records import as_replayed, named, oracle_line, record_line


def run_replay(aggregator: Path, files: Iterable[Path], *settings: str) -> subprocess.CompletedProcess:
    """Runs it; what the tests read from the environment is no key of the aggregator's."""
    command = [str(aggregator), *(word for file in files for word in ("--replay", str(file))), *settings]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MARKETBUS_", "KAFKA_"))}
    return subprocess.run(command, capture_output=True, check=False, timeout=1800, env=environment)


def replayed(aggregator: Path, files: Iterable[Path], *settings: str) -> bytes:
    """Its output; one that fails or complains is an error."""
    done = run_replay(aggregator, files, *settings)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def values(output: bytes, topic: str) -> Iterator[dict[str, Any]]:
    """The values of a topic."""
    for line in output.splitlines():
        parsed = json.loads(line)
        if parsed["topic"] == topic:
            yield parsed["value"]


def told(output: bytes) -> list[str]:
    """The steps of opportunities that it told, in order of their text."""
    return sorted(record_line(value) for value in values(output, "arb.opportunity.v1"))


def expected(lines: list[str], oracle_of: type[Oracle] = Oracle) -> list[str]:
    """The steps that the oracle wants to be told of a script, in order of their text."""
    oracle, steps = oracle_of(named(lines[0])), []
    for line in as_replayed(lines)[1:]:
        steps += oracle.run(line.split(" ", 1)[0], named(line))
    return sorted(map(oracle_line, steps))
