# Part of MarketBus. Apache License 2.0, see LICENSE.
"""Feeds of one venue share its symbols: one comes, one leaves, one is killed, and every symbol has its feed."""

import os
import signal
import time
from typing import Any, Iterator

import pytest

from harness.brokers import KafkaLab, kafka_script
from harness.report import REPORT
from harness.scaling import SharedFeeds, marketbus, verify
from harness.stage import Stage, need
from harness.waiting import eventually

RATE = 600
QUOTES = ("trade", "bbo")
# Two dozen books are all that Binance's REST gives an address in a minute, whoever asks: the second feed's too.
BOOKS = (*QUOTES, "book")


@pytest.fixture
def three_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaLab]:
    """A cluster of three brokers of a test's own."""
    need("exchange-twin", "binance-feed", "marketbus")
    if kafka_script() is None:
        pytest.skip("no Kafka to start: KAFKA_LAB is not set")
    made = KafkaLab(tmp_path_factory.mktemp("lab"), brokers=3)
    try:
        yield made
    finally:
        made.close()


def test_one_comes_and_one_leaves_without_a_gap(stage: Stage, broker_kind: str) -> None:
    world = shared(stage, stage.broker(broker_kind), 10, RATE, BOOKS)
    since = time.time() - 1
    owners = add(world, "a", {})
    first = next(iter(world.feeds.values()))
    owners = add(world, "b", owners)
    status, words = first.get("/ready")
    assert status == 200 and "owns partitions" in words, words
    world.flowing()
    if broker_kind == "embedded":  # on a named cluster these words would outlast the test
        operated(world)
    owners = leave(world, "a", owners)
    assert set(owners.values()) == set(world.feeds)
    world.flowing()
    # The embedded broker may take a whole session to tell the others that one has left, which is most of the time to stop.
    ends = [line["reason"] for line in first.log_lines() if line.get("event") == "feed.group_left"]
    if broker_kind != "embedded" or ends[-1] == "handed over":
        covered(world)
    told(world, since, None, set())


def test_what_a_killed_one_cost_is_told(stage: Stage, broker_kind: str) -> None:
    world = shared(stage, stage.broker(broker_kind), 24, RATE, QUOTES)
    since = began = time.time()
    world.start("a")
    world.start("b")
    owners = world.settled("start two", began, {})
    world.flowing()
    covered(world)
    killed, lost = kill(world, "b", owners)
    told(world, since - 1, killed, lost)


@pytest.mark.drill
def test_three_feeds_on_three_brokers_under_load(stage: Stage, three_brokers: KafkaLab) -> None:
    """1, 2, 3 feeds under DRILL_RATE (10,000) messages a second; a broker is killed, a feed leaves, a feed is killed."""
    rate = int(os.environ.get("DRILL_RATE", "10000"))
    world = shared(stage, three_brokers, 24, rate, QUOTES)
    since = time.time() - 1
    owners: dict[str, str] = {}
    for name in "abc":
        owners = add(world, name, owners)
        figures(world, f"{len(world.feeds)} feeds, {rate} sent", 2 * rate)
    three_brokers.kill_broker(2)
    figures(world, "a broker is killed", 2 * rate)
    three_brokers.start_broker(2)
    figures(world, "it is back", 2 * rate)
    owners = leave(world, "a", owners)
    world.flowing(2 * rate, within=60)
    covered(world)
    killed, lost = kill(world, "b", owners)
    told(world, since, killed, lost)


def shared(stage: Stage, broker: Any, symbols: int, rate: int, channels: tuple[str, ...]) -> SharedFeeds:
    """A venue without feeds."""
    need("exchange-twin", "binance-feed", "marketbus")
    return SharedFeeds(stage, broker, symbols, rate, channels, feed__session_ms=6000)


def add(world: SharedFeeds, name: str, owners: dict[str, str]) -> dict[str, str]:
    """One more feed; the owners when every symbol has one again."""
    began = time.time()
    world.start(name)
    owners = world.settled(f"add number {len(world.feeds)}", began, owners)
    assert len(set(owners.values())) == len(world.feeds)
    return owners


def leave(world: SharedFeeds, name: str, owners: dict[str, str]) -> dict[str, str]:
    """SIGTERM: the feed goes when the others stream everything."""
    began = time.time()
    feed = world.end(name, signal.SIGTERM)
    assert feed.wait_exit(12) == 0
    return world.settled("SIGTERM", began, owners)


def kill(world: SharedFeeds, name: str, owners: dict[str, str]) -> tuple[str, set[str]]:
    """SIGKILL: its name, and the symbols that it had, which are now others'."""
    began = time.time()
    killed = world.end(name, signal.SIGKILL).name
    lost = {symbol for symbol, owner in owners.items() if owner == killed}
    world.settled("SIGKILL", began, owners)
    world.flowing()
    uncovered = world.uncovered_quotes()
    assert lost and set(uncovered) == lost and set(world.tally.missing_trades()) <= lost
    print(f"\nkilled: {len(lost)} symbols without a feed for {max(uncovered.values()):.1f} s at most")
    return killed, lost


def covered(world: SharedFeeds) -> None:
    """Where the giver lives no trade is missing, and every quote was another's before its feed let go."""
    assert not world.tally.missing_trades()
    assert not world.uncovered_quotes()


def operated(world: SharedFeeds) -> None:
    """The operator's commands know that there are two feeds."""
    for symbol in (world.symbols[0], world.symbols[-1]):
        for word, outcome in (("subscribe", "live"), ("unsubscribe", "ended")):
            done = marketbus(world.broker, word, symbol, "--venue", "binance", "--channel", "ticker")
            assert done.returncode == 0 and outcome in done.stdout, done.stdout + done.stderr
    shown = marketbus(world.broker, "status")
    assert shown.returncode == 0 and shown.stdout.count("3/6") == 2, shown.stdout + shown.stderr


def figures(world: SharedFeeds, title: str, records: int) -> None:
    """Notes the rate of so many records."""
    began, before = time.time(), world.count()
    world.flowing(records, within=60)
    REPORT.add("feeds", state=title, records_per_s=round((world.count() - before) / (time.time() - began)))


def told(world: SharedFeeds, since: float, killed: Any, lost: set[str]) -> None:
    """The numbers are whole, and `marketbus verify` calls everything complete but what a killed feed cost."""
    if killed is not None:
        eventually("the cost is told", lambda: world.taken_over(killed) == lost, within=60)
    for feed in world.feeds.values():
        assert feed.stop() == 0
    problems = world.tally.numbering_problems(world.reader.records("sys.integrity.v1"))
    assert not problems, "\n".join(problems[:10])
    code, findings = verify(world.broker, None if world.broker.settings.get("kafka.embedded") else since)
    ours = [finding for finding in findings if finding["feed"].endswith(world.tag)]
    unexplained = [finding for finding in ours if finding["verdict"] == "unexplained"]
    assert not unexplained, unexplained[:3]
    assert code == 0
    cost = {
        finding["symbol"]: (gap["to_us"] - gap["from_us"]) / 1e6
        for finding in ours
        if finding["topic"] == "md.bbo.v1"
        for gap in finding["uncovered"]
        if gap["feed"] == killed and not gap["in_order"] and "taken_over" in gap["cause"]
    }
    assert set(cost) == lost, (sorted(cost), sorted(lost))
    world.measure()
    print(f"\n{world.table()}")
    if cost:
        print(f"verify: {len(cost)} symbols uncovered for {min(cost.values()):.1f} to {max(cost.values()):.1f} s")
    for change in world.changes:
        REPORT.add("changes of feeds", **change.row())
