# Part of MarketBus. Apache License 2.0, see LICENSE.
"""What must be true of records that were read from the topics: complete, once, in order, valid, and what was sent."""

from bisect import bisect_left
from collections import defaultdict
from typing import Any, Iterable, Optional

import programs
from comparison import CLOCK_FIELDS, difference
from oracle import Record, Replay

from .records import Consumed

MARKET_TOPICS = ("md.trade.v1", "md.bbo.v1")
Stream = tuple[str, int, str, str]


def stream_of(record: Consumed) -> Stream:
    """The sequence that a market record belongs to: feed, epoch, topic, symbol."""
    value = record.value
    return (value["feed"], value["epoch"], record.topic, value["symbol"])


def announced_holes(records: Iterable[Consumed]) -> dict[Stream, set[int]]:
    """The sequence numbers that `sys.integrity` says will never be read, by stream."""
    holes: dict[Stream, set[int]] = defaultdict(set)
    for record in records:
        if record.topic != "sys.integrity.v1" or record.value is None:
            continue
        value = record.value
        for hole in value.get("holes", ()):
            if hole.get("repaired"):
                continue  # these came late, and are there
            stream = (value["feed"], hole["epoch"], value["topic"], hole["symbol"])
            holes[stream].update(range(hole["first_seq"], hole["last_seq"] + 1))
    return holes


def sequence_problems(records: Iterable[Consumed], holes: Optional[dict[Stream, set[int]]] = None) -> list[str]:
    """Every gap, repetition and step back within a stream; numbers that were announced as lost are no gap."""
    announced = holes or {}
    last: dict[Stream, int] = defaultdict(int)
    problems = []
    for record in records:
        if record.topic not in MARKET_TOPICS:
            continue
        stream, number = stream_of(record), record.value["seq"]
        missing = set(range(last[stream] + 1, number)) - announced.get(stream, set())
        if missing:
            problems.append(f"{stream}: {len(missing)} missing before {number}, the first {min(missing)}")
        if number <= last[stream]:
            problems.append(f"{stream}: {number} after {last[stream]}")
        if number in announced.get(stream, ()):
            problems.append(f"{stream}: {number} was announced as lost and is there")
        last[stream] = max(last[stream], number)
    return problems


def repeated_trades(records: Iterable[Consumed]) -> list[str]:
    """Trades that one epoch of a feed has published twice."""
    seen: set[tuple[Any, ...]] = set()
    problems = []
    for record in records:
        if record.topic != "md.trade.v1":
            continue
        identity = (*stream_of(record), record.value["trade_id"])
        if identity in seen:
            problems.append(f"twice: {identity}")
        seen.add(identity)
    return problems


def repeated_identities(records: Iterable[Consumed]) -> list[str]:
    """Records of the same feed, epoch, topic, symbol and number."""
    seen: set[tuple[Any, ...]] = set()
    problems = []
    for record in records:
        if record.topic in MARKET_TOPICS:
            identity = (*stream_of(record), record.value["seq"])
            if identity in seen:
                problems.append(f"twice: {identity}")
            seen.add(identity)
    return problems


def schema_problems(records: Iterable[Consumed], most: int = 5) -> list[str]:
    """Values that the checked-in schemas refuse."""
    problems = []
    for record in records:
        if record.value is not None:
            problems += [
                f"{record.topic} {record.key}: {text}" for text in programs.schema_errors(record.topic, record.value)
            ]
        if len(problems) >= most:
            break
    return problems


def envelope_problems(records: Iterable[Consumed], partitions: dict[str, int], most: int = 5) -> list[str]:
    """Keys, headers, timestamps and partitions that are not as DESIGN section 3 says."""
    problems = []
    for record in records:
        if record.topic not in MARKET_TOPICS:
            continue
        value = record.value
        wanted = {"schema": value["schema"], "venue": value["venue"], "content-type": "application/json"}
        time_us = value["received_us"] if value.get("exchange_us") is None else value["exchange_us"]
        wrong = []
        if record.key != value["symbol"]:
            wrong.append(f"key {record.key}")
        if {name: record.headers.get(name) for name in wanted} != wanted:
            wrong.append(f"headers {record.headers}")
        if record.timestamp_ms != time_us // 1000:
            wrong.append(f"timestamp {record.timestamp_ms} instead of {time_us // 1000}")
        home = partition_of(value["symbol"].encode("utf-8"), partitions[record.topic])
        if record.partition != home:
            wrong.append(f"partition {record.partition} instead of {home}")
        if value["published_us"] < value["received_us"]:
            wrong.append("published before it was received")
        if wrong:
            problems.append(f"{record.topic} {value['symbol']} {value['seq']}: {', '.join(wrong)}")
        if len(problems) >= most:
            break
    return problems


