# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What feeds publish under load, taken from the heads of their records: who told what from when to when, and which
numbers and trades are missing or twice. Nothing is decoded and no record is kept, so that the reader keeps up."""

import re
import threading
from collections import defaultdict
from typing import Iterable

from .checks import Stream, announced_holes
from .records import Consumed

TRADE = "md.trade.v1"
_HEAD = re.compile(
    rb'"symbol":"([^"]+)","venue_symbol":"[^"]+","feed":"([^"]+)","epoch":(\d+),.*?"published_us":(\d+),"seq":(\d+)'
)
_TRADE_ID = re.compile(rb'"trade_id":"(\d+)"')


class Tally:
    """Notes market records as they are read."""

    def __init__(self, topics: Iterable[str], tag: str) -> None:
        self._topics, self._tag = frozenset(topics), tag
        self._count = 0
        self._last: dict[Stream, int] = {}
        self._passed_over: list[tuple[Stream, int, int]] = []
        self._steps_back: list[str] = []
        self._spans: dict[Stream, list[int]] = {}
        self._trades: dict[str, dict[int, int]] = defaultdict(dict)
        self._trades_twice: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def take(self, topic: str, value: bytes) -> bool:
        """Notes a record; false if its topic is none of those that are only counted. Called by the reader's thread."""
        if topic not in self._topics:
            return False
        head = _HEAD.search(value)
        assert head is not None, f"no head: {value[:300]!r}"
        symbol, feed = head[1].decode(), head[2].decode()
        stream = (feed, int(head[3]), topic, symbol)
        with self._lock:
            self._number(stream, int(head[5]))
            if feed.endswith(self._tag):
                self._count += 1
                self._time(stream, int(head[4]))
                if topic == TRADE:
                    self._trade(symbol, int(_TRADE_ID.search(value)[1]), int(head[4]))
        return True

    def _number(self, stream: Stream, seq: int) -> None:
        last = self._last.get(stream, 0)
        if seq <= last:
            self._steps_back.append(f"{stream}: {seq} after {last}")
        elif seq > last + 1:
            self._passed_over.append((stream, last + 1, seq - 1))
        self._last[stream] = seq

    def _time(self, stream: Stream, published_us: int) -> None:
        span = self._spans.setdefault(stream, [published_us, published_us])
        span[1] = max(span[1], published_us)

    def _trade(self, symbol: str, number: int, published_us: int) -> None:
        before = self._trades[symbol].setdefault(number, published_us)
        if before != published_us:
            self._trades_twice.setdefault((symbol, number), max(before, published_us))

    @property
    def count(self) -> int:
        """How many records of this test's feeds were read."""
        return self._count

    def spans(self, topic: str) -> dict[str, list[tuple[str, int, int]]]:
        """Which feed streamed a symbol from when to when, in microseconds, in the order of their beginnings."""
        found: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        with self._lock:
            for (feed, _, told, symbol), (first, last) in self._spans.items():
                if told == topic:
                    found[symbol].append((feed, first, last))
        return {symbol: sorted(parts, key=lambda part: part[1]) for symbol, parts in found.items()}

    def missing_trades(self) -> dict[str, int]:
        """How many trades of a symbol no feed published, between the first and the last that one did."""
        with self._lock:
            missing = {symbol: max(ids) - min(ids) + 1 - len(ids) for symbol, ids in self._trades.items()}
        return {symbol: count for symbol, count in missing.items() if count}

    def trades_twice(self, since: float, until: float) -> int:
        """How many trades came a second time between two moments, in seconds since 1970."""
        with self._lock:
            return sum(since <= at / 1e6 < until for at in self._trades_twice.values())

    def numbering_problems(self, integrity: Iterable[Consumed]) -> list[str]:
        """Every step back and every number that is missing and that no record of `sys.integrity` calls lost."""
        announced = announced_holes(integrity)
        with self._lock:
            problems = list(self._steps_back)
            for stream, first, last in self._passed_over:
                missing = set(range(first, last + 1)) - announced.get(stream, set())
                if missing:
                    problems.append(f"{stream}: {len(missing)} not announced before {last + 1}, first {min(missing)}")
        return problems
