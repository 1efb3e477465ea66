# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What a soak is made of: a reader that keeps nothing, faults with the sign by which a feed must tell them, memory."""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

# The beginnings of book records: `"kind"` stands before the levels.
HEAD_BYTES = 600
SIGNS = ("sys.integrity.v1", "sys.dead_letter.v1", "sys.drift.v1")
MARKETS = tuple(
    f"md.{name}.v1"
    for name in "trade bbo book candle ticker funding open_interest liquidation".split()
)


@dataclass(frozen=True)
class Sign:
    """A record by which a feed says that something is wrong."""

    at: float
    feed: str
    kind: str


class Ear:
    """Reads all topics to their end as they grow; counts market records and keeps the signs."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"soak-{time.time_ns()}",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
                "queued.max.messages.kbytes": 65536,
            }
        )
        self.records: Counter[str] = Counter()
        self.incidents: Counter[str] = Counter()
        self._signs: list[Sign] = []
        self._down: dict[tuple[str, str], tuple[float, str]] = {}
        self._replaced: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._assigned: set[tuple[str, int]] = set()
        self.failure: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def signs(self, feed: str, since: float) -> list[Sign]:
        """What a feed has told since a moment."""
        if self.failure is not None:
            raise AssertionError("the reader failed") from self.failure
        with self._lock:
            return [sign for sign in self._signs if sign.at >= since and sign.feed == feed]

    def books_down(self, feed: str) -> dict[str, tuple[float, str]]:
        """The books of a feed that do not hold now: since when, and why."""
        with self._lock:
            return {symbol: since for (name, symbol), since in self._down.items() if name == feed}

    def replaced(self, feed: str) -> float:
        """When a connection of a feed last began or ended to hand its streams over; 0: never."""
        with self._lock:
            return self._replaced.get(feed, 0.0)

    def close(self) -> None:
        """Stops reading."""
        self._stop.set()
        self._thread.join(timeout=20)
        self._consumer.close()

    def _run(self) -> None:
        look = 0.0
        try:
            while not self._stop.is_set():
                if time.monotonic() > look:
                    self._assign_new()
                    look = time.monotonic() + 1
                for message in self._consumer.consume(num_messages=5000, timeout=0.05):
                    if message.error() is None:
                        self._hear(message.topic(), message.value())
        except BaseException as problem:  # noqa: BLE001 the test's thread raises it
            self.failure = problem

    def _assign_new(self) -> None:
        topics = self._consumer.list_topics(timeout=10).topics
        fresh = [
            TopicPartition(topic, partition, OFFSET_BEGINNING)
            for topic in (*SIGNS, *MARKETS)
            for partition in (topics[topic].partitions if topic in topics else ())
            if (topic, partition) not in self._assigned
        ]
        if fresh:
            self._consumer.incremental_assign(fresh)
            self._assigned |= {(each.topic, each.partition) for each in fresh}

    def _hear(self, topic: str, raw: Optional[bytes]) -> None:
        self.records[topic] += 1
        if raw is None:
            return
        if topic == "md.bbo.v1" or topic == "md.book.v1":
            # Only the few that end something are worth reading.
            if b'"invalid"' in raw[:HEAD_BYTES]:
                value = json.loads(raw)
                self._keep(value["feed"], f"{topic.split('.')[1]} {value['reason']}")
                if topic == "md.book.v1":
                    with self._lock:
                        self._down.setdefault((value["feed"], value["symbol"]), (time.time(), value["reason"]))
            elif topic == "md.book.v1" and self._down and b'"snapshot"' in raw[:HEAD_BYTES]:
                value = json.loads(raw)
                with self._lock:
                    self._down.pop((value["feed"], value["symbol"]), None)
        elif topic in SIGNS:
            value = json.loads(raw)
            if topic == "sys.integrity.v1":
                for incident in value["incidents"]:
                    self.incidents[incident["kind"]] += 1
                    if incident["kind"].startswith("handover"):
                        with self._lock:
                            self._replaced[value["feed"]] = time.time()
                    self._keep(value["feed"], f"incident {incident['kind']}")
            else:
                self._keep(value.get("feed", ""), topic.split(".")[1])

    def _keep(self, feed: str, kind: str) -> None:
        with self._lock:
            self._signs.append(Sign(time.time(), feed, kind))
            if len(self._signs) > 50_000:
                del self._signs[:25_000]


@dataclass(frozen=True)
class Trouble:
    """One fault, and the beginnings of the signs of which one must come; none: data just goes on."""

    kind: str
    signs: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    venues: tuple[str, ...] = ("binance", "okx", "htx", "coinbase")
    then_cut: bool = False


ENDED = (
    "bbo ",
    "book ",
    "incident connection_lost",
    "incident connection_silent",
    "incident pong_missing",
    "incident handover",
)
BOOK = ("book ", "incident book_fault", "incident frames_missing")
NUMBERED = ("binance", "okx", "htx")
TROUBLES = (
    Trouble("cut", ENDED),
    Trouble("cut", ENDED, {"mode": "fin"}),
    Trouble("close_code", ENDED, {"code": 1001}),
    Trouble("half_open", ENDED, {"duration_ms": 9000}),
    Trouble("garbage_frame", ("dead_letter",)),
    # HTX packs it: what comes is small, and what comes out of it is refused.
    Trouble("huge_frame", (*ENDED, "dead_letter")),
    Trouble("truncated_frame", ENDED, {"stream": "trade"}),
    Trouble("truncated_json", ("dead_letter",), {"stream": "trade", "count": 2}),
    Trouble("truncated_json", ("dead_letter",), {"stream": "book", "count": 1}),
    Trouble("bad_number", ("dead_letter",), {"stream": "trade", "count": 2}),
    Trouble(
        "silence_stream",
        ("bbo ", "book ", "incident stream_silent"),
        {"stream": "book", "duration_ms": 12000},
        NUMBERED,
    ),
    # What Coinbase's Exchange feed loses of a book no number tells: the audit compares it once a minute.
    Trouble("dropped_delta", BOOK, {"count": 1}, NUMBERED),
    Trouble("crossed_update", BOOK, {"count": 1}),
    Trouble("sequence_reset", BOOK, {}, ("binance", "htx")),
    # OKX's `prevSeqId` names the number before the reset, so the chain holds: by its rules that is no fault.
    Trouble("sequence_reset", (), {}, ("okx",)),
    Trouble("doubled_delta", (), {"count": 5}),
    Trouble("zero_unknown", (), {"count": 5}),
    Trouble("duplicate", (), {"count": 20, "stream": "trade"}),
    Trouble("reorder", (), {"count": 5, "stream": "trade"}),
    Trouble("slow_drip", (), {"count": 2, "stream": "bbo"}),
    Trouble("delay_stream", (), {"stream": "book", "delay_ms": 200, "duration_ms": 2000}),
    Trouble("stale_snapshot", ENDED, {"duration_ms": 2000}, then_cut=True),
    Trouble("revised_candle", (), {"duration_ms": 2000}, NUMBERED),
    Trouble("new_field", (), {"stream": "ticker", "count": 3}),
    Trouble("notice", (), {"duration_ms": 3000}, ("okx",)),
    Trouble("server_shutdown", (), {"duration_ms": 3000}, ("binance",)),
    Trouble("refuse", ENDED, {"duration_ms": 2000}, then_cut=True),
    Trouble("http_status", ENDED, {"status": 503, "count": 3}, then_cut=True),
    Trouble("http_status", ENDED, {"status": 429, "retry_after": 1, "count": 2}, then_cut=True),
    Trouble("http_latency", (), {"delay_ms": 1500, "count": 3}),
)


class MemoryLog:
    """The memory of programs over time, in megabytes: all that is resident, and what of it is no file's."""

    def __init__(self, programs: dict[str, Any], every: float = 1.0) -> None:
        self._programs = programs
        self._every = every
        self.samples: dict[str, list[tuple[float, float, float]]] = {name: [] for name in programs}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            for name, program in self._programs.items():
                try:
                    sample = (time.monotonic(), program.resident_megabytes(), program.anonymous_megabytes())
                except OSError:
                    continue
                self.samples[name].append(sample)

    def close(self) -> None:
        """Stops sampling."""
        self._stop.set()
        self._thread.join(timeout=5)

    def resident(self, name: str) -> list[float]:
        """All that was resident."""
        return [resident for _, resident, _ in self.samples[name]]

    def slope(self, name: str) -> float:
        """How many megabytes of its own the program takes more in an hour, by least squares over the second half.

        Pages of files don't count: the kernel may drop those that rest and read them again.
        """
        half = self.samples[name][len(self.samples[name]) // 2 :]
        if len(half) < 2:
            return 0.0
        mean_time = sum(at for at, _, _ in half) / len(half)
        mean = sum(own for _, _, own in half) / len(half)
        spread = sum((at - mean_time) ** 2 for at, _, _ in half)
        return 3600 * sum((at - mean_time) * (own - mean) for at, _, own in half) / spread if spread else 0.0

    def tenths(self, name: str) -> str:
        """The most of its own that the program had in each tenth of the time."""
        own = [each for _, _, each in self.samples[name]]
        parts = [own[len(own) * n // 10 : len(own) * (n + 1) // 10] for n in range(10)]
        return " ".join(f"{max(part, default=0.0):.1f}" for part in parts)


def verify(binary: Path, bootstrap: str, run: Any) -> tuple[int, Counter[str], list[str]]:
    """`marketbus verify` over all that is there: exit code, verdicts by count, and what is not explained."""
    done = run(
        [str(binary), "verify", "--json", "--set", f"kafka.bootstrap_servers={bootstrap}"],
        capture_output=True, text=True, timeout=1200, check=False,
    )
    verdicts: Counter[str] = Counter()
    bad = []
    for line in done.stdout.splitlines():
        finding = json.loads(line)
        verdicts[finding["verdict"]] += 1
        if finding["verdict"] == "unexplained":
            bad.append(line)
    return done.returncode, verdicts, bad or done.stderr.splitlines()[-3:]


def witness(bootstrap: str, finding: dict[str, Any]) -> list[str]:
    """What the topics hold of the epochs in which a stream has unexplained holes, and what the feed said of them."""
    epochs = {hole["epoch"] for hole in finding["holes"] if hole["reason"] is None}
    lines = []
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"witness-{time.time_ns()}", "enable.partition.eof": True})
    topics = consumer.list_topics(timeout=10).topics
    parts = [
        TopicPartition(topic, partition, OFFSET_BEGINNING)
        for topic in (finding["topic"], "sys.integrity.v1")
        for partition in topics[topic].partitions
    ]
    consumer.assign(parts)
    ended = 0
    while ended < len(parts) and len(lines) < 200:
        for message in consumer.consume(num_messages=5000, timeout=2):
            if message.error() is not None:
                ended += 1
                continue
            value = json.loads(message.value() or b"{}")
            if value.get("feed") != finding["feed"]:
                continue
            place = f"{message.topic()}[{message.partition()}]@{message.offset()}"
            if message.topic() == finding["topic"]:
                if value["symbol"] == finding["symbol"] and value["epoch"] in epochs and value["seq"] < 20:
                    lines.append(f"{place} epoch {value['epoch']} seq {value['seq']} published {value['published_us']}")
            elif value.get("topic") == finding["topic"]:
                told = [s for s in value["streams"] + value["holes"] if s["epoch"] in epochs and s["symbol"] == finding["symbol"]]
                lines += [f"{place} at {value['to_us']} {json.dumps(each)}" for each in told]
    consumer.close()
    return lines
