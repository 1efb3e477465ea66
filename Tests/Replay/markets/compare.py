# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`market-judge` against the oracle."""

import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from .generator import script
from .oracle import Oracle
from .routing import Venue, parts_problem


@dataclass
class Comparison:
    """What both said of the same markets."""

    markets: int = 0
    steps: Counter = field(default_factory=Counter)
    kinds: Counter = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


Orders = dict[str, tuple[list[Venue], bool]]


def expected(lines: list[str]) -> tuple[list[str], Orders]:
    """The oracle's lines about one script, each line's steps in order of their text; and by line who could take part in
    an order."""
    orders: Orders = {}
    head = dict(word.split("=", 1) for word in lines[0].split() if "=" in word)
    oracle, result = Oracle(head), [lines[0]]
    for number, line in enumerate(lines[1:], 1):
        words = line.split(" ")
        if words[0] == "end":
            result.append(f"end overflows=0 cut=0 short={oracle.short}")
            continue
        named = dict(word.split("=", 1) for word in words[1:])
        result += [f"{number} {step}" for step in oracle.run(words[0], named)]
        if words[0] == "route":
            orders[str(number)] = oracle.asked
    return result, orders


def _without_parts(lines: list[str], orders: Orders) -> list[str]:
    """The judge's lines; of an order the parts are checked and left out, since several splits may be as good."""
    result = []
    for line in lines:
        number, _, rest = line.partition(" ")
        if rest.startswith("route ") and number in orders:
            problem = parts_problem(rest, *orders[number])
            line = line.split(" parts=")[0] + (f" {problem}" if problem else "")
        result.append(line)
    return result


def compare(judge: Path, first: int, count: int, events: int = 14) -> Comparison:
    """Plays the markets of so many seeds through both."""
    scripts = [script(seed, events) for seed in range(first, first + count)]
    with tempfile.TemporaryFile("w+") as file:
        for lines in scripts:
            file.write("\n".join(lines) + "\n")
        file.seek(0)
        answer = subprocess.run([judge], stdin=file, capture_output=True, text=True, check=True, timeout=3600)
    said = _by_market(answer.stdout.splitlines())
    comparison = Comparison(markets=count)
    for lines, found in zip(scripts, said, strict=True):
        wanted, orders = expected(lines)
        found = _without_parts(found, orders)
        for line in wanted[1:-1]:
            words = line.split(" ")
            comparison.steps[words[1]] += 1
            if words[1] == "open":
                comparison.kinds[words[3].split(":")[0]] += 1
        if wanted != found and len(comparison.differences) < 20:
            missing = [f"oracle: {line}" for line in wanted if line not in found]
            added = [f"judge:  {line}" for line in found if line not in wanted]
            comparison.differences.append("\n".join([lines[0], *missing[:2], *added[:2]]))
    return comparison


def _by_market(lines: list[str]) -> list[list[str]]:
    """Each market's lines; the steps of one script line in order of their text."""
    markets: list[list[str]] = []
    for line in lines:
        if line.startswith("market "):
            markets.append([])
        markets[-1].append(line)
    return [
        [line for _, group in groupby(market, lambda line: line.split(" ", 1)[0]) for line in sorted(group)]
        for market in markets
    ]
