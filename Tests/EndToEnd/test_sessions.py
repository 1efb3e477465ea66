# Part of MarketBus. Apache License 2.0, see LICENSE.
"""A recorded session through twin, feed and broker: all of it, once, in order, valid, as the oracle says."""

import time
from dataclasses import dataclass
from typing import Any

import pytest

import recordings
from harness.checks import (
    MARKET_TOPICS,
    envelope_problems,
    oracle_problems,
    repeated_identities,
    repeated_trades,
    schema_problems,
    sequence_problems,
)
from harness.feed import feed_settings
from harness.stage import Stage, need
from harness.waiting import eventually, quiet
from oracle import InstrumentBook, Record, instrument_records, replay


@dataclass(frozen=True)
class Scenario:
    """One recorded session and the feed that subscribes to it."""

    name: str
    venue: str
    market: str
    session: str

    @property
    def recording(self) -> recordings.Recording:
        """The file."""
        root = recordings.folder()
        assert root is not None
        path = root / self.session
        return recordings.Recording(path, self.venue, None if self.venue == "okx" else self.market, "session")


SCENARIOS = [
    Scenario("spot", "binance", "spot", "binance/spot/btcusdt_2024-08-08.session.jsonl"),
    Scenario("usdm", "binance", "usdm", "binance/futures/five_symbols_2021-04-05.session.jsonl"),
    Scenario("coinm", "binance", "coinm", "binance/delivery/coinm_2021-07-22.session.jsonl"),
    Scenario("okx-2021", "okx", "okx", "okx/mixed/books-l2-tbt_2021-07-22.session.jsonl"),
    Scenario("okx-2022", "okx", "okx", "okx/mixed/books_2022-05-13.session.jsonl"),
]
OKX_MARKETS = ["spot", "swap", "futures"]
# What a session alone can tell: a book needs its snapshot by REST, a candle the hour it was recorded in.
CHANNELS = ["bbo", "trade"]


def listed(scenario: Scenario, expected: list[Record]) -> list[str]:
    """The session's symbols that the recorded instrument answer lists: only those can be subscribed."""
    book = InstrumentBook(scenario.venue)
    assert scenario.recording.instruments is not None
    book.load_file(scenario.recording.instruments, scenario.recording.market)
    names = {(record.value["venue_symbol"], record.key) for record in expected if record.topic in MARKET_TOPICS}
    return sorted({symbol for venue_symbol, symbol in names if book.find(scenario.market, venue_symbol)})


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_session_arrives_whole(stage: Stage, broker_kind: str, scenario: Scenario) -> None:
    if recordings.folder() is None:
        pytest.skip("MARKETBUS_RECORDED_DATA is not set")
    need("exchange-twin", f"{scenario.venue}-feed")
    recording = scenario.recording
    whole = replay(scenario.venue, recording.lines(), recording.market, [recording.instruments])
    symbols = listed(scenario, whole.records)
    topics = {f"md.{channel}.v1" for channel in CHANNELS}
    expected = [record for record in whole.records if record.key in symbols and record.topic in topics]
    assert expected and symbols

    broker = stage.broker(broker_kind)
    reader = stage.reader(broker)
    streams = {(record.topic, record.key) for record in expected}
    twin = stage.twin(
        *("--session", str(recording.path), "--session-wait", "--speed", "max"),
        *("--session-streams", str(len(streams)), "--instruments", str(recording.instruments)),
    )
    instance = f"end-to-end-{scenario.name}-{time.time_ns()}"
    markets = OKX_MARKETS if scenario.venue == "okx" else [scenario.market]
    settings = feed_settings(scenario.venue, instance, broker, twin.endpoints(scenario.venue), markets, symbols)
    settings[f"venues.{scenario.venue}.channels"] = CHANNELS
    feed = stage.feed(scenario.venue, settings)

    def arrived() -> int:
        return sum(mine(record, instance) for record in reader.records() if record.topic in MARKET_TOPICS)

    eventually(f"{len(expected)} records", lambda: arrived() >= len(expected) or not feed.running, within=60)
    quiet(arrived, silence=1.0, within=20)
    read = [record for record in reader.records() if mine(record, instance)]
    # The end of the recording: whatever the feed says when its streams fall silent is no part of the session.
    events = [record for record in read if not is_invalidation(record.value)]
    partitions = {topic: 6 for topic in MARKET_TOPICS}
    problems = (
        oracle_problems(expected, events)
        + sequence_problems(read)
        + repeated_trades(read)
        + repeated_identities(read)
        + envelope_problems(read, partitions)
        + schema_problems(read)
        + instrument_problems(scenario, symbols, reader.records("ref.instrument.v1"))
    )
    assert not problems, "\n".join(problems)
    assert feed.stop() == 0


def mine(record: Any, instance: str) -> bool:
    return isinstance(record.value, dict) and record.value.get("feed") == instance


def is_invalidation(value: dict[str, Any]) -> bool:
    return value.get("state") == "invalid"


def instrument_problems(scenario: Scenario, symbols: list[str], records: list[Any]) -> list[str]:
    """The subscribed symbols' instrument records, as the oracle derives them from the same answer."""
    recording = scenario.recording
    assert recording.instruments is not None
    wanted = {
        record.key: record
        for record in instrument_records(scenario.venue, recording.instruments, recording.market)
        if record.value["symbol"] in symbols
    }
    given = {record.key: record.value for record in records}
    problems = []
    for key, record in wanted.items():
        value = given.get(key)
        if value is None:
            problems.append(f"no ref.instrument.v1 record for {key}")
            continue
        wrong = [field for field, content in record.value.items() if value.get(field) != content]
        problems += [f"{key} {field}: {record.value[field]!r} != {value.get(field)!r}" for field in wrong]
    return problems