def oracle_problems(expected: list[Record], records: list[Consumed], most: int = 5) -> list[str]:
    """Differences from the oracle, stream by stream; what the feed's own clock and name decide is left out."""
    wanted: dict[tuple[str, str], list[Record]] = defaultdict(list)
    given: dict[tuple[str, str], list[Consumed]] = defaultdict(list)
    for record in expected:
        wanted[(record.topic, record.key)].append(record)
    for record in records:
        if record.topic in MARKET_TOPICS:
            given[(record.topic, str(record.key))].append(record)
    problems = []
    for stream in sorted(wanted.keys() | given.keys()):
        ours, theirs = wanted[stream], given[stream]
        if len(ours) != len(theirs):
            problems.append(f"{stream}: expected {len(ours)} records, read {len(theirs)}")
        for mine, other in zip(ours, theirs):
            produced = {"topic": other.topic, "key": other.key, "value": other.value}
            text = difference(mine, produced, (*CLOCK_FIELDS, "feed"))
            if text is not None:
                problems.append(f"{stream} number {mine.value['seq']}: {text}")
                break
    return problems[:most]


def log_problems(expected: Replay, records: Iterable[Consumed], most: int = 5) -> list[str]:
    """Differences from what the oracle makes of the twin's own log.

    Every epoch of a stream must repeat, number by number, what one connection was sent from some frame on; where a later
    connection took over, the epoch goes on there with what follows. What was sent and not read at an epoch's end is no
    difference: a cut loses what is under way. What was fetched afterwards was sent on no connection, and is passed over.
    """
    sent: dict[tuple[str, str], dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in expected.records:
        sent[(record.topic, record.key)][record.value["epoch"]].append(record)
    epochs: dict[Stream, list[Consumed]] = defaultdict(list)
    for record in records:
        if record.topic in MARKET_TOPICS and record.value.get("state") != "invalid":
            epochs[stream_of(record)].append(record)
    problems = []
    for stream, all_read in epochs.items():
        read = [record for record in all_read if record.value.get("origin") != "rest"]
        if not read:
            continue
        late = sorted(record.value["seq"] for record in all_read if record.value.get("origin") == "rest")
        connections = sent[(stream[2], stream[3])]
        text = _epoch_problem([connections[epoch] for epoch in sorted(connections)], read, late)
        if text is not None:
            problems.append(f"{stream}: {text}")
    return problems[:most]


def _epoch_problem(connections: list[list[Record]], read: list[Consumed], late: list[int]) -> Optional[str]:
    """None where some connection was sent exactly this; a venue that repeats its last trade makes more candidates."""
    first = read[0].value
    problem = f"number {first['seq']} was never sent: {first}"
    for index, connection in enumerate(connections):
        for start, record in enumerate(connection):
            if _identity(record.value) == _identity(first):
                shift = start - _place(first["seq"], late)
                found = _shifted_problem(connections[index:], shift, read, late)
                if found is None:
                    return None
                problem = found
    return problem


def _place(seq: int, late: list[int]) -> int:
    """A number among those of the records that were not fetched."""
    return seq - bisect_left(late, seq)


def _shifted_problem(connections: list[list[Record]], shift: int, read: list[Consumed], late: list[int]) -> Optional[str]:
    connection, *later = connections
    for before, other in zip([None, *read], read):
        seq = _place(other.value["seq"], late)
        text = _text(connection, seq + shift, other)
        if text is not None and before is not None:
            step = seq - _place(before.value["seq"], late)
            for index, candidate in enumerate(later):
                has_ended = seq + shift >= len(connection) and not _was_sent(connection, other)
                place = _taken_over(candidate, before, other, step, has_ended)
                if place is not None and _text(candidate, place, other) is None:
                    connection, later, shift, text = candidate, later[index + 1 :], place - seq, None
                    break
        if text is not None:
            return f"number {other.value['seq']}{text}"
    return None


def _text(connection: list[Record], place: int, other: Consumed) -> Optional[str]:
    """How a record differs from what a connection was sent at a place; None where it does not."""
    if not 0 <= place < len(connection):
        return " was never sent"
    produced = {"topic": other.topic, "key": other.key, "value": other.value}
    text = difference(connection[place], produced, (*CLOCK_FIELDS, "feed", "seq"))
    return None if text is None else f": {text}"


def _was_sent(connection: list[Record], other: Consumed) -> bool:
    return any(_identity(record.value) == _identity(other.value) for record in connection)


def _taken_over(
    connection: list[Record], before: Consumed, other: Consumed, step: int, has_ended: bool
) -> Optional[int]:
    """Where a connection goes on with a record; None where something between it and the one before would be left out."""
    for place, record in enumerate(connection):
        if _identity(record.value) == _identity(other.value):
            if place >= step and _identity(connection[place - step].value) == _identity(before.value):
                return place
            if place == 0 and has_ended:
                return place
    return None


def _identity(value: dict[str, Any]) -> tuple[Any, ...]:
    return (value.get("trade_id"), value.get("venue_seq"))


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's own clients put a key: murmur2, made positive, modulo the partitions."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 of Apache Kafka's default partitioner."""
    mask, multiplier = 0xFFFFFFFF, 0x5BD1E995
    value = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * multiplier & mask
        word = (word ^ (word >> 24)) * multiplier & mask
        value = (value * multiplier & mask) ^ word
    rest = data[whole:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * multiplier & mask
    value = (value ^ (value >> 13)) * multiplier & mask
    return value ^ (value >> 15)
