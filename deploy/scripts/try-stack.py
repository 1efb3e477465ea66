#!/usr/bin/env python3
# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Builds the images, runs the demo stack in containers as a user would, scales it, kills a part of it, and ends it.

    deploy/scripts/try-stack.py [--keep]     exit 0: all held, or there is no engine here, which is said; 1: what did not

It is a second stack (project marketbus-try) with topics of its own; the first build compiles for ten minutes or more.
--keep leaves it running.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "marketbus-try"
OURS = ["binance-feed", "okx-feed", "htx-feed", "coinbase-feed", "aggregator", "exchange-twin"]
IMAGE_LIMIT = 120e6
USER = "10001"


class Failure(Exception):
    """Something that must hold does not."""


def engine() -> str | None:
    """The program that runs containers, where its compose is there too."""
    if shutil.which("docker") and run("docker", "compose", "version", check=False).returncode == 0:
        return "docker"
    if shutil.which("podman") and (shutil.which("podman-compose") or os.environ.get("COMPOSE")):
        return "podman"
    return None


def run(*command: str, check: bool = True, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """A command's outcome; one that takes too long fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{' '.join(command)}: no end within {seconds:.0f} s") from error
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done


def stack(*words: str, check: bool = True, seconds: float = 180) -> subprocess.CompletedProcess[str]:
    return run(str(ROOT / "compose/stack"), *words, check=check, seconds=seconds)


def marketbus(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return stack("marketbus", *words, check=check)


def records(*words: str) -> list[dict[str, Any]]:
    """What `tail` prints; nothing where the topic is not there yet."""
    told = marketbus("tail", *words, check=False).stdout
    return [json.loads(line) for line in told.splitlines() if line.startswith("{")]


def until(what: str, holds: Callable[[], bool], seconds: float = 120) -> float:
    """Waits until it holds and says how many seconds that took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise Failure(f"{what}: not within {seconds:.0f} s")
        time.sleep(1)
    return time.monotonic() - began


def say(name: str, figure: str) -> None:
    print(f"{name:<34} {figure}", flush=True)


class Stack:
    def __init__(self, program: str) -> None:
        self.program = program

    def containers(self, service: str = "") -> list[str]:
        """The running containers of a service, or of all."""
        filters = ["--filter", f"label=com.docker.compose.project={PROJECT}"]
        if service:
            filters += ["--filter", f"label=com.docker.compose.service={service}"]
        return run(self.program, "ps", "-q", *filters).stdout.split()

    def is_healthy(self, container: str) -> bool:
        """Podman checks when asked, as a machine may have no systemd to ask; docker by itself."""
        if self.program == "podman":
            return run("podman", "healthcheck", "run", container, check=False).returncode == 0
        health = run("docker", "inspect", "-f", "{{.State.Health.Status}}", container, check=False)
        return health.stdout.strip() == "healthy"

    def all_healthy(self, services: dict[str, int]) -> bool:
        return all(
            len(self.containers(service)) == count and all(map(self.is_healthy, self.containers(service)))
            for service, count in services.items()
        )

    def images(self) -> None:
        """Small, not root, nothing writable, no Swift library to load."""
        for name in [*OURS, "marketbus"]:
            found = json.loads(run(self.program, "image", "inspect", f"marketbus/{name}:latest").stdout)[0]
            say(f"image {name}", f"{found['Size'] / 1e6:.1f} MB")
            if found["Size"] > IMAGE_LIMIT:
                raise Failure(f"image {name}: larger than {IMAGE_LIMIT / 1e6:.0f} MB")
            if found["Config"]["User"] != USER:
                raise Failure(f"image {name}: runs as {found['Config']['User']!r}")
        for service in OURS:
            for container in self.containers(service):
                words = 'echo "$EUID"; { : > /written; } 2> /dev/null && echo written; { : > /usr/local/bin/written; } 2> /dev/null && echo written'
                told = run(self.program, "exec", container, "bash", "-c", words, check=False).stdout.split()
                if told != [USER]:
                    raise Failure(f"{service}: user and what could be written: {told}")

    def memory(self) -> None:
        lines = run(self.program, "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}").stdout.splitlines()
        for line in sorted(line for line in lines if line.startswith(PROJECT)):
            name, _, usage = line.partition(" ")
            say(f"memory {re.sub(PROJECT + '[-_]', '', name)}", usage.split("/")[0].strip())


def owners(since: str) -> dict[str, str]:
    """Which feed published each symbol of Binance last."""
    found: dict[str, str] = {}
    for record in records("md.bbo.v1", "--venue", "binance", "--from", since, "--until-end"):
        found[record["value"]["symbol"]] = record["value"]["feed"]
    return found


def start(own: Stack) -> None:
    began = time.monotonic()
    stack("up", "demo", seconds=5400)
    say("up, with what had to be built", f"{time.monotonic() - began:.0f} s")
    healthy = {"kafka": 1, **dict.fromkeys(OURS, 1)}
    say("all healthy after another", f"{until('all healthy', lambda: own.all_healthy(healthy)):.0f} s")
    first = time.time()
    until("a quote", lambda: bool(records("agg.quote.v1", "--from", "begin", "--until-end")))
    format_ = "{{.State.StartedAt.UnixMilli}}" if own.program == "podman" else "{{.State.StartedAt}}"
    started = run(own.program, "inspect", "-f", format_, own.containers("kafka")[0]).stdout.strip()
    if started.isdigit():
        quotes = records("agg.quote.v1", "--from", "begin", "--until-end")
        first = min(record["timestamp_ms"] for record in quotes) / 1000 - int(started) / 1000
        say("first quote after the broker began", f"{first:.1f} s")
    until("an opportunity", lambda: bool(records("arb.opportunity.v1", "--from", "begin", "--until-end")))
    route = marketbus("route", "BTC-USDT", "buy", "0.5").stdout.splitlines()
    say("route", " ".join(route[:2]))
    own.images()
    own.memory()


def proven(what: str) -> None:
    """The topics alone say that nothing is missing, or which part of it and why."""
    done = marketbus("verify", "--from", "begin", check=False)
    say(f"verify {what}", " / ".join(done.stdout.strip().splitlines()[-2:]))
    if done.returncode != 0:
        raise Failure(f"verify {what}: exit code {done.returncode}:\n{done.stdout[-3000:]}")


def scale(own: Stack) -> None:
    """Three feeds share the symbols, two aggregators the partitions; one of each is killed."""
    before = owners("20s")
    counts = ["binance-feed=3", "aggregator=2"]
    # podman-compose hears one --scale and leaves the others as they are; docker compose undoes what is not said.
    for words in [[count] for count in counts] if own.program == "podman" else [counts]:
        stack("up", "--", *(word for count in words for word in ("--scale", count)))
    until("scaled and healthy", lambda: own.all_healthy({"binance-feed": 3, "aggregator": 2}))
    shared = until("symbols shared by several feeds", lambda: len(set(owners("3s").values())) > 1)
    say("symbols shared after another", f"{shared:.0f} s, by {len(set(owners('3s').values()))} of 3 feeds")
    proven("after scaling")
    victim = busiest(own)
    run(own.program, "kill", victim)
    gone = next(name for name in set(owners("20s").values()) if name.endswith(victim[:12]))
    taken = until("its symbols are another's", lambda: gone not in owners("3s").values() and len(owners("3s")) == len(before))
    say("a killed feed is replaced", f"seen after {taken:.0f} s; verify below has the time without a feed")
    killed = own.containers("aggregator")[0]
    run(own.program, "kill", killed)
    symbols = {record["value"]["symbol"] for record in records("agg.quote.v1", "--from", "60s", "--until-end")}
    quoted: Callable[[], set[str]] = lambda: {
        record["value"]["symbol"] for record in records("agg.quote.v1", "--from", "3s", "--until-end")
    }
    say("a killed aggregator's quotes after", f"{until('quotes of all symbols', lambda: quoted() >= symbols):.0f} s")
    proven("after both were killed")


def busiest(own: Stack) -> str:
    """The container of the feed that has most symbols now."""
    names = list(owners("10s").values())
    return max(own.containers("binance-feed"), key=lambda container: sum(name.endswith(container) for name in names))


def leftovers(program: str) -> Iterator[str]:
    label = ["--filter", f"label=com.docker.compose.project={PROJECT}"]
    yield from run(program, "ps", "-aq", *label).stdout.split()
    yield from run(program, "volume", "ls", "-q", *label).stdout.split()
    yield from run(program, "network", "ls", "-q", *label).stdout.split()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds, starts, scales and ends the demo stack in containers.")
    parser.add_argument("--keep", action="store_true", help="leave the stack running")
    wanted = parser.parse_args()
    program = engine()
    if program is None:
        print("try-stack: skipped: no docker compose and no podman-compose here")
        return 0
    os.environ.update(COMPOSE_PROJECT_NAME=PROJECT, KAFKA_PORT=str(free_port()), AGGREGATOR_PORT="")
    own = Stack(program)
    try:
        start(own)
        scale(own)
    except Failure as failure:
        print(f"try-stack: {failure}")
        return 1
    finally:
        if not wanted.keep:
            stack("down", "--", "--volumes", check=False)
    left = [] if wanted.keep else list(leftovers(program))
    if left:
        print(f"try-stack: `down` left {left}")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
