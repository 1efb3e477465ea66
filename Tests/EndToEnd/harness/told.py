# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What aggregators tell, followed while they come and go: who told it, when, and whether anything is missing or doubled."""

import re
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

QUOTE, STEP = "agg.quote.v1", "arb.opportunity.v1"
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


class Told:
    """Reads `agg.quote.v1` and `arb.opportunity.v1` from the beginning, in the background."""

    def __init__(self, bootstrap: str, partitions: int = 6) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": f"told-{time.time_ns()}", "enable.auto.commit": False,
             "fetch.wait.max.ms": 10, "reconnect.backoff.max.ms": 1000}
        )  # fmt: skip
        self._consumer.assign(
            [TopicPartition(topic, number, OFFSET_BEGINNING) for topic in (QUOTE, STEP) for number in range(partitions)]
        )
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.hand_overs: list[HandOver] = []
        self.reasons: Counter[str] = Counter()
        self.last_quote: dict[str, bytes] = {}
        self.longest_silence_ms: dict[str, float] = defaultdict(float)
        self._streams: dict[tuple[str, str, str, str], int] = {}
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
        matched = _TELLER.match(value)
        assert matched is not None, "no teller"
        symbol, teller, epoch = matched[1].decode(), matched[2].decode(), matched[3].decode()
        seq, published = int(matched[4]), int(matched[5])
        self.counts[topic] += 1
        stream = (topic, teller, epoch, symbol)
        expected = self._streams.get(stream, 0) + 1
        if seq != expected:
            self.faults.append(f"{stream}: {seq} where {expected} was next")
        self._streams[stream] = seq
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
