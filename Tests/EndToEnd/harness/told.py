# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What aggregators tell, followed while they come and go: who told it, when, and whether anything is missing or doubled."""

import json
import re
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

QUOTE, STEP, INTEGRITY = "agg.quote.v1", "arb.opportunity.v1", "sys.integrity.v1"
_TELLER = re.compile(
    rb'\{"schema":"[a-z_.0-9]+","symbol":"([^"]+)","aggregator":"([^"]+)","epoch":(\d+),"seq":(\d+),"published_us":(\d+)'
)
_STEP = re.compile(rb',"id":"([^"]+)","kind":"[a-z_]+","state":"([a-z]+)","reason":(?:null|"([a-z_]+)")')


@dataclass(frozen=True)
class HandOver:
    """A symbol whose quotes another incarnation tells from now on."""

    symbol: str
    giver: str
    taker: str
    at_us: int
    silent_ms: float


# Topic, teller, epoch, symbol: what one sequence of numbers belongs to.
Stream = tuple[str, str, str, str]


class Losses:
    """Numbers that were passed over in a sequence, beside those that `sys.integrity.v1` says will never be read."""

    def __init__(self) -> None:
        self._missing: dict[Stream, set[int]] = defaultdict(set)
        self._announced: dict[Stream, set[int]] = defaultdict(set)
        self._last: dict[Stream, int] = {}
        self._lock = threading.Lock()
        self.reasons: Counter[str] = Counter()

    def told(self, stream: Stream, seq: int) -> Optional[str]:
        """Notes the next number of a sequence; gives what is wrong with it for good."""
        with self._lock:
            expected = self._last.get(stream, 0) + 1
            if seq < expected:
                return f"{stream}: {seq} where {expected} was next"
            self._missing[stream].update(range(expected, seq))
            self._last[stream] = seq
            return None

    def announced(self, record: dict[str, Any]) -> None:
        """Notes the holes of a record of `sys.integrity.v1`."""
        with self._lock:
            for hole in record["holes"]:
                stream = (record["topic"], record["feed"], str(hole["epoch"]), hole["symbol"])
                numbers = range(hole["first_seq"], hole["last_seq"] + 1)
                self._announced[stream].update(numbers)
                self.reasons[hole["reason"]] += len(numbers)

    @property
    def announced_count(self) -> int:
        """How many missing numbers were announced."""
        with self._lock:
            return sum(len(numbers & self._announced[stream]) for stream, numbers in self._missing.items())

    def faults(self) -> list[str]:
        """Numbers that are missing and were not announced, and those that were announced and told all the same."""
        with self._lock:
            found = []
            for stream, last in self._last.items():
                missing, announced = self._missing[stream], self._announced[stream]
                silent = missing - announced
                alive = {seq for seq in announced if seq <= last} - missing
                if silent:
                    found.append(f"{stream}: {_ranges(silent)} missing and not announced ({_ranges(announced)} was)")
                if alive:
                    found.append(f"{stream}: {_ranges(alive)} announced as lost, and told")
            return found


