#!/usr/bin/env python3
# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Runs the demo suite for a while and says whether any of its processes grows.

`soak.py [--seconds N] [-- FLAGS]`: starts `marketbus up --demo FLAGS` from MARKETBUS_BIN, samples every process below it,
and compares the second quarter of the time with the last. Exit code 0: nothing grew and the suite stopped when asked.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = os.sysconf("SC_PAGE_SIZE")
STOP_SECONDS = 15
# What may change between two quarters without being growth: (share of the earlier value, absolute).
SLACK = {"resident_mb": (0.20, 8.0), "descriptors": (0.0, 8.0), "threads": (0.0, 4.0)}

Key = tuple[str, int]


def descendants(root: int) -> list[int]:
    """The process and all below it."""
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            children[int(text.rsplit(")", 1)[1].split()[1])].append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children[pid]
    return found


def sample(pid: int) -> tuple[str, dict[str, float]] | None:
    """A process's name and what it holds, or None when it is gone."""
    folder = Path("/proc") / str(pid)
    try:
        name = (folder / "cmdline").read_bytes().split(b"\0")[0].decode().rsplit("/", 1)[-1]
        fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        resident = int((folder / "statm").read_text().split()[1]) * PAGE / 1e6
        descriptors = len(list((folder / "fd").iterdir()))
    except (OSError, IndexError):
        return None
    return name, {"resident_mb": resident, "descriptors": descriptors, "threads": int(fields[17])}


def quarter(values: list[float], number: int) -> float:
    """The median of a quarter (0...3) of the samples."""
    size = len(values) // 4
    return statistics.median(values[number * size : (number + 1) * size])


def judge(history: dict[Key, dict[str, list[float]]], rounds: int) -> bool:
    """Prints one line a process and measure; False if one grew or ended early."""
    good = True
    for (name, pid), measures in sorted(history.items()):
        for measure, values in measures.items():
            if len(values) < rounds * 0.9:
                print(f"{name} ({pid}): ended or restarted during the soak")
                good = False
                break
            early, late = quarter(values, 1), quarter(values, 3)
            share, absolute = SLACK[measure]
            grew = late - early > max(early * share, absolute)
            print(f"{name:16} {measure:12} {early:8.1f} -> {late:8.1f}{'  GREW' if grew else ''}")
            good = good and not grew
    return good


def soak(seconds: float, flags: list[str]) -> bool:
    """Runs the suite for this long."""
    program = Path(os.environ.get("MARKETBUS_BIN", ROOT / ".build" / "release")) / "marketbus"
    interval = max(1.0, seconds / 240)
    history: dict[Key, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    suite = subprocess.Popen([program, "up", "--demo", *flags], stdout=subprocess.DEVNULL)
    rounds = 0
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and suite.poll() is None:
            time.sleep(interval)
            rounds += 1
            for pid in descendants(suite.pid):
                seen = sample(pid)
                for measure, value in seen[1].items() if seen else []:
                    history[(seen[0], pid)][measure].append(value)
        if suite.poll() is not None:
            print(f"the suite ended by itself with {suite.returncode}")
            return False
        suite.send_signal(signal.SIGTERM)
        code = suite.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"the suite did not stop within {STOP_SECONDS} s")
        return False
    finally:
        if suite.poll() is None:
            suite.kill()
            suite.wait()
    good = judge(history, rounds)
    print(f"{len(history)} processes, {rounds} samples, exit code {code}")
    return good and code == 0 and rounds >= 4


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("flags", nargs="*", help="flags for `marketbus up --demo`, after --")
    arguments = parser.parse_args()
    return 0 if soak(arguments.seconds, arguments.flags) else 1


if __name__ == "__main__":
    sys.exit(main())
