# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`market-judge` against the oracle."""

import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .generator import script
from .oracle import Oracle


@dataclass
class Comparison:
    """What both said of the same runs."""

    runs: int = 0
    events: int = 0
    seen: Counter = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def expected(lines: list[str]) -> list[str]:
    """The oracle's lines about one script."""
    head = dict(word.split("=", 1) for word in lines[0].split(" ") if "=" in word)
    oracle, result = Oracle(head), [lines[0]]
    for number, line in enumerate(lines[1:], 1):
        word, *words = line.split(" ")
        result += [f"{number} {said}" for said in oracle.run(word, dict(one.split("=", 1) for one in words))]
    return result


def answers(judge: Path, scripts: list[list[str]]) -> list[list[str]]:
    """What the machines say, run by run."""
    with tempfile.TemporaryFile("w+") as file:
        for lines in scripts:
            file.write("\n".join(lines) + "\n")
        file.seek(0)
        answer = subprocess.run([judge], stdin=file, capture_output=True, text=True, check=True, timeout=3600)
    runs: list[list[str]] = []
    for line in answer.stdout.splitlines():
        if line.startswith("quotes "):
            runs.append([])
        runs[-1].append(line.rstrip())
    return runs


def compare(judge: Path, first: int, count: int, events: int = 30) -> Comparison:
    """Plays the runs of so many seeds through both."""
    scripts = [script(seed, events) for seed in range(first, first + count)]
    comparison = Comparison(runs=count)
    for lines, found in zip(scripts, answers(judge, scripts), strict=True):
        wanted = [line.rstrip() for line in expected(lines)]
        comparison.events += len(lines) - 1
        _count(wanted, comparison.seen)
        if wanted != found and len(comparison.differences) < 20:
            place = next((i for i, pair in enumerate(zip(wanted, found)) if pair[0] != pair[1]), min(len(wanted), len(found)))
            one, other = wanted[place : place + 1] or ["nothing"], found[place : place + 1] or ["nothing"]
            number = one[0].split(" ")[0]
            event = lines[int(number)] if number.isdigit() else "?"
            comparison.differences.append("\n".join([lines[0], event, f"oracle: {one[0]}", f"judge:  {other[0]}"]))
    return comparison


def _count(lines: list[str], seen: Counter) -> None:
    """What occurred, so that a test can say whether there was enough of it."""
    for line in lines[1:]:
        words = line.split(" ")
        if len(words) == 2:
            seen[words[1]] += 1
            continue
        seen["crossed"] += "crossed=true" in line
        seen["locked"] += "locked=true" in line
        seen["joined"] += "@" in words[2] + words[3]
        seen["joined and crossed"] += "@" in words[2] + words[3] and "crossed=true" in line
        for health in ("stale", "invalid", "apart"):
            seen[health] += f"={health}/" in line
