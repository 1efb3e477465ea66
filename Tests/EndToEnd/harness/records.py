# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A reader of topics: every record from a point in time on, in each partition's order."""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Optional

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

TOPICS = (
    "md.trade.v1",
    "md.bbo.v1",
    "ref.instrument.v1",
    "sys.feed_status.v1",
    "sys.integrity.v1",
    "sys.drift.v1",
    "sys.dead_letter.v1",
)


@dataclass(frozen=True)
class Consumed:
    """One record as it was read."""

    topic: str
    partition: int
    offset: int
    key: Optional[str]
    value: Any
    headers: dict[str, str]
    timestamp_ms: int
    read_at: float


class Reader:
    """Reads topics in the background from where they end now; topics that are made later are read from their start.

    What `sift` takes, by topic and value, is neither decoded nor kept.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Iterable[str] = TOPICS,
        sift: Optional[Callable[[str, bytes], bool]] = None,
    ) -> None:
        self.topics = tuple(topics)
        self._sift = sift
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"end-to-end-{time.time_ns()}",
                "enable.auto.commit": False,
                "enable.partition.eof": False,
                "fetch.wait.max.ms": 10,
                "reconnect.backoff.max.ms": 1000,
                "topic.metadata.refresh.interval.ms": 1000,
            }
        )
        self._records: list[Consumed] = []
        # The same by topic, since a test under load asks for the few records of a quiet topic again and again.
        self._by_topic: dict[str, list[Consumed]] = {topic: [] for topic in self.topics}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._assigned: set[tuple[str, int]] = set()
        self.failure: Optional[BaseException] = None
        self._assign_new(at_end=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def records(self, topic: Optional[str] = None) -> list[Consumed]:
        """What was read so far."""
        if self.failure is not None:
            raise AssertionError("the reader failed") from self.failure
        with self._lock:
            return list(self._records if topic is None else self._by_topic.get(topic, ()))

    def values(self, topic: str, **fields: Any) -> list[dict[str, Any]]:
        """The values of a topic whose fields have the given values."""
        return [
            record.value
            for record in self.records(topic)
            if isinstance(record.value, dict) and all(record.value.get(key) == wanted for key, wanted in fields.items())
        ]

    def count(self, *topics: str) -> int:
        """How many records of some topics were read."""
        with self._lock:
            return sum(len(self._by_topic.get(topic, ())) for topic in topics)

    def close(self) -> None:
        """Stops reading."""
        self._stop.set()
        self._thread.join(timeout=20)
        self._consumer.close()

    def _assign_new(self, at_end: bool) -> None:
        metadata = self._consumer.list_topics(timeout=10)
        fresh = []
        for topic in self.topics:
            found = metadata.topics.get(topic)
            for partition in found.partitions if found is not None and found.error is None else ():
                if (topic, partition) in self._assigned:
                    continue
                offset = OFFSET_BEGINNING
                if at_end:
                    offset = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[1]
                fresh.append(TopicPartition(topic, partition, offset))
                self._assigned.add((topic, partition))
        if fresh:
            self._consumer.incremental_assign(fresh)

    def _run(self) -> None:
        next_look = time.monotonic() + 0.5
        try:
            while not self._stop.is_set():
                for message in self._consumer.consume(num_messages=2000, timeout=0.05):
                    if message.error() is None:
                        self._keep(message)
                if time.monotonic() > next_look:
                    self._look_again()
                    next_look = time.monotonic() + 0.5
        except BaseException as problem:  # noqa: BLE001 the test's thread raises it
            self.failure = problem

    def _look_again(self) -> None:
        try:
            self._assign_new(at_end=False)
        except KafkaException:
            pass  # the broker is away: look again later

    def _keep(self, message: Any) -> None:
        raw = message.value()
        if self._sift is not None and raw is not None and self._sift(message.topic(), raw):
            return
        headers = {name: (content or b"").decode("utf-8") for name, content in message.headers() or []}
        record = Consumed(
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            key=None if message.key() is None else message.key().decode("utf-8"),
            value=None if raw is None else json.loads(raw),
            headers=headers,
            timestamp_ms=message.timestamp()[1],
            read_at=time.time(),
        )
        with self._lock:
            self._records.append(record)
            self._by_topic[record.topic].append(record)