def _ranges(numbers: set[int]) -> str:
    """Numbers as ranges: `3-5, 9`."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts) or "nothing"


class Told:
    """Reads `agg.quote.v1`, `arb.opportunity.v1` and what `sys.integrity.v1` says of them from the beginning, in the
    background."""

    def __init__(self, bootstrap: str, partitions: int = 6) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": f"told-{time.time_ns()}", "enable.auto.commit": False,
             "fetch.wait.max.ms": 10, "reconnect.backoff.max.ms": 1000, "log_level": 0}
        )  # fmt: skip
        self._consumer.assign(
            [
                TopicPartition(topic, number, OFFSET_BEGINNING)
                for topic in (QUOTE, STEP, INTEGRITY)
                for number in range(partitions)
            ]
        )
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.hand_overs: list[HandOver] = []
        self.reasons: Counter[str] = Counter()
        self.last_quote: dict[str, bytes] = {}
        self.longest_silence_ms: dict[str, float] = defaultdict(float)
        self.losses = Losses()
        self._tellers: dict[str, tuple[str, str, int]] = {}
        self._ids: dict[str, str] = {}
        self._open_routes: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops reading."""
        self._stop.set()
        self._thread.join(timeout=20)
        self._consumer.close()

    @property
    def count(self) -> int:
        """How many records were read."""
        return sum(self.counts.values())

    @property
    def open_ids(self) -> set[str]:
        """The opportunities that are open by what was told."""
        return {name for name, state in list(self._ids.items()) if state in ("open", "update")}

    def symbols_since(self, at_us: int) -> int:
        """How many symbols had a quote since a moment."""
        return sum(published > at_us for _, _, published in list(self._tellers.values()))

    def silences_since(self, at_us: int) -> list[HandOver]:
        """The hand-overs since a moment."""
        return [each for each in list(self.hand_overs) if each.at_us >= at_us]

    def _run(self) -> None:
        while not self._stop.is_set():
            for message in self._consumer.consume(num_messages=5000, timeout=0.05):
                if message.error() is None:
                    try:
                        self._take(message.topic(), message.value())
                    except Exception as problem:  # noqa: BLE001 the test's thread reports it
                        self.faults.append(f"unreadable: {problem}: {message.value()[:200]!r}")

    def _take(self, topic: str, value: bytes) -> None:
        if topic == INTEGRITY:
            self.losses.announced(json.loads(value))
            return
        matched = _TELLER.match(value)
        assert matched is not None, "no teller"
        symbol, teller, epoch = matched[1].decode(), matched[2].decode(), matched[3].decode()
        seq, published = int(matched[4]), int(matched[5])
        self.counts[topic] += 1
        fault = self.losses.told((topic, teller, epoch, symbol), seq)
        if fault is not None:
            self.faults.append(fault)
        if topic == QUOTE:
            self.last_quote[symbol] = value
            self._time(symbol, teller, epoch, published)
        else:
            self._step(value, matched.end())

    def _time(self, symbol: str, teller: str, epoch: str, published: int) -> None:
        before = self._tellers.get(symbol)
        self._tellers[symbol] = (teller, epoch, published)
        if before is None:
            return
        silent = (published - before[2]) / 1000
        if before[:2] != (teller, epoch):
            self.hand_overs.append(HandOver(symbol, before[0], teller, published, silent))
            if int(epoch) <= int(before[1]):
                self.faults.append(f"{symbol}: epoch {epoch} of {teller} after {before[1]} of {before[0]}")
        else:
            self.longest_silence_ms[symbol] = max(self.longest_silence_ms[symbol], silent)

    def _step(self, value: bytes, start: int) -> None:
        matched = _STEP.match(value, start)
        assert matched is not None, "no step"
        name, state, reason = matched[1].decode(), matched[2].decode(), (matched[3] or b"").decode()
        route, before = name.rsplit(":", 1)[0], self._ids.get(name)
        wanted = {"open": (None,), "update": ("open", "update"), "close": ("open", "update"), "settle": ("close",)}[state]
        if before not in wanted:
            self.faults.append(f"{name}: {state} after {before}")
        if state == "open":
            if route in self._open_routes:
                self.faults.append(f"{name}: its route is open as {self._open_routes[route]}")
            self._open_routes[route] = name
        if state == "close":
            self.reasons[reason] += 1
            self._open_routes.pop(route, None)
        self._ids[name] = state


def silence(hand_overs: list[HandOver]) -> tuple[float, float]:
    """Median and longest silence of hand-overs, in milliseconds."""
    values = sorted(each.silent_ms for each in hand_overs)
    return (values[len(values) // 2], values[-1]) if values else (0.0, 0.0)


def longest(silences: dict[str, float]) -> Optional[float]:
    """The longest silence of any symbol between two quotes of one teller, in milliseconds."""
    return max(silences.values(), default=None)
